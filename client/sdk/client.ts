/**
 * The client of a workspace for programs, on Node and in browsers.
 *
 * ```ts
 * const client = new EnsembleClient('CLAUDE-frontend', 'CLAUDE')
 * await client.connect()
 * client.on('conflict:raised', ({ data }) => console.log(data.file))
 * const file = await client.readFile('src/app.ts')
 * const { done } = await client.writeFile('src/app.ts', (file?.text ?? '') + 'more\n')
 * console.log((await done).outcome)
 * ```
 *
 * Guarantees:
 * 1. What was accepted (a promise of `writeFile` and its like resolved) is carried out exactly once and in order, over breaks of
 *    the connection, and over restarts of the process where the store outlives it; or it is refused with a reason.
 * 2. Without a connection everything that was read before can be read, marked as of when it was so.
 * 3. What this client wrote is read at once; if it is refused, it is gone again, and `onRefused` tells why.
 */
import type * as Y from 'yjs'
import { parseAgentEvent, type AgentEventType } from '../../protocol/agent-events.js'
import type { ContextAdd, ContextReply } from '../../protocol/context.js'
import type { Conflict, ConflictChoice, ConflictFilter, ShownConflict } from '../../protocol/conflicts.js'
import { CONTENT_ROOT, formatDocumentName } from '../../protocol/document.js'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { pathsOf } from '../../protocol/event-filter.js'
import type { PublishCommand } from '../../protocol/event-requests.js'
import type { Addressee, EventData, EventType, WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead } from '../../protocol/files.js'
import { compileGlob, globFault } from '../../protocol/globs.js'
import type { Blame, BlameQuery, FileVersion, HistoryPage, HistoryQuery } from '../../protocol/history.js'
import { agentId as agentIdSchema, splitAgentId, type AgentId, type WriteId } from '../../protocol/ids.js'
import {
  DEFAULT_TTL,
  type Lock,
  type LockRegion,
  type LockResult,
  type LocksList,
  type LockType,
} from '../../protocol/locks.js'
import type { Status } from '../../protocol/status.js'
import type { Task } from '../../protocol/tasks.js'
import { accepted, type AcceptedEvent } from './accepted-event.js'
import type { Disposer } from './connection.js'
import type { ConnectionState } from './connection-state.js'
import { SharedDocument } from './document.js'
import { EventHandlers, type EventOf } from './event-handlers.js'
import { newWriteId } from './new-write-id.js'
import { parsePath, type AcceptedWrite, type FileView, type WriteOptions } from './files.js'
import type { ContextView } from './shared-context.js'
import { changesOf, withPending, type TaskUpdates } from './tasks.js'
import { parseConflict, parseTask } from './parse-ids.js'
import { Session, type ClientOptions, type Refused } from './session.js'

/** A file's document, while it is open. */
export interface OpenFile {
  readonly doc: Y.Doc
  /** The file's text. What is inserted and deleted here everyone sees at once; what they do stands here. */
  readonly text: Y.Text
  /** Ends it. Edits that are still under way are sent with the next `open`. */
  close(): void
}

/** `ttl` and `wait` in seconds. */
export interface LockOptions {
  readonly type?: LockType
  readonly region?: LockRegion
  readonly ttl?: number
  readonly wait?: number
}

export class EnsembleClient {
  /** `CLAUDE-frontend` */
  readonly agentId: AgentId
  readonly #options: ClientOptions
  readonly #handlers: EventHandlers
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #refusedListeners = new Set<(refused: Refused) => void>()
  readonly #documents = new Set<SharedDocument>()
  readonly #globs = new Set<{ readonly matches: (path: string) => boolean }>()
  #open: Promise<Session> | undefined
  #session: Session | undefined

  /**
   * @param agentId `TYPE-instance`, as `CLAUDE-frontend`; the instance is unique among all that are connected
   * @param agentType the TYPE of it: CLAUDE, CODEX, GEMINI, or what the server's configuration allows
   * @throws EnsembleError E_BAD_REQUEST
   */
  constructor(agentId: string, agentType: string, options: ClientOptions) {
    const parsed = agentIdSchema.safeParse(agentId)
    if (!parsed.success || splitAgentId(parsed.data).type !== agentType) {
      throw new EnsembleError('E_BAD_REQUEST', `"${agentId}" is not the id of an agent of the type "${agentType}".`, {
        hint: 'An id reads TYPE-instance, as CLAUDE-frontend; its type is CLAUDE.',
      })
    }
    this.agentId = parsed.data
    this.#options = options
    this.#handlers = new EventHandlers((thrown) => {
      this.#failed(thrown)
    })
  }

  /**
   * Connects, and keeps connected until `close`. Resolves as soon as there is a connection, or as it is clear that there is
   * none for now (`state` tells): then the cache can be read, and what is written waits.
   *
   * @throws EnsembleError what is final: E_UNAUTHORIZED, E_AGENT_TAKEN, E_AGENT_TYPE, E_PROTOCOL_VERSION; E_WORKSPACE: what
   * waits in the store is for another workspace
   */
  async connect(url = 'ws://localhost:9999'): Promise<void> {
    this.#open ??= this.#start(url)
    await (await this.#open).tried()
  }

  /** `idle` before `connect`; then `connecting`, `live`, `waiting` (it tries again `until`), `closed`. */
  get state(): ConnectionState {
    return this.#session?.connection.state ?? { kind: 'idle' }
  }

  /** Resolves once there is a connection. Rejects with the error that closed it. */
  async live(): Promise<void> {
    await this.#parts.connection.live()
  }

  onState(listener: (state: ConnectionState) => void): Disposer {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  /**
   * Events as they come, in order; after a break those that were missed, as far as the server keeps them.
   * @param type one of the types of protocol/events.ts, or `*`
   */
  on<T extends EventType>(type: T, handler: (event: EventOf<T>) => void): Disposer
  on(type: '*', handler: (event: WorkspaceEvent) => void): Disposer
  on(type: EventType | '*', handler: (event: never) => void): Disposer {
    return this.#handlers.on(type, handler)
  }

  /**
   * From now on events about files come only where one of the globs is met (`src/auth/**`, or a file or folder); events about
   * no file come always. Disposed: without this glob; without any, everything comes.
   * @throws EnsembleError E_BAD_REQUEST
   */
  subscribe(glob: string): Disposer {
    const fault = globFault(glob)
    if (fault !== undefined) throw new EnsembleError('E_BAD_REQUEST', `${JSON.stringify(glob)} is no glob: ${fault}.`)
    const own = { matches: compileGlob(glob) }
    this.#globs.add(own)
    return () => this.#globs.delete(own)
  }

  /**
   * Tells everybody, a role or an agent. Resolves when it is accepted; `done` is the event with its number.
   * @param type `broadcast` with any data, or one of `plan:…`, `code:…`, `review:…`, `fix:…` with data of its schema
   * @throws EnsembleError E_BAD_REQUEST (names the fields at fault, or the types), E_TOO_LARGE, E_LIMIT, E_STORAGE_FULL
   */
  async broadcast<T extends AgentEventType>(type: T, data: EventData<T>, to?: Addressee): Promise<AcceptedEvent> {
    const told = parseAgentEvent(type, data)
    return await this.#publish({ ...told, ...(to === undefined ? {} : { to }) })
  }

  /**
   * Says what was just changed in a file, as `code:written`; the change itself travels by `writeFile`, or the folder.
   * @param diff for people; what is over 9,000 letters is cut
   */
  async broadcastChange(path: string, changeType: string, diff: string): Promise<AcceptedEvent> {
    return await this.broadcast('code:written', {
      file: parsePath(path),
      note: `${changeType}\n${diff.slice(0, 9_000)}`,
    })
  }

  /** Notes that this agent has taken note of an event; the others can see that. @throws EnsembleError E_LIMIT, E_STORAGE_FULL */
  async acknowledge({ seq }: { readonly seq: number }): Promise<AcceptedEvent> {
    return await accepted(this.#parts.sender.add({ method: 'acknowledge', params: { seq } }))
  }

  /**
   * Asks for a lock. A refusal is a value: it says who holds what since when, and for how long at most.
   * @param options `ttl` and `wait` in seconds; default: the whole file, EXCLUSIVE, 300 s, without waiting
   * @throws EnsembleError E_PATH, E_NOT_FOUND (no such symbol), E_UNREACHABLE: locks need a connection
   */
  async acquireLock(path: string, { type, region, ttl, wait }: LockOptions = {}): Promise<LockResult> {
    const want = { path: parsePath(path), type: type ?? 'EXCLUSIVE', region: region ?? { kind: 'file' as const } }
    return await this.#parts.connection.request('lock', { wants: [want], ttl: ttl ?? DEFAULT_TTL, wait: wait ?? 0 })
  }

  /** Begins the life of own locks anew. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async renewLock(...locks: readonly Pick<Lock, 'id'>[]): Promise<readonly Lock[]> {
    return (await this.#parts.connection.request('renewLocks', { ids: locks.map(({ id }) => id) })).locks
  }

  /**
   * Releases a lock; of a path, all that this agent holds there.
   * @throws EnsembleError E_NOT_FOUND: it holds none; E_UNREACHABLE
   */
  async releaseLock(lock: Pick<Lock, 'id'> | string): Promise<readonly Lock[]> {
    const params = typeof lock === 'string' ? { path: parsePath(lock) } : { ids: [lock.id] }
    return (await this.#parts.connection.request('unlock', params)).locks
  }

  /** Who holds what, and who waits. @throws EnsembleError E_UNREACHABLE */
  async locks(): Promise<LocksList> {
    return await this.#parts.connection.request('locks', {})
  }

  /**
   * Task, agents, locks, recent changes, decisions, notes and facts; without a connection as they were read last (`asOf`).
   * @throws EnsembleError E_UNREACHABLE: there is no connection, and it was never read
   */
  async getSharedContext(): Promise<ContextView> {
    return await this.#parts.context.read()
  }

  /**
   * Adds a decision or a note, or says a fact: the newest text of a fact's `id` holds.
   * @throws EnsembleError E_LIMIT, E_STORAGE_FULL
   */
  async addContext(entry: ContextAdd): Promise<{ readonly done: Promise<ContextReply> }> {
    const params = { ...entry, writeId: this.#newWriteId() }
    const { stored, done } = this.#parts.sender.add({ method: 'addContext', params })
    await stored
    return { done }
  }

  /**
   * Every task, with what this client changed and the server has not answered yet.
   * @throws EnsembleError E_UNREACHABLE
   */
  async tasks(): Promise<readonly Task[]> {
    const { tasks } = await this.#parts.connection.request('tasks', {})
    const waiting = this.#parts.sender.entries.flatMap(({ ask }) => (ask.method === 'task' ? [ask.params] : []))
    return withPending(tasks, waiting)
  }

  /**
   * Changes a task, or its subtasks. Resolves when it is accepted, with or without a connection; `done` is the task then.
   * @throws EnsembleError E_BAD_REQUEST, E_LIMIT, E_STORAGE_FULL
   */
  async updateTaskState(taskId: string, updates: TaskUpdates): Promise<{ readonly done: Promise<Task | undefined> }> {
    const queued = changesOf(updates).map((change) =>
      this.#parts.sender.add({
        method: 'task',
        params: { writeId: this.#newWriteId(), task: parseTask(taskId), change },
      }),
    )
    await Promise.all(queued.map(({ stored }) => stored))
    const done = Promise.all(queued.map((one) => one.done)).then((replies) => replies.at(-1)?.task)
    done.catch(() => undefined) // whoever waits for it hears of it
    return { done }
  }

  /** Something that was accepted is refused: it is no longer seen here, and is given back with the reason. */
  onRefused(listener: (refused: Refused) => void): Disposer {
    this.#refusedListeners.add(listener)
    return () => this.#refusedListeners.delete(listener)
  }

  /** How many requests wait for the server. */
  get waiting(): number {
    return this.#session?.sender.entries.length ?? 0
  }

  /** Resolves when everything that was accepted has its answer. */
  async flushed(): Promise<void> {
    await this.#parts.sender.flushed()
  }

  /**
   * A file as it is; null: there is none. What this client wrote is seen at once (`isPending`).
   * @throws EnsembleError E_PATH; E_UNREACHABLE: there is no connection, and it was never read
   */
  async readFile(path: string): Promise<FileView | null> {
    return await this.#parts.files.read(path)
  }

  /**
   * Every file there is, without its content.
   * @throws EnsembleError E_UNREACHABLE: there never was a connection
   */
  async listFiles(): Promise<readonly FileHead[]> {
    return await this.#parts.files.list()
  }

  /**
   * Writes a whole file, upon the version that this client read or wrote last: what others changed since is merged, and what
   * meets their changes becomes a conflict. A file that it never read is only made: where there is one, that stays, and
   * `done` tells of a conflict. Resolves when it is accepted, with or without a connection.
   * @throws EnsembleError E_PATH; E_LIMIT: too much waits; E_STORAGE_FULL
   */
  async writeFile(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<AcceptedWrite> {
    return await this.#parts.files.write(path, data, options)
  }

  /**
   * Deletes a file, unless it changed since it was read.
   * @throws EnsembleError E_NOT_FOUND, E_PATH, E_LIMIT, E_STORAGE_FULL
   */
  async deleteFile(path: string): Promise<AcceptedWrite> {
    return await this.#parts.files.delete(path)
  }

  /**
   * Opens a file's document for live editing: resolves with the text as the server has it. A file that is not there is made
   * by the first edit. It stays open over breaks of the connection.
   * @throws EnsembleError E_NOT_TEXT, E_PATH
   */
  async open(path: string): Promise<OpenFile> {
    const name = formatDocumentName({ kind: 'file', path: parsePath(path) })
    const document = new SharedDocument(this.#parts.connection, name)
    this.#documents.add(document)
    const close = (): void => {
      this.#documents.delete(document)
      document.close()
    }
    try {
      await document.synced()
    } catch (thrown) {
      close()
      throw thrown
    }
    return { doc: document.doc, text: document.doc.getText(CONTENT_ROOT), close }
  }

  /** @throws EnsembleError E_UNREACHABLE */
  async status(): Promise<Status> {
    return await this.#parts.connection.request('status', {})
  }

  /** The open conflicts, or all. @throws EnsembleError E_UNREACHABLE */
  async conflicts(
    filter: { readonly state?: ConflictFilter['state']; readonly path?: string } = {},
  ): Promise<readonly Conflict[]> {
    const { conflicts } = await this.#parts.connection.request('conflicts', {
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(filter.path === undefined ? {} : { path: parsePath(filter.path) }),
    })
    return conflicts
  }

  /** One conflict, and what stands in its place now. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async conflict(id: string): Promise<ShownConflict> {
    return await this.#parts.connection.request('conflict', { id: parseConflict(id) })
  }

  /**
   * Decides a conflict. Resolves when it is accepted; `done` rejects with E_CONFLICT_CLOSED if someone was faster.
   * @throws EnsembleError E_LIMIT, E_STORAGE_FULL
   */
  async resolveConflict(id: string, choice: ConflictChoice): Promise<{ readonly done: Promise<Conflict> }> {
    const params = { id: parseConflict(id), writeId: this.#newWriteId(), choice }
    const queued = this.#parts.sender.add({ method: 'resolve', params })
    await queued.stored
    const done = queued.done.then(({ conflict }) => conflict)
    done.catch(() => undefined) // whoever waits for it hears of it
    return { done }
  }

  /** Revisions, newest first. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async history(path: string, query: Omit<HistoryQuery, 'path'> = {}): Promise<HistoryPage> {
    return await this.#parts.connection.request('history', { ...query, path: parsePath(path) })
  }

  /** A file as a revision left it. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async version(path: string, rev: number): Promise<FileVersion> {
    return await this.#parts.connection.request('version', { path: parsePath(path), rev })
  }

  /** Who wrote which line. @throws EnsembleError E_NOT_FOUND, E_NOT_TEXT, E_UNREACHABLE */
  async blame(path: string, query: Omit<BlameQuery, 'path'> = {}): Promise<Blame> {
    return await this.#parts.connection.request('blame', { ...query, path: parsePath(path) })
  }

  /** Leaves, which the others see at once; what waits stays in the store. Can be called twice. */
  async close(): Promise<void> {
    const session = await this.#open?.catch(() => undefined)
    for (const document of [...this.#documents]) document.close()
    this.#documents.clear()
    await session?.close()
  }

  get #parts(): Session {
    if (this.#session !== undefined) return this.#session
    throw new EnsembleError('E_UNREACHABLE', 'The client was not connected yet.', { hint: 'Call connect() first.' })
  }

  async #start(url: string): Promise<Session> {
    const given = this.#options
    const token = typeof given.token === 'string' ? given.token : await given.token(url)
    const store = typeof given.store === 'function' ? await given.store(url) : given.store
    this.#session = new Session(this.agentId, { ...given, token, store, url }, await store.load(), {
      newWriteId: () => this.#newWriteId(),
      onEvent: (event) => {
        if (this.#wants(event)) this.#handlers.tell(event)
      },
      onState: (state) => {
        for (const listener of [...this.#stateListeners]) listener(state)
      },
      onRefused: (refused) => {
        for (const listener of [...this.#refusedListeners]) listener(refused)
      },
      onError: (thrown) => {
        this.#failed(thrown)
      },
    })
    return this.#session
  }

  #wants(event: WorkspaceEvent): boolean {
    const paths = pathsOf(event)
    if (paths.length === 0 || this.#globs.size === 0) return true
    return paths.some((path) => [...this.#globs].some(({ matches }) => matches(path)))
  }

  async #publish(told: Pick<PublishCommand, 'type' | 'data' | 'to'>): Promise<AcceptedEvent> {
    return await accepted(
      this.#parts.sender.add({ method: 'publish', params: { ...told, writeId: this.#newWriteId() } }),
    )
  }

  #newWriteId(): WriteId {
    return newWriteId((this.#options.now ?? Date.now)())
  }

  #failed(thrown: unknown): void {
    const { onError } = this.#options
    if (onError !== undefined) onError(thrown)
    else
      queueMicrotask(() => {
        throw toEnsembleError(thrown)
      })
  }
}
