/**
 * A WebSocket client that costs as little as can be, so that the server is measured and not its load: frames are cut out
 * of what TCP brings without copying, and what is sent is masked with zeros, which changes no byte.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

const CONTINUATION = 0
const BINARY = 2
const FIN = 0x80
const CLOSE = 8
const PING = 9
const PONG = 10

export interface RawSocketOptions {
  readonly port: number
  /** Path and query. */
  readonly path: string
  /** The first frames may come before `open` has resolved. */
  readonly onFrame: (payload: Buffer, socket: RawSocket) => void
  /** @param code of the other side's close frame; null: the connection just ended */
  readonly onEnd?: (code: number | null) => void
}

export class RawSocket {
  readonly #line: Socket
  readonly #onFrame: RawSocketOptions['onFrame']
  /** A frame whose end has not come yet, and how many bytes are missing at least. */
  #parts: Buffer[] = []
  #missing = 0
  /** Of a message whose last fragment has not come yet. */
  #fragments: Buffer[] = []
  #code: number | null = null
  /** The bytes that have come so far. */
  received = 0

  private constructor(line: Socket, onFrame: RawSocketOptions['onFrame']) {
    this.#line = line
    this.#onFrame = onFrame
  }

  /** @throws Error where the upgrade is refused */
  static open({ port, path, onFrame, onEnd }: RawSocketOptions): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const line = connect({ port, host: '127.0.0.1', noDelay: true })
      const socket = new RawSocket(line, onFrame)
      let head = ''
      const onHead = (chunk: Buffer): void => {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end === -1) return
        line.off('data', onHead)
        if (!head.startsWith('HTTP/1.1 101')) {
          line.destroy()
          reject(new Error(`The server refused the WebSocket: ${head.slice(0, head.indexOf('\r\n'))}.`))
          return
        }
        line.on('data', (bytes) => socket.#take(bytes))
        resolve(socket)
        if (head.length > end + 4) socket.#take(Buffer.from(head.slice(end + 4), 'latin1'))
      }
      line.on('data', onHead)
      line.on('error', reject) // once it is open its end tells
      line.on('close', () => {
        onEnd?.(socket.#code)
      })
      line.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      )
    })
  }

  /** @param frame made by `frameOf` */
  send(frame: Uint8Array): void {
    this.#line.write(frame)
  }

  /** Reads nothing more; what comes then stays in the system's buffers, and after that with its sender. */
  stall(): void {
    this.#line.pause()
  }

  readOn(): void {
    this.#line.resume()
  }

  /** Breaks the connection without a word. */
  destroy(): void {
    this.#line.destroy()
  }

  #take(chunk: Buffer): void {
    this.received += chunk.length
    let bytes = chunk
    if (this.#parts.length > 0) {
      this.#parts.push(chunk)
      this.#missing -= chunk.length
      if (this.#missing > 0) return
      bytes = Buffer.concat(this.#parts)
      this.#parts = []
    }
    for (let at = 0; at < bytes.length;) {
      const frame = frameAt(bytes, at)
      if (frame.end > bytes.length) {
        this.#parts = [at === 0 ? bytes : bytes.subarray(at)]
        this.#missing = frame.end - bytes.length
        return
      }
      this.#frame(bytes[at] ?? 0, bytes.subarray(frame.start, frame.end))
      at = frame.end
    }
  }

  /** @param first its first byte */
  #frame(first: number, payload: Buffer): void {
    const opcode = first & 0x0f
    if (opcode === BINARY || opcode === CONTINUATION) this.#fragment(payload, (first & FIN) !== 0)
    else if (opcode === PING) this.send(frameOf(payload, PONG))
    else if (opcode === CLOSE) this.#code = payload.length < 2 ? null : payload.readUInt16BE(0)
  }

  #fragment(payload: Buffer, isLast: boolean): void {
    if (!isLast) {
      this.#fragments.push(payload)
      return
    }
    this.#onFrame(this.#fragments.length === 0 ? payload : Buffer.concat([...this.#fragments, payload]), this)
    this.#fragments = []
  }
}

/** Where the payload of the frame that begins at `at` starts and ends; the end of its head, where that has not come whole. */
function frameAt(bytes: Buffer, at: number): { readonly start: number; readonly end: number } {
  const length = at + 1 < bytes.length ? (bytes[at + 1] ?? 0) & 0x7f : 0
  const start = at + 2 + (length === 126 ? 2 : length === 127 ? 8 : 0)
  if (start > bytes.length) return { start, end: start }
  if (length === 126) return { start, end: start + bytes.readUInt16BE(at + 2) }
  if (length === 127) return { start, end: start + Number(bytes.readBigUInt64BE(at + 2)) }
  return { start, end: start + length }
}

/** A whole WebSocket frame as a client sends it. */
export function frameOf(payload: Uint8Array, opcode = BINARY): Buffer {
  const { length } = payload
  const extended = length < 126 ? 0 : length < 2 ** 16 ? 2 : 8
  const frame = Buffer.alloc(2 + extended + 4 + length) // the four bytes of the mask stay zero
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) frame.writeUInt16BE(length, 2)
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.set(payload, 2 + extended + 4)
  return frame
}
