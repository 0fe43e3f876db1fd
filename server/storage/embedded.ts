/**
 * The storage port on lmdb: one file, memory-mapped, read without copying the rest of it.
 *
 * - A commit is one lmdb transaction: all its rows or none survive a crash at any moment.
 * - `overlappingSync` is off: the transaction is written and synced before it becomes visible and before its promise
 *   resolves, both on lmdb's own thread. With it on (lmdb's default) a promise may resolve before the sync.
 * - One commit is under way at a time, so a failed one can't take a later one with it, and ranges are deleted by what
 *   the commits before have left.
 * - Pages of the file that were looked at stay in this process's memory until the file is mapped anew. So it is closed and
 *   opened again, between two commits, whenever so much was looked at (GIVEN_BACK_AFTER).
 * - Where the file is deleted under it, a commit resolves once all is in a file again, and none is taken any more.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { commitFailure } from './commit-failure.js'
import { DeletedDatabase } from './deleted-database.js'
import { DiskRoom } from './disk-room.js'
import { syncFolder } from './files.js'
import { compareBytes, decodeKey, encodeKey } from './keys.js'
import type { Row, Storage, Value } from './storage.js'
import { decodeValue, encodeValue } from './values.js'

export const DATABASE_FILE = 'ensemble.mdb'

/** The database may outgrow it, at the price that is told where it is used. */
const MAP_BYTES = 4 * 1024 * 1024 * 1024

/** A range is read in slices, so that no cursor, and with it no old version of the file, outlives one of them. */
const SLICE_ROWS = 256
const SLICE_BYTES = 1024 * 1024

/** In bytes. Opening anew takes 2 ms, and what is needed then is still in the system's cache. */
const GIVEN_BACK_AFTER = 64 * 1024 * 1024
/** What comes into memory with one look: the system maps pages around the one that is asked for. In bytes. */
const LOOK_BYTES = 64 * 1024
/** What comes into memory with a row that is stored: those of a commit lie side by side. In bytes. */
const ROW_BYTES = 4 * 1024

export interface EmbeddedOptions {
  /** An existing folder; the database is the file `ensemble.mdb` in it. */
  readonly dir: string
  /** Bytes of the file that may come into memory before they are given back; default 64 MB. */
  readonly givenBackAfter?: number
  /** Bytes that are free on the disk of a folder; default: what the system says. */
  readonly free?: (dir: string) => Promise<number | undefined>
  /** The file was deleted, and what it held is in the file `place`; only reading goes on. */
  readonly onDeleted?: (place: string) => void
}

/** Rows with keys and values as bytes; the last row about a key counts. */
type Change = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }

export async function openEmbeddedStorage(options: EmbeddedOptions): Promise<Storage> {
  const { dir, givenBackAfter = GIVEN_BACK_AFTER } = options
  /** Undefined: it could not be opened again; whoever needs it next tries. */
  let database: RootDatabase<Uint8Array, Uint8Array> | undefined = openDatabase(dir)
  await syncFolder(dir) // the file may be new
  const file = identityOf(dir)
  const room = new DiskRoom(dir, options.free)
  const deleted = new DeletedDatabase(join(dir, DATABASE_FILE))
  let closing: Promise<void> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let lookedAt = 0
  let isGivingBack = false

  function opened(): RootDatabase<Uint8Array, Uint8Array> {
    if (database !== undefined) return database
    // Taken away just while its memory was given back: a new one in its place would be an empty workspace.
    if (file !== undefined && identityOf(dir) !== file) throw new Error(`${join(dir, DATABASE_FILE)} was taken away.`)
    return (database = openDatabase(dir))
  }

  function assertOpen(): void {
    if (closing) throw new Error('The storage is closed.')
  }

  function look(bytes: number): void {
    lookedAt += bytes
    if (lookedAt < givenBackAfter || isGivingBack || closing) return
    isGivingBack = true
    last = last.then(giveBack).catch(() => undefined) // the next call meets the same fault, and tells
  }

  /**
   * Nobody can ask in between: no commit is under way, the next one waits, and reads wait for nothing. The turn of its own is
   * for those: lmdb closes after some steps of the queue of promises, in which nothing of anybody else's stands then.
   */
  async function giveBack(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    isGivingBack = false
    lookedAt = 0
    if (file === undefined || identityOf(dir) !== file) return // somebody took it away: what is open is all there is
    await database?.close()
    database = undefined
    opened()
  }

  function changesOf(rows: readonly EncodedRow[]): Change[] {
    const changes = new Map<string, Change>()
    for (const row of rows) {
      if ('key' in row) {
        changes.set(text(row.key), row)
        continue
      }
      for (const { key } of changes.values()) {
        if (isWithin(key, row.from, row.to)) changes.set(text(key), { key, value: undefined })
      }
      if (compareBytes(row.from, row.to) >= 0) continue
      for (const key of opened().getKeys({ start: row.from, end: row.to })) {
        changes.set(text(key), { key: Uint8Array.from(key), value: undefined })
      }
    }
    return [...changes.values()]
  }

  async function putBack(): Promise<void> {
    if (!deleted.isDeleted) return
    const place = await deleted.putBack((copy) => opened().backup(copy, false))
    options.onDeleted?.(place)
  }

  async function write(rows: readonly EncodedRow[]): Promise<void> {
    deleted.assertThere()
    const changes = changesOf(rows)
    if (changes.length === 0) return
    await room.assertFor(changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0))
    try {
      const current = opened()
      await current.batch(() => {
        for (const { key, value } of changes) {
          if (value) void current.put(key, value)
          else void current.remove(key)
        }
      })
      look(changes.length * ROW_BYTES)
    } catch (thrown) {
      room.forget()
      throw await commitFailure(thrown, dir)
    }
    await putBack()
  }

  return {
    async commit(rows) {
      assertOpen()
      const encoded = rows.map(encodeRow)
      const done = last.then(() => write(encoded))
      last = done.catch(() => undefined) // told to the caller below; the next commit runs all the same
      await done
    },

    get(key) {
      assertOpen()
      look(LOOK_BYTES)
      const bytes = opened().getBinaryFast(encodeKey(key))
      return bytes && decodeValue(bytes.subarray(0, bytes.length))
    },

    *range({ from, to, reverse = false, limit = Infinity }) {
      const low = encodeKey(from)
      const high = encodeKey(to)
      if (compareBytes(low, high) >= 0) return
      let start = reverse ? high : low
      let exclusiveStart = reverse
      for (let left = limit; left > 0;) {
        assertOpen()
        const rows = Math.min(left, SLICE_ROWS)
        const cursor = opened().getRange({
          start,
          exclusiveStart,
          end: reverse ? low : high,
          inclusiveEnd: reverse,
          reverse,
          limit: rows,
        })
        const slice = readSlice(cursor)
        look(LOOK_BYTES + slice.length * ROW_BYTES)
        for (const { key, value } of slice) yield { key: decodeKey(key), value }
        const end = slice.at(-1)
        if (!end || (slice.length < rows && !end.full)) return
        start = end.key
        exclusiveStart = true
        left -= slice.length
      }
    },

    close() {
      closing ??= last.then(async () => {
        await putBack().finally(() => {
          deleted.close()
        })
        await database?.close()
      })
      return closing
    },
  }
}

/** Which file it is; undefined: there is none. */
function identityOf(dir: string): string | undefined {
  const found = statSync(join(dir, DATABASE_FILE), { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

function openDatabase(dir: string): RootDatabase<Uint8Array, Uint8Array> {
  return open<Uint8Array, Uint8Array>({
    path: join(dir, DATABASE_FILE),
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
    // A text of 4 kB would take two pages of its own; compressed (LZ4, above 1,000 bytes) it shares one with others.
    compression: true,
    // Address space, not memory: each growth of the map would leave the old one in use beside the new one.
    mapSize: MAP_BYTES,
    // With batching by event turn, lmdb makes a promise of its own for each turn and leaves its rejection unhandled: a
    // full disk then ends the process whatever the caller catches. A commit is one batch already.
    eventTurnBatching: false,
  })
}

type EncodedRow = Change | { readonly from: Uint8Array; readonly to: Uint8Array }

function encodeRow(row: Row): EncodedRow {
  if ('put' in row) return { key: encodeKey(row.put), value: encodeValue(row.value) }
  if ('delete' in row) return { key: encodeKey(row.delete), value: undefined }
  return { from: encodeKey(row.deleteFrom), to: encodeKey(row.to) }
}

interface SliceRow {
  readonly key: Uint8Array
  readonly value: Value
  /** The slice ended here by its size. */
  readonly full: boolean
}

function readSlice(cursor: Iterable<{ key: Uint8Array; value: Uint8Array }>): SliceRow[] {
  const slice: SliceRow[] = []
  let bytes = 0
  for (const { key, value } of cursor) {
    bytes += value.length
    slice.push({ key: Uint8Array.from(key), value: decodeValue(value), full: bytes >= SLICE_BYTES })
    if (bytes >= SLICE_BYTES) break
  }
  return slice
}

function isWithin(key: Uint8Array, from: Uint8Array, to: Uint8Array): boolean {
  return compareBytes(from, key) <= 0 && compareBytes(key, to) < 0
}

function text(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
