/** What the server pushes to sessions, each message encoded once for all of them. */
import type { Agent } from '../../protocol/agents.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { WorkspaceId } from '../../protocol/ids.js'
import type { Feed, Hello, ServerMessage } from '../../protocol/messages.js'
import type { FileHead } from '../../protocol/files.js'
import type { FileCommit } from '../documents/ledger.js'
import { EventBus, type Disposer } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { EventStream } from '../events/event-stream.js'
import type { Timers } from '../storage/commit-queue.js'

export interface FeedsOptions {
  readonly workspaceId: WorkspaceId
  readonly events: EventLog
  readonly commits: EventBus<FileCommit>
  readonly eventBus: EventStream
  /** Every head, also those whose commit is under way. */
  readonly heads: () => Iterable<FileHead>
  readonly agents: () => Agent[]
  readonly onAgents: (listener: (agents: readonly Agent[]) => void) => Disposer
  /** Hears of each change of who holds a lock, who waits, where, or for how long. */
  readonly onLocks: (listener: () => void) => Disposer
  readonly now: () => number
  readonly timers: Timers
  /** Runs when everything else that waits has had its turn. */
  readonly defer: (run: () => void) => void
  /** Hears of each new head that was told, and to how many sessions. */
  readonly onTold: (head: FileHead, sessions: number) => void
  readonly onError: (error: unknown) => void
}

/** Edits of more characters are left out of a head: whoever wants the text reads it once, at its newest. */
const LARGE_EDITS = 64 * 1024
/** Who missed more, and hears of heads, reads the tree anew: that is less than all the steps to it. */
const REPLAYED = 10_000
/** Events that are read, and sent in one frame, in one run of the event loop: a few milliseconds. */
const SLICE = 250
/** In milliseconds. */
const TICK = 1_000
/** One of so many goes to sockets that show no clock: they only have to know that the line lives (rule MSG-11). */
const QUIET_TICKS = 9

export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds: Record<Exclude<Feed, 'events'>, EventBus<string>>
  readonly #events: EventBus<{ readonly event: WorkspaceEvent; readonly json: string }>
  readonly #quietTicks: EventBus<string>
  readonly #disposers: Disposer[]
  /** Slices of what sessions missed are read one after the other, however many sessions come back at once. */
  #line: Promise<void> = Promise.resolve()
  #ticks = 0
  #lockChanges = 0
  #timer: unknown

  constructor(options: FeedsOptions) {
    const { commits, eventBus, onAgents, onLocks, onError } = options
    this.#options = options
    this.#feeds = { heads: new EventBus(onError), agents: new EventBus(onError) }
    this.#events = new EventBus(onError)
    this.#quietTicks = new EventBus(onError)
    this.#disposers = [
      commits.subscribe((commit) => {
        if (!commit.revised) return
        this.#publish('heads', headMessage(commit))
        this.#options.onTold(commit.head, this.#feeds.heads.size)
      }),
      eventBus.subscribe((event) => {
        if (this.#events.size > 0) this.#events.publish({ event, json: encode({ type: 'event', event }) })
      }),
      onLocks(() => {
        this.#lockChanges++
      }),
      onAgents((agents) => {
        this.#publish('agents', { type: 'agents', agents: [...agents] })
      }),
    ]
    this.#tick()
  }

  /** The newest event that was told. */
  get told(): number {
    return this.#options.eventBus.told
  }

  /** The `seq` after which a new session's feeds begin: that of its `since`, where it can be told all that came after. */
  begin({ since, feeds }: Hello): number {
    const { events, workspaceId, eventBus } = this.#options
    const { told } = eventBus
    if (since === undefined || since.workspaceId !== workspaceId || since.seq > told) return told
    if (!feeds.includes('events')) return told // heads alone are cheaper read from the tree
    return events.reaches(since.seq, feeds.includes('heads') ? REPLAYED : Infinity) ? since.seq : told
  }

  /**
   * Feeds a session: what came after `seq` first, then what comes, in one order and without a gap (rule MSG-7).
   * @param wants of the events, which; asked anew for each
   * @param sendSlowly resolves when it has left: for what was missed
   * @param onLost not all that was missed can be told: it is fed no more
   */
  subscribe(
    feeds: ReadonlySet<Feed>,
    seq: number,
    wants: Wants,
    send: (json: string) => void,
    sendSlowly: (json: string) => Promise<void>,
    onLost: (error: unknown) => void,
  ): Disposer {
    if (feeds.has('agents')) send(encode({ type: 'agents', agents: this.#options.agents() }))
    const disposers = [(feeds.has('agents') ? this.#feeds.agents : this.#quietTicks).subscribe(send)]
    const follow = (): void => {
      if (feeds.has('heads')) disposers.push(this.#feeds.heads.subscribe(send))
      if (!feeds.has('events')) return
      disposers.push(
        this.#events.subscribe(({ event, json }) => {
          if (wants(event)) send(json)
        }),
      )
    }
    let ended = false
    this.#catchUp(feeds, seq, wants, sendSlowly, () => ended, follow).catch(onLost)
    return () => {
      ended = true
      for (const dispose of disposers.splice(0)) dispose()
    }
  }

  /** Calls `follow` in the very step in which nothing is missed any more: the next event may come in the one after it. */
  async #catchUp(
    feeds: ReadonlySet<Feed>,
    seq: number,
    wants: Wants,
    send: (json: string) => Promise<void>,
    isEnded: () => boolean,
    follow: () => void,
  ): Promise<void> {
    for (let told = seq; told < this.#options.eventBus.told && !isEnded();) {
      await this.#turn()
      const missed = this.#missed(feeds, told, wants)
      told = missed.through
      if (missed.messages.length > 0 && !isEnded()) await send(encode({ type: 'missed', messages: missed.messages }))
    }
    if (!isEnded()) follow()
  }

  #turn(): Promise<void> {
    this.#line = this.#line.then(() => new Promise((resolve) => this.#options.defer(resolve)))
    return this.#line
  }

  /** A head that changes meanwhile moves on to a later slice, or to the live feed: what is told of a file is its newest. */
  #missed(feeds: ReadonlySet<Feed>, told: number, wants: Wants): Slice {
    const newest = this.#options.eventBus.told
    const events = this.#options.events.onwards(told, SLICE).filter(({ seq }) => seq <= newest)
    const through = events.at(-1)?.seq ?? newest
    const messages: Numbered[] = events
      .filter((event) => feeds.has('events') && wants(event))
      .map((event) => ({ seq: event.seq, message: { type: 'event', event } }))
    if (feeds.has('heads')) {
      for (const head of this.#options.heads()) {
        if (head.seq <= told || head.seq > through) continue
        messages.push({ seq: head.seq, message: { type: 'head', head, edits: null } })
      }
    }
    return { through, messages: messages.sort((a, b) => a.seq - b.seq).map(({ message }) => message) }
  }

  close(): void {
    this.#options.timers.clearTimeout(this.#timer)
    for (const dispose of this.#disposers) dispose()
  }

  #tick(): void {
    this.#timer = this.#options.timers.setTimeout(() => {
      const tick = encode({
        type: 'tick',
        time: this.#options.now(),
        seq: this.#options.events.seq,
        locks: this.#lockChanges,
      })
      this.#feeds.agents.publish(tick)
      if (this.#ticks++ % QUIET_TICKS === 0) this.#quietTicks.publish(tick)
      this.#tick()
    }, TICK)
  }

  #publish(feed: Exclude<Feed, 'events'>, message: ServerMessage): void {
    if (this.#feeds[feed].size > 0) this.#feeds[feed].publish(encode(message))
  }
}

type Wants = (event: WorkspaceEvent) => boolean
type Missed = Extract<ServerMessage, { type: 'missed' }>

interface Slice {
  readonly through: number
  readonly messages: Missed['messages']
}

interface Numbered {
  readonly seq: number
  readonly message: Missed['messages'][number]
}

/** A new file's text is left out, too: when a whole tree comes in, most of those who hear of it have it already. */
export function headMessage({ head, edits }: FileCommit): ServerMessage {
  if (head.rev === 1) return { type: 'head', head, edits: null }
  let size = 0
  for (const edit of edits ?? []) size += edit.added.length + edit.removed.length
  return { type: 'head', head, edits: edits === null || size > LARGE_EDITS ? null : [...edits] }
}

function encode(message: ServerMessage): string {
  return JSON.stringify(message)
}
