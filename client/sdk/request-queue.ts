/**
 * Requests that wait for the server, decided without sockets, timers and disks (request-sender.ts has those).
 *
 * Guarantees:
 * 1. In order: an entry is asked when every one before it is settled.
 * 2. Once: an entry leaves with an answer or a final refusal, and is asked again with the same write id until then, over
 *    breaks and restarts; the server carries a write id out once (rule WRITE-4).
 * 3. An entry is asked only when it is stored; what a settled one means for those behind it is stored with its removal.
 * 4. Bounded: one more than `limits` is refused, never put in place of another.
 */
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import type { Result } from '../../protocol/messages.js'
import { retryDelay } from './connection-state.js'
import { baseAfter, withBase } from './pending-files.js'
import { fileOf, type Ask, type Entry, type Outcome, type QueuedMethod } from './queued-request.js'

type Line =
  | { readonly kind: 'down' }
  | { readonly kind: 'idle' }
  /** `turn` tells this attempt from earlier ones, whose answers come too late. */
  | { readonly kind: 'asking'; readonly turn: number; readonly withText: boolean }
  | { readonly kind: 'resting' }

export interface Queue {
  /** Oldest first. */
  readonly entries: readonly Entry[]
  /** Ids of entries that are on the store. */
  readonly stored: ReadonlySet<number>
  readonly nextId: number
  readonly line: Line
  readonly turn: number
  /** Of the first entry, in a row. */
  readonly failures: number
  readonly limits: QueueLimits
}

export interface QueueLimits {
  /** Entries that may wait. */
  readonly entries: number
  /** What they may weigh together, in UTF-16 units. */
  readonly size: number
}
export const QUEUE_LIMITS: QueueLimits = { entries: 10_000, size: 64 * 1024 * 1024 }

export type Input =
  | { readonly type: 'add'; readonly ask: Ask; readonly baseText: string | null; readonly time: number }
  /** The store has it, or could not take it. */
  | { readonly type: 'stored'; readonly id: number }
  | { readonly type: 'unstored'; readonly id: number; readonly error: EnsembleError }
  | { readonly type: 'up' }
  | { readonly type: 'down' }
  | { readonly type: 'answered'; readonly turn: number; readonly result: Result<QueuedMethod> }
  | { readonly type: 'failed'; readonly turn: number; readonly error: EnsembleError }
  | { readonly type: 'rested' }

export type Effect =
  /** To the store; `adds`: the id that is told of with `stored` or `unstored`. */
  | { readonly type: 'store'; readonly put: readonly Entry[]; readonly remove: number | null; readonly adds: boolean }
  | { readonly type: 'ask'; readonly turn: number; readonly ask: Ask }
  | { readonly type: 'settled'; readonly entry: Entry; readonly outcome: Outcome }
  /** `rested` is due after so many milliseconds. */
  | { readonly type: 'rest'; readonly milliseconds: number }

export interface Step {
  readonly queue: Queue
  readonly effects: readonly Effect[]
}

/** So often may one request meet an error that the server did not expect; then it is that request's fault. */
const MAX_INTERNAL_FAILURES = 8

/** @param entries what an earlier process left, in order */
export function newQueue(entries: readonly Entry[] = [], limits = QUEUE_LIMITS): Queue {
  return {
    entries,
    stored: new Set(entries.map(({ id }) => id)),
    nextId: (entries.at(-1)?.id ?? 0) + 1,
    ...{ line: { kind: 'down' }, turn: 0, failures: 0, limits },
  }
}

/**
 * @param random in [0, 1)
 * @throws EnsembleError E_LIMIT for an `add` that has no room
 */
export function step(queue: Queue, input: Input, random: number): Step {
  switch (input.type) {
    case 'add': {
      const entry: Entry = { id: queue.nextId, ask: input.ask, time: input.time, baseText: input.baseText }
      checkRoom(queue, entry)
      const added = { ...queue, entries: [...queue.entries, entry], nextId: entry.id + 1 }
      return { queue: added, effects: [{ type: 'store', put: [entry], remove: null, adds: true }] }
    }
    case 'stored':
      return pump({ ...queue, stored: new Set([...queue.stored, input.id]) })
    case 'unstored': {
      const entry = queue.entries.find(({ id }) => id === input.id)
      return entry === undefined ? still(queue) : settle(queue, entry, { kind: 'refused', error: input.error })
    }
    case 'up':
      return queue.line.kind === 'down' ? pump({ ...queue, line: { kind: 'idle' } }) : still(queue)
    case 'down':
      return still({ ...queue, line: { kind: 'down' } })
    case 'rested':
      return queue.line.kind === 'resting' ? pump({ ...queue, line: { kind: 'idle' } }) : still(queue)
    case 'answered':
      return answered(queue, input.turn, input.result)
    case 'failed':
      return failed(queue, input.turn, input.error, random)
    default:
      return unreachable(input)
  }
}

function answered(queue: Queue, turn: number, result: Result<QueuedMethod>): Step {
  const { line } = queue
  const [first] = queue.entries
  if (first === undefined || line.kind !== 'asking' || line.turn !== turn) return still(queue)
  const idle: Queue = { ...queue, line: { kind: 'idle' }, failures: 0 }
  if (!('outcome' in result) || result.outcome !== 'need-base') return settle(idle, first, { kind: 'done', result })
  if (!line.withText && first.baseText !== null) return asking(queue, first, true)
  return settle(idle, first, { kind: 'refused', error: baseUnknown(first) })
}

function failed(queue: Queue, turn: number, error: EnsembleError, random: number): Step {
  const { line } = queue
  const [first] = queue.entries
  if (first === undefined || line.kind !== 'asking' || line.turn !== turn) return still(queue)
  if (error.code === 'E_UNREACHABLE') return still({ ...queue, line: { kind: 'down' } }) // `up` comes with the connection
  const failures = queue.failures + 1
  if (!error.retry || (error.code === 'E_INTERNAL' && failures > MAX_INTERNAL_FAILURES)) {
    return settle({ ...queue, line: { kind: 'idle' }, failures: 0 }, first, { kind: 'refused', error })
  }
  const milliseconds = retryDelay(failures, random)
  return { queue: { ...queue, line: { kind: 'resting' }, failures }, effects: [{ type: 'rest', milliseconds }] }
}

/** Takes an entry out; the next one for its file goes by what came of it. */
function settle(queue: Queue, entry: Entry, outcome: Outcome): Step {
  const rest = queue.entries.filter(({ id }) => id !== entry.id)
  const path = fileOf(entry.ask)
  const follower = path === undefined ? undefined : rest.find(({ id, ask }) => id > entry.id && fileOf(ask) === path)
  const rebased = follower === undefined ? undefined : withBase(follower, baseAfter(entry, outcome))
  const entries = rest.map((one) => (one === follower && rebased !== undefined ? rebased : one))
  const put = rebased === undefined ? [] : [rebased]
  const effects: Effect[] = [
    { type: 'store', put, remove: entry.id, adds: false },
    { type: 'settled', entry, outcome },
  ]
  const stored = new Set([...queue.stored].filter((id) => id !== entry.id))
  const next = pump({ ...queue, entries, stored })
  return { queue: next.queue, effects: [...effects, ...next.effects] }
}

/** Asks the first entry, if it is time. */
function pump(queue: Queue): Step {
  const [first] = queue.entries
  if (queue.line.kind !== 'idle' || first === undefined || !queue.stored.has(first.id)) return still(queue)
  return asking(queue, first, false)
}

function asking(queue: Queue, { ask, baseText }: Entry, withText: boolean): Step {
  const turn = queue.turn + 1
  const told: Ask =
    withText && ask.method === 'write' && ask.params.base !== null && baseText !== null
      ? { method: 'write', params: { ...ask.params, base: { ...ask.params.base, text: baseText } } }
      : ask
  return {
    queue: { ...queue, turn, line: { kind: 'asking', turn, withText } },
    effects: [{ type: 'ask', turn, ask: told }],
  }
}

const still = (queue: Queue): Step => ({ queue, effects: [] })

function checkRoom({ entries, limits }: Queue, added: Entry): void {
  const size = entries.reduce((sum, entry) => sum + sizeOf(entry), sizeOf(added))
  if (entries.length < limits.entries && size <= limits.size) return
  throw new EnsembleError('E_LIMIT', `${entries.length} requests wait for the server, and there is no room for more.`, {
    hint: 'Wait until it answers; what waits is kept.',
    data: { entries: entries.length, size },
  })
}

/** What makes an entry heavy is its texts. */
function sizeOf({ ask, baseText }: Entry): number {
  const text = baseText?.length ?? 0
  if (ask.method !== 'write') return text + 500
  const { content } = ask.params
  return text + (content.kind === 'text' ? content.text : content.base64).length + 500
}

function baseUnknown({ ask }: Entry): EnsembleError {
  const path = fileOf(ask) ?? 'the file'
  return new EnsembleError('E_UNKNOWN_BASE', `The server does not know the version of ${path} that was written upon.`, {
    hint: 'Read the file again, and make the change upon that.',
  })
}
