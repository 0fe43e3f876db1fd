/** The storage port without a medium: for tests, and for workspaces that ask to keep nothing. */
import { decodeKey, encodeKey } from './keys.js'
import type { Row, Storage } from './storage.js'
import { decodeValue, encodeValue } from './values.js'

/** A commit is visible when it resolves, not before, as in the other adapters. */
export function openMemoryStorage(): Storage {
  // Encoded keys are held as strings of bytes (latin1): they compare like the bytes and are found by value in a Map.
  const values = new Map<string, Uint8Array>()
  const order: string[] = []
  let closed = false
  let last: Promise<void> = Promise.resolve()

  function put(key: string, value: Uint8Array): void {
    if (!values.has(key)) order.splice(firstAtLeast(order, key), 0, key)
    values.set(key, value)
  }

  function remove(from: number, to: number): void {
    for (const key of order.splice(from, Math.max(0, to - from))) values.delete(key)
  }

  /** Encodes at once, so that a row that can't be stored refuses the whole commit before anything changes. */
  function prepare(row: Row): () => void {
    if ('put' in row) {
      const key = keyText(row.put)
      const value = encodeValue(row.value)
      return () => put(key, value)
    }
    if ('delete' in row) {
      const key = keyText(row.delete)
      return () => {
        if (values.has(key)) remove(firstAtLeast(order, key), firstAtLeast(order, key) + 1)
      }
    }
    const from = keyText(row.deleteFrom)
    const to = keyText(row.to)
    return () => remove(firstAtLeast(order, from), firstAtLeast(order, to))
  }

  function assertOpen(): void {
    if (closed) throw new Error('The storage is closed.')
  }

  function read(key: string): unknown {
    const value = values.get(key)
    return value === undefined ? undefined : decodeValue(value)
  }

  return {
    async commit(rows) {
      assertOpen()
      const steps = rows.map(prepare)
      last = last.then(() => {
        for (const step of steps) step()
      })
      await last
    },

    get(key) {
      assertOpen()
      return read(keyText(key))
    },

    *range({ from, to, reverse = false, limit = Infinity }) {
      assertOpen()
      const first = keyText(from)
      const end = keyText(to)
      let next = reverse ? end : first
      for (let taken = 0; taken < limit; taken++) {
        const key = order[reverse ? firstAtLeast(order, next) - 1 : firstAtLeast(order, next)]
        if (key === undefined || (reverse ? key < first : key >= end)) return
        yield { key: decodeKey(Buffer.from(key, 'latin1')), value: read(key) }
        next = reverse ? key : `${key}\0` // the smallest string of bytes after this one
      }
    },

    async close() {
      closed = true
      await last
    },
  }
}

function keyText(key: Parameters<typeof encodeKey>[0]): string {
  return Buffer.from(encodeKey(key)).toString('latin1')
}

/** Index of the first member of a sorted list that is not below `key`. */
function firstAtLeast(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
