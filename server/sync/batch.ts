/** What members of a room get in one go: frames for many sockets, encoded and framed once (rule SYNC-6). */
import * as encoding from 'lib0/encoding'
import { DOCUMENT_FRAME, MAX_PART_BYTES } from '../../protocol/frames.js'
import { binaryFrames, nextPing, pingFrame } from './wire.js'

export interface BatchFrame {
  /** A message of the y-websocket protocol. */
  readonly payload: Uint8Array
  /** Absent: it is no update. */
  readonly told?: Told
}

export interface Told {
  readonly update: Uint8Array
  /** Number of the document's turn that this is. */
  readonly turn: number
  /** Number of the newest step in it; 0 where steps are not counted. */
  readonly through: number
}

/** A batch as it is written to a socket. */
export class Wire {
  readonly pieces: readonly Buffer[]
  #pinged: { readonly ping: number; readonly pieces: readonly Buffer[] } | undefined

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces
  }

  /** With a ping behind it. */
  get pinged(): { readonly ping: number; readonly pieces: readonly Buffer[] } {
    if (this.#pinged === undefined) {
      const ping = nextPing()
      const last = this.pieces.at(-1) ?? Buffer.alloc(0)
      this.#pinged = { ping, pieces: [...this.pieces.slice(0, -1), Buffer.concat([last, pingFrame(ping)])] }
    }
    return this.#pinged
  }
}

export class Batch {
  readonly frames: readonly BatchFrame[]
  /** Number of the newest step in it. */
  readonly through: number
  /** By the number of the document on its socket; undefined: `/sync`, where there is one document. */
  readonly #wires = new Map<number | undefined, Wire>()

  constructor(frames: readonly BatchFrame[]) {
    this.frames = frames
    this.through = frames.reduce((newest, { told }) => Math.max(newest, told?.through ?? 0), 0)
  }

  /** Without the turns up to `turn`. */
  after(turn: number): Batch {
    return this.#only(({ told }) => told === undefined || told.turn > turn)
  }

  get updates(): Batch {
    return this.#only(({ told }) => told !== undefined)
  }

  /** All but its updates. */
  get rest(): Batch {
    return this.#only(({ told }) => told === undefined)
  }

  #only(isOf: (frame: BatchFrame) => boolean): Batch {
    return this.frames.every(isOf) ? this : new Batch(this.frames.filter(isOf))
  }

  /** Whether one of its frames must travel in parts on an agent's socket (rule FRAME-2). */
  get isLarge(): boolean {
    return this.frames.some(({ payload }) => payload.length > MAX_PART_BYTES / 2)
  }

  wire(number?: number): Wire {
    const made = this.#wires.get(number)
    if (made !== undefined) return made
    const route = number === undefined ? undefined : documentRoute(number)
    const payloads = this.frames.map(({ payload }) => payload)
    const wire = new Wire(binaryFrames(payloads, route))
    this.#wires.set(number, wire)
    return wire
  }
}

/** What a document's frame on an agent's socket begins with. */
function documentRoute(number: number): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeUint8(encoder, DOCUMENT_FRAME)
    encoding.writeVarUint(encoder, number)
  })
}
