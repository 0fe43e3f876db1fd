/** What a client is before it does anything: its name, its connection, its events, its end. */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { pathsOf } from '../../protocol/event-paths.js'
import type { EventType, WorkspaceEvent } from '../../protocol/events.js'
import { compileGlob, globFault } from '../../protocol/globs.js'
import { agentId as agentIdSchema, splitAgentId, type AgentId, type WriteId } from '../../protocol/ids.js'
import type { Disposer } from './connection.js'
import type { ConnectionState } from './connection-state.js'
import { EventHandlers, type EventOf } from './event-handlers.js'
import { newWriteId } from './new-write-id.js'
import { Session, type ClientOptions, type Refused } from './session.js'
import type { ClientStore } from './store.js'

export abstract class ConnectedClient {
  /** `CLAUDE-frontend` */
  readonly agentId: AgentId
  readonly #options: ClientOptions
  readonly #handlers: EventHandlers
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #refusedListeners = new Set<(refused: Refused) => void>()
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
    this.#open ??= this.#start(url).catch((thrown: unknown) => {
      this.#open = undefined // a token or a store that is not there may be the next time
      throw thrown
    })
    await (await this.#open).tried()
  }

  /** `idle` before `connect`; then `connecting`, `live`, `waiting` (it tries again `until`), `closed`. */
  get state(): ConnectionState {
    return this.#session?.connection.state ?? { kind: 'idle' }
  }

  /** Resolves once there is a connection. Rejects with the error that closed it. */
  async live(): Promise<void> {
    await this.session.connection.live()
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

  /** Something that was accepted is refused: it is no longer seen here, and is given back with the reason. */
  onRefused(listener: (refused: Refused) => void): Disposer {
    this.#refusedListeners.add(listener)
    return () => this.#refusedListeners.delete(listener)
  }

  /** How many requests wait for the server, and documents with edits that it has not stored. */
  get waiting(): number {
    return this.#session?.waiting ?? 0
  }

  /** Resolves when everything that was accepted has its answer, and the server has stored what was edited in documents. */
  async flushed(): Promise<void> {
    await this.session.documents.flushed()
    await this.session.sender.flushed()
  }

  /** Leaves, which the others see at once; what waits stays in the store. Can be called twice. */
  async close(): Promise<void> {
    const session = await this.#open?.catch(() => undefined)
    await session?.close()
  }

  /** @throws EnsembleError E_UNREACHABLE: before `connect` */
  protected get session(): Session {
    if (this.#session !== undefined) return this.#session
    throw new EnsembleError('E_UNREACHABLE', 'The client was not connected yet.', { hint: 'Call connect() first.' })
  }

  async #start(url: string): Promise<Session> {
    const given = this.#options
    const token = typeof given.token === 'string' ? given.token : await given.token(url)
    if (typeof given.store !== 'function') return await this.#begin(url, token, given.store)
    const store = await given.store(url)
    try {
      return await this.#begin(url, token, store)
    } catch (thrown) {
      await store.close()
      throw thrown
    }
  }

  async #begin(url: string, token: string, store: ClientStore): Promise<Session> {
    this.#session = new Session(this.agentId, { ...this.#options, token, store, url }, await store.load(), {
      newWriteId: () => this.newWriteId(),
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

  protected newWriteId(): WriteId {
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
