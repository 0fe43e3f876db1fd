/**
 * One socket to the server: requests with replies, feeds, and documents, over frames (protocol/frames.ts).
 *
 * Guarantees:
 * 1. A request settles exactly once: with its result, with the server's error, or with E_UNREACHABLE when the connection
 *    broke first. In the last case its outcome is unknown; every write carries a write id and can be repeated.
 * 2. Messages reach listeners in the order in which the server sent them.
 * 3. After a break it comes back by itself, with the same secret, until `close` or an error that is final.
 */
import { EnsembleError, isErrorCode } from '../../protocol/errors.js'
import { FrameDecoder, FrameEncoder } from '../../protocol/frames.js'
import type { EventFilter } from '../../protocol/event-filter.js'
import type { AgentInstance, AgentRole, AgentType } from '../../protocol/ids.js'
import type { Feed, Hello, Method, Params, Problem, Result, ServerMessage } from '../../protocol/messages.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { PROTOCOL_VERSION } from '../../protocol/version.js'
import { trusted } from './trusted.js'
import { nextState, type ConnectionEvent, type ConnectionState } from './connection-state.js'

export type Disposer = () => void

/** What `ws` and the browser's WebSocket have in common. */
export interface SocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  onerror: ((event: never) => void) | null
  readonly bufferedAmount: number
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
}

/** Runs `run` once after so many milliseconds, unless disposed before. */
export type After = (milliseconds: number, run: () => void) => Disposer

export interface ConnectionOptions {
  /** `ws://127.0.0.1:9999` or `http://…`; without a path. */
  readonly url: string
  readonly token: string
  /** Program and version, for the server's log. */
  readonly client: string
  /** Null: an observer. */
  readonly agent: {
    readonly type: AgentType
    readonly instance: AgentInstance
    readonly partition: WorkspacePath | null
    readonly roles?: AgentRole[]
    /** Told to whoever finds the name taken. */
    readonly process?: { readonly pid: number; readonly host: string }
  } | null
  /** Under which name a person acts here, beside `agent: null`; default: under none. */
  readonly person?: AgentInstance
  readonly feeds: readonly Feed[]
  /** Of the feed `events`, which; default all. `subscribe` changes it. */
  readonly events?: EventFilter
  /** Of an earlier session of the same agent: takes its place at once. */
  readonly secret?: string
  readonly onSecret?: (secret: string) => void
  readonly openSocket: (url: string) => SocketLike
  /** Milliseconds since 1970, for `ConnectionState.until`; default Date.now. */
  readonly now?: () => number
  /** Milliseconds from any start, never backwards: a wall clock may be set at any moment. Default performance.now. */
  readonly elapsed?: () => number
  readonly after?: After
  readonly random?: () => number
  /** The longest wait between two attempts to come back, in milliseconds; default ten seconds. */
  readonly longestRetry?: number
}

/** A server says something at least every ten seconds; three of these missed and the line is dead. In milliseconds. */
const SILENCE_LIMIT = 30_000
/** Of one message from the server, in bytes: the largest file in base64, and room. */
const MAX_MESSAGE_BYTES = 1024 * 1024 * 1024

interface Pending {
  resolve(result: unknown): void
  reject(error: EnsembleError): void
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #now: () => number
  readonly #elapsed: () => number
  /** Its timers. */
  readonly after: After
  readonly #random: () => number
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #messageListeners = new Set<(message: ServerMessage) => void>()
  readonly #documentListeners = new Map<number, (payload: Uint8Array) => void>()
  readonly #pending = new Map<number, Pending>()
  #state: ConnectionState = { kind: 'idle' }
  #socket: SocketLike | undefined
  #encoder = new FrameEncoder()
  #stopRetry: Disposer = nothing
  #stopSilence: Disposer = nothing
  #heardAt = 0
  #nextRequest = 1
  #secret: string | undefined
  #events: EventFilter | undefined
  /** The last event that was seen, to go on from after a break. */
  #seen: Hello['since']

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#elapsed = options.elapsed ?? monotonic
    this.after = options.after ?? realAfter
    this.#random = options.random ?? Math.random
    this.#secret = options.secret
    this.#events = options.events
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Connects, and keeps connected. */
  start(): void {
    this.#step({ type: 'start' })
  }

  onState(listener: (state: ConnectionState) => void): Disposer {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  /** Everything but replies and document frames. */
  onMessage(listener: (message: ServerMessage) => void): Disposer {
    this.#messageListeners.add(listener)
    return () => this.#messageListeners.delete(listener)
  }

  /** Frames of the document that `open` gave this number, until disposed or the connection breaks. */
  onDocument(number: number, listener: (payload: Uint8Array) => void): Disposer {
    this.#documentListeners.set(number, listener)
    return () => this.#documentListeners.delete(number)
  }

  /** Resolves once live; rejects with the error that closed it. */
  async live(): Promise<void> {
    if (this.#state.kind === 'live') return
    await new Promise<void>((resolve, reject) => {
      const settle = (state: ConnectionState): void => {
        if (state.kind === 'live') resolve()
        else if (state.kind === 'closed') reject(state.error ?? unreachableError('The connection was closed.'))
        else return
        dispose()
      }
      const dispose = this.onState(settle)
      settle(this.#state)
    })
  }

  request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    if (this.#state.kind !== 'live') return Promise.reject(unreachableError('There is no connection to the server.'))
    const id = this.#nextRequest++
    return new Promise<Result<M>>((resolve, reject) => {
      const accept = (result: unknown): void => resolve(trusted<Result<M>>(result))
      this.#pending.set(id, { resolve: accept, reject })
      this.#sendMessage({ type: 'request', id, method, params })
    })
  }

  /** From now on the feed `events` brings what meets `filter`, also after a break. */
  async subscribe(filter: EventFilter): Promise<void> {
    this.#events = filter
    if (this.#state.kind === 'live') await this.request('subscribe', filter)
  }

  /** Does nothing while there is no connection: a document catches up by its state vector. */
  sendDocument(number: number, payload: Uint8Array): void {
    if (this.#state.kind === 'live') this.#send({ kind: 'document', number, payload })
  }

  /** For good. Can be called twice. */
  close(): Promise<void> {
    this.#step({ type: 'close' })
    return Promise.resolve()
  }

  #step(event: ConnectionEvent): void {
    const before = this.#state
    this.#state = nextState(before, event, this.#now(), this.#random(), this.#options.longestRetry)
    if (this.#state === before) return
    this.#leave(before)
    this.#enter(this.#state)
    for (const listener of [...this.#stateListeners]) listener(this.#state)
  }

  #leave(state: ConnectionState): void {
    if (state.kind === 'waiting') this.#stopRetry()
    if (this.#state.kind === 'live' || (state.kind !== 'live' && state.kind !== 'connecting')) return
    this.#dropSocket()
    const error = unreachableError('The connection broke before the server answered.')
    const unanswered = [...this.#pending.values()]
    this.#pending.clear()
    this.#documentListeners.clear()
    for (const request of unanswered) request.reject(error)
  }

  #enter(state: ConnectionState): void {
    if (state.kind === 'connecting') this.#open()
    if (state.kind === 'waiting') {
      this.#stopRetry = this.after(state.until - this.#now(), () => {
        this.#step({ type: 'retry' })
      })
    }
  }

  #open(): void {
    const url = new URL('/agent', this.#options.url.replace(/^http/, 'ws'))
    url.searchParams.set('token', this.#options.token)
    const socket = this.#options.openSocket(url.href)
    const decoder = new FrameDecoder(MAX_MESSAGE_BYTES)
    this.#socket = socket
    this.#encoder = new FrameEncoder()
    let refusal: Problem | undefined
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#hello()
    }
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return
      this.#heardAt = this.#elapsed()
      const frame = decoder.decode(payloadOf(data))
      if (frame === undefined) return
      if (frame.kind === 'document') {
        this.#documentListeners.get(frame.number)?.(frame.payload)
        return
      }
      const message = trusted<ServerMessage>(JSON.parse(frame.json))
      if (message.type === 'refused') refusal = message.error
      else this.#receive(message)
    }
    socket.onerror = () => undefined // `close` follows, and tells more.
    socket.onclose = ({ code, reason }) => {
      if (this.#socket !== socket) return
      this.#step({ type: 'broken', error: refusal === undefined ? closeError(code, reason) : fromProblem(refusal) })
    }
    this.#heardAt = this.#elapsed()
    this.#listen()
  }

  #hello(): void {
    const { agent, client, feeds, person } = this.#options
    const hello: Hello = {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      client,
      agent: agent === null ? null : { ...agent, ...(this.#secret === undefined ? {} : { secret: this.#secret }) },
      ...(person === undefined ? {} : { person }),
      feeds: [...feeds],
      ...(this.#events === undefined ? {} : { events: this.#events }),
      ...(this.#seen === undefined ? {} : { since: this.#seen }),
    }
    this.#sendMessage(hello)
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'reply':
        this.#settle(message.id)?.resolve(message.result)
        return
      case 'failed':
        this.#settle(message.id)?.reject(fromProblem(message.error))
        return
      case 'welcome':
        this.#seen = { workspaceId: message.workspaceId, seq: message.seq }
        if (message.secret !== null) {
          this.#secret = message.secret
          this.#options.onSecret?.(message.secret)
        }
        this.#step({ type: 'welcomed', welcome: message })
        break
      case 'missed':
        for (const one of message.messages) this.#receive(one)
        return
      case 'event':
        if (this.#seen !== undefined) this.#seen = { ...this.#seen, seq: message.event.seq }
        break
      default:
        break
    }
    for (const listener of [...this.#messageListeners]) listener(message)
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #sendMessage(message: object): void {
    this.#send({ kind: 'message', json: JSON.stringify(message) })
  }

  #send(frame: Parameters<FrameEncoder['encode']>[0]): void {
    for (const payload of this.#encoder.encode(frame)) this.#socket?.send(payload)
  }

  /** Expects to hear more within the limit. A timer of its own for each message would cost more than the message. */
  #listen(wait = SILENCE_LIMIT): void {
    this.#stopSilence = this.after(wait, () => {
      const left = this.#heardAt + SILENCE_LIMIT - this.#elapsed()
      if (left > 0) this.#listen(left)
      else this.#step({ type: 'broken', error: unreachableError('The server has been silent for 30 seconds.') })
    })
  }

  #dropSocket(): void {
    this.#stopSilence()
    const socket = this.#socket
    this.#socket = undefined
    socket?.close(1000)
  }
}

const nothing = (): void => undefined
const monotonic = (): number => performance.now()

export const realAfter: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return () => {
    clearTimeout(timer)
  }
}

function payloadOf(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw new EnsembleError('E_BAD_FRAME', 'The socket gave a frame that is neither text nor bytes.')
}

export function fromProblem(problem: Problem): EnsembleError {
  const code = isErrorCode(problem.code) ? problem.code : 'E_INTERNAL'
  return new EnsembleError(code, problem.message, {
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.data === undefined ? {} : { data: problem.data }),
  })
}

function unreachableError(message: string): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', message, {
    hint: 'It connects again by itself; "ensemble server status" tells more.',
  })
}

/** A close without a `refused` before it: the line broke, or something between said no. */
function closeError(code: number, reason: string): EnsembleError {
  if (code >= 4400 && code < 4500) {
    const [, name = '', message = reason] = /^(E_\w+): (.*)$/.exec(reason) ?? []
    return new EnsembleError(isErrorCode(name) ? name : 'E_BAD_REQUEST', message || `The server closed with ${code}.`)
  }
  return unreachableError(`The connection broke (${reason || String(code)}).`)
}
