/** How long a writer waits for a disk that fails. */
import { EnsembleError } from '../../protocol/errors.js'
import type { WriteId } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'

/** A disk that fails for a moment is no matter; whoever waits longer is told. In milliseconds. */
const PATIENCE = 2_000

/**
 * The outcome of a write; or, when storage has failed for a while, E_STORAGE_DEGRADED with `data.waits`: the write stays
 * accepted, is stored as soon as that is possible, and its id then gives the outcome (rule WRITE-10).
 */
export function answerInTime<T>(queue: CommitQueue, writing: Promise<T>, writeId: WriteId): Promise<T> {
  return queue.unlessDegraded(() => writing, { patience: PATIENCE, refusal: (reason) => notYet(reason, writeId) })
}

function notYet({ message }: EnsembleError, writeId: WriteId): EnsembleError {
  return new EnsembleError('E_STORAGE_DEGRADED', `This write is accepted, and waits to be stored. ${message}`, {
    hint: 'It is stored by itself as soon as there is room; repeated with the same write id it gives its outcome.',
    data: { waits: true, writeId },
  })
}
