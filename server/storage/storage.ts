/**
 * The storage port: an ordered map of small rows with atomic, durable commits.
 *
 * What every adapter guarantees (test/contracts/storage.ts is the proof):
 * 1. `commit` is all or nothing, and resolves only when its rows are on stable storage.
 * 2. Commits become visible and durable in the order in which they were called.
 * 3. Reads see every commit that has resolved, and nothing of one that was rejected.
 * 4. A value read is a copy: changing it changes nothing stored.
 */

/** The first part names the table; the others identify the row. Numbers sort numerically and before strings. */
export type Key = readonly [table: string, ...rest: (string | number)[]]

/** Anything structured clone carries: plain objects, arrays, strings, numbers, booleans, null and Uint8Array. */
export type Value = unknown

export type Row =
  | { readonly put: Key; readonly value: Value }
  | { readonly delete: Key }
  /** Deletes every row with `from` ≤ key < `to`. */
  | { readonly deleteFrom: Key; readonly to: Key }

export interface RangeOptions {
  /** First key, inclusive. */
  readonly from: Key
  /** Last key, exclusive. */
  readonly to: Key
  readonly reverse?: boolean
  readonly limit?: number
}

export interface Storage {
  /** Rejects with whatever the medium said; the caller decides about retrying (commit-queue.ts). */
  commit(rows: readonly Row[]): Promise<void>
  get(key: Key): Value | undefined
  range(options: RangeOptions): Iterable<{ readonly key: Key; readonly value: Value }>
  /** Waits for commits under way. Can be called twice. */
  close(): Promise<void>
}
