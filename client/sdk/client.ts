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
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { Conflict, ConflictChoice, ConflictFilter, ShownConflict } from '../../protocol/conflicts.js'
import { CONTENT_ROOT, formatDocumentName } from '../../protocol/document.js'
import type { EventType, WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead } from '../../protocol/files.js'
import type { Blame, BlameQuery, FileVersion, HistoryPage, HistoryQuery } from '../../protocol/history.js'
import {
  agentId as agentIdSchema,
  conflictId,
  orderedId,
  splitAgentId,
  writeId,
  type WriteId,
} from '../../protocol/ids.js'
import type { ServerMessage } from '../../protocol/messages.js'
import type { Status } from '../../protocol/status.js'
import { Connection, realAfter, type After, type Disposer, type SocketLike } from './connection.js'
import type { ConnectionState } from './connection-state.js'
import { SharedDocument } from './document.js'
import { EventHandlers, type EventOf } from './event-handlers.js'
import { FileCache } from './file-cache.js'
import { Files, parsePath, type AcceptedWrite, type FileView, type WriteOptions } from './files.js'
import type { Ask, Entry, Outcome } from './queued-request.js'
import { RequestSender } from './request-sender.js'
import type { ClientStore } from './store.js'
import type * as Y from 'yjs'

export interface ClientOptions {
  /** Of the workspace, where it stands in `.ensemble/token`; or how to find it for the address of `connect`. */
  readonly token: string | ((url: string) => Promise<string>)
  readonly openSocket: (url: string) => SocketLike
  /** Keeps the queue and the cache; one for each agent and workspace. */
  readonly store: ClientStore | ((url: string) => Promise<ClientStore>)
  /** The folder that the agent works in, relative to the workspace. Default: everywhere. */
  readonly partition?: string | null
  /** Program and version, for the server's log. */
  readonly client?: string
  /** Gets what goes wrong beside any call: a handler that throws, a full disk under the cache. Default: it is thrown. */
  readonly onError?: (error: unknown) => void
  readonly now?: () => number
  readonly elapsed?: () => number
  readonly after?: After
  readonly random?: () => number
}

/** A request that was accepted, and what became of it. */
export interface Refused {
  readonly method: Ask['method']
  /** The file that it was about, if one. */
  readonly path: string | null
  readonly reason: EnsembleError
  /** What was asked for, the text included: nothing of it is lost. */
  readonly params: Ask['params']
}

/** A file's document, while it is open. */
export interface OpenFile {
  readonly doc: Y.Doc
  /** The file's text. What is inserted and deleted here everyone sees at once; what they do stands here. */
  readonly text: Y.Text
  /** Ends it. Edits that are still under way are sent with the next `open`. */
  close(): void
}

const SECRET = 'secret'

export class EnsembleClient {
  /** `CLAUDE-frontend` */
  readonly agentId: string
  readonly #options: ClientOptions
  readonly #handlers: EventHandlers
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #refusedListeners = new Set<(refused: Refused) => void>()
  readonly #documents = new Set<SharedDocument>()
  #open: Promise<Opened> | undefined
  #opened: Opened | undefined
  #fault: EnsembleError | undefined

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
    const { connection } = await this.#open
    await new Promise<void>((resolve, reject) => {
      const look = (state: ConnectionState): void => {
        if (state.kind === 'live' || state.kind === 'waiting') resolve()
        else if (state.kind === 'closed') reject(this.#fault ?? state.error ?? closedError())
        else return
        dispose()
      }
      const dispose = connection.onState(look)
      look(connection.state)
    })
  }

  /** `idle` before `connect`; then `connecting`, `live`, `waiting` (it tries again `until`), `closed`. */
  get state(): ConnectionState {
    return this.#opened?.connection.state ?? { kind: 'idle' }
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

  /** Something that was accepted is refused: it is no longer seen here, and is given back with the reason. */
  onRefused(listener: (refused: Refused) => void): Disposer {
    this.#refusedListeners.add(listener)
    return () => this.#refusedListeners.delete(listener)
  }

  /** How many requests wait for the server. */
  get waiting(): number {
    return this.#opened?.sender.entries.length ?? 0
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
    const opened = await this.#open?.catch(() => undefined)
    if (opened === undefined) return
    for (const document of [...this.#documents]) document.close()
    this.#documents.clear()
    const { connection, sender, store } = opened
    sender.close()
    if (connection.state.kind === 'live') {
      await connection.request('leave', {}).catch(() => undefined) // the end of the socket tells it, too
      await store.write([{ key: SECRET, value: null }]).catch(() => undefined)
    }
    await connection.close()
    await store.close()
  }

  get #parts(): Opened {
    if (this.#opened !== undefined) return this.#opened
    throw new EnsembleError('E_UNREACHABLE', 'The client was not connected yet.', { hint: 'Call connect() first.' })
  }

  async #start(url: string): Promise<Opened> {
    const { openSocket, partition = null, client = 'ensemble-sdk', ...given } = this.#options
    const now = given.now ?? Date.now
    const token = typeof given.token === 'string' ? given.token : await given.token(url)
    const store = typeof given.store === 'function' ? await given.store(url) : given.store
    const rows = await store.load()
    const { type, instance } = splitAgentId(agentIdSchema.parse(this.agentId))
    const secret = rows.get(SECRET)
    const connection = new Connection({
      ...given,
      ...{ url, token, client, openSocket, feeds: ['heads', 'events'] },
      agent: { type, instance, partition: partition === null ? null : parsePath(partition) },
      ...(secret === undefined ? {} : { secret }),
      onSecret: (made) => {
        store.write([{ key: SECRET, value: made }]).catch((thrown: unknown) => {
          this.#failed(thrown)
        })
      },
    })
    const sender = new RequestSender(
      {
        store,
        ask: ({ method, params }) => connection.request(method, params),
        now,
        after: given.after ?? realAfter,
        random: given.random ?? Math.random,
        onSettled: (entry, result) => {
          this.#settled(entry, result)
        },
        onError: (error) => {
          this.#failed(error)
        },
      },
      rows,
    )
    const files = new Files({
      ...{ connection, sender, store, now },
      cache: new FileCache(rows),
      newWriteId: () => this.#newWriteId(),
      onError: (error) => {
        this.#failed(error)
      },
    })
    this.#opened = { connection, sender, files, store }
    connection.onMessage((message) => {
      this.#heard(message)
    })
    connection.onState((state) => {
      this.#moved(state)
    })
    connection.start()
    return this.#opened
  }

  #heard(message: ServerMessage): void {
    if (message.type === 'head') this.#parts.files.told(message)
    if (message.type === 'event') this.#handlers.tell(message.event)
  }

  #moved(state: ConnectionState): void {
    const { files, sender, connection } = this.#parts
    if (state.kind === 'live' && sender.entries.length > 0 && !files.isOf(state.welcome.workspaceId)) {
      this.#fault = otherWorkspace(sender.entries.length)
      void connection.close() // which comes here again
      return
    }
    if (state.kind !== 'live') {
      sender.connected(false)
      files.disconnected()
    } else {
      files.connected(state.welcome)
      sender.connected(true)
    }
    for (const listener of [...this.#stateListeners]) listener(connection.state)
  }

  #settled(entry: Entry, result: Outcome): void {
    this.#parts.files.settled(entry, result)
    if (result.kind !== 'refused') return
    const { method, params } = entry.ask
    const path = 'path' in params ? params.path : null
    for (const listener of [...this.#refusedListeners]) listener({ method, path, params, reason: result.error })
  }

  #newWriteId(): WriteId {
    const random = crypto.getRandomValues(new Uint8Array(15))
    const text = btoa(String.fromCharCode(...random))
    return writeId.parse(orderedId((this.#options.now ?? Date.now)(), text.replaceAll('+', '-').replaceAll('/', '_')))
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

interface Opened {
  readonly connection: Connection
  readonly sender: RequestSender
  readonly files: Files
  readonly store: ClientStore
}

function parseConflict(id: string) {
  const parsed = conflictId.safeParse(id)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_NOT_FOUND', `There is no conflict ${id}.`)
}

function otherWorkspace(count: number): EnsembleError {
  return new EnsembleError('E_WORKSPACE', `${count} requests wait in this store for another workspace than this one.`, {
    hint: 'They are kept. Connect to the workspace that they are for, or use another store for this one.',
    data: { waiting: count },
  })
}

function closedError(): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', 'The client was closed.')
}
