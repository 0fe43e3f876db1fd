/**
 * Values as bytes. What comes back is a structured clone of what was put in, and shares no memory with the bytes.
 *
 * The first byte says how: a bare Uint8Array as it is; what is small, and JSON keeps exactly, as JSON; everything else by V8's
 * serializer, whose format later versions of Node go on reading. JSON is faster where there are many small parts; a long string
 * it escapes, puts together of pieces and copies once more, which for 128 kB takes twenty times as long.
 */
import { deserialize, serialize, Serializer } from 'node:v8'
import type { Value } from './storage.js'

const BYTES = 1
const JSON_TEXT = 2
const CLONE = 3

/** Deeper values than this, and cyclic ones, go to the serializer, which knows how to end. */
const JSON_DEPTH = 16
/** In characters. A value with a longer string goes to the serializer, which copies that as it is. */
const LONG_STRING = 1_024

const CLONE_TAG = Uint8Array.of(CLONE)
/** Of the serializer's format: an array's length stands behind both of its ends, the number of an object's properties behind its end. */
const BEGIN_ARRAY = Buffer.from('A')
const END_ARRAY = Buffer.from('$')
const BEGIN_OBJECT = Buffer.from('o')
const END_OBJECT = Buffer.from('{')

/** `strings`: JSON would keep it exactly, but for its long strings that takes too long. */
type Form = 'json' | 'strings' | 'other'

export function encodeValue(value: Value): Uint8Array {
  if (value === undefined) throw new TypeError('undefined is no value to store: delete the row instead.')
  if (value instanceof Uint8Array) return tagged(BYTES, value)
  switch (formOf(value, JSON_DEPTH)) {
    case 'json':
      return json(JSON.stringify(value))
    case 'strings':
      return cloneStrings(value)
    case 'other':
      return tagged(CLONE, serialize(value))
  }
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

/**
 * What `serialize` would make of it, its objects and arrays written here. V8's serializer remembers each that it is given until
 * it is collected itself: all of them, and their strings, would outlive the young generation.
 */
function cloneStrings(value: Value): Uint8Array {
  const serializer = new Serializer()
  serializer.writeRawBytes(CLONE_TAG)
  serializer.writeHeader()
  writePlain(serializer, value)
  return serializer.releaseBuffer()
}

function writePlain(serializer: Serializer, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    serializer.writeValue(value)
    return
  }
  if (Array.isArray(value)) {
    serializer.writeRawBytes(BEGIN_ARRAY)
    serializer.writeUint32(value.length)
    for (const item of value) writePlain(serializer, item)
    serializer.writeRawBytes(END_ARRAY)
    serializer.writeUint32(0) // it has no properties besides
    serializer.writeUint32(value.length)
    return
  }
  const properties = Object.entries(value)
  serializer.writeRawBytes(BEGIN_OBJECT)
  for (const [name, item] of properties) {
    serializer.writeValue(name)
    writePlain(serializer, item)
  }
  serializer.writeRawBytes(END_OBJECT)
  serializer.writeUint32(properties.length)
}

function formOf(value: unknown, depth: number): Form {
  switch (typeof value) {
    case 'string':
      return value.length > LONG_STRING ? 'strings' : 'json'
    case 'boolean':
      return 'json'
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? 'json' : 'other'
    case 'object': {
      if (value === null) return 'json'
      const isPlain = Array.isArray(value) ? isDense(value) : Object.getPrototypeOf(value) === Object.prototype
      if (!isPlain || depth === 0) return 'other'
      let form: Form = 'json'
      for (const item of Array.isArray(value) ? value : Object.values(value)) {
        const part = formOf(item, depth - 1)
        if (part === 'other') return 'other'
        if (part === 'strings') form = 'strings'
      }
      return form
    }
    default:
      return 'other'
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
