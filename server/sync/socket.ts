/**
 * One WebSocket: bounded in what it may send and in what waits to be sent, watched by heartbeats, closed with a code that
 * tells whether to come back (rules SYNC-7, SYNC-11).
 */
import { Socket as Line } from 'node:net'
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { Rate } from '../auth/rates.js'
import type { Timers } from '../storage/commit-queue.js'
import type { Wire } from './batch.js'
import { binaryFrames, FRAGMENT_BYTES, nextPing, pingFrame, textFrames } from './wire.js'

export interface SocketLimits {
  readonly messagesPerSecond: number
  readonly outboundBytes: number
  /** In which what the line has, two fragments at most, must have left, once it was found to be full. */
  readonly slowReaderSeconds: number
}

export interface SocketHandlers {
  /** What it throws closes this socket, and no other. */
  readonly onMessage: (data: string | Uint8Array) => void
  readonly onClose: () => void
  /** Every fifteen seconds, while it lives. */
  readonly onHeartbeat?: () => void
  readonly onError: (error: EnsembleError) => void
}

/** In milliseconds. A stock y-websocket 3.1 gives up after 30 s of silence. */
const HEARTBEAT = 15_000
/** A WebSocket close reason holds at most 123 bytes. */
const REASON_BYTES = 120

export class Socket {
  readonly #ws: WebSocket
  readonly #line: Duplex
  readonly #limits: SocketLimits
  readonly #handlers: SocketHandlers
  readonly #timers: Timers
  readonly #rate: Rate
  #heartbeat: unknown
  #answered = true
  /** Bytes that had come in at the last heartbeat. */
  #heard = 0
  #closed = false
  #gathering = false
  /** What the line does not take yet, in order: whole frames, and fragments; and their bytes. */
  readonly #queue: { readonly piece: Buffer; readonly left: (() => void) | undefined }[] = []
  #queued = 0
  /** In bytes: of what was sent at once since nothing waited. */
  #largest = 0
  /** What to do when nothing waits to be sent any more. */
  #draining: (() => void)[] = []
  #stalled: unknown
  /** By number, in the order of their pings; the heartbeat's own carry none. */
  readonly #unconfirmed = new Map<number, () => void>()

  /**
   * @param line what `ws` writes to
   * @param elapsed milliseconds from any start, never backwards: the wall clock may be set while a connection lasts
   */
  constructor(
    ws: WebSocket,
    line: Duplex,
    limits: SocketLimits,
    timers: Timers,
    elapsed: () => number,
    handlers: SocketHandlers,
  ) {
    this.#ws = ws
    this.#line = line
    this.#limits = limits
    this.#handlers = handlers
    this.#timers = timers
    this.#rate = new Rate(limits.messagesPerSecond, elapsed)
    ws.on('message', (data, isBinary) => {
      this.#message(data, isBinary)
    })
    ws.on('ping', () => {
      this.#pinged()
    })
    ws.on('pong', (data) => {
      this.#answered = true
      this.#confirm(Number(data.toString()))
    })
    ws.on('close', () => {
      this.#end()
    })
    ws.on('error', (error) => {
      // A frame over the limit, or not a WebSocket frame at all; `ws` closes the socket itself.
      handlers.onError(new EnsembleError('E_BAD_FRAME', `The WebSocket broke: ${error.message}`, { cause: error }))
    })
    line.on('drain', () => {
      if (!this.#closed) this.#drained()
    })
    this.#beat()
  }

  send(data: string | Uint8Array): void {
    if (!this.#isOpen) return
    this.#gather()
    this.#put(framesOf(data))
    this.#assertBound()
  }

  /**
   * Sends what many get.
   * @param received runs when the other end has received it
   */
  write(wire: Wire, received?: () => void): void {
    if (!this.#isOpen) return
    if (received === undefined) this.#put(wire.pieces)
    else {
      const { ping, pieces } = wire.pinged
      this.#unconfirmed.set(ping, received)
      this.#put(pieces)
    }
    this.#assertBound()
  }

  get #isOpen(): boolean {
    return !this.#closed && this.#ws.readyState === this.#ws.OPEN
  }

  /**
   * Frames go past `ws`, which would build their headers anew each time; its own, pings, pongs and the close, go to the line in
   * the very call, between any two pieces. What waits is handed to the line little by little, so that one sees it move.
   * @param left runs when the last of them has left
   */
  #put(pieces: readonly Buffer[], left?: () => void): void {
    const size = pieces.reduce((sum, { length }) => sum + length, 0)
    this.#largest = Math.max(this.#largest, size)
    for (const piece of pieces) {
      const after = piece === pieces.at(-1) ? left : undefined
      if (this.#queued === 0 && this.#line.writableLength < FRAGMENT_BYTES) this.#line.write(piece, after)
      else {
        this.#queue.push({ piece, left: after })
        this.#queued += piece.length
      }
    }
  }

  #feed(): void {
    let taken = 0
    while (this.#line.writableLength < FRAGMENT_BYTES) {
      const next = this.#queue[taken]
      if (next === undefined) break
      taken++
      this.#queued -= next.piece.length
      this.#line.write(next.piece, next.left)
    }
    this.#queue.splice(0, taken)
  }

  /** One message may be larger than the bound: who comes to a large document gets it all the same. */
  #assertBound(): void {
    if (this.unsent - this.#largest <= this.#limits.outboundBytes) return
    this.#closeAsSlow(`${this.unsent} bytes wait to be sent`)
  }

  /** The close frame waits behind all of it; for one that does not read at all, `ws` gives up after 30 seconds. */
  #closeAsSlow(why: string): void {
    this.close(new EnsembleError('E_SLOW_READER', `The connection reads too slowly: ${why}.`))
  }

  /** Bytes that were handed to its line, those that wait to be sent among them. */
  get sent(): number {
    return this.#line instanceof Line ? this.#line.bytesWritten : 0
  }

  /** Bytes that wait to be sent. */
  get unsent(): number {
    return this.#ws.bufferedAmount + this.#queued
  }

  /**
   * Runs `run` when nothing waits any more; never, if it ends before, as it does where that stands still for
   * `slowReaderSeconds`. Only while more waits than a line's buffer takes at once.
   */
  whenDrained(run: () => void): void {
    if (this.#closed) return
    this.#draining.push(run)
    this.#watch()
  }

  /** From now on what the line has must leave within `slowReaderSeconds`, each time, until nothing waits any more. */
  #watch(): void {
    if (this.#stalled !== undefined) return
    const { slowReaderSeconds } = this.#limits
    this.#stalled = this.#timers.setTimeout(() => {
      this.#closeAsSlow(`of ${this.unsent} bytes that wait too few have left in ${slowReaderSeconds} seconds`)
    }, slowReaderSeconds * 1_000)
  }

  /** All that the line had has left. */
  #drained(): void {
    this.#answered = true // the ping that stood behind it leaves only now
    this.#feed()
    this.#timers.clearTimeout(this.#stalled)
    this.#stalled = undefined
    if (this.#line.writableNeedDrain) {
      this.#watch()
      return
    }
    this.#largest = 0
    for (const one of this.#draining.splice(0)) one()
  }

  /** What is sent in one turn of the event loop leaves with one system call. */
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#line.cork()
    process.nextTick(() => {
      this.#gathering = false
      this.#line.uncork()
    })
  }

  /** Sends one after the other has left, so that something large fills no buffer, and others pass between. */
  async sendSlowly(pieces: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of pieces) {
      if (!this.#isOpen) return
      await new Promise<void>((resolve) => {
        this.#put(framesOf(piece), resolve)
      })
    }
  }

  /** Runs `run` when the other end has received all that was sent so far, which it says by itself; never, if it ends before. */
  whenReceived(run: () => void): void {
    if (!this.#isOpen) return
    const ping = nextPing()
    this.#unconfirmed.set(ping, run)
    this.#put([pingFrame(ping)])
  }

  /** What was sent before a ping that is answered has arrived before it. */
  #confirm(ping: number): void {
    if (!this.#unconfirmed.has(ping)) return
    for (const [number, run] of this.#unconfirmed) {
      this.#unconfirmed.delete(number)
      run()
      if (number === ping) return
    }
  }

  close(error: EnsembleError): void {
    if (this.#closed) return
    this.#handlers.onError(error)
    for (const { piece, left } of this.#queue.splice(0)) this.#line.write(piece, left) // what was said before leaves before
    this.#ws.close(error.close, reasonOf(error))
    this.#end()
  }

  /** `ws` has answered it. That counts as any frame does, and fills the line of whoever does not read. */
  #pinged(): void {
    if (this.#closed) return
    this.#answered = true
    try {
      this.#spend()
      this.#assertBound()
    } catch (error) {
      this.close(toEnsembleError(error))
    }
  }

  #message(data: RawData, isBinary: boolean): void {
    if (this.#closed) return
    this.#answered = true
    try {
      this.#spend()
      this.#handlers.onMessage(isBinary ? bytesOf(data) : bytesOf(data).toString('utf8'))
    } catch (error) {
      this.close(toEnsembleError(error))
    }
  }

  #spend(): void {
    if (this.#rate.spend()) return
    const { messagesPerSecond } = this.#limits
    throw new EnsembleError('E_LIMIT', `More than ${messagesPerSecond} messages a second came over this connection.`)
  }

  #beat(): void {
    this.#heartbeat = this.#timers.setTimeout(() => {
      const { bytesRead: heard } = this.#line instanceof Line ? this.#line : { bytesRead: 0 }
      // While the line is full the last ping may not have reached the other end: how long that may last is said by `#watch`. And
      // its answer may stand behind something large that is coming in.
      if (this.#line.writableNeedDrain) this.#watch()
      else if (!this.#answered && heard === this.#heard) {
        this.#ws.terminate()
        return
      }
      this.#heard = heard
      this.#answered = false
      this.#ws.ping()
      this.#handlers.onHeartbeat?.()
      if (!this.#closed) this.#beat()
    }, HEARTBEAT)
  }

  #end(): void {
    this.#timers.clearTimeout(this.#heartbeat)
    this.#timers.clearTimeout(this.#stalled)
    if (this.#closed) return
    this.#closed = true
    this.#draining = []
    for (const { left } of this.#queue.splice(0)) left?.()
    this.#queued = 0
    this.#unconfirmed.clear()
    this.#handlers.onClose()
  }
}

function framesOf(data: string | Uint8Array): Buffer[] {
  return typeof data === 'string' ? textFrames(data) : binaryFrames([data])
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? Buffer.from(data) : data
}

/** What the close frame says of it; `ws` throws where that is too long. */
export function reasonOf({ code, message }: EnsembleError): string {
  let reason = `${code}: ${message}`.slice(0, REASON_BYTES)
  while (Buffer.byteLength(reason) > REASON_BYTES) reason = reason.slice(0, -1)
  return reason
}
