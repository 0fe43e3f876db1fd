/** Sockets without a client library: every frame that goes out is written by the test, every one that comes in is kept. */
import * as encoding from 'lib0/encoding'
import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { FrameDecoder } from '../../../protocol/frames.js'
import { serverMessage, type ServerMessage } from '../../../protocol/messages.js'
import { PROTOCOL_VERSION } from '../../../protocol/version.js'
import { TOKEN } from '../../support/server.js'
import { until } from '../../support/wait.js'

export interface RawOptions {
  readonly token?: string | null
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  /** False: pings are not answered. */
  readonly autoPong?: boolean
}

class RawSocket {
  readonly ws: WebSocket
  /** What came, in order. */
  readonly frames: (string | Uint8Array)[] = []
  closed: { readonly code: number; readonly reason: string } | undefined

  constructor(
    url: string,
    path: string,
    { token = TOKEN, query = '', headers = {}, autoPong = true }: RawOptions = {},
  ) {
    const params = [token === null ? '' : `token=${token}`, query].filter((part) => part !== '').join('&')
    this.ws = new WebSocket(`${url.replace(/^http/, 'ws')}${path}?${params}`, { headers, autoPong })
    this.ws.on('message', (data, isBinary) => {
      const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)])
      this.frames.push(isBinary ? new Uint8Array(bytes) : bytes.toString())
    })
    this.ws.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }))
    this.ws.on('error', () => undefined) // 'close' tells
  }

  async opened(): Promise<this> {
    await until(() => this.ws.readyState !== WebSocket.CONNECTING, 'the socket to open')
    return this
  }

  send(frame: Uint8Array | string): void {
    this.ws.send(frame)
  }

  async close(): Promise<{ readonly code: number; readonly reason: string }> {
    return await until(() => this.closed, 'the socket to be closed')
  }

  end(): void {
    this.ws.terminate()
  }

  /** Resolves when the server has worked through all that was sent so far. */
  async roundTrip(): Promise<void> {
    let answered = false
    this.ws.once('pong', () => (answered = true))
    this.ws.ping()
    await until(() => answered || this.closed !== undefined, 'a pong')
  }
}

export interface SyncMessage {
  readonly type: 'step1' | 'step2' | 'update' | 'awareness'
  readonly bytes: Uint8Array
}

/** A peer of `/sync`, frame by frame. */
export class RawPeer extends RawSocket {
  readonly doc = new Y.Doc()

  get messages(): SyncMessage[] {
    return this.frames.map((frame) => {
      if (typeof frame === 'string') throw new Error('a text frame came from /sync')
      return parse(frame)
    })
  }

  /** Of everything that came. */
  get text(): string {
    this.apply()
    return this.doc.getText('content').toJSON()
  }

  apply(): void {
    for (const { type, bytes } of this.messages) {
      if (type === 'step2' || type === 'update') Y.applyUpdate(this.doc, bytes)
    }
  }

  step1(stateVector: Uint8Array = Y.encodeStateVector(this.doc)): void {
    this.send(frame(0, 0, stateVector))
  }

  update(update: Uint8Array): void {
    this.send(frame(0, 2, update))
  }

  /** Changes the own replica, and sends that. */
  edit(change: (text: Y.Text) => void): void {
    const before = Y.encodeStateVector(this.doc)
    change(this.doc.getText('content'))
    this.update(Y.encodeStateAsUpdate(this.doc, before))
  }

  async synced(): Promise<this> {
    await this.opened()
    this.step1()
    await until(() => this.messages.some(({ type }) => type === 'step2'), 'the first answer')
    this.apply()
    return this
  }
}

export async function openRawPeer(url: string, document: string, options: RawOptions = {}): Promise<RawPeer> {
  return await new RawPeer(url, `/sync/${document}`, options).opened()
}

/** A client of `/agent`, message by message. */
export class RawAgent extends RawSocket {
  readonly #decoder = new FrameDecoder(1024 * 1024 * 1024)
  readonly #messages: ServerMessage[] = []
  readonly #documents: { readonly number: number; readonly payload: Uint8Array }[] = []
  #parsed = 0
  #id = 0

  /** Checked against the schema, every one. */
  get messages(): readonly ServerMessage[] {
    this.#parse()
    return this.#messages
  }

  get documents(): readonly { readonly number: number; readonly payload: Uint8Array }[] {
    this.#parse()
    return this.#documents
  }

  #parse(): void {
    for (; this.#parsed < this.frames.length; this.#parsed++) {
      const frame = this.#decoder.decode(this.frames[this.#parsed] ?? '')
      if (frame?.kind === 'message') {
        const message = serverMessage.parse(JSON.parse(frame.json))
        this.#messages.push(...(message.type === 'missed' ? message.messages : [message]))
      }
      if (frame?.kind === 'document') this.#documents.push(frame)
    }
  }

  of<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.messages.filter((message): message is Extract<ServerMessage, { type: T }> => message.type === type)
  }

  say(message: unknown): void {
    this.send(JSON.stringify(message))
  }

  hello(more: Readonly<Record<string, unknown>> = {}): void {
    this.say({ type: 'hello', protocol: PROTOCOL_VERSION, client: 'raw/0', agent: null, feeds: [], ...more })
  }

  async welcomed(more: Readonly<Record<string, unknown>> = {}) {
    this.hello(more)
    return await until(() => this.of('welcome')[0], 'a welcome')
  }

  /** Resolves with the `reply` or the `failed`. */
  async ask(method: string, params: unknown = {}): Promise<ServerMessage & { type: 'reply' | 'failed' }> {
    const id = ++this.#id
    this.say({ type: 'request', id, method, params })
    return await until(
      () => [...this.of('reply'), ...this.of('failed')].find((message) => message.id === id),
      `the answer to ${method}`,
    )
  }
}

export async function openRawAgent(url: string, options: RawOptions = {}): Promise<RawAgent> {
  return await new RawAgent(url, '/agent', options).opened()
}

export const agentNamed = (type: string, instance: string, secret?: string) => ({
  agent: { type, instance, partition: null, ...(secret === undefined ? {} : { secret }) },
})

export function frame(type: number, step: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, type)
  encoding.writeVarUint(encoder, step)
  encoding.writeVarUint8Array(encoder, bytes)
  return encoding.toUint8Array(encoder)
}

/** An awareness update: `null` says that a client is gone. */
export function awareness(...clients: readonly (readonly [id: number, clock: number, state: unknown])[]): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clients.length)
  for (const [id, clock, state] of clients) {
    encoding.writeVarUint(encoder, id)
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarString(encoder, JSON.stringify(state))
  }
  return encoding.toUint8Array(encoder)
}

export function awarenessFrame(
  ...clients: readonly (readonly [id: number, clock: number, state: unknown])[]
): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint8Array(encoder, awareness(...clients))
  return encoding.toUint8Array(encoder)
}

export function decodeAwareness(bytes: Uint8Array): { id: number; clock: number; state: unknown }[] {
  const decoder = decoding.createDecoder(bytes)
  return Array.from({ length: decoding.readVarUint(decoder) }, () => ({
    id: decoding.readVarUint(decoder),
    clock: decoding.readVarUint(decoder),
    state: JSON.parse(decoding.readVarString(decoder)) as unknown,
  }))
}

export function parse(bytes: Uint8Array): SyncMessage {
  const decoder = decoding.createDecoder(bytes)
  if (decoding.readVarUint(decoder) === 1) return { type: 'awareness', bytes: decoding.readVarUint8Array(decoder) }
  const step = (['step1', 'step2', 'update'] as const)[decoding.readVarUint(decoder)]
  if (step === undefined) throw new Error('the server sent an unknown step')
  return { type: step, bytes: decoding.readVarUint8Array(decoder) }
}
