/**
 * Frames: how messages and documents share one WebSocket.
 *
 * A message is a text frame holding JSON. A binary frame is one of:
 *   0x00 document: varuint number, then one y-protocols message
 *   0x01 part:     varuint stream, one byte (0: whole is a message, 1: whole is a document frame's body), one byte last
 *                  (0 or 1), then bytes
 * Whatever is longer than MAX_PART_BYTES is cut into parts, so that other frames pass between (rule FRAME-2). Parts of one
 * stream arrive in order, and all but its last one are full; streams may interleave.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { EnsembleError } from './errors.js'

/** In bytes. Small enough that a heartbeat behind one part leaves within milliseconds on a slow line. */
export const MAX_PART_BYTES = 256 * 1024
/** Streams that a peer may have begun and not ended. */
const MAX_OPEN_STREAMS = 16

/** The first byte of a document's frame that is not in parts. */
export const DOCUMENT_FRAME = 0
const PART = 1

export interface DocumentFrame {
  readonly kind: 'document'
  readonly number: number
  readonly payload: Uint8Array
}
export interface MessageFrame {
  readonly kind: 'message'
  readonly json: string
}
export type Frame = DocumentFrame | MessageFrame

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder('utf-8', { fatal: true })

/** Packs frames for one connection; stateful only in the number of the next stream. */
export class FrameEncoder {
  #nextStream = 0

  /** WebSocket payloads to send in order: a string is a text frame, bytes are a binary one. */
  encode(frame: Frame): (string | Uint8Array)[] {
    if (frame.kind === 'message') {
      // A string of n code units has n to 3n bytes: only the long ones are measured exactly.
      if (frame.json.length * 3 <= MAX_PART_BYTES) return [frame.json]
      const bytes = utf8.encode(frame.json)
      return bytes.length <= MAX_PART_BYTES ? [frame.json] : this.#parts(0, bytes)
    }
    const body = encoding.createEncoder()
    encoding.writeVarUint(body, frame.number)
    encoding.writeUint8Array(body, frame.payload)
    const bytes = encoding.toUint8Array(body)
    if (bytes.length > MAX_PART_BYTES) return this.#parts(1, bytes)
    const whole = new Uint8Array(bytes.length + 1)
    whole[0] = DOCUMENT_FRAME
    whole.set(bytes, 1)
    return [whole]
  }

  #parts(kind: 0 | 1, bytes: Uint8Array): Uint8Array[] {
    const stream = this.#nextStream++
    const parts: Uint8Array[] = []
    for (let start = 0; start < bytes.length; start += MAX_PART_BYTES) {
      const end = Math.min(start + MAX_PART_BYTES, bytes.length)
      const part = encoding.createEncoder()
      encoding.writeUint8(part, PART)
      encoding.writeVarUint(part, stream)
      encoding.writeUint8(part, kind)
      encoding.writeUint8(part, end === bytes.length ? 1 : 0)
      encoding.writeUint8Array(part, bytes.subarray(start, end))
      parts.push(encoding.toUint8Array(part))
    }
    return parts
  }
}

interface Stream {
  readonly kind: number
  readonly parts: Uint8Array[]
  bytes: number
}

/** Unpacks the frames of one connection. */
export class FrameDecoder {
  readonly #maxBytes: number
  readonly #streams = new Map<number, Stream>()

  /** @param maxBytes of one whole message or document frame, and of all unfinished streams together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Returns the frame that this payload completes, if any.
   * @throws EnsembleError E_BAD_FRAME, E_TOO_LARGE
   */
  decode(payload: string | Uint8Array): Frame | undefined {
    // A string's bytes are at least as many as its code units; exact enough for a bound.
    if (payload.length > this.#maxBytes) throw this.#tooLarge()
    if (typeof payload === 'string') return { kind: 'message', json: payload }
    try {
      const decoder = decoding.createDecoder(payload)
      const kind = decoding.readUint8(decoder)
      if (kind === DOCUMENT_FRAME) return documentFrame(decoding.readTailAsUint8Array(decoder))
      if (kind === PART) return this.#part(decoder)
      throw badFrame(`it begins with ${kind}`)
    } catch (thrown) {
      if (thrown instanceof EnsembleError) throw thrown
      throw badFrame('it ends too early', thrown)
    }
  }

  #part(decoder: decoding.Decoder): Frame | undefined {
    const id = decoding.readVarUint(decoder)
    const kind = decoding.readUint8(decoder)
    const last = decoding.readUint8(decoder)
    const bytes = decoding.readTailAsUint8Array(decoder)
    const stream = this.#streams.get(id) ?? { kind, parts: [], bytes: 0 }
    if (kind > 1 || last > 1 || stream.kind !== kind) throw badFrame('its part does not fit its stream')
    // Small parts would let a peer fill the memory with what is around them, which nobody counts.
    if (last === 0 && bytes.length !== MAX_PART_BYTES) throw badFrame('a part is not full, and not the last')
    this.#streams.set(id, stream)
    if (this.#streams.size > MAX_OPEN_STREAMS) throw badFrame(`more than ${MAX_OPEN_STREAMS} streams are open`)
    stream.parts.push(bytes.slice())
    stream.bytes += bytes.length
    let held = 0
    for (const other of this.#streams.values()) held += other.bytes
    if (held > this.#maxBytes) throw this.#tooLarge()
    if (last === 0) return undefined
    this.#streams.delete(id)
    const whole = concat(stream.parts, stream.bytes)
    return kind === 0 ? { kind: 'message', json: decodeUtf8(whole) } : documentFrame(whole)
  }

  #tooLarge(): EnsembleError {
    return new EnsembleError('E_TOO_LARGE', `A message is larger than ${this.#maxBytes} bytes.`, {
      hint: 'limits.messageBytes in ensemble.config.json allows larger ones.',
      data: { limit: this.#maxBytes },
    })
  }
}

function documentFrame(body: Uint8Array): DocumentFrame {
  const decoder = decoding.createDecoder(body)
  const number = decoding.readVarUint(decoder)
  return { kind: 'document', number, payload: decoding.readTailAsUint8Array(decoder) }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return fromUtf8.decode(bytes)
  } catch (cause) {
    throw badFrame('its message is not valid UTF-8', cause)
  }
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function badFrame(why: string, cause?: unknown): EnsembleError {
  return new EnsembleError('E_BAD_FRAME', `This is no frame of Ensemble: ${why}.`, {
    hint: 'protocol/SPEC.md describes the frames of /agent; stock Yjs providers use /sync.',
    cause,
  })
}
