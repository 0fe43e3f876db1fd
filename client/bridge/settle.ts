/**
 * When a changed file may be read: a writer that writes in place truncates first and writes then, perhaps in pieces, and
 * nothing says when it is done.
 *
 * 1. A file that was renamed to its place after its last write is complete: read at once.
 * 2. Any other is read when it has been quiet for `quiet`.
 * 3. One that has become empty, or was made empty, is believed only after TRUNCATED_QUIET: it may have been truncated just now.
 *    So is one of which, in place, less than half is there: the rest may be on its way. The date of an empty one proves
 *    nothing: while a file is being truncated it is empty under its old date for a moment (ext4 sets the date last), so that
 *    only our own watching counts. For the same reason a date counts at all only where it is new.
 * 4. One that never rests is read anyway after LONGEST_WAIT, unless it is empty: constant writes can't starve others. A large
 *    one may change in every reading; it is then said to be left out, and tried less and less often (disk-looks.ts).
 */
import type { FileSight, Stamp } from './stamp.js'

/** Longer than any pause between truncating and writing that was seen (up to 200). In milliseconds. */
export const TRUNCATED_QUIET = 300
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
  /** Of the file as it was last read or written there; undefined: there was none, empty: it could have changed under it. */
  readonly known: Stamp | undefined
  readonly unsettled: Unsettled | undefined
  /** By the clock that dates files. In milliseconds since 1970. */
  readonly now: number
  /** Milliseconds by a clock that nobody can set; the one of `unsettled`. */
  readonly elapsed: number
  /** In milliseconds. */
  readonly quiet: number
}

/** 0: read now. Else look again after so many milliseconds. */
export function settleWait({ sight, known, unsettled, now, elapsed, quiet }: SettleFacts): number {
  const watched = unsettled?.stamp === sight.stamp ? elapsed - unsettled.since : 0
  if (sight.size === 0) return Math.max(0, Math.ceil(TRUNCATED_QUIET - watched))
  const pause = isShrunk(sight, known) ? TRUNCATED_QUIET : quiet
  const changed = Number((sight.mtimeNs > sight.ctimeNs ? sight.mtimeNs : sight.ctimeNs) / 1_000_000n)
  const rest = isNewDate(sight, known) ? Math.max(watched, now - changed) : watched
  const isRenamed = inodeOf(known) !== sight.inode && sight.ctimeNs > sight.mtimeNs
  if (isRenamed || rest >= pause) return 0
  if (unsettled !== undefined && isNeverAtRest(unsettled, elapsed)) return 0
  return Math.ceil(pause - rest)
}

/** @param elapsed milliseconds by the clock of `unsettled` */
export function isNeverAtRest(unsettled: Unsettled, elapsed: number): boolean {
  return elapsed - unsettled.first >= LONGEST_WAIT
}

function isNewDate({ mtimeNs, ctimeNs }: FileSight, known: Stamp | undefined): boolean {
  return known === undefined || (known !== '' && !known.endsWith(`:${mtimeNs}:${ctimeNs}`))
}

function isShrunk({ inode, size }: FileSight, known: Stamp | undefined): boolean {
  return inodeOf(known) === inode && size < Number(known?.split(':')[2]) / 2
}

function inodeOf(known: Stamp | undefined): bigint | undefined {
  return known === undefined || known === '' ? undefined : BigInt(known.slice(0, known.indexOf(':')))
}

export function unsettledNow(sight: FileSight, before: Unsettled | undefined, elapsed: number): Unsettled {
  if (before?.stamp === sight.stamp) return before
  return { stamp: sight.stamp, since: elapsed, first: before?.first ?? elapsed }
}
