/** What can be asked of events: to publish one, to take note of one, to read and follow the log. */
import { parseAgentEvent } from '../../protocol/agent-events.js'
import { isFor } from '../../protocol/addressee.js'
import { compileFilter, type EventFilter } from '../../protocol/event-filter.js'
import type { EventPage, EventQuery, PublishCommand, ShownEvent } from '../../protocol/event-requests.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { Addressee, EventType, WorkspaceEvent } from '../../protocol/events.js'
import { actingAgent, agentId, agentOfAuthor, type AgentId, type Author } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import { rowsUnder } from '../storage/keys.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import type { Disposer } from './event-bus.js'
import type { EventLog } from './event-log.js'
import type { EventStream } from './event-stream.js'
import type { MessageTable } from './message-table.js'

export interface EventServiceOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly log: EventLog
  readonly stream: EventStream
  readonly messages: MessageTable
  /** Roles that an agent named itself. */
  readonly rolesOf: (agentId: AgentId) => readonly string[]
  readonly now: () => number
  /** Runs when everything else that waits has had its turn. */
  readonly defer: (run: () => void) => void
}

export type Wants = (event: WorkspaceEvent) => boolean
export type Tell = (events: readonly WorkspaceEvent[], through: number) => Promise<void> | void

const PAGE = 200
/** Events that are looked at in one run of the event loop, and for one page. */
const SLICE = 250
const LOOKED_AT = 10_000
/** What may wait to be stored before nothing more is published. In bytes. */
const MOST_PENDING = 64 * 1024 * 1024
/** A disk that fails for a moment is no matter; whoever waits longer is told. In milliseconds. */
const PATIENCE = 2_000

export class EventService {
  readonly #options: EventServiceOptions
  /** Events that are being stored, by what makes them the same when they are asked for again. */
  readonly #underWay = new Map<string, Promise<WorkspaceEvent>>()

  constructor(options: EventServiceOptions) {
    this.#options = options
  }

  /** The newest event that was told. */
  get told(): number {
    return this.#options.stream.told
  }

  /** What an agent hears of: what is for it, and what it says itself; anyone else, people with a name too, hears all. */
  wants(filter: EventFilter, hearer: Author): Wants {
    const meets = compileFilter(filter)
    const agent = actingAgent(hearer)
    if (agent === undefined) return meets
    const { rolesOf } = this.#options
    return (event) => {
      if (event.to !== undefined && event.agent_id !== agent && !isFor(event.to, agent, rolesOf(agent))) return false
      return meets(event)
    }
  }

  /**
   * Resolves when the event is durable. The same write id again gives the event of the first time.
   * @throws EnsembleError E_BAD_REQUEST, E_TOO_LARGE, E_LIMIT, E_STORAGE_DEGRADED, E_STORAGE_FULL
   */
  async publish({ writeId, type, data, to }: PublishCommand, author: Author): Promise<WorkspaceEvent> {
    const { messages, log } = this.#options
    const parsed = parseAgentEvent(type, data)
    const from = agentOfAuthor(author)
    const known = messages.byWriteId(writeId)
    if (known === undefined) {
      return await this.#once(writeId, () => {
        const { event, rows } = log.append(parsed.type, from, parsed.data, to)
        const more = messages.add({ seq: event.seq, writeId, from: from ?? null, to: to ?? null })
        return { event, rows: [...rows, ...more] }
      })
    }
    const event = await this.#inTime(this.#underWay.get(writeId) ?? log.get(known.seq))
    if (event !== undefined && isSame(event, { ...parsed, agent_id: from, to })) return event
    throw new EnsembleError('E_BAD_REQUEST', `The write id ${writeId} belongs to another event.`, {
      hint: 'Make a new id for each event; the same one only to repeat it.',
    })
  }

  /**
   * Notes that an agent has taken note of an event; again, it gives the same. Resolves when that is durable.
   * @throws EnsembleError E_NOT_FOUND, E_LIMIT, E_STORAGE_DEGRADED, E_STORAGE_FULL
   */
  async acknowledge(seq: number, agent: AgentId): Promise<WorkspaceEvent> {
    const { storage, log, now } = this.#options
    const known = stored<{ readonly seq: number } | undefined>(storage.get(['ack', seq, agent]))
    const earlier = known === undefined ? undefined : log.get(known.seq)
    if (earlier !== undefined) return earlier
    const of = this.#get(seq)
    return await this.#once(`${seq} ${agent}`, () => {
      const { event, rows } = log.append('event:acknowledged', agent, { of: seq, of_type: of.type })
      return { event, rows: [...rows, { put: ['ack', seq, agent], value: { seq: event.seq, time: now() } }] }
    })
  }

  /** @throws EnsembleError E_NOT_FOUND */
  show(seq: number): ShownEvent {
    const event = this.#get(seq)
    const acknowledged = [...this.#options.storage.range(rowsUnder(['ack', seq]))].map(({ key, value }) => ({
      agentId: agentId.parse(key[2]),
      ...stored<{ seq: number; time: number }>(value),
    }))
    acknowledged.sort((a, b) => a.seq - b.seq)
    return { event, acknowledged: acknowledged.map(({ agentId: who, time }) => ({ agentId: who, time })) }
  }

  /** @throws EnsembleError E_EVENTS_GONE */
  async page({ since, limit = PAGE, ...filter }: EventQuery, hearer: Author): Promise<EventPage> {
    const wants = this.wants(filter, hearer)
    if (since === undefined) return await this.#newest(wants, limit)
    this.assertKept(since)
    const { log, stream } = this.#options
    const events: WorkspaceEvent[] = []
    let next = since
    for (let looked = 0; looked < LOOKED_AT && next < stream.told; looked += SLICE) {
      if (looked > 0) await this.#turn()
      for (const event of log.after(next, SLICE)) {
        if (event.seq > stream.told) break
        if (event.seq > next + 1) return { events, next, more: true } // forgotten just now, as whoever asks on is told
        if (events.length === limit) return { events, next, more: true }
        if (wants(event)) events.push(event)
        next = event.seq
      }
    }
    return { events, next, more: next < stream.told }
  }

  /**
   * Tells what came after `since`, then what comes: in order, nothing left out.
   * @param tell gets events, and how far has been looked; past ones wait for what it returns
   * @throws EnsembleError E_EVENTS_GONE
   */
  follow(since: number, tell: Tell): Follower {
    this.assertKept(since)
    const { log, stream } = this.#options
    let ended = false
    const isEnded = (): boolean => ended
    let dispose: Disposer = () => undefined
    const catchUp = async (): Promise<void> => {
      for (let told = since; told < stream.told && !isEnded();) {
        const events = log.onwards(told, SLICE).filter(({ seq }) => seq <= stream.told)
        told = events.at(-1)?.seq ?? stream.told
        await tell(events, told)
        await this.#turn()
      }
      if (!isEnded()) dispose = stream.subscribe((event) => void tell([event], event.seq))
    }
    return {
      caughtUp: catchUp(),
      end: () => {
        ended = true
        dispose()
      },
    }
  }

  /** @throws EnsembleError E_EVENTS_GONE: not all that came after `since` can be told */
  assertKept(since: number): void {
    const { log, stream } = this.#options
    const { told } = stream
    if (since > told) {
      throw new EnsembleError('E_EVENTS_GONE', `There is no event ${since}: the newest is ${told}.`, {
        hint: 'The numbers have begun anew; read the state anew, and begin with the newest.',
        data: { since, newest: told },
      })
    }
    const oldest = log.oldest()
    if (since + 1 >= oldest) return
    throw new EnsembleError('E_EVENTS_GONE', `Of the events after ${since} those before ${oldest} are forgotten.`, {
      hint: `Read the state anew; what is kept comes with since=${oldest - 1}.`,
      data: { since, oldest, newest: told },
    })
  }

  async #newest(wants: Wants, limit: number): Promise<EventPage> {
    const { log, stream } = this.#options
    const next = stream.told
    const events: WorkspaceEvent[] = []
    let looked = 0
    for (const event of log.newest()) {
      if (events.length === limit || looked === LOOKED_AT) break
      if (++looked % SLICE === 0) await this.#turn()
      if (event.seq <= next && wants(event)) events.push(event)
    }
    return { events: events.reverse(), next, more: false }
  }

  #get(seq: number): WorkspaceEvent {
    const { log, stream } = this.#options
    const event = seq <= stream.told ? log.get(seq) : undefined
    if (event !== undefined) return event
    throw new EnsembleError('E_NOT_FOUND', `There is no event ${seq}; kept are ${log.oldest()} to ${stream.told}.`, {
      hint: 'GET /api/events, or "ensemble events", lists them with their numbers.',
    })
  }

  /** Carries out what is named `key` once, however often it is asked for while it is being stored. */
  #once(key: string, make: () => { readonly event: WorkspaceEvent; readonly rows: Row[] }): Promise<WorkspaceEvent> {
    const { queue, stream } = this.#options
    const underWay = this.#underWay.get(key)
    if (underWay !== undefined) return this.#inTime(underWay)
    if (queue.state !== 'ok') return Promise.reject(queue.state.degraded)
    if (queue.pending.bytes > MOST_PENDING) {
      const hint = 'Try again in a moment.'
      return Promise.reject(new EnsembleError('E_LIMIT', 'Too much waits to be stored.', { hint }))
    }
    const { event, rows } = make()
    const storing = queue.enqueue(rows).then(() => {
      stream.publish(event)
      return event
    })
    this.#underWay.set(key, storing)
    const done = (): void => void this.#underWay.delete(key)
    storing.then(done, done)
    return this.#inTime(storing)
  }

  #inTime<T>(answer: T | Promise<T>): Promise<T> {
    return this.#options.queue.unlessDegraded(() => Promise.resolve(answer), { patience: PATIENCE })
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.defer(resolve)
    })
  }
}

export interface Follower {
  /** Resolves when what was past has been told; rejects with E_SLOW_READER when some of it was forgotten meanwhile. */
  readonly caughtUp: Promise<void>
  end(): void
}

interface Said {
  readonly type: EventType
  readonly agent_id?: AgentId | undefined
  readonly data: unknown
  readonly to?: Addressee | undefined
}

function isSame(one: Said, other: Said): boolean {
  const essence = ({ type, agent_id, data, to }: Said): string => JSON.stringify([type, agent_id, data, to])
  return essence(one) === essence(other)
}
