/** What stands behind a client once it is connected: the connection, the queue, the files, and how they hear of each other. */
import { EnsembleError } from '../../protocol/errors.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import { splitAgentId, type AgentId, type AgentRole, type WriteId } from '../../protocol/ids.js'
import { Connection, realAfter, type After, type SocketLike } from './connection.js'
import type { ConnectionState } from './connection-state.js'
import { FileCache } from './file-cache.js'
import { Files, parsePath } from './files.js'
import { Documents } from './documents.js'
import type { Ask, Entry, Outcome } from './queued-request.js'
import { RequestSender } from './request-sender.js'
import { ContextCache } from './shared-context.js'
import type { ClientStore } from './store.js'

export interface ClientOptions {
  /** Of the workspace, where it stands in `.ensemble/token`; or how to find it for the address of `connect`. */
  readonly token: string | ((url: string) => Promise<string>)
  readonly openSocket: (url: string) => SocketLike
  /** Keeps the queue and the cache; one for each agent and workspace. */
  readonly store: ClientStore | ((url: string) => Promise<ClientStore>)
  /** The folder that the agent works in, relative to the workspace. Default: everywhere. */
  readonly partition?: string | null
  /** What it does in its team, as `reviewer`: events can be addressed to a role. Default: none. */
  readonly roles?: readonly AgentRole[]
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

/** What a session tells its client. */
export interface SessionEnds {
  readonly newWriteId: () => WriteId
  readonly onEvent: (event: WorkspaceEvent) => void
  readonly onState: (state: ConnectionState) => void
  readonly onRefused: (refused: Refused) => void
  readonly onError: (thrown: unknown) => void
}

const SECRET = 'secret'

export class Session {
  readonly connection: Connection
  readonly sender: RequestSender
  readonly files: Files
  readonly context: ContextCache
  readonly documents: Documents
  readonly #store: ClientStore
  readonly #ends: SessionEnds
  #fault: EnsembleError | undefined

  constructor(
    agent: AgentId,
    options: Omit<ClientOptions, 'token' | 'store'> & {
      readonly token: string
      readonly store: ClientStore
      readonly url: string
    },
    rows: ReadonlyMap<string, string>,
    ends: SessionEnds,
  ) {
    const { store, partition = null, client = 'ensemble-sdk', now = Date.now, roles = [] } = options
    const { newWriteId, onError } = ends
    const secret = rows.get(SECRET)
    this.#store = store
    this.#ends = ends
    this.connection = new Connection({
      ...options,
      ...{ client, feeds: ['heads', 'events'] },
      agent: { ...splitAgentId(agent), partition: partition === null ? null : parsePath(partition), roles: [...roles] },
      ...(secret === undefined ? {} : { secret }),
      onSecret: (made) => {
        store.write([{ key: SECRET, value: made }]).catch(onError)
      },
    })
    this.sender = new RequestSender(
      {
        ...{ store, now, onError },
        ask: ({ method, params }) => this.connection.request(method, params),
        after: options.after ?? realAfter,
        random: options.random ?? Math.random,
        onSettled: (entry, result) => {
          this.#settled(entry, result)
        },
      },
      rows,
    )
    const cache = new FileCache(rows)
    this.files = new Files({
      ...{ connection: this.connection, sender: this.sender, store, cache, now },
      newWriteId,
      onError,
    })
    this.context = new ContextCache({ connection: this.connection, store, now, onError }, rows)
    this.connection.onMessage((message) => {
      if (message.type === 'head') this.files.told(message)
      if (message.type === 'event') ends.onEvent(message.event)
    })
    // Before the documents hear of a connection, it is known to be one to their workspace.
    this.connection.onState((state) => {
      this.#moved(state)
    })
    const parts = { connection: this.connection, sender: this.sender, store, cache }
    this.documents = new Documents({ ...parts, after: options.after ?? realAfter, newWriteId, onError }, rows)
    this.connection.start()
  }

  /** Resolves when it is live, or known not to be for now. @throws EnsembleError what is final */
  async tried(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (state: ConnectionState): void => {
        if (state.kind === 'live' || state.kind === 'waiting') resolve()
        else if (state.kind === 'closed') reject(this.#fault ?? state.error ?? closedError())
        else return
        dispose()
      }
      const dispose = this.connection.onState(look)
      look(this.connection.state)
    })
  }

  /** How many requests wait for the server, and documents with edits that it has not stored. */
  get waiting(): number {
    return this.sender.entries.length + this.documents.unsent
  }

  async close(): Promise<void> {
    const { connection, sender, documents } = this
    sender.close()
    await documents.close()
    if (connection.state.kind === 'live') {
      await connection.request('leave', {}).catch(() => undefined) // the end of the socket tells it, too
      await this.#store.write([{ key: SECRET, value: null }]).catch(() => undefined)
    }
    await connection.close()
    await this.#store.close()
  }

  #moved(state: ConnectionState): void {
    const { files, sender, connection, waiting } = this
    if (state.kind === 'live' && waiting > 0 && !files.isOf(state.welcome.workspaceId)) {
      this.#fault = otherWorkspace(waiting)
      void connection.close() // which comes here again
      return
    }
    if (state.kind === 'live') {
      if (!files.isOf(state.welcome.workspaceId)) this.context.clear()
      files.connected(state.welcome)
      sender.connected(true)
    } else {
      sender.connected(false)
      files.disconnected()
    }
    this.#ends.onState(connection.state)
  }

  #settled(entry: Entry, result: Outcome): void {
    this.files.settled(entry, result)
    if (result.kind !== 'refused') return
    const { method, params } = entry.ask
    const path = 'path' in params ? params.path : null
    this.#ends.onRefused({ method, path, params, reason: result.error })
  }
}

function otherWorkspace(count: number): EnsembleError {
  return new EnsembleError(
    'E_WORKSPACE',
    `${count} requests and edits wait in this store for another workspace than this one.`,
    {
      hint: 'They are kept. Connect to the workspace that they are for, or use another store for this one.',
      data: { waiting: count },
    },
  )
}

function closedError(): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', 'The client was closed.')
}
