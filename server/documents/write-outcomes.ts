/**
 * What became of each write, so that a write that is repeated is not carried out again (rule WRITE-4).
 *
 * Rows: ['write', id] the outcome, with the write's fingerprint · ['write-time', time, id] when it was; both are forgotten
 * after a week.
 */
import { createHash } from 'node:crypto'
import { EnsembleError } from '../../protocol/errors.js'
import type { WriteOutcome } from '../../protocol/files.js'
import type { WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'

/** A client that was away for longer compares texts instead of repeating writes. In milliseconds. */
export const OUTCOMES_KEPT = 7 * 24 * 60 * 60 * 1000
/** Old ones are forgotten with every so many new ones, and twice as many at once, so that they run out. */
const SWEEP = 500

interface StoredOutcome {
  /** The fingerprint. */
  readonly of: string
  readonly outcome: Omit<WriteOutcome, 'edits'>
}

/** What is asked for under a write id. */
export interface Asked {
  readonly writeId: WriteId
  readonly path: WorkspacePath
  /** Of what it does; see fingerprintOf. */
  readonly fingerprint: string
}

/**
 * Of what a request does, so that another one under the same write id is told from a repetition. A write's base is not part
 * of it: a writer that was asked for the base's text may come back with another one.
 */
export function fingerprintOf(parts: readonly unknown[], text = ''): string {
  return createHash('sha256').update(JSON.stringify(parts)).update(text).digest('base64url')
}

export function idUsedTwice({ writeId, path }: Asked): EnsembleError {
  return new EnsembleError(
    'E_BAD_REQUEST',
    `The write id ${writeId} was used before, for another write than this of ${path}.`,
    {
      hint: 'Give each write an id of its own; only a repetition of the very same write carries its id.',
    },
  )
}

export class WriteOutcomes {
  readonly #storage: Storage
  readonly #now: () => number
  /** Zero at the start: a server that is started now and then forgets too. */
  #untilSweep = 0

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage
    this.#now = now
  }

  /**
   * The outcome of an earlier try of the same write; without edits, whose texts are gone.
   * @throws EnsembleError E_BAD_REQUEST: the id belongs to another write
   */
  get(asked: Asked): WriteOutcome | undefined {
    const row = stored<StoredOutcome | undefined>(this.#storage.get(['write', asked.writeId]))
    if (row === undefined) return undefined
    if (row.of !== asked.fingerprint) throw idUsedTwice(asked)
    return { ...row.outcome, edits: null }
  }

  /** What became of a write whose id was made of what it does, so that no other one can have it. */
  find(id: WriteId): WriteOutcome | undefined {
    const row = stored<StoredOutcome | undefined>(this.#storage.get(['write', id]))
    return row === undefined ? undefined : { ...row.outcome, edits: null }
  }

  /** Rows that remember an outcome, and forget old ones. */
  rows({ writeId: id, fingerprint: of }: Asked, { edits: _, ...outcome }: WriteOutcome): Row[] {
    const now = this.#now()
    const rows: Row[] = [
      { put: ['write', id], value: { of, outcome } satisfies StoredOutcome },
      { put: ['write-time', now, id], value: true },
    ]
    if (this.#untilSweep-- > 0) return rows
    this.#untilSweep = SWEEP
    const old = { from: ['write-time', 0], to: ['write-time', now - OUTCOMES_KEPT], limit: 2 * SWEEP } as const
    for (const { key } of this.#storage.range(old)) rows.push({ delete: ['write', String(key[2])] }, { delete: key })
    return rows
  }
}
