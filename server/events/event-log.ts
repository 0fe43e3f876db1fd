/**
 * The event log: everything that happened in the workspace, numbered from 1 without gaps.
 *
 * An event's row is committed together with what it tells about; `append` therefore returns the row instead of storing
 * it. The number it takes is the commit's `seq`.
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { AgentId } from '../../protocol/ids.js'
import type { Addressee, EventType, WorkspaceEvent } from '../../protocol/events.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'

/** Older events are forgotten; files and conflicts keep their own history. */
const KEPT = 100_000
/** Forgetting is done once for so many. */
const SWEEP = 1_000
/** Read at once. */
const PAGE = 256
/** What someone who has just come is told of what was before. */
const RECENT = 2_000

type DataOf<T extends EventType> = Extract<WorkspaceEvent, { type: T }>['data']

export class EventLog {
  readonly #storage: Storage
  readonly #now: () => number
  #seq: number

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage
    this.#now = now
    this.#seq = this.stored()
  }

  /** The number of the newest event, 0 before the first. Its row may still be under way to the disk. */
  get seq(): number {
    return this.#seq
  }

  /** The number of the newest event that is stored. */
  stored(): number {
    const [last] = this.#storage.range({ from: ['event', 0], to: ['event', Infinity], reverse: true, limit: 1 })
    return last === undefined ? 0 : Number(last.key[1])
  }

  append<T extends EventType>(
    type: T,
    agentId: AgentId | undefined,
    data: DataOf<T>,
    to?: Addressee,
  ): { readonly event: WorkspaceEvent; readonly rows: readonly Row[] } {
    const seq = ++this.#seq
    // That its data is of its type no union can tell.
    const event = stored<WorkspaceEvent>({
      seq,
      type,
      ...(agentId === undefined ? {} : { agent_id: agentId }),
      ...(to === undefined ? {} : { to }),
      timestamp: new Date(this.#now()).toISOString(),
      data,
    })
    const rows: Row[] = [{ put: ['event', seq], value: event }]
    if (seq > KEPT && seq % SWEEP === 0) {
      for (const table of ['event', 'ack']) rows.push({ deleteFrom: [table, 0], to: [table, seq - KEPT] })
    }
    return { event, rows }
  }

  /** A durable event; undefined: it never was, or is forgotten. */
  get(seq: number): WorkspaceEvent | undefined {
    return stored<WorkspaceEvent | undefined>(this.#storage.get(['event', seq]))
  }

  /** The number of the oldest event that is kept; 1 before the first. */
  oldest(): number {
    const [first] = this.#storage.range({ from: ['event', 0], to: ['event', Infinity], limit: 1 })
    return first === undefined ? 1 : Number(first.key[1])
  }

  /** Durable events, the newest first, read as they are taken. */
  *newest(): Iterable<WorkspaceEvent> {
    for (let before = Infinity; ;) {
      const page = { from: ['event', 0], to: ['event', before], reverse: true, limit: PAGE } as const
      let last: number | undefined
      for (const { key, value } of this.#storage.range(page)) {
        last = Number(key[1])
        yield stored<WorkspaceEvent>(value)
      }
      if (last === undefined) return
      before = last
    }
  }

  /** The last durable events that are no older than `time`, oldest first. */
  recent(time: number): WorkspaceEvent[] {
    const events: WorkspaceEvent[] = []
    const newest = { from: ['event', 0], to: ['event', Infinity], reverse: true, limit: RECENT } as const
    for (const { value } of this.#storage.range(newest)) {
      const event = stored<WorkspaceEvent>(value)
      if (Date.parse(event.timestamp) < time) break
      events.push(event)
    }
    return events.reverse()
  }

  /** Whether all that came after `seq` is still kept, and is no more than `most` events. */
  reaches(seq: number, most: number): boolean {
    if (this.stored() - seq > most) return false
    const [first] = this.#storage.range({ from: ['event', seq + 1], to: ['event', Infinity], limit: 1 })
    return first === undefined || first.key[1] === seq + 1
  }

  /** Durable events after `seq`, oldest first, at most `limit`. Own rows are not parsed again. */
  after(seq: number, limit: number): WorkspaceEvent[] {
    const rows = this.#storage.range({ from: ['event', seq + 1], to: ['event', Infinity], limit })
    return Array.from(rows, ({ value }) => stored<WorkspaceEvent>(value))
  }

  /**
   * The same, for whoever reads on from where it was.
   * @throws EnsembleError E_SLOW_READER: some of them have been forgotten since
   */
  onwards(seq: number, limit: number): WorkspaceEvent[] {
    const events = this.after(seq, limit)
    const [first] = events
    if (first === undefined || first.seq === seq + 1) return events
    throw new EnsembleError('E_SLOW_READER', `Of the events after ${seq} those before ${first.seq} were forgotten.`, {
      hint: 'Connect again, and read the state anew.',
    })
  }
}
