/** What the server pushes to sessions, each message encoded once for all of them. */
import type { Agent } from '../../protocol/agents.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { WorkspaceId } from '../../protocol/ids.js'
import type { Feed, Hello, ServerMessage } from '../../protocol/messages.js'
import type { FileHead } from '../../protocol/files.js'
import type { FileCommit } from '../documents/ledger.js'
import { EventBus, type Disposer } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { Timers } from '../storage/commit-queue.js'

export interface FeedsOptions {
  readonly workspaceId: WorkspaceId
  readonly events: EventLog
  readonly commits: EventBus<FileCommit>
  readonly eventBus: EventBus<WorkspaceEvent>
  /** Every head, also those whose commit is under way. */
  readonly heads: () => Iterable<FileHead>
  readonly agents: () => Agent[]
  readonly onAgents: (listener: (agents: readonly Agent[]) => void) => Disposer
  readonly now: () => number
  readonly timers: Timers
  readonly onError: (error: unknown) => void
}

/** Edits of more characters are left out of a head: whoever wants the text reads it once, at its newest. */
const LARGE_EDITS = 64 * 1024
/** In milliseconds. */
const TICK = 1_000
/** One of so many goes to sockets that show no clock: they only have to know that the line lives (rule MSG-11). */
const QUIET_TICKS = 9

export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds: Record<Feed, EventBus<string>>
  readonly #quietTicks: EventBus<string>
  readonly #disposers: Disposer[]
  /** The newest event that was published; a newer one may be durable already, and is on its way to the feed. */
  #published: number
  #ticks = 0
  #timer: unknown

  constructor(options: FeedsOptions) {
    const { commits, eventBus, onAgents, onError } = options
    this.#options = options
    this.#published = options.events.seq
    this.#feeds = { heads: new EventBus(onError), events: new EventBus(onError), agents: new EventBus(onError) }
    this.#quietTicks = new EventBus(onError)
    this.#disposers = [
      commits.subscribe((commit) => {
        if (commit.revised) this.#publish('heads', headMessage(commit))
      }),
      eventBus.subscribe((event) => {
        this.#published = event.seq
        this.#publish('events', { type: 'event', event })
      }),
      onAgents((agents) => {
        this.#publish('agents', { type: 'agents', agents: [...agents] })
      }),
    ]
    this.#tick()
  }

  /** Where a new session's feeds begin, and what it asked to hear again. */
  backlog({ since, feeds }: Hello): { readonly seq: number; readonly messages: readonly ServerMessage[] } {
    const { events, workspaceId } = this.#options
    const fromNow = { seq: this.#published, messages: [] }
    if (since === undefined || since.workspaceId !== workspaceId || since.seq > this.#published) return fromNow
    if (!feeds.includes('events')) return fromNow // heads alone are cheaper read from the tree
    const missed = events.since(since.seq)
    if (missed === undefined) return fromNow
    const messages: Numbered[] = []
    for (const event of missed) messages.push({ seq: event.seq, message: { type: 'event', event } })
    if (feeds.includes('heads')) {
      for (const head of this.#options.heads()) {
        if (head.seq > since.seq) messages.push({ seq: head.seq, message: { type: 'head', head, edits: null } })
      }
    }
    const durable = messages.filter(({ seq }) => seq <= this.#published).sort((a, b) => a.seq - b.seq)
    return { seq: since.seq, messages: durable.map(({ message }) => message) }
  }

  subscribe(feeds: ReadonlySet<Feed>, send: (json: string) => void): Disposer {
    if (feeds.has('agents')) send(encode({ type: 'agents', agents: this.#options.agents() }))
    const buses = [...feeds].map((feed) => this.#feeds[feed])
    if (!feeds.has('agents')) buses.push(this.#quietTicks)
    const disposers = buses.map((bus) => bus.subscribe(send))
    return () => {
      for (const dispose of disposers) dispose()
    }
  }

  close(): void {
    this.#options.timers.clearTimeout(this.#timer)
    for (const dispose of this.#disposers) dispose()
  }

  #tick(): void {
    this.#timer = this.#options.timers.setTimeout(() => {
      const tick = encode({ type: 'tick', time: this.#options.now(), seq: this.#options.events.seq })
      this.#feeds.agents.publish(tick)
      if (this.#ticks++ % QUIET_TICKS === 0) this.#quietTicks.publish(tick)
      this.#tick()
    }, TICK)
  }

  #publish(feed: Feed, message: ServerMessage): void {
    if (this.#feeds[feed].size > 0) this.#feeds[feed].publish(encode(message))
  }
}

interface Numbered {
  readonly seq: number
  readonly message: ServerMessage
}

/** A new file's text is left out, too: when a whole tree comes in, most of those who hear of it have it already. */
function headMessage({ head, edits }: FileCommit): ServerMessage {
  if (head.rev === 1) return { type: 'head', head, edits: null }
  let size = 0
  for (const edit of edits ?? []) size += edit.added.length + edit.removed.length
  return { type: 'head', head, edits: edits === null || size > LARGE_EDITS ? null : [...edits] }
}

function encode(message: ServerMessage): string {
  return JSON.stringify(message)
}
