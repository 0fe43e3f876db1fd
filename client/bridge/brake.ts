/**
 * When so many files are gone at once that they were rather taken away than deleted: an unmounted disk, a wrong `rm -rf`,
 * a folder replaced by another. Deleting them everywhere then waits until someone says so.
 */

/** So many may always be deleted at once. */
const FREE_DELETIONS = 20
/** And this part of all files. */
const FREE_PART = 0.25
/** From here on, a folder of which nothing is left was emptied; fewer files one deletes by hand. */
const EMPTIED_FROM = 3

export interface DeletionFacts {
  /** Gone from the disk and not told to the server yet. */
  readonly gone: number
  /** Told to the server in the last ten seconds. */
  readonly recent: number
  /** Files that were on this disk, those that are gone included. */
  readonly tracked: number
}

/** Whether the files that are gone may be deleted everywhere without asking. */
export function mayDelete({ gone, recent, tracked }: DeletionFacts): boolean {
  if (gone === tracked && tracked >= EMPTIED_FROM) return false
  // What was deleted lately was tracked then: `rm -rf` over a slow disk must not pass slice by slice.
  return gone + recent <= Math.max(FREE_DELETIONS, FREE_PART * (tracked + recent))
}
