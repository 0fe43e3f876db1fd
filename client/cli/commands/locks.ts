/** `ensemble lock acquire|release|renew|list|break`: whose a file, or a part of it, is for now. */
import { z } from 'zod'
import { EnsembleError } from '../../../protocol/errors.js'
import type { AgentId, LockId } from '../../../protocol/ids.js'
import { placeText } from '../../../protocol/lock-words.js'
import {
  lock as lockSchema,
  lockRefusal,
  lockResult,
  locksList,
  type LockRegion,
  type LockType,
} from '../../../protocol/locks.js'
import { commandName, type Context } from '../context.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer, type Server } from '../find-server.js'
import { Tags } from '../live/tags.js'
import { ask, getStatus } from '../server-api.js'
import { lockLines, lockTaken, type LockWords } from '../views/locks-view.js'
import { quoted } from '../words.js'
import { resolveWorkspacePath } from '../workspace-path.js'
import { authorIn } from './conflicts.js'

interface Asked extends Wishes {
  readonly json?: boolean
}

/** What is meant, and by whom. */
export interface LockPlace extends Asked {
  readonly file: string
  readonly lines?: { readonly from: number; readonly to: number }
  readonly symbol?: string
  readonly as?: AgentId
}

export interface AcquireOptions extends LockPlace {
  readonly type?: LockType
  /** Seconds, both. */
  readonly ttl?: number
  readonly wait?: number
}

/** Beyond what it was asked to wait, for an answer. In milliseconds. */
const PATIENCE = 10_000

export async function acquireLock(options: AcquireOptions, context: Context): Promise<ExitCode> {
  const { file, type, ttl, wait = 0, json } = options
  const holder = holderFor(options, context)
  const path = await resolveWorkspacePath(file, context.cwd)
  const server = await findServer(wishesOf(options), context)
  const region = regionOf(options)
  const body = {
    wants: [{ path, region, ...(type === undefined ? {} : { type }) }],
    wait,
    ...(ttl === undefined ? {} : { ttl }),
  }
  const asking = { body, headers: { 'X-Ensemble-Agent': holder }, patience: wait * 1000 + PATIENCE }
  const { locks, ahead } = await ask(server, '/api/locks', lockResult.options[0], asking).catch(
    async (thrown: unknown) => {
      throw await withWayOut(thrown, server, options, path)
    },
  )
  if (json === true)
    context.print.json({ schema: 'ensemble.lock-acquired/1', locks, ...(ahead === undefined ? {} : { ahead }) })
  else context.print.lines(lockTaken(locks, await wordsFor(server, context), ahead))
  return EXIT.ok
}

/** Who refuses a lock says what to do instead: to wait, by a line that can be copied. */
async function withWayOut(thrown: unknown, server: Server, options: AcquireOptions, path: string): Promise<unknown> {
  if (!(thrown instanceof EnsembleError)) return thrown
  const refusal = lockRefusal.safeParse(thrown.data['refusal'])
  if (!refusal.success) return thrown
  const { lines, symbol, type, as } = options
  const seconds = Math.max(1, Math.ceil(refusal.data.expectedWait / 1000))
  const words = [
    ...['ensemble lock acquire --file', quoted(path)],
    ...(lines === undefined ? [] : [`--lines ${lines.from}-${lines.to}`]),
    ...(symbol === undefined ? [] : [`--symbol ${quoted(symbol)}`]),
    ...(type === undefined ? [] : [`--type ${type}`]),
    ...(as === undefined ? [] : [`--as ${as}`]),
    `--wait ${Math.min(3600, seconds)}`,
  ]
  const tags = new Tags()
  tags.learn((await getStatus(server)).agents)
  const message = thrown.message.replaceAll(refusal.data.holder, tags.name(refusal.data.holder))
  const hint = thrown.hint === undefined ? {} : { hint: thrown.hint }
  return new EnsembleError(thrown.code, message, { ...hint, data: { ...thrown.data, try: words.join(' ') } })
}

export interface ReleaseOptions extends Omit<LockPlace, 'file'> {
  readonly file?: string
  readonly id?: LockId
}

const answered = z.object({ locks: z.array(lockSchema) })

export async function releaseLock(options: ReleaseOptions, context: Context): Promise<ExitCode> {
  const { id, file, json } = options
  if ((id === undefined) === (file === undefined)) {
    throw new EnsembleError('E_USAGE', 'Which lock? Give --file or --id.', { data: { try: 'ensemble lock list' } })
  }
  const holder = holderFor(options, context)
  const path = file === undefined ? undefined : await resolveWorkspacePath(file, context.cwd)
  const server = await findServer(wishesOf(options), context)
  const region = regionOf(options)
  const body = id === undefined ? { path, ...(region.kind === 'file' ? {} : { region }) } : { ids: [id] }
  const { locks } = await ask(server, '/api/locks/release', answered, { body, headers: { 'X-Ensemble-Agent': holder } })
  if (json === true) context.print.json({ schema: 'ensemble.lock-released/1', locks })
  else context.print.lines(locks.map((lock) => `Released ${placeText(lock.path, lock.region)} (${lock.id}).`))
  return EXIT.ok
}

export interface RenewOptions extends Asked {
  readonly id: LockId
  readonly ttl?: number
  readonly as?: AgentId
}

export async function renewLock(options: RenewOptions, context: Context): Promise<ExitCode> {
  const { id, ttl, json } = options
  const holder = holderFor(options, context)
  const server = await findServer(wishesOf(options), context)
  const body = { ids: [id], ...(ttl === undefined ? {} : { ttl }) }
  const { locks } = await ask(server, '/api/locks/renew', answered, { body, headers: { 'X-Ensemble-Agent': holder } })
  if (json === true) context.print.json({ schema: 'ensemble.lock-renewed/1', locks })
  else context.print.lines(lockTaken(locks, await wordsFor(server, context)))
  return EXIT.ok
}

export interface ListOptions extends Asked {
  readonly file?: string
  readonly holder?: AgentId
}

export async function listLocks(options: ListOptions, context: Context): Promise<ExitCode> {
  const { file, holder, json } = options
  const query = new URLSearchParams(holder === undefined ? {} : { holder })
  if (file !== undefined) query.set('path', await resolveWorkspacePath(file, context.cwd))
  const server = await findServer(wishesOf(options), context)
  const found = await ask(server, `/api/locks?${query}`, locksList)
  if (json === true) context.print.json({ schema: 'ensemble.locks/1', ...found })
  else context.print.lines(lockLines(found, await wordsFor(server, context)))
  return EXIT.ok
}

export interface BreakOptions extends Asked {
  readonly id: LockId
  readonly as?: AgentId
  readonly yes?: boolean
}

/** It hits someone else: so it is said twice. */
export async function breakLock(options: BreakOptions, context: Context): Promise<ExitCode> {
  const { id, yes, json, as } = options
  if (yes !== true) {
    throw new EnsembleError('E_USAGE', `Lock ${id} would be taken away from its holder.`, {
      hint: 'If that is meant, say so with --yes.',
      data: { try: `ensemble lock break --id ${id} --yes` },
    })
  }
  const server = await findServer(wishesOf(options), context)
  const author = as ?? authorIn(context)
  const headers: Record<string, string> = author === undefined ? {} : { 'X-Ensemble-Agent': author }
  const { lock } = await ask(server, `/api/locks/${id}/break`, z.object({ lock: lockSchema }), { body: {}, headers })
  if (json === true) context.print.json({ schema: 'ensemble.lock-broken/1', lock })
  else context.print.lines([`Took ${placeText(lock.path, lock.region)} away from ${lock.holder}.`])
  return EXIT.ok
}

function regionOf({ lines, symbol }: Pick<LockPlace, 'lines' | 'symbol'>): LockRegion {
  if (lines !== undefined) return { kind: 'lines', ...lines }
  return symbol === undefined ? { kind: 'file' } : { kind: 'symbol', name: symbol }
}

/** Locks are held by agents. @throws EnsembleError E_USAGE */
function holderFor({ as }: { readonly as?: AgentId }, context: Context): AgentId {
  const holder = as ?? authorIn(context)
  if (holder !== undefined) return holder
  throw new EnsembleError('E_USAGE', 'Locks are held by agents, and none is named.', {
    hint: 'Give --as CLAUDE-frontend, or set ENSEMBLE_AGENT.',
  })
}

function wishesOf({ url, tokenFile }: Wishes): Wishes {
  return { ...(url === undefined ? {} : { url }), ...(tokenFile === undefined ? {} : { tokenFile }) }
}

async function wordsFor(server: Server, context: Context): Promise<LockWords> {
  const tags = new Tags()
  tags.learn((await getStatus(server)).agents)
  const { print, now, env } = context
  return { nameOf: (agent) => tags.name(agent), paint: print.paint, now: now(), command: commandName(env) }
}
