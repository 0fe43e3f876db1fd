/**
 * Keys as bytes whose order (bytewise, shorter first) is the order of the keys, so that any ordered store of byte
 * strings can hold them.
 *
 * A number is 0x02 and the eight bytes of its double with the sign folded in. A string is 0x03, its code points as in
 * UTF-8 (lone surrogates as three bytes, so that nothing is lost), a NUL written as 00 FF, and 00 as the end. Every part
 * ends by itself, therefore a key sorts directly before the keys that it begins.
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { Key } from './storage.js'

/** Longest encoded key in bytes: what lmdb takes with pages of 4 KB. */
export const MAX_KEY_BYTES = 1978

const NUMBER = 2
const STRING = 3
const END = 0
const ESCAPED_NUL = 0xff

type Part = string | number

export function encodeKey(key: Key): Uint8Array {
  const [table] = key
  if (typeof table !== 'string')
    throw new TypeError(`A key begins with the name of its table, not with ${typeof table}.`)
  const bytes = Buffer.allocUnsafe(roomFor(key))
  let length = 0
  for (const part of key)
    length = typeof part === 'string' ? writeString(part, bytes, length) : writeNumber(part, bytes, length)
  if (length > MAX_KEY_BYTES) {
    throw new EnsembleError(
      'E_KEY_TOO_LONG',
      `A key of table "${table}" has ${length} bytes, the limit is ${MAX_KEY_BYTES}.`,
      {
        hint: 'Use an id or a hash as the key, and keep the long text in the value.',
        data: { table, bytes: length, limit: MAX_KEY_BYTES },
      },
    )
  }
  return bytes.subarray(0, length)
}

/** At most how many bytes the key takes. Throws what encoding it would throw. */
export function sizeOfKey(key: Key): number {
  const room = roomFor(key)
  const isPlain = room <= MAX_KEY_BYTES && key.every((part) => typeof part === 'string' || !Number.isNaN(part))
  return isPlain ? room : encodeKey(key).length
}

function roomFor(key: Key): number {
  let room = 0
  for (const part of key) room += typeof part === 'string' ? 2 + part.length * 3 : 9
  return room
}

export function decodeKey(bytes: Uint8Array): Key {
  const parts: Part[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] === NUMBER) {
      parts.push(readNumber(bytes, at + 1))
      at += 9
    } else {
      const end = endOfString(bytes, at + 1)
      parts.push(readString(bytes.subarray(at + 1, end)))
      at = end + 1
    }
  }
  const [table, ...rest] = parts
  if (typeof table !== 'string') throw new TypeError('These bytes are no key: they name no table.')
  return [table, ...rest]
}

/** Order of encoded keys: bytewise, shorter first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** The range that holds the row `prefix`, if there is one, and every row whose key begins with it. */
export function rowsUnder(prefix: Key): { from: Key; to: Key } {
  const [table, ...rest] = prefix
  const last = rest.pop()
  if (last === undefined) return { from: prefix, to: [after(table)] }
  return { from: prefix, to: [table, ...rest, typeof last === 'string' ? after(last) : afterNumber(last)] }
}

function after(text: string): string {
  return `${text}\0`
}

const scratch = new DataView(new ArrayBuffer(8))

function afterNumber(value: number): Part {
  if (value === Infinity) return '' // the first string comes after the last number
  if (value === 0) return Number.MIN_VALUE
  scratch.setFloat64(0, value)
  scratch.setBigInt64(0, scratch.getBigInt64(0) + (value > 0 ? 1n : -1n))
  return scratch.getFloat64(0)
}

function writeNumber(value: number, bytes: Uint8Array, at: number): number {
  if (typeof value !== 'number' || Number.isNaN(value))
    throw new TypeError(`A key holds strings and numbers, not ${String(value)}.`)
  scratch.setFloat64(0, value === 0 ? 0 : value) // -0 and 0 are one key
  const negative = scratch.getUint8(0) >= 0x80
  bytes[at++] = NUMBER
  for (let i = 0; i < 8; i++) bytes[at++] = scratch.getUint8(i) ^ (negative ? 0xff : i === 0 ? 0x80 : 0)
  return at
}

function readNumber(bytes: Uint8Array, at: number): number {
  const negative = (bytes[at] ?? 0) < 0x80
  for (let i = 0; i < 8; i++) scratch.setUint8(i, (bytes[at + i] ?? 0) ^ (negative ? 0xff : i === 0 ? 0x80 : 0))
  return scratch.getFloat64(0)
}

function writeString(text: string, bytes: Uint8Array, at: number): number {
  bytes[at++] = STRING
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0
    if (code === 0) {
      bytes[at++] = 0
      bytes[at++] = ESCAPED_NUL
    } else if (code < 0x80) {
      bytes[at++] = code
    } else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6)
      bytes[at++] = 0x80 | (code & 0x3f)
    } else {
      if (code < 0x10000) {
        bytes[at++] = 0xe0 | (code >> 12)
      } else {
        i++ // a pair of surrogates is one code point
        bytes[at++] = 0xf0 | (code >> 18)
        bytes[at++] = 0x80 | ((code >> 12) & 0x3f)
      }
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f)
      bytes[at++] = 0x80 | (code & 0x3f)
    }
  }
  bytes[at++] = END
  return at
}

function endOfString(bytes: Uint8Array, at: number): number {
  for (let i = at; i < bytes.length; i++) {
    if (bytes[i] !== END) continue
    if (bytes[i + 1] !== ESCAPED_NUL) return i
    i++
  }
  throw new TypeError('These bytes are no key: a string has no end.')
}

function readString(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++] ?? 0
    const next = (): number => (bytes[i++] ?? 0) & 0x3f
    if (first === 0) i++ // the second byte of an escaped NUL
    if (first < 0x80) text += String.fromCharCode(first)
    else if (first < 0xe0) text += String.fromCharCode(((first & 0x1f) << 6) | next())
    else if (first < 0xf0) text += String.fromCharCode(((first & 0x0f) << 12) | (next() << 6) | next())
    else text += String.fromCodePoint(((first & 0x07) << 18) | (next() << 12) | (next() << 6) | next())
  }
  return text
}
