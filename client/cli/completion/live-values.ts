/** Values of the moment: of the server, if it answers at once, and of the disk. */
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { agentType } from '../../../protocol/ids.js'
import { methods } from '../../../protocol/messages.js'
import { unreachable } from '../../../protocol/errors.js'
import { findServer, type Server, type Whereabouts } from '../find-server.js'
import { ask, getConflicts, getStatus } from '../server-api.js'
import type { Source } from './candidates.js'

/** More are no help. */
const MOST = 1_000

const heads = z.object({ files: z.array(z.object({ path: z.string() })) })

/**
 * Nothing, where there is no server, no answer in time, or a refusal: a completion never complains.
 * @param patience in milliseconds
 */
export async function liveValues(
  source: Source,
  typed: string,
  whereabouts: Whereabouts,
  patience: number,
): Promise<readonly string[]> {
  const found = valuesOf(source, typed, whereabouts).catch(() => [])
  const late = new AbortController()
  const nothing = sleep(patience, [], { signal: late.signal }).catch(() => [])
  try {
    return await Promise.race([found, nothing])
  } finally {
    late.abort()
  }
}

async function valuesOf(source: Source, typed: string, whereabouts: Whereabouts): Promise<readonly string[]> {
  if (source === 'disk') return await namesOnDisk(typed, whereabouts.cwd)
  if (source === 'types') return ['CLAUDE', 'CODEX', 'GEMINI'].map((type) => agentType.parse(type))
  const server = await findServer({}, whereabouts)
  const values = await fromServer(source, server)
  return values.filter((value) => value.startsWith(typed)).slice(0, MOST)
}

async function fromServer(source: Exclude<Source, 'disk' | 'types'>, server: Server): Promise<readonly string[]> {
  switch (source) {
    case 'paths':
      return (await ask(server, '/api/tree', heads)).files.map(({ path }) => path)
    case 'agents':
      return (await getStatus(server)).agents.map(({ agentId }) => agentId)
    case 'instances':
      return (await getStatus(server)).agents.map(({ instance }) => instance)
    case 'conflicts':
      return (await getConflicts(server, 'open')).map(({ id }) => id)
    case 'tasks':
      return (await ask(server, '/api/tasks', methods.tasks.result)).tasks.map(({ id }) => id)
    default:
      return unreachable(source)
  }
}

/** A folder ends in a slash, so that what is in it can be completed next. */
async function namesOnDisk(typed: string, cwd: string): Promise<readonly string[]> {
  const before = typed.endsWith('/') ? typed : typed.includes('/') ? `${dirname(typed)}/` : ''
  const entries = await readdir(resolve(cwd, join(before, '.')), { withFileTypes: true })
  return entries.map((entry) => `${before}${entry.name}${entry.isDirectory() ? '/' : ''}`).slice(0, MOST)
}
