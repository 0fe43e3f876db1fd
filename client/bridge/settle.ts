/**
 * When a changed file may be read: a writer that writes in place truncates first and writes then, perhaps in pieces, and
 * nothing says when it is done.
 *
 * 1. A file that was renamed to its place after its last write is complete: read at once.
 * 2. Any other is read when it has been quiet for `quiet`.
 * 3. One that has become empty, or was made empty, is believed only after EMPTY_QUIET: it may have been truncated just now.
 * 4. One that never rests is read anyway after LONGEST_WAIT, unless it is empty: constant writes can't starve others.
 */
import type { FileSight, Stamp } from './stamp.js'

/** Longer than any pause between truncating and writing that was seen (up to 200). In milliseconds. */
const EMPTY_QUIET = 300
/** In milliseconds. */
const LONGEST_WAIT = 1000

/** A file that was seen changed and not read yet. */
export interface Unsettled {
  readonly stamp: Stamp
  /** When it was first seen with this stamp. In milliseconds. */
  readonly since: number
  /** When it was first seen changed. */
  readonly first: number
}

export interface SettleFacts {
  readonly sight: FileSight
  /** Of the file that was last read or written there, if any was. */
  readonly inode: bigint | undefined
  readonly unsettled: Unsettled | undefined
  readonly now: number
  /** In milliseconds. */
  readonly quiet: number
}

/** 0: read now. Else look again after so many milliseconds. */
export function settleWait({ sight, inode, unsettled, now, quiet }: SettleFacts): number {
  const same = unsettled?.stamp === sight.stamp
  const changed = Number((sight.mtimeNs > sight.ctimeNs ? sight.mtimeNs : sight.ctimeNs) / 1_000_000n)
  const age = now - changed
  // A file dated in the future says nothing by its date: then only our own watching counts.
  const rest = Math.max(age, same ? now - unsettled.since : 0)
  if (sight.size === 0) return Math.max(0, Math.ceil(EMPTY_QUIET - rest))
  const isRenamed = sight.inode !== inode && sight.ctimeNs > sight.mtimeNs
  if (isRenamed || rest >= quiet) return 0
  if (unsettled !== undefined && now - unsettled.first >= LONGEST_WAIT) return 0
  return Math.ceil(quiet - rest)
}

export function unsettledNow(sight: FileSight, before: Unsettled | undefined, now: number): Unsettled {
  if (before?.stamp === sight.stamp) return before
  return { stamp: sight.stamp, since: now, first: before?.first ?? now }
}
