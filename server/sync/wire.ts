/** WebSocket frames as bytes, unmasked, as a server sends them (RFC 6455, 5.2): what many sockets get is framed once. */

const CONTINUATION = 0x0
const TEXT = 0x1
const BINARY = 0x2
const PING = 0x9
const FIN = 0x80
/** Of a payload, in bytes: below these its length takes no byte of its own, or two. */
const SHORT = 126
const MEDIUM = 65_536

/** In bytes. What is longer is cut: between two fragments of one message pings pass, and it shows that something moves (rule SYNC-7). */
export const FRAGMENT_BYTES = 256 * 1024

/**
 * Binary messages, each behind `route`, in few pieces: whole frames of little more than a fragment together, or a fragment of a
 * longer message.
 */
export function binaryFrames(messages: readonly Uint8Array[], route: Uint8Array = new Uint8Array()): Buffer[] {
  const pieces: Buffer[] = []
  let whole: Uint8Array[] = []
  let size = 0
  const end = (): void => {
    if (size > 0) pieces.push(Buffer.concat(whole))
    whole = []
    size = 0
  }
  for (const message of messages) {
    if (route.length + message.length > FRAGMENT_BYTES) {
      end()
      pieces.push(...fragments(BINARY, route.length === 0 ? message : Buffer.concat([route, message])))
      continue
    }
    whole.push(header(FIN | BINARY, route.length + message.length), route, message)
    size += route.length + message.length
    if (size > FRAGMENT_BYTES) end()
  }
  end()
  return pieces
}

export function textFrames(text: string): Buffer[] {
  return fragments(TEXT, Buffer.from(text))
}

/** A ping that carries a number, as `ws` would send it. */
export function pingFrame(number: number): Buffer {
  const payload = Buffer.from(String(number))
  return Buffer.concat([header(FIN | PING, payload.length), payload])
}

function fragments(opcode: number, payload: Uint8Array): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at === 0 || at < payload.length; at += FRAGMENT_BYTES) {
    const piece = payload.subarray(at, at + FRAGMENT_BYTES)
    const isLast = at + FRAGMENT_BYTES >= payload.length
    const first = (isLast ? FIN : 0) | (at === 0 ? opcode : CONTINUATION)
    pieces.push(Buffer.concat([header(first, piece.length), piece]))
  }
  return pieces
}

/** @param first byte: FIN, and the opcode */
function header(first: number, length: number): Buffer {
  if (length < SHORT) return Buffer.from([first, length])
  const bytes = Buffer.alloc(length < MEDIUM ? 4 : 10)
  bytes[0] = first
  bytes[1] = length < MEDIUM ? SHORT : SHORT + 1
  if (length < MEDIUM) bytes.writeUInt16BE(length, 2)
  else bytes.writeUIntBE(length, 4, 6)
  return bytes
}

let pings = 0

/** Pings are numbered for all sockets together, so that one can be sent to many. */
export function nextPing(): number {
  return ++pings
}
