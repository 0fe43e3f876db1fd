/** What a client keeps across restarts: rows of text, by key. Node keeps them in a file, a page in IndexedDB. */

/** A row; `value` null removes it. */
export interface Change {
  readonly key: string
  readonly value: string | null
}

export interface ClientStore {
  /** Every row, once, before the first `write`. */
  load(): Promise<ReadonlyMap<string, string>>
  /**
   * All of `changes` or none of them, after those of every earlier call. Resolved: they outlive the process.
   * Rejects with an EnsembleError, as E_STORAGE_FULL; what was asked before and after is not touched by that.
   */
  write(changes: readonly Change[]): Promise<void>
  /** After what was written before. Can be called twice. */
  close(): Promise<void>
}

/** Keeps nothing beyond the process. */
export function openMemoryStore(rows = new Map<string, string>()): ClientStore {
  return {
    load: () => Promise.resolve(new Map(rows)),
    write: (changes) => {
      for (const { key, value } of changes) {
        if (value === null) rows.delete(key)
        else rows.set(key, value)
      }
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}
