/**
 * Values as bytes. What comes back is a structured clone of what was put in, and shares no memory with the bytes.
 *
 * The first byte says how: a bare Uint8Array as it is; what is small, and JSON keeps exactly, as JSON; everything else by V8's
 * serializer, whose format later versions of Node go on reading. JSON is faster where there are many small parts; a long string
 * it escapes, puts together of pieces and copies once more, which for 128 kB takes twenty times as long.
 */
import { DefaultSerializer, deserialize } from 'node:v8'
import type { Value } from './storage.js'

const BYTES = 1
const JSON_TEXT = 2
const CLONE = 3

/** Deeper values than this, and cyclic ones, go to the serializer, which knows how to end. */
const JSON_DEPTH = 16
/** In characters. A value with a longer string goes to the serializer, which copies that as it is. */
const LONG_STRING = 1_024

const CLONE_TAG = Uint8Array.of(CLONE)

export function encodeValue(value: Value): Uint8Array {
  if (value === undefined) throw new TypeError('undefined is no value to store: delete the row instead.')
  if (value instanceof Uint8Array) return tagged(BYTES, value)
  if (isBestInJson(value, JSON_DEPTH)) return json(JSON.stringify(value))
  return clone(value)
}

/** `bytes` may be a view of memory that changes later. */
export function decodeValue(bytes: Uint8Array): Value {
  const body = bytes.subarray(1)
  switch (bytes[0]) {
    case BYTES:
      return Uint8Array.from(body)
    case JSON_TEXT:
      return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()) as Value
    case CLONE:
      return deserialize(Uint8Array.from(body)) as Value // a copy first: it hands out views of what it reads
    default:
      throw new TypeError(
        `A stored value begins with ${bytes[0] ?? 'nothing'}: this version does not know how to read it.`,
      )
  }
}

function json(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text))
  bytes[0] = JSON_TEXT
  bytes.write(text, 1)
  return bytes
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = tag
  bytes.set(body, 1)
  return bytes
}

/** As `serialize` of node:v8, with the tag in front of it from the beginning. */
function clone(value: Value): Uint8Array {
  const serializer = new DefaultSerializer()
  serializer.writeRawBytes(CLONE_TAG)
  serializer.writeHeader()
  serializer.writeValue(value)
  return serializer.releaseBuffer()
}

function isBestInJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return value.length <= LONG_STRING
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      if (value === null) return true
      if (depth === 0) return false
      if (Array.isArray(value)) return value.every((item) => isBestInJson(item, depth - 1)) && isDense(value)
      if (Object.getPrototypeOf(value) !== Object.prototype) return false
      return Object.values(value).every((item) => isBestInJson(item, depth - 1))
    default:
      return false
  }
}

function isDense(array: readonly unknown[]): boolean {
  return Object.keys(array).length === array.length
}

/**
 * About how many bytes a value takes when stored, without encoding it where that can be avoided. Throws for a value
 * that can't be stored.
 */
export function sizeOfValue(value: Value): number {
  if (value instanceof Uint8Array) return 1 + value.length
  return plainSize(value, JSON_DEPTH) ?? encodeValue(value).length
}

function plainSize(value: unknown, depth: number): number | undefined {
  switch (typeof value) {
    case 'string':
      return value.length + 2
    case 'number':
    case 'boolean':
      return 8
    case 'object': {
      if (value === null) return 4
      if (value instanceof Uint8Array) return value.length
      const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
      if (!isPlain || depth === 0) return undefined
      let sum = 2
      for (const [name, item] of Object.entries(value)) {
        const size = plainSize(item, depth - 1)
        if (size === undefined) return undefined
        sum += name.length + size
      }
      return sum
    }
    default:
      return undefined
  }
}
