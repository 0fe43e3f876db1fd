/**
 * When so much of a folder changes at once that it was rather taken away or put there by accident than written: an unmounted
 * disk, a wrong `rm -rf`, a folder replaced by another, an old commit checked out in one agent's folder while everybody else
 * goes on. Doing the same to everyone's files then waits until someone says so.
 *
 * What only makes new files takes nothing from anyone, and never waits.
 */

/** So many may always be deleted, or overwritten, at once. */
const FREE = 20
/** And this part of all files, unless git does it in an agent's folder. */
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
  if (isEmptied(gone, tracked)) return false
  // What was deleted lately was tracked then: `rm -rf` over a slow disk must not pass slice by slice.
  return gone + recent <= freeOf(tracked + recent)
}

export interface BulkFacts {
  readonly deletions: DeletionFacts
  /** Other content in files that were in step, as of the same moment. */
  readonly overwritten: number
  /** The same of a moment before, without those. */
  readonly recentlyOverwritten: number
  /** All of it happened while git was at work. */
  readonly byGit: boolean
  /** The folder is the one that the server serves: there, a git operation is everybody's. */
  readonly isServed: boolean
}

/** What has to wait for a person, of all that changed at once. */
export interface Verdict {
  readonly holdsDeletions: boolean
  readonly holdsOverwrites: boolean
}

export function judge({ deletions, overwritten, recentlyOverwritten, byGit, isServed }: BulkFacts): Verdict {
  const { gone, tracked } = deletions
  if (byGit && isServed) return { holdsDeletions: isEmptied(gone, tracked), holdsOverwrites: false }
  // To git it is one thing to take a file away and to change it, so that both count together, and wait together. Few are
  // free however large the folder is: a stash or another branch would take from everyone what they have not committed yet.
  if (byGit && gone + overwritten > FREE) return { holdsDeletions: true, holdsOverwrites: true }
  return {
    holdsDeletions: !mayDelete(deletions),
    holdsOverwrites: overwritten + recentlyOverwritten > freeOf(tracked),
  }
}

function isEmptied(gone: number, tracked: number): boolean {
  return gone === tracked && tracked >= EMPTIED_FROM
}

/** How many of so many files may be deleted, or overwritten, at once without asking. */
export function freeOf(tracked: number): number {
  return Math.max(FREE, FREE_PART * tracked)
}
