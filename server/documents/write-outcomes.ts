/**
 * What became of each write, so that a write that is repeated is not carried out again (rule WRITE-4).
 *
 * Rows: ['write', id] the outcome · ['write-time', time, id] when it was; both are forgotten after a week.
 */
import type { WriteOutcome } from '../../protocol/files.js'
import type { WriteId } from '../../protocol/ids.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'

/** A client that was away for longer compares texts instead of repeating writes. In milliseconds. */
export const OUTCOMES_KEPT = 7 * 24 * 60 * 60 * 1000
/** Old ones are forgotten with every so many new ones, and twice as many at once, so that they run out. */
const SWEEP = 500

export class WriteOutcomes {
  readonly #storage: Storage
  readonly #now: () => number
  /** Zero at the start: a server that is started now and then forgets too. */
  #untilSweep = 0

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage
    this.#now = now
  }

  /** The outcome of an earlier try of the same write; without edits, whose texts are gone. */
  get(id: WriteId): WriteOutcome | undefined {
    const outcome = stored<Omit<WriteOutcome, 'edits'> | undefined>(this.#storage.get(['write', id]))
    return outcome === undefined ? undefined : { ...outcome, edits: null }
  }

  /** Rows that remember an outcome, and forget old ones. */
  rows(id: WriteId, { edits: _, ...outcome }: WriteOutcome): Row[] {
    const now = this.#now()
    const rows: Row[] = [
      { put: ['write', id], value: outcome },
      { put: ['write-time', now, id], value: true },
    ]
    if (this.#untilSweep-- > 0) return rows
    this.#untilSweep = SWEEP
    const old = { from: ['write-time', 0], to: ['write-time', now - OUTCOMES_KEPT], limit: 2 * SWEEP } as const
    for (const { key } of this.#storage.range(old)) rows.push({ delete: ['write', String(key[2])] }, { delete: key })
    return rows
  }
}
