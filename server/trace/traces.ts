/**
 * Remembers the way of the last revisions through the server, and tells each step to the log under the id of the update that
 * it began with (rule TRACE-1).
 *
 * 1. It watches only: nothing waits for it, and whatever it has forgotten is null, never made up.
 * 2. It holds at most `REMEMBERED` revisions and as many writes that have come to nothing yet.
 */
import type { FileId, Author, WriteId } from '../../protocol/ids.js'
import type { FileHead } from '../../protocol/files.js'
import type { Arrival as WireArrival, TraceSteps } from '../../protocol/trace.js'
import type { CommitMeasure } from '../storage/commit-queue.js'

export const REMEMBERED = 2_000
const LISTED = 20

/** Something that came in: its id is what the log calls `update`. */
export interface Arrival extends Omit<WireArrival, 'after'> {
  /** By the clock that never goes backwards. */
  readonly at: number
}

export type Origin = Pick<WireArrival, 'via' | 'socket'>

export interface TracesOptions {
  readonly now: () => number
  /** Milliseconds from any start, never backwards. */
  readonly elapsed: () => number
  /** Hears of every step; undefined: nobody listens. */
  readonly tell?: ((step: string, facts: Readonly<Record<string, unknown>>) => void) | undefined
}

interface Remembered {
  readonly rev: number
  /** The newest step of the document that it holds. */
  readonly through: number
  readonly time: number
  readonly start: number
  readonly arrivals: readonly Arrival[]
  readonly merged: number
  stored: TraceSteps['stored']
  sent: TraceSteps['sent']
  told: TraceSteps['told']
}

export class Traces {
  readonly #options: TracesOptions
  readonly #revisions = new Memory<string, Remembered>()
  readonly #writes = new Memory<WriteId, Arrival>()
  /** The last group commit that came back, and when. */
  #group: (CommitMeasure & { readonly at: number }) | undefined

  constructor(options: TracesOptions) {
    this.#options = options
  }

  /** A live update came in. @param update names it, over all sockets */
  arrived(update: string, origin: Origin, author: Author, bytes: number, document: string): Arrival {
    const arrival = { update, ...origin, author, bytes, at: this.#options.elapsed() }
    this.#options.tell?.('arrived', { update, ...origin, author, bytes, document })
    return arrival
  }

  /** A write was asked for; what is made of it says so by its id. */
  asked(writeId: WriteId, origin: Origin, author: Author): void {
    if (this.#writes.has(writeId)) return // repeated: what counts is when it first came
    this.#writes.set(writeId, { update: writeId, ...origin, author, bytes: null, at: this.#options.elapsed() })
    this.#options.tell?.('arrived', { update: writeId, ...origin, author })
  }

  /** A revision was made, and goes to storage. */
  revised(head: FileHead, writeId: WriteId | null, live: readonly Arrival[], through: number): void {
    const write = writeId === null ? undefined : this.#writes.get(writeId)
    if (writeId !== null) this.#writes.delete(writeId)
    const arrivals = write === undefined ? live : [write, ...live]
    const at = this.#options.elapsed()
    const start = arrivals[0]?.at ?? at
    this.#revisions.set(keyOf(head.id, head.rev), {
      time: this.#options.now() - (at - start),
      ...{ rev: head.rev, through, start, arrivals, merged: at - start, stored: null, sent: null, told: null },
    })
    const { path, rev, seq, author } = head
    this.#tell(arrivals, 'merged', { path, rev, seq, author })
  }

  /** A group commit has come back; whatever is told to be stored, or sent, until the next one does, was in it. */
  committed(measure: CommitMeasure): void {
    if (measure.stored) this.#group = { at: this.#options.elapsed(), ...measure }
  }

  stored({ id, rev }: FileHead): void {
    const one = this.#revisions.get(keyOf(id, rev))
    if (one !== undefined) this.#noteStored(one)
  }

  /** Peers of a file's document were sent all its steps up to `through`. @param rev the newest there is */
  sent(id: FileId, rev: number, through: number, peers: number): void {
    for (let at = rev; ; at--) {
      const one = this.#revisions.get(keyOf(id, at))
      if (one === undefined || one.sent !== null) return
      if (one.through > through) continue
      this.#noteStored(one)
      one.sent = { peers, ...this.#after(one) }
      this.#tell(one.arrivals, 'sent', { rev: at, ...one.sent })
    }
  }

  /** Its head was told. */
  told({ id, rev }: FileHead, sessions: number): void {
    const one = this.#revisions.get(keyOf(id, rev))
    if (one === undefined || one.told !== null) return
    one.told = { sessions, ...this.#after(one) }
    this.#tell(one.arrivals, 'told', { rev, ...one.told })
  }

  /** Null: forgotten, or of an earlier run of the server. */
  of(id: FileId, rev: number): TraceSteps | null {
    const one = this.#revisions.get(keyOf(id, rev))
    if (one === undefined) return null
    const { time, start, merged, stored, sent, told } = one
    const arrivals = one.arrivals.slice(0, LISTED).map(({ at, ...arrival }) => ({ ...arrival, after: at - start }))
    return { time, arrivals, arrived: one.arrivals.length, merged: { after: merged }, stored, sent, told }
  }

  /** What is sent is stored: peers may be served before others are told. */
  #noteStored(one: Remembered): void {
    if (one.stored !== null || this.#group === undefined) return
    const { at, ms, rows, bytes, attempt } = this.#group
    one.stored = { after: at - one.start, commitMs: ms, rows, bytes, attempt }
    this.#tell(one.arrivals, 'stored', { rev: one.rev, ...one.stored })
  }

  #tell(arrivals: readonly Arrival[], step: string, facts: Readonly<Record<string, unknown>>): void {
    const { tell } = this.#options
    if (tell !== undefined) for (const { update } of arrivals) tell(step, { update, ...facts })
  }

  #after({ start }: Remembered): { readonly after: number } {
    return { after: this.#options.elapsed() - start }
  }
}

function keyOf(id: FileId, rev: number): string {
  return `${id}@${rev}`
}

/** The last `REMEMBERED` things that were noted. A ring of their keys: to ask a Map for its oldest costs more with each one deleted. */
class Memory<K, V> {
  readonly #things = new Map<K, V>()
  readonly #keys: K[] = []
  #next = 0

  has(key: K): boolean {
    return this.#things.has(key)
  }

  get(key: K): V | undefined {
    return this.#things.get(key)
  }

  set(key: K, thing: V): void {
    const oldest = this.#keys[this.#next]
    if (oldest !== undefined) this.#things.delete(oldest)
    this.#keys[this.#next] = key
    this.#next = (this.#next + 1) % REMEMBERED
    this.#things.set(key, thing)
  }

  delete(key: K): void {
    this.#things.delete(key)
  }
}
