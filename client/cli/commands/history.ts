/** `ensemble log`, `show`, `blame` and `trace`: what a file's journal tells, and how a revision came. */
import { fileVersion, type BlamedLine, type FileVersion, type HistoryEntry } from '../../../protocol/history.js'
import type { Author } from '../../../protocol/ids.js'
import type { WorkspacePath } from '../../../protocol/paths.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { encodeText } from '../../../protocol/text/encoding.js'
import { commandName, type Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { getBlame, getHistory, getTrace, getVersion } from '../history-api.js'
import type { ServerAddress } from '../server-api.js'
import { blameLines, diffLinesOf, logLines } from '../views/history-view.js'
import { traceLines } from '../views/trace-view.js'
import { quoted } from '../words.js'
import { resolveWorkspacePath, splitRevision } from '../workspace-path.js'

export interface LogOptions extends Wishes {
  readonly n: number
  readonly agent?: Author
  readonly json?: boolean
}

/** Of one question. */
const PAGE = 500

export async function logFile(typed: string, options: LogOptions, context: Context): Promise<ExitCode> {
  const { print, env, now } = context
  const { n, agent, json, ...wishes } = options
  const path = await resolveWorkspacePath(typed, context.cwd)
  const server = await findServer(wishes, context)
  const entries: HistoryEntry[] = []
  let before: number | undefined
  for (;;) {
    const limit = Math.min(PAGE, n - entries.length)
    const page = await getHistory(server, {
      ...{ path, limit },
      ...(agent === undefined ? {} : { author: agent }),
      ...(before === undefined ? {} : { before }),
    })
    entries.push(...page.entries)
    before = page.next ?? undefined
    if (before !== undefined && entries.length < n) continue
    if (json === true) print.json({ schema: 'ensemble.log/1', path, head: page.head, entries, next: page.next })
    else print.lines(logLines({ path, head: page.head, entries, more: page.next !== null, agent }, now(), print.paint))
    break
  }
  const [newest] = entries
  if (json !== true && newest !== undefined) {
    print.lines(['', `next  ${commandName(env)} show ${quoted(`${typed}@${newest.rev}`)} --diff`])
  }
  return EXIT.ok
}

export interface ShowOptions extends Wishes {
  readonly diff?: boolean
  readonly json?: boolean
}

export async function showVersion(typed: string, options: ShowOptions, context: Context): Promise<ExitCode> {
  const { print, now } = context
  const { diff, json, ...wishes } = options
  const named = splitRevision(typed)
  const path = await resolveWorkspacePath(named.path, context.cwd)
  const server = await findServer(wishes, context)
  const version = await versionOf(server, path, named.rev)
  if (json === true) print.json({ schema: 'ensemble.version/1', path, ...fileVersion.parse(version) })
  else if (diff === true) print.lines(diffLinesOf(path, version, now(), print.paint))
  else print.raw(bytesOf(path, version))
  return EXIT.ok
}

export interface TraceOptions extends Wishes {
  readonly json?: boolean
}

export async function traceRevision(typed: string, options: TraceOptions, context: Context): Promise<ExitCode> {
  const { print, now } = context
  const { json, ...wishes } = options
  const named = splitRevision(typed)
  const path = await resolveWorkspacePath(named.path, context.cwd)
  const server = await findServer(wishes, context)
  const rev = named.rev ?? (await getHistory(server, { path, limit: 1 })).head.rev
  const found = await getTrace(server, { path, rev })
  if (json === true) print.json({ schema: 'ensemble.trace/1', ...found })
  else print.lines(traceLines(found, now(), print.paint))
  return EXIT.ok
}

async function versionOf(server: ServerAddress, path: WorkspacePath, rev: number | undefined): Promise<FileVersion> {
  if (rev !== undefined) return await getVersion(server, { path, rev })
  const { head } = await getHistory(server, { path, limit: 1 })
  return await getVersion(server, { path, rev: head.rev })
}

/** @throws EnsembleError E_NOT_FOUND */
function bytesOf(path: WorkspacePath, { entry, content }: FileVersion): Uint8Array {
  if (content !== null) {
    return content.kind === 'text' ? encodeText(content.text, content) : Buffer.from(content.base64, 'base64')
  }
  throw new EnsembleError('E_NOT_FOUND', `Revision ${entry.rev} deleted ${path}.`, {
    hint: `What it held is "ensemble show ${quoted(`${path}@${entry.rev - 1}`)}".`,
  })
}

export interface BlameOptions extends Wishes {
  readonly lines?: { readonly from: number; readonly to?: number }
  readonly json?: boolean
}

export async function blameFile(typed: string, options: BlameOptions, context: Context): Promise<ExitCode> {
  const { print, env, now } = context
  const { lines: asked, json, ...wishes } = options
  const named = splitRevision(typed)
  const path = await resolveWorkspacePath(named.path, context.cwd)
  const server = await findServer(wishes, context)
  const lines: BlamedLine[] = []
  let { rev } = named
  let from = asked?.from
  for (;;) {
    const page = await getBlame(server, {
      path,
      ...(rev === undefined ? {} : { rev }),
      ...(from === undefined ? {} : { from }),
      ...(asked?.to === undefined ? {} : { to: asked.to }),
    })
    rev = page.rev // what comes meanwhile is not mixed in
    lines.push(...page.lines)
    if (page.next !== null) {
      from = page.next
      continue
    }
    if (json === true) print.json({ schema: 'ensemble.blame/1', path, rev, count: page.count, lines })
    else print.lines(blameLines(lines, now(), print.paint))
    break
  }
  const newest = Math.max(0, ...new Set(lines.map((line) => line.rev)))
  if (json !== true && newest > 0) {
    print.lines(['', `next  ${commandName(env)} show ${quoted(`${named.path}@${newest}`)} --diff`])
  }
  return EXIT.ok
}
