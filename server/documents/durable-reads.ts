/**
 * Reads while storage is degraded. What waits to be stored must not be shown, and waiting for it may take for ever; what
 * is stored already can be shown at once (rule SYNC-1).
 */
import type { FileHead } from '../../protocol/files.js'
import type { FileId } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Storage } from '../storage/storage.js'
import type { Content } from './content.js'
import { FileJournal } from './file-journal.js'

/** What `fresh` gives, once all of it is stored; where that can't be waited for, what `stored` reads from storage alone. */
export async function durably<T>(
  queue: CommitQueue,
  fresh: () => T | Promise<T>,
  stored: () => T | Promise<T>,
): Promise<T> {
  if (isDegraded(queue)) return await stored()
  try {
    return await queue.unlessDegraded(async () => {
      const found = await fresh()
      await queue.durable()
      return found
    })
  } catch (error) {
    if (isDegraded(queue)) return await stored()
    throw error
  }
}

function isDegraded(queue: CommitQueue): boolean {
  return queue.state !== 'ok'
}

export class DurableReads {
  readonly #journal: FileJournal
  /** The number of the newest event that is stored. */
  readonly #seq: () => number

  constructor(storage: Storage, seq: () => number) {
    this.#journal = new FileJournal(storage)
    this.#seq = seq
  }

  head(id: FileId): FileHead | undefined {
    return this.#journal.file(id)?.head
  }

  /** Undefined for an unknown or deleted file. */
  file(id: FileId): { readonly head: FileHead; readonly content: Content } | undefined {
    const head = this.head(id)
    if (head === undefined || head.deleted) return undefined
    const content = this.#journal.content(head, id)
    return content === undefined ? undefined : { head, content }
  }

  /**
   * The heads that are stored, with the number of the last change that is in them.
   * @param newest every head; what they say may be on its way to the disk
   */
  tree(newest: Iterable<FileHead>): { readonly seq: number; readonly heads: readonly FileHead[] } {
    const seq = this.#seq()
    const heads: FileHead[] = []
    for (const head of newest) {
      const known = head.seq <= seq ? head : this.head(head.id) // commits are stored in the order of their numbers
      if (known !== undefined) heads.push(known)
    }
    return { seq, heads }
  }
}
