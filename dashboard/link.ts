/** The shell between connection and store: what is asked when, and the two timers of the page. */
import type { After, Connection, Disposer } from '../client/sdk/connection.js'
import { EnsembleError, toEnsembleError } from '../protocol/errors.js'
import type { ConflictChoice } from '../protocol/conflicts.js'
import type { Method, Params, Result, ServerMessage } from '../protocol/messages.js'
import type { ConflictId, LockId, WriteId } from '../protocol/ids.js'
import { refusalError } from '../protocol/lock-words.js'
import type { Lock, LockRegion } from '../protocol/locks.js'
import type { WorkspacePath } from '../protocol/paths.js'
import type { TaskCommand, TaskReply } from '../protocol/tasks.js'
import type { Addressee, WorkspaceEvent } from '../protocol/events.js'
import { Batcher } from './batcher.js'
import { SPAN } from './model/span.js'
import type { Store } from './store.js'

/** What the link needs of a connection. */
export type Source = Pick<Connection, 'state' | 'onState' | 'onMessage' | 'request'>

/** A command to the board, but for its write id. */
export type TaskWish = DistributedOmit<TaskCommand, 'writeId'>
type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

export interface LinkOptions {
  readonly store: Store
  readonly source: Source
  /** Whether nobody can see the page now. */
  readonly hidden: () => boolean
  readonly now: () => number
  readonly after: After
  /** A new unguessable id of letters and digits. */
  readonly newId: () => WriteId
}

/** Of every clock on the page. In milliseconds. */
const CLOCK_EVERY = 1_000
/** In clock ticks. */
const STATUS_EVERY = 5
/** Of what happened before the page was opened so much less may be told. In milliseconds. */
const RECENT_SLACK = 60_000

/** A task's file that was made or moved, which no event of the task tells. */
function placesTask(message: ServerMessage): boolean {
  if (message.type !== 'event' || message.event.type !== 'file:changed') return false
  const { file, change_type: change, renamed_from: from } = message.event.data
  if (change !== 'created' && from === undefined) return false
  return [file, from].some((path) => path === 'task.md' || path?.startsWith('.notes/'))
}

function changedMeanwhile(path: string): EnsembleError {
  return new EnsembleError('E_CONFLICT', `${path} has changed meanwhile, and was left as it is.`, {
    hint: 'Look at it, and change it there.',
  })
}

/** One question at a time, however fast its answer changes: what came meanwhile is asked for once more. */
function oneAtATime(read: () => Promise<void>): () => Promise<void> {
  let isOld = false
  let reading: Promise<void> | null = null
  const readAll = async () => {
    while (isOld) {
      isOld = false
      await read()
    }
    reading = null
  }
  return () => {
    isOld = true
    return (reading ??= readAll())
  }
}

export class Link {
  readonly #options: LinkOptions
  readonly #batcher: Batcher<ServerMessage>
  readonly #disposers: readonly Disposer[]
  #stopClock: Disposer = () => undefined
  #ticks = 0
  #heardAt: number | null = null
  #asking = false
  /** The time behind which it was asked last what happened. */
  #recentSince = 0
  /** Of each kind of write the last that has no answer yet, or lost it. */
  readonly #writes = new Map<string, { readonly asks: string; readonly own: WriteId }>()
  /** As the last tick counted. */
  #lockChanges = -1
  /** Since they were read last, maybe. */
  #areLocksMoved = false
  readonly #readLocks = oneAtATime(() => this.#ask('locks', {}, (locks) => this.#options.store.takeLocks(locks)))
  readonly #readTasks = oneAtATime(() => this.#ask('tasks', {}, (tasks) => this.#options.store.takeTasks(tasks)))
  /** All that the page asks for by itself. */
  readonly #reads: Readonly<Record<string, () => Promise<void>>> = {
    recent: () => this.#readRecent(),
    tree: () => this.#readTree(),
    conflicts: () => this.#readConflicts(),
    locks: this.#readLocks,
    tasks: this.#readTasks,
    status: () => this.#readStatus(),
  }

  constructor(options: LinkOptions) {
    this.#options = options
    const { source, store, hidden, now, after } = options
    this.#batcher = new Batcher({ flush: (messages) => this.#flush(messages), hidden, now, after })
    store.setClock(now(), null)
    this.#disposers = [
      source.onState((state) => {
        this.look()
        store.setConnection(state)
        if (state.kind === 'live') for (const read of Object.values(this.#reads)) void read()
      }),
      source.onMessage((message) => {
        this.#heardAt = now()
        this.#batcher.add(message)
      }),
    ]
    store.setConnection(source.state)
    this.#tickLater()
  }

  /** Brings the clocks and whatever has arrived onto the page at once: it has become visible, say. */
  look(): void {
    this.#options.store.setClock(this.#options.now(), this.#heardAt)
    this.#batcher.flush()
  }

  /** What only the view that asks wants to know. @throws EnsembleError */
  ask<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#options.source.request(method, params)
  }

  /** Decides a conflict. @throws EnsembleError what the server says against it */
  async resolve(id: ConflictId, choice: ConflictChoice): Promise<Result<'resolve'>> {
    try {
      return await this.#once(`resolve ${id}`, choice, (own) => this.ask('resolve', { id, writeId: own, choice }))
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      if (error.code === 'E_CONFLICT_CLOSED') void this.#readConflicts()
      throw error
    }
  }

  /** Takes back what one revision did. @throws EnsembleError */
  takeBack(path: WorkspacePath, rev: number): Promise<Result<'revert'>> {
    return this.#once('revert', { path, rev }, (own) =>
      this.ask('revert', { writeId: own, target: { kind: 'revision', path, rev }, dryRun: false }),
    )
  }

  /** Locks a region in the name of whoever sits at this page, for `ttl` seconds. @throws EnsembleError E_LOCK_HELD … */
  async lock(path: WorkspacePath, region: LockRegion, ttl: number): Promise<void> {
    const result = await this.ask('lock', { wants: [{ path, region, type: 'EXCLUSIVE' }], ttl, wait: 0 })
    if (result.outcome === 'refused') throw refusalError(result.refusal)
    await this.#readLocks()
  }

  /** Gives a lock of this page back. @returns it, as it was at last @throws EnsembleError */
  async unlock(id: LockId): Promise<Lock | undefined> {
    const { locks } = await this.ask('unlock', { ids: [id] })
    await this.#readLocks()
    return locks[0]
  }

  /** Takes a lock away from its holder. @throws EnsembleError E_NOT_FOUND: it has ended */
  async breakLock(id: LockId): Promise<void> {
    await this.ask('breakLock', { id }).finally(() => void this.#readLocks())
  }

  /** Makes or changes a task. @throws EnsembleError what the board says against it */
  async task(command: TaskWish): Promise<TaskReply> {
    const reply = await this.#once('task', command, (own) => this.ask('task', { ...command, writeId: own }))
    await this.#readTasks()
    return reply
  }

  /** Writes a file of text as `change` makes it of what stands there; all of it, or nothing. @throws EnsembleError */
  async rewrite(path: WorkspacePath, change: (text: string) => string): Promise<void> {
    const { head, content } = await this.#textOf(path)
    const { rev, hash, executable } = head
    const written = { ...content, text: change(content.text) }
    const command = { path, base: { rev, hash }, content: written, executable, atomic: true }
    const { outcome } = await this.#once('write', command, (own) => this.ask('write', { ...command, writeId: own }))
    if (outcome === 'need-base') throw changedMeanwhile(path)
  }

  /** Gives a file another name. @throws EnsembleError E_CONFLICT: another one is called so, or it has moved */
  async rename(path: WorkspacePath, to: WorkspacePath): Promise<void> {
    const { head } = await this.ask('stat', { path })
    if (head === null || head.deleted) throw changedMeanwhile(path)
    const command = { id: head.id, path, to }
    const renamed = await this.#once('rename', command, (own) => this.ask('rename', { ...command, writeId: own }))
    if (renamed.outcome === 'need-base' || renamed.head.path !== to) throw changedMeanwhile(path)
  }

  async #textOf(path: WorkspacePath) {
    const { head } = await this.ask('stat', { path })
    const { files } = head === null ? { files: [] } : await this.ask('read', { ids: [head.id] })
    const [file] = files
    if (file?.content.kind !== 'text') throw changedMeanwhile(path)
    return { head: file.head, content: file.content }
  }

  /** Says something in the name of whoever sits at this page; `to` null: to everybody. @throws EnsembleError */
  async say(data: Readonly<Record<string, unknown>>, to: Addressee | null): Promise<WorkspaceEvent> {
    const said = { type: 'broadcast', data, ...(to === null ? {} : { to }) }
    return (await this.#once('say', said, (own) => this.ask('publish', { ...said, writeId: own }))).event
  }

  /**
   * Where the answer to a write was lost, the same one asked again is the same request. Once another of its kind was
   * asked for, it is a new one: who says the same an hour later means it.
   */
  async #once<T>(kind: string, what: object, ask: (own: WriteId) => Promise<T>): Promise<T> {
    const asks = JSON.stringify(what)
    const before = this.#writes.get(kind)
    const own = before?.asks === asks ? before.own : this.#options.newId()
    this.#writes.set(kind, { asks, own })
    const forget = (): void => {
      if (this.#writes.get(kind)?.own === own) this.#writes.delete(kind)
    }
    try {
      const answer = await ask(own)
      forget()
      return answer
    } catch (thrown) {
      if (toEnsembleError(thrown).code !== 'E_UNREACHABLE') forget()
      throw thrown
    }
  }

  close(): void {
    for (const dispose of this.#disposers) dispose()
    this.#batcher.close()
    this.#stopClock()
  }

  #flush(messages: readonly ServerMessage[]): void {
    const { store } = this.#options
    // The clocks have their own beat: what they show is drawn once a second, not with each batch.
    store.heardAt.value = this.#heardAt
    store.receive(messages)
    const tellsOf = (noun: string) =>
      messages.some((message) => message.type === 'event' && message.event.type.startsWith(noun))
    if (tellsOf('conflict:')) void this.#readConflicts()
    if (messages.some((message) => this.#movesLock(message))) this.#areLocksMoved = true
    const tick = messages.findLast((message) => message.type === 'tick')
    // Before the first tick the server's clock is not known: where the page's is ahead, too little was asked for.
    if (tick !== undefined && this.#recentSince > tick.time - SPAN + RECENT_SLACK) void this.#readRecent()
    const changes = tick?.locks ?? this.#lockChanges
    // Of whoever begins to wait, or renews, no event tells: the tick counts that, too. Locks that move, as their files are
    // written, are looked at with it: while someone types, an open text knows better where they are.
    const areOthers = changes !== this.#lockChanges || (tick !== undefined && this.#areLocksMoved)
    if (tellsOf('lock:') || areOthers) {
      this.#areLocksMoved = false
      void this.#readLocks()
    }
    this.#lockChanges = changes
    if (tellsOf('task:') || messages.some(placesTask)) void this.#readTasks()
  }

  /** Whether a lock stands on other lines of its file now, maybe. */
  #movesLock(message: ServerMessage): boolean {
    if (message.type !== 'head') return false
    const { locks } = this.#options.store.locks.peek()
    return locks.some(({ path, lines }) => lines !== null && path === message.head.path)
  }

  #tickLater(): void {
    const { store, hidden, now, after } = this.#options
    this.#stopClock = after(CLOCK_EVERY, () => {
      this.#tickLater()
      this.#ticks += 1
      store.setClock(now(), this.#heardAt)
      if (this.#ticks % STATUS_EVERY === 0 && !hidden()) this.#readAgain()
    })
  }

  /** The status, and what could not be answered. */
  #readAgain(): void {
    const { source, store } = this.#options
    if (source.state.kind !== 'live') return
    for (const [method, read] of Object.entries(this.#reads)) {
      if (method === 'status' || store.faults.peek().has(method)) void read()
    }
  }

  async #readTree(): Promise<void> {
    const { store } = this.#options
    const since = store.filesKnown.value ? { since: store.seq } : {}
    await this.#ask('tree', since, (tree) => store.takeTree(tree))
  }

  async #readRecent(): Promise<void> {
    const { store, now } = this.#options
    const since = now() + store.offset.peek() - SPAN
    this.#recentSince = since
    await this.#ask('recent', { since }, ({ events, agents }) => store.takeRecent(events, agents, since))
    if (store.faults.peek().has('recent')) store.goWithoutRecent()
  }

  async #readConflicts(): Promise<void> {
    await this.#ask('conflicts', {}, ({ conflicts }) => this.#options.store.takeConflicts(conflicts))
  }

  async #readStatus(): Promise<void> {
    const { source, store, now } = this.#options
    if (this.#asking || source.state.kind !== 'live') return
    this.#asking = true
    const asked = now()
    await this.#ask('status', {}, (status) => {
      store.takeStatus(status, now() - asked)
      // Of a long absence not every event is told again.
      if (status.conflicts.open !== store.openConflicts.value.length) void this.#readConflicts()
    })
    this.#asking = false
  }

  async #ask<M extends Method>(method: M, params: Params<M>, take: (result: Result<M>) => void): Promise<void> {
    try {
      take(await this.#options.source.request(method, params))
      this.#setFault(method, null)
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      // A broken connection is told of already, and everything is asked again once it is back.
      if (error.code !== 'E_UNREACHABLE') this.#setFault(method, error)
    }
  }

  #setFault(method: Method, fault: EnsembleError | null): void {
    const { faults } = this.#options.store
    const all = new Map(faults.peek())
    // What failed last is told of first.
    if (!all.delete(method) && fault === null) return
    faults.value = fault === null ? all : new Map([[method, fault], ...all])
  }
}
