/** Questions about history to a server over HTTP. */
import {
  blame,
  fileVersion,
  historyPage,
  type Blame,
  type BlameQuery,
  type FileVersion,
  type HistoryPage,
  type HistoryQuery,
  type VersionQuery,
} from '../../protocol/history.js'
import { trace, type Trace } from '../../protocol/trace.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { ask, type ServerAddress } from './server-api.js'

export async function getHistory(server: ServerAddress, { path, ...query }: HistoryQuery): Promise<HistoryPage> {
  return await ask(server, address('history', path, query), historyPage)
}

export async function getBlame(server: ServerAddress, { path, ...query }: BlameQuery): Promise<Blame> {
  return await ask(server, address('blame', path, query), blame)
}

export async function getVersion(server: ServerAddress, { path, rev }: VersionQuery): Promise<FileVersion> {
  return await ask(server, address('version', path, { rev }), fileVersion)
}

export async function getTrace(server: ServerAddress, { path, rev }: VersionQuery): Promise<Trace> {
  return await ask(server, address('trace', path, { rev }), trace)
}

function address(
  noun: string,
  path: WorkspacePath,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const words = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  const search = new URLSearchParams(words).toString()
  return `/api/${noun}/${path.split('/').map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}
