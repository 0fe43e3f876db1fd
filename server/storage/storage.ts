/**
 * The storage port: an ordered map of small rows with atomic, durable commits.
 *
 * What every adapter guarantees (test/contracts/storage.ts is the proof):
 * 1. `commit` is all or nothing, and resolves only when its rows are on stable storage.
 * 2. Commits become visible and durable in the order in which they were called.
 * 3. Reads see every commit that has resolved, and nothing of one that was rejected.
 * 4. A value read is a copy: changing it changes nothing stored. A value handed to `commit` is taken over at the call.
 * 5. Rows are idempotent: a commit whose outcome is unknown may be repeated as it is.
 */

/**
 * The first part names the table; the others identify the row. Order is by part: numbers come before strings, numbers
 * sort numerically, strings by code point, and a key comes before the keys that it begins. A key is short (an id, not a
 * text): at most 1,978 bytes encoded (keys.ts), NaN is none.
 */
export type Key = readonly [table: string, ...rest: (string | number)[]]

/**
 * Anything structured clone carries: plain objects, arrays, strings, numbers, booleans, null and Uint8Array.
 * Not `undefined`, which is what `get` answers for a row that is not there.
 */
export type Value = unknown

export type Row =
  | { readonly put: Key; readonly value: Value }
  | { readonly delete: Key }
  /** Deletes every row with `deleteFrom` ≤ key < `to`. Costs a step on the event loop for each row it finds. */
  | { readonly deleteFrom: Key; readonly to: Key }

export interface RangeOptions {
  /** First key, inclusive. */
  readonly from: Key
  /** Last key, exclusive. */
  readonly to: Key
  /** Starts at the last key; default false. */
  readonly reverse?: boolean
  /** At most so many rows; default all. */
  readonly limit?: number
}

export interface Storage {
  /** Rows take effect in their order. Rejects with what the medium said; commit-queue.ts decides about retrying. */
  commit(rows: readonly Row[]): Promise<void>
  /** `undefined` when there is no such row. */
  get(key: Key): Value
  /** Rows are read while they are taken: a consumer that awaits in between may meet rows committed meanwhile. */
  range(options: RangeOptions): Iterable<{ readonly key: Key; readonly value: Value }>
  /** Waits for commits under way; later calls of anything else fail. Can be called twice. */
  close(): Promise<void>
}
