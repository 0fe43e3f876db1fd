/**
 * One connection to `/agent`: a hello, then requests; feeds and documents back (protocol/messages.ts).
 */
import type { WebSocket } from 'ws'
import { parseDocumentName } from '../../protocol/document.js'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { FolderStatus } from '../../protocol/folder.js'
import { FrameDecoder, FrameEncoder, MAX_PART_BYTES, type Frame } from '../../protocol/frames.js'
import type { EventFilter } from '../../protocol/event-filter.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { AgentId, Author } from '../../protocol/ids.js'
import type { Access } from '../../protocol/links.js'
import {
  clientMessage,
  isMethod,
  isReading,
  type ClientMessage,
  type Hello,
  type Problem,
  type ServerMessage,
} from '../../protocol/messages.js'
import { PROTOCOL_VERSION } from '../../protocol/version.js'
import { lookOnly } from '../auth/look-only.js'
import type { Batch } from './batch.js'
import { Channel } from './channel.js'
import { parseParams, type Control, type ControlMethod } from './control.js'
import type { Feeds } from './feeds.js'
import type { Rooms } from './rooms.js'
import type { Socket, SocketHandlers } from './socket.js'
import type { Arrival, Traces } from '../trace/traces.js'
import { raisedIn, type Told } from './told.js'

type Request = Extract<ClientMessage, { type: 'request' }>

/** Who a session turned out to be. */
export interface Identity {
  readonly author: Author
  readonly agentId: Extract<ServerMessage, { type: 'welcome' }>['agentId']
  readonly secret: string | null
  /** It tells of a folder that it keeps; absent: it keeps none that anyone else should know of. */
  readonly folder?: (folder: FolderStatus) => void
  /** The socket ended; `left`: after a farewell. */
  readonly ended: (reason: 'left' | 'lost') => void
}

export interface SessionOptions {
  /** Of its connection (server/trace). */
  readonly number: number
  readonly traces: Pick<Traces, 'arrived'>
  readonly rooms: Rooms
  readonly control: Control
  readonly feeds: Feeds
  /** What whoever connected may do. */
  readonly access: Access
  readonly told: Told
  /** Which events someone hears. */
  readonly wants: (filter: EventFilter, hearer: Author) => (event: WorkspaceEvent) => boolean
  readonly open: (ws: WebSocket, handlers: SocketHandlers) => Socket
  /** @throws EnsembleError E_AGENT_TAKEN, E_AGENT_TYPE */
  readonly identify: (hello: Hello, replaced: () => void) => Identity
  readonly welcome: Pick<Extract<ServerMessage, { type: 'welcome' }>, 'server' | 'workspaceId' | 'workspace'>
  readonly maxMessageBytes: number
  readonly maxDocuments: number
  readonly onError: (error: EnsembleError) => void
}

/** Requests of one session that may be under way. */
const MAX_REQUESTS = 1_000

export class Session {
  readonly #options: SessionOptions
  readonly #socket: Socket
  readonly #decoder: FrameDecoder
  readonly #encoder = new FrameEncoder()
  readonly #channels = new Map<number, Channel>()
  readonly #disposers: (() => void)[] = []
  #identity: Identity | undefined
  #wants: (event: WorkspaceEvent) => boolean = () => false
  #left = false
  /** Of each request under way: fires when whoever asked is gone. */
  readonly #asking = new Set<AbortController>()
  #nextNumber = 1
  #requests = 0
  /** Live updates that came. */
  #updates = 0
  #opening = 0
  /** The last large answer: they leave one after the other. */
  #large: Promise<void> = Promise.resolve()
  /** The last `read`: the next one is read when its answer has left, so that one session holds one answer. */
  #read: Promise<void> = Promise.resolve()
  #closed = false

  constructor(ws: WebSocket, options: SessionOptions) {
    this.#options = options
    this.#decoder = new FrameDecoder(options.maxMessageBytes)
    this.#socket = options.open(ws, {
      onMessage: (data) => {
        this.#receive(data)
      },
      onClose: () => {
        this.#end()
      },
      onHeartbeat: () => {
        for (const channel of this.#channels.values()) channel.heartbeat()
      },
      onError: options.onError,
    })
  }

  #receive(data: string | Uint8Array): void {
    try {
      const frame = this.#decoder.decode(data)
      if (frame === undefined) return
      if (frame.kind === 'document') this.#document(frame.number, frame.payload)
      else this.#message(frame.json)
    } catch (error) {
      this.refuse(toEnsembleError(error))
    }
  }

  /** Says why, and closes. */
  refuse(error: EnsembleError): void {
    this.#send({ type: 'refused', error: problemOf(error) })
    this.#socket.close(error)
  }

  #message(json: string): void {
    const message = parse(json)
    if (message.type === 'hello') {
      this.#hello(message)
      return
    }
    if (this.#identity === undefined) throw new EnsembleError('E_BAD_REQUEST', 'The first message must be a hello.')
    const answering = this.#answer(this.#identity, message)
    if (message.method === 'read') this.#read = answering
  }

  /** Never rejects. */
  async #answer(identity: Identity, { id, method, params }: Request): Promise<void> {
    this.#requests++
    try {
      if (this.#requests > MAX_REQUESTS) {
        throw new EnsembleError('E_LIMIT', `More than ${MAX_REQUESTS} requests are under way.`, {
          hint: 'Wait for some of the answers.',
        })
      }
      if (method === 'read') await this.#read
      const result = await this.#handle(identity, method, params)
      await this.#sendLarge({ type: 'reply', id, result })
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      this.#options.onError(error)
      this.#send({ type: 'failed', id, error: problemOf(error) })
    } finally {
      this.#requests--
    }
  }

  #hello(hello: Hello): void {
    if (this.#identity !== undefined) throw new EnsembleError('E_BAD_REQUEST', 'A second hello came.')
    if (hello.protocol !== PROTOCOL_VERSION) {
      throw new EnsembleError(
        'E_PROTOCOL_VERSION',
        `The server speaks protocol ${PROTOCOL_VERSION}, not ${hello.protocol}.`,
        {
          hint: 'Use the client of the same version as the server.',
        },
      )
    }
    const { feeds, identify, welcome, wants, access } = this.#options
    if (hello.agent !== null && hello.person !== undefined) {
      throw new EnsembleError('E_BAD_REQUEST', 'A hello names an agent or a person, not both.', {
        hint: 'For a person, send "agent": null.',
      })
    }
    if (access === 'read' && hello.agent !== null) throw lookOnly('To connect as an agent')
    const identity = identify(hello, () => {
      this.refuse(new EnsembleError('E_REPLACED', 'The same agent connected again from elsewhere.'))
    })
    this.#identity = identity
    this.#wants = wants(hello.events ?? {}, identity.author)
    const seq = feeds.begin(hello)
    const { agentId, secret } = identity
    this.#send({ type: 'welcome', protocol: PROTOCOL_VERSION, ...welcome, agentId, secret, access, seq })
    const send = (json: string): void => {
      this.#sendJson(json)
      if (agentId !== null) this.#noteTold(agentId, json)
    }
    const sendSlowly = async (json: string): Promise<void> => {
      await this.#sendSlowly({ kind: 'message', json })
      if (agentId !== null) this.#noteTold(agentId, json)
    }
    const onLost = (thrown: unknown): void => {
      if (!this.#closed) this.refuse(toEnsembleError(thrown))
    }
    const wantsNow = (event: WorkspaceEvent): boolean => this.#wants(event)
    this.#disposers.push(feeds.subscribe(new Set(hello.feeds), seq, wantsNow, send, sendSlowly, onLost))
  }

  /** Notes of which conflicts this agent has heard, as soon as it has. */
  #noteTold(agentId: AgentId, json: string): void {
    const { told } = this.#options
    const ids = raisedIn(json)
    if (ids.length === 0) return
    this.#socket.whenReceived(() => {
      for (const id of ids) told.add(agentId, id)
    })
  }

  async #handle(identity: Identity, method: string, params: unknown): Promise<unknown> {
    if (!isMethod(method)) throw new EnsembleError('E_BAD_REQUEST', `There is no method "${method}".`)
    if (this.#options.access === 'read' && !isReading(method)) throw lookOnly(`"${method}"`)
    if (this.#left) throw new EnsembleError('E_BAD_REQUEST', 'This session has left; connect anew.')
    switch (method) {
      case 'open':
        return await this.#open(identity, parseParams('open', params).document)
      case 'close': {
        const { number } = parseParams('close', params)
        this.#channels.get(number)?.close()
        this.#channels.delete(number)
        return {}
      }
      case 'subscribe':
        this.#wants = this.#options.wants(parseParams('subscribe', params), identity.author)
        return { seq: this.#options.feeds.told }
      case 'folder':
        identity.folder?.(parseParams('folder', params))
        return {}
      case 'leave':
        this.#left = true
        this.#withdraw()
        this.#closeChannels() // before the name is free: nothing is written in it by someone who left
        identity.ended('left')
        return {}
      default:
        return await this.#ask(identity, method, params)
    }
  }

  async #ask(identity: Identity, method: ControlMethod, params: unknown): Promise<unknown> {
    const gone = new AbortController()
    this.#asking.add(gone)
    try {
      const { control, number } = this.#options
      const origin = { via: 'agent', socket: number } as const
      return await control.handle(method, params, { author: identity.author, origin, gone: gone.signal })
    } finally {
      this.#asking.delete(gone)
    }
  }

  #withdraw(): void {
    for (const gone of this.#asking) gone.abort()
  }

  async #open(identity: Identity, document: string): Promise<{ number: number }> {
    const { rooms, maxDocuments } = this.#options
    if (this.#channels.size + this.#opening >= maxDocuments) {
      throw new EnsembleError('E_LIMIT', `One socket carries at most ${maxDocuments} documents.`, {
        hint: 'Close one first; the limit is limits.documentsPerSocket.',
      })
    }
    this.#opening++
    try {
      return await rooms.open(parseDocumentName(document), (room) => {
        if (this.#closed || this.#left) throw new EnsembleError('E_BAD_REQUEST', 'This session has ended.')
        const number = this.#nextNumber++ // given with this step, so that a number that was never given can be told
        const port = {
          arrived: (bytes: number) => this.#arrived(identity.author, document, bytes),
          send: (payload: Uint8Array) => {
            this.#sendFrame({ kind: 'document', number, payload })
          },
          unsent: () => this.#socket.unsent,
          whenDrained: (run: () => void) => {
            this.#socket.whenDrained(run)
          },
          answer: (batch: Batch) => this.#answerIn(number, batch),
          deliver: (batch: Batch, received?: () => void) => {
            this.#deliver(number, batch, received)
          },
          whenReceived: (run: () => void) => {
            this.#socket.whenReceived(run)
          },
          close: (error: EnsembleError) => {
            this.#endChannel(number, error)
          },
        }
        this.#channels.set(number, new Channel(room, identity.author, port, this.#options.access))
        return { number }
      })
    } finally {
      this.#opening--
    }
  }

  #arrived(author: Author, document: string, bytes: number): Arrival {
    const { number, traces } = this.#options
    const origin = { via: 'agent', socket: number } as const
    return traces.arrived(`${number}.${++this.#updates}`, origin, author, bytes, document)
  }

  /** What is large leaves in parts, one after the other has been taken: pings and others' frames pass between (rule SYNC-5). */
  #answerIn(number: number, batch: Batch): Promise<void> | undefined {
    if (!batch.isLarge) {
      this.#socket.write(batch.wire(number))
      return undefined
    }
    return Promise.all(batch.frames.map(({ payload }) => this.#sendSlowly({ kind: 'document', number, payload }))).then(
      () => undefined,
    )
  }

  #deliver(number: number, batch: Batch, received: (() => void) | undefined): void {
    if (!batch.isLarge) {
      this.#socket.write(batch.wire(number), received)
      return
    }
    for (const { payload } of batch.frames) this.#sendFrame({ kind: 'document', number, payload })
    if (received !== undefined) this.#socket.whenReceived(received)
  }

  #document(number: number, payload: Uint8Array): void {
    const channel = this.#channels.get(number)
    if (channel === undefined) {
      if (number > 0 && number < this.#nextNumber) return // closed a moment ago, and this was on its way
      throw new EnsembleError('E_UNKNOWN_DOCUMENT', `No document of this connection has the number ${number}.`, {
        hint: 'Use the number that "open" replied with.',
      })
    }
    try {
      channel.receive(payload)
    } catch (error) {
      this.#endChannel(number, toEnsembleError(error))
    }
  }

  #endChannel(number: number, error: EnsembleError): void {
    const channel = this.#channels.get(number)
    if (channel === undefined) return
    this.#channels.delete(number)
    channel.close()
    this.#options.onError(error)
    this.#send({ type: 'closed', number, error: problemOf(error) })
  }

  #send(message: ServerMessage): void {
    this.#sendJson(JSON.stringify(message))
  }

  #sendJson(json: string): void {
    this.#sendFrame({ kind: 'message', json })
  }

  /** Resolves when it has left. */
  async #sendLarge(message: ServerMessage): Promise<void> {
    const frame: Frame = { kind: 'message', json: JSON.stringify(message) }
    if (frame.json.length * 3 <= MAX_PART_BYTES) this.#sendFrame(frame)
    else await this.#sendSlowly(frame)
  }

  async #sendSlowly(frame: Frame): Promise<void> {
    await (this.#large = this.#large.then(() => this.#socket.sendSlowly(this.#encoder.encode(frame))))
  }

  #sendFrame(frame: Frame): void {
    for (const payload of this.#encoder.encode(frame)) this.#socket.send(payload)
  }

  #closeChannels(): void {
    for (const channel of this.#channels.values()) channel.close()
    this.#channels.clear()
  }

  #end(): void {
    this.#closed = true
    this.#withdraw()
    for (const dispose of this.#disposers.splice(0)) dispose()
    this.#closeChannels()
    if (!this.#left) this.#identity?.ended('lost')
  }
}

export function problemOf(error: EnsembleError): Problem {
  const { code, message, hint, retry, data } = error
  return { code, message, retry, ...(hint === undefined ? {} : { hint }), data: { ...data } }
}

function parse(json: string): ReturnType<typeof clientMessage.parse> {
  let raw: unknown
  try {
    raw = JSON.parse(json)
  } catch (cause) {
    throw new EnsembleError('E_BAD_FRAME', 'A text frame must hold JSON.', { cause })
  }
  const parsed = clientMessage.safeParse(raw)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue === undefined || issue.path.length === 0 || issue.code === 'invalid_union') {
    throw new EnsembleError('E_BAD_FRAME', 'This is no message: an object whose "type" is "hello" or "request".')
  }
  const where = issue?.path.join('.')
  throw new EnsembleError(
    'E_BAD_REQUEST',
    `The message is not valid: ${where ? `${where}: ` : ''}${issue?.message ?? ''}`,
  )
}
