/** What the server pushes to sessions, each message encoded once for all of them. */
import type { Agent } from '../../protocol/agents.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { WorkspaceId } from '../../protocol/ids.js'
import type { Feed, Hello, ServerMessage } from '../../protocol/messages.js'
import type { FileCommit } from '../documents/ledger.js'
import { EventBus, type Disposer } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { Timers } from '../storage/commit-queue.js'

export interface FeedsOptions {
  readonly workspaceId: WorkspaceId
  readonly events: EventLog
  readonly commits: EventBus<FileCommit>
  readonly eventBus: EventBus<WorkspaceEvent>
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
/** So many ticks pass between two on sockets that show nothing: they only have to know that the line lives. */
const QUIET_TICKS = 10

export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds: Record<Feed, EventBus<string>>
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
  backlog(hello: Hello): { readonly seq: number; readonly events: readonly WorkspaceEvent[] } {
    const { events, workspaceId } = this.#options
    const { since } = hello
    if (since === undefined || since.workspaceId !== workspaceId || !hello.feeds.includes('events')) {
      return { seq: this.#published, events: [] }
    }
    const missed = events.since(since.seq)
    if (missed === undefined) return { seq: this.#published, events: [] }
    return { seq: since.seq, events: missed.filter(({ seq }) => seq <= this.#published) }
  }

  subscribe(feed: Feed, send: (json: string) => void): Disposer {
    if (feed === 'agents') send(encode({ type: 'agents', agents: this.#options.agents() }))
    return this.#feeds[feed].subscribe(send)
  }

  close(): void {
    this.#options.timers.clearTimeout(this.#timer)
    for (const dispose of this.#disposers) dispose()
  }

  #tick(): void {
    this.#timer = this.#options.timers.setTimeout(() => {
      const tick = encode({ type: 'tick', time: this.#options.now(), seq: this.#options.events.seq })
      this.#feeds.agents.publish(tick)
      if (this.#ticks++ % QUIET_TICKS === 0) this.#feeds.heads.publish(tick)
      this.#tick()
    }, TICK)
  }

  #publish(feed: Feed, message: ServerMessage): void {
    if (this.#feeds[feed].size > 0) this.#feeds[feed].publish(encode(message))
  }
}

function headMessage({ head, edits }: FileCommit): ServerMessage {
  let size = 0
  for (const edit of edits ?? []) size += edit.added.length + edit.removed.length
  return { type: 'head', head, edits: edits === null || size > LARGE_EDITS ? null : [...edits] }
}

function encode(message: ServerMessage): string {
  return JSON.stringify(message)
}
