/**
 * The store: everything that the page knows. Views read its signals; only link.ts writes, with what the server said.
 * It owns no clock, no timer and no socket.
 *
 * Guarantees:
 * 1. Whatever the order in which replies and feeds bring a file's head, the later one stays.
 * 2. After a break the picture is brought up to date, never emptied; only another workspace begins anew.
 */
import { batch, computed, signal } from '@preact/signals'
import type { ConnectionState } from '../client/sdk/connection-state.js'
import type { Agent, KnownAgent } from '../protocol/agents.js'
import type { Conflict } from '../protocol/conflicts.js'
import type { EnsembleError } from '../protocol/errors.js'
import type { WorkspaceEvent } from '../protocol/events.js'
import type { FileHead } from '../protocol/files.js'
import type { LocksList } from '../protocol/locks.js'
import type { Result, ServerMessage } from '../protocol/messages.js'
import type { Status } from '../protocol/status.js'
import type { TaskList } from '../protocol/tasks.js'
import { Activity, isReading } from './model/activity.js'
import { stillTold, withEvent, type Deadlock } from './model/deadlocks.js'
import { addToFeed, withMissed, withTold, type FeedRow, type Gap } from './model/feed.js'
import { FileTable } from './model/file-table.js'
import { freshness } from './model/freshness.js'
import { inboxOf, pausedFolders, type PausedFolder } from './model/inbox.js'
import { keeper } from './model/kept.js'
import { Lanes, touchedBy } from './model/lanes.js'
import { LockSpans, type ScoreTable } from './model/lock-spans.js'
import { isSameQuiet, LastEvents, quietAgents, type QuietAgent } from './model/quiet.js'
import { Rate } from './model/rate.js'
import { RingBuffer } from './model/ring-buffer.js'
import { goneRows, isHere, nextRows, tellingRosters } from './model/roster.js'
import type { AgentRow, Departure, RowAgent } from './model/roster.js'
import { TagBook, type Tag } from './model/tags.js'
import { buildTree } from './model/tree.js'

export interface HealthSample {
  readonly status: Status
  /** From question to answer, in milliseconds. */
  readonly roundTrip: number
  readonly eventsPerMinute: number
}

export type Commit = Pick<Extract<ServerMessage, { type: 'head' }>, 'head' | 'edits'>

/** More than the quarter of an hour has at a thousand a minute; a bound all the same, of about 3 MB. */
const MOST_CHANGES = 20_000
/** Clocks of the page are right to the second: a server's answer is on its way longer or shorter. In milliseconds. */
const CLOCK_SLACK = 250
/** Ten minutes of samples, one each five seconds. */
const MOST_SAMPLES = 120

export class Store {
  readonly connection = signal<ConnectionState>({ kind: 'idle' })
  /** The page's clock, once a second; when the server was last heard, by the same clock. */
  readonly now = signal(0)
  readonly heardAt = signal<number | null>(null)
  readonly freshness = computed(() => freshness(this.connection.value, this.heardAt.value, this.now.value))
  /** From the page's clock to the server's, as far as is known. */
  readonly offset = signal(0)
  /** The server's clock, once a second; it stands still while the server is not heard. */
  readonly serverNow = computed(
    () => (this.freshness.value.kind === 'offline' ? (this.heardAt.value ?? 0) : this.now.value) + this.offset.value,
  )

  readonly workspace = signal<string | null>(null)
  /** Another one: the picture began anew, and whatever was done here was done elsewhere. */
  readonly workspaceId = signal<string | null>(null)
  /** This page may look, and change nothing; as the server said last. */
  readonly readOnly = signal(false)
  readonly agents = signal<readonly AgentRow[]>([])
  readonly #rows = computed(() => new Map<string, AgentRow>(this.agents.value.map((row) => [row.agent.agentId, row])))
  /** The roster was read: an empty list means that nobody is here. */
  readonly agentsKnown = signal(false)
  readonly feed = signal<readonly FeedRow[]>([])
  /** What came before the feeds was read. */
  readonly recentKnown = signal(false)
  /** Events since the page was opened. */
  readonly eventCount = signal(0)
  readonly conflicts = signal<readonly Conflict[]>([])
  readonly conflictsKnown = signal(false)
  readonly openConflicts = computed(() => this.conflicts.value.filter((conflict) => conflict.state === 'open'))
  /** Who holds what, and who waits, as the server told last. */
  readonly locks = signal<LocksList>({ locks: [], waiting: [] })
  readonly locksKnown = signal(false)
  readonly #deadlocks = signal<readonly Deadlock[]>([])
  /** Those that were broken lately, oldest first. */
  readonly deadlocks = computed(() => stillTold(this.#deadlocks.value, this.serverNow.value))
  /** Every task, and the files that can't be read as one, as the server told last. */
  readonly tasks = signal<TaskList>({ tasks: [], faults: [] })
  readonly tasksKnown = signal(false)
  readonly #keepPaused = keeper<PausedFolder>((a, b) => a.who === b.who && a.pause === b.pause)
  /** Folders that hold something back, as they said last. */
  readonly paused = computed(() =>
    this.#keepPaused(pausedFolders(this.#status.value?.folder?.paused ?? null, this.agents.value)),
  )
  readonly #lastEvents = new LastEvents()
  readonly #keepQuiet = keeper(isSameQuiet)
  #quiet: readonly QuietAgent[] = []
  /** Who is at work, and of whom no event tells any more: with the clock, not with each of the many rosters. */
  readonly quiet = computed(() => {
    const [now, rows] = [this.serverNow.value, this.agents.peek()]
    if (!this.#isRecentDue) {
      this.#quiet = quietAgents(rows, this.tasks.peek(), this.locks.peek(), this.#lastEvents, now)
    }
    return this.#keepQuiet(this.#quiet)
  })
  readonly inbox = computed(() =>
    inboxOf({
      paused: this.paused.value,
      conflicts: this.openConflicts.value,
      deadlocks: this.deadlocks.value,
      quiet: this.quiet.value,
      tasks: this.tasks.value.tasks,
    }),
  )
  /** The events of the last batch, oldest first. */
  readonly news = signal<readonly WorkspaceEvent[]>([])
  /** The commits of the last batch, with their edits. */
  readonly commits = signal<readonly Commit[]>([])
  readonly health = signal<readonly HealthSample[]>([])
  readonly #status = signal<Status | null>(null)
  /** Why the server stores nothing at the moment; null: it does, as far as is known. */
  readonly degraded = computed(() => {
    const status = this.#status.value
    return status?.state === 'degraded' ? (status.reason ?? 'Its storage refuses writes.') : null
  })
  /** Whether anything can be changed from this page now. */
  readonly canWrite = computed(
    () => !this.readOnly.value && this.freshness.value.kind !== 'offline' && this.degraded.value === null,
  )
  readonly eventsPerMinute = computed(() => this.#rate.value.rate.perMinute(this.serverNow.value))
  /** By its method, each question that the server could not answer, until it does. */
  readonly faults = signal<ReadonlyMap<string, EnsembleError>>(new Map())
  readonly fault = computed(() => [...this.faults.value.values()][0] ?? null)
  /** After a break: how many events came at once, and when, by the page's clock. */
  readonly caughtUp = signal<{ readonly events: number; readonly at: number } | null>(null)

  // What is too large to copy for every batch is changed in place; a new wrapper around it tells those who read it.
  readonly work = signal({ activity: new Activity(MOST_CHANGES) })
  readonly lanes = signal<ScoreTable>({ lanes: new Lanes(), locks: new LockSpans(), touched: null })
  readonly #heads = signal({ table: new FileTable() })
  readonly #paths = signal(this.#heads.value)
  readonly #tags = signal({ book: new TagBook() })
  readonly filesKnown = signal(false)
  readonly tree = computed(() => buildTree(this.#paths.value.table.paths()))

  readonly #departures = new Map<string, Departure>()
  #roster: readonly Agent[] | null = null
  /** What this connection's feeds did not bring is being asked for. */
  #isRecentDue = true
  /** How somebody went who is not in the first roster after a break, and of whom no event tells: with the line. */
  #assumed: 'left' | 'lost' = 'left'
  /** What is not told yet. */
  #gaps: readonly Gap[] = []
  /** Of the last event that was heard. */
  #heard = 0
  readonly #samples = new RingBuffer<HealthSample>(MOST_SAMPLES)
  readonly #rate = signal({ rate: new Rate() })
  /** Up to which all heads are known, but for what this connection brings. */
  #seq = 0
  /** The list was read behind this connection's welcome: nothing is missing between the two. */
  #isTreeRead = false
  /** Set while events of a break are coming in: up to that of the first tick after it. */
  #returning: { events: number; before: number; through: number } | null = null

  /** The number behind which heads are to be read after a break. */
  get seq(): number {
    return this.#seq
  }

  /** Subscribes whoever reads it to changes of heads. Deleted files have a head as well. */
  head(path: string): FileHead | undefined {
    return this.#heads.value.table.head(path)
  }

  /** Subscribes whoever reads it to the agents' rows. */
  row(id: string): AgentRow | undefined {
    return this.#rows.value.get(id)
  }

  /** Subscribes whoever reads it to the roster. */
  tag(author: string): Tag {
    return this.#tags.value.book.of(author)
  }

  /** Whether an agent of this id ever joined. */
  isAgent(name: string): boolean {
    return this.#tags.value.book.has(name)
  }

  setClock(now: number, heardAt: number | null): void {
    batch(() => {
      this.now.value = now
      this.heardAt.value = heardAt
      if (this.work.value.activity.expire(this.serverNow.value)) this.work.value = { ...this.work.value }
    })
  }

  setConnection(state: ConnectionState): void {
    const wasOffline = this.freshness.value.kind === 'offline'
    if (state.kind === 'live' && wasOffline && this.workspace.value !== null) {
      this.#returning = { events: 0, before: -1, through: Infinity }
    }
    batch(() => {
      if (state.kind === 'live') {
        this.#assumed = 'lost'
        this.readOnly.value = state.welcome.access === 'read'
        this.#enter(state.welcome.workspaceId, state.welcome.workspace, state.welcome.seq)
      }
      this.connection.value = state
    })
  }

  receive(messages: readonly ServerMessage[]): void {
    batch(() => {
      const commits = messages.filter((message) => message.type === 'head')
      this.#takeHeads(commits.map((commit) => commit.head))
      if (commits.length > 0) this.commits.value = commits
      this.#takeEvents(messages.flatMap((message) => (message.type === 'event' ? [message.event] : [])))
      // Each roster is whole, each tick goes ahead of those before.
      for (const roster of tellingRosters(messages)) this.#takeRoster(roster)
      const tick = messages.findLast((message) => message.type === 'tick')
      if (tick !== undefined) this.#tick(tick.time, tick.seq)
      const back = this.#returning
      if (back === null || this.#heard < back.through) return
      this.caughtUp.value = { events: back.events, at: this.now.value }
      this.#returning = null
    })
  }

  takeTree({ seq, files }: Result<'tree'>): void {
    batch(() => {
      this.#takeHeads(files)
      this.#seq = seq
      this.#isTreeRead = true
      this.filesKnown.value = true
    })
  }

  takeConflicts(conflicts: readonly Conflict[]): void {
    batch(() => {
      this.conflictsKnown.value = true
      this.conflicts.value = [...conflicts].sort((a, b) => b.time - a.time)
      for (const { id, time, authors } of conflicts) {
        this.lanes.value.lanes.addCollision({ id, time, authors: [authors.ours, authors.theirs] })
      }
      this.#showLanes(null)
    })
  }

  takeLocks(locks: LocksList): void {
    batch(() => {
      this.locksKnown.value = true
      this.locks.value = locks
      this.lanes.value.locks.takeList(locks, this.serverNow.value)
      this.#showLanes(null)
    })
  }

  takeTasks(tasks: TaskList): void {
    batch(() => {
      this.tasksKnown.value = true
      this.tasks.value = tasks
    })
  }

  takeStatus(status: Status, roundTrip: number): void {
    batch(() => {
      this.#samples.push({ status, roundTrip, eventsPerMinute: this.eventsPerMinute.value })
      this.health.value = this.#samples.toArray()
      this.#status.value = status
      this.#takeRoster(status.agents)
    })
  }

  /** What the feeds did not bring, `since` a time of the server's: `events` overlap with what they did. */
  takeRecent(events: readonly WorkspaceEvent[], agents: readonly KnownAgent[], since: number): void {
    batch(() => {
      this.#learn(agents)
      this.#lastEvents.takeRecent(events, since)
      this.#gaps = this.#gaps.map((gap) => this.#fill(gap, events)).filter(({ after, through }) => through > after)
      const others = agents.filter(({ agentId }) => this.row(agentId) === undefined)
      this.agents.value = [...this.agents.value, ...goneRows(others, this.#departures, events)]
      this.recentKnown.value = true
      this.#isRecentDue = false
      if (this.#roster !== null) this.#showRoster(this.#roster)
    })
  }

  /** The server can't tell of it for now: the page tells what happens from now on. */
  goWithoutRecent(): void {
    if (!this.recentKnown.value) this.#lastEvents.takeRecent([], this.serverNow.value)
    this.#isRecentDue = false
    if (this.#roster !== null) this.#takeRoster(this.#roster)
  }

  #enter(workspaceId: string, name: string, seq: number): void {
    this.workspace.value = name
    const isSame = this.workspaceId.peek() === workspaceId
    // Of an event that was heard, its file's head was, too; a tick tells of some that are still under way.
    if (this.#isTreeRead) this.#seq = Math.max(this.#seq, this.#heard)
    this.#isTreeRead = false
    if (isSame) this.feed.value = withMissed(this.feed.value, this.#heard, seq, this.serverNow.value)
    else this.#forget()
    this.#gaps = [...this.#gaps, { after: isSame ? this.#heard : 0, through: seq }]
    this.#heard = seq
    this.#isRecentDue = true
    this.workspaceId.value = workspaceId
  }

  #forget(): void {
    this.#heads.value.table.clear()
    this.work.value.activity.clear()
    this.#samples.clear()
    this.#departures.clear()
    this.#rate.value.rate.clear()
    this.#lastEvents.clear()
    this.#tags.value.book.clear()
    this.#roster = null
    this.#gaps = []
    this.#quiet = []
    this.lanes.value.lanes.clear()
    this.lanes.value.locks.clear()
    this.#seq = 0
    this.agents.value = []
    this.feed.value = []
    this.news.value = []
    this.commits.value = []
    this.caughtUp.value = null
    this.#returning = null
    this.conflicts.value = []
    this.locks.value = { locks: [], waiting: [] }
    this.#deadlocks.value = []
    this.tasks.value = { tasks: [], faults: [] }
    this.health.value = []
    this.#status.value = null
    const { recentKnown, filesKnown, agentsKnown, conflictsKnown, locksKnown, tasksKnown } = this
    for (const known of [recentKnown, filesKnown, agentsKnown, conflictsKnown, locksKnown, tasksKnown]) {
      known.value = false
    }
    this.#showEvents()
    this.#showLanes(null)
    this.#heads.value = { ...this.#heads.value }
    this.#paths.value = this.#heads.value
    this.#tags.value = { ...this.#tags.value }
  }

  #takeHeads(heads: readonly FileHead[]): void {
    const changed = this.#heads.value.table.take(heads)
    if (changed.heads) this.#heads.value = { ...this.#heads.value }
    if (changed.paths) this.#paths.value = this.#heads.value
  }

  /** @param recent the newest of all @returns what of the gap they do not tell */
  #fill(gap: Gap, recent: readonly WorkspaceEvent[]): Gap {
    const events = recent.filter(({ seq }) => seq > gap.after && seq <= gap.through)
    const [first] = events
    if (first === undefined) return gap
    // The first revision by DISK is the server's own reading of its folder: nobody worked there.
    const told = events.filter(({ type, data }) => !(type === 'file:changed' && isReading(data)))
    for (const event of told) this.#note(event, Date.parse(event.timestamp))
    this.work.value.activity.putInOrder()
    const through = first.seq - 1
    this.feed.value = withTold(this.feed.value, told, gap, through)
    this.#showEvents()
    this.#showLanes(null)
    return { ...gap, through }
  }

  #takeEvents(events: readonly WorkspaceEvent[]): void {
    if (events.length === 0) return
    this.news.value = events
    this.#heard = events.at(-1)?.seq ?? this.#heard
    if (this.#returning !== null) this.#returning.events += events.length
    for (const event of events) this.#note(event, Date.parse(event.timestamp))
    this.feed.value = addToFeed(this.feed.value, events)
    this.eventCount.value += events.length
    this.#showEvents()
    this.#showLanes(touchedBy(events))
    if (this.agentsKnown.value && events.some((event) => event.type === 'agent:left')) {
      this.#showRoster(this.agents.value.filter(isHere).map((row) => row.agent))
    }
  }

  #showEvents(): void {
    this.#rate.value = { ...this.#rate.value }
    this.work.value = { ...this.work.value }
  }

  #showLanes(touched: ScoreTable['touched']): void {
    this.lanes.value = { ...this.lanes.value, touched }
  }

  #note(event: WorkspaceEvent, time: number): void {
    this.#rate.value.rate.add(time)
    this.lanes.value.locks.note(event, time)
    this.#lastEvents.note(event, time)
    this.#deadlocks.value = withEvent(this.#deadlocks.value, event)
    switch (event.type) {
      case 'file:changed': {
        const { file, author, lines_added: added, lines_removed: removed } = event.data
        if (isReading(event.data)) return
        this.work.value.activity.add({ file, author, time, lines: { added, removed } })
        this.lanes.value.lanes.addEdit(author, time, added, removed)
        return
      }
      case 'conflict:raised': {
        const { conflict_id: id, ours, theirs } = event.data
        this.lanes.value.lanes.addCollision({ id, time, authors: [ours, theirs] })
        return
      }
      case 'agent:left':
        if (event.agent_id === undefined) return
        if ((this.#departures.get(event.agent_id)?.time ?? 0) > time) return
        this.#departures.set(event.agent_id, { reason: event.data.reason, time })
        return
      default:
        return
    }
  }

  #takeRoster(roster: readonly Agent[]): void {
    this.#roster = roster
    // Without the list of everybody who ever joined nobody's number is known.
    if (this.#isRecentDue && !this.agentsKnown.value) return
    this.#learn(roster)
    this.#showRoster(roster)
    this.#assumed = 'left'
  }

  #showRoster(roster: readonly RowAgent[]): void {
    this.agents.value = nextRows(this.agents.value, roster, this.#departures, this.#assumed, this.serverNow.value)
    this.agentsKnown.value = true
  }

  #learn(agents: readonly KnownAgent[]): void {
    if (this.#tags.value.book.learn(agents)) this.#tags.value = { ...this.#tags.value }
  }

  #tick(time: number, seq: number): void {
    const offset = time - (this.heardAt.value ?? this.now.value)
    if (Math.abs(offset - this.offset.value) > CLOCK_SLACK) this.offset.value = offset
    const back = this.#returning
    if (back === null) return
    // Some may be under way to a disk that refuses them: it is over, too, once a second brought nothing.
    back.through = back.events === back.before ? 0 : Math.min(back.through, seq)
    back.before = back.events
  }
}
