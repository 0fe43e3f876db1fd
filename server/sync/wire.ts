/** WebSocket frames as bytes, for what many sockets get: whole and unmasked, as a server sends them (RFC 6455, 5.2). */

const BINARY = 0x82
const PING = 0x89
/** Of a payload, in bytes: below these its length takes no byte of its own, or two. */
const SHORT = 126
const MEDIUM = 65_536

/** The pieces of a binary frame. */
export function binaryFrame(...payload: readonly Uint8Array[]): Uint8Array[] {
  return [
    header(
      BINARY,
      payload.reduce((sum, { length }) => sum + length, 0),
    ),
    ...payload,
  ]
}

/** The pieces of a ping that carries a number, as `ws` would send it. */
export function pingFrame(number: number): Uint8Array[] {
  const payload = Buffer.from(String(number))
  return [header(PING, payload.length), payload]
}

function header(opcode: number, length: number): Buffer {
  if (length < SHORT) return Buffer.from([opcode, length])
  const bytes = Buffer.alloc(length < MEDIUM ? 4 : 10)
  bytes[0] = opcode
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
