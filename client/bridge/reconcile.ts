/**
 * The one place that decides what becomes of a path, from four facts: what was last in agreement (base), what is on disk,
 * what the server has (head), and whether it may be touched at all.
 *
 * Invariants (bridge.md B3, B5, B8, B14)
 * 1. Only content decides: no time is an argument.
 * 2. `write` and `remove` are said only where the disk holds exactly the base: unseen content goes to the server first.
 * 3. `delete` is said only where a file that was on this disk is seen to be gone, never where it could not be looked at.
 * 4. Once said and done, the same question is answered `nothing`: every decision leads to rest.
 */
import { unreachable } from '../../protocol/errors.js'

/** What two versions have to share to be the same. */
export interface Version {
  readonly hash: string
  readonly executable: boolean
}

/**
 * `live`: it was on this disk and is of this store. `text`: it was on this disk, but the server's store was made anew, or
 * the path was ignored in between: good as the base of a merge, no proof that a missing file was deleted.
 */
export interface Base extends Version {
  readonly standing: 'live' | 'text'
}

export type Disk =
  | ({ readonly kind: 'file' } & Version)
  | { readonly kind: 'absent' }
  /** Can't be read, is a symlink or too large, lies under a file, or is being written: nobody knows what it holds. */
  | { readonly kind: 'unknown' }

export interface Head extends Version {
  readonly deleted: boolean
}

export interface Facts {
  /** Null: nothing was ever in agreement here. */
  readonly base: Base | null
  readonly disk: Disk
  /** Null: the server never heard of the path. */
  readonly head: Head | null
  readonly ignored: boolean
  /**
   * Where the file of the base is on the server: `here`; `elsewhere`, because it was renamed, and `head` is its; or there and
   * already on this disk as well, so that what is here is `left` over.
   */
  readonly file?: 'here' | 'elsewhere' | 'left'
}

export type Decision =
  | { readonly kind: 'nothing' }
  /** Disk and head are the same: remember that. */
  | { readonly kind: 'adopt' }
  /** Give the disk's version to the server, written upon the base, or upon nothing. */
  | { readonly kind: 'submit'; readonly upon: 'base' | 'nothing' }
  /** Tell the server that the file was deleted here. */
  | { readonly kind: 'delete' }
  /** Put the head on disk; the disk must still be as in the facts when that happens. */
  | { readonly kind: 'write' }
  /** Take the file off the disk, under the same condition. */
  | { readonly kind: 'remove' }
  /** Carry the file to where the server has it, whatever it holds. */
  | { readonly kind: 'move' }
  /** The base has served: neither side has the file. */
  | { readonly kind: 'forget' }
  /** Ignored from now on: stays where it is, is looked at no more; the base keeps only its text's value. */
  | { readonly kind: 'untrack' }

const NOTHING: Decision = { kind: 'nothing' }

export function reconcile({ base, disk, head, ignored, file = 'here' }: Facts): Decision {
  if (ignored) return base?.standing === 'live' ? { kind: 'untrack' } : NOTHING
  if (base !== null && head !== null && file !== 'here') return renamed(base, disk, head, file)
  switch (disk.kind) {
    case 'unknown':
      return NOTHING
    case 'absent':
      if (head === null || head.deleted) return base === null ? NOTHING : { kind: 'forget' }
      return base?.standing === 'live' ? { kind: 'delete' } : { kind: 'write' }
    case 'file':
      return head === null || head.deleted ? withoutHead(base, disk, head) : withHead(base, disk, head)
    default:
      return unreachable(disk)
  }
}

/** The server has the file under another name: an edit that was made here goes to it, and this name is given up. */
function renamed(base: Base, disk: Disk, head: Head, file: 'elsewhere' | 'left'): Decision {
  if (disk.kind === 'unknown') return NOTHING
  if (disk.kind === 'absent') return { kind: head.deleted || file === 'left' ? 'forget' : 'delete' }
  if (!head.deleted && file === 'elsewhere') return { kind: 'move' }
  return isSame(base, disk) ? { kind: 'remove' } : { kind: 'submit', upon: 'base' }
}

function withHead(base: Base | null, disk: Version, head: Version): Decision {
  if (isSame(disk, head)) return base?.standing === 'live' && isSame(base, head) ? NOTHING : { kind: 'adopt' }
  if (base === null) return { kind: 'submit', upon: 'nothing' }
  return isSame(base, disk) ? { kind: 'write' } : { kind: 'submit', upon: 'base' }
}

function withoutHead(base: Base | null, disk: Version, head: Head | null): Decision {
  // Of a store that never had the file, or saw it end before this base: here it simply exists.
  if (base?.standing !== 'live' || head === null) return { kind: 'submit', upon: 'nothing' }
  return isSame(base, disk) ? { kind: 'remove' } : { kind: 'submit', upon: 'base' }
}

function isSame(a: Version, b: Version): boolean {
  return a.hash === b.hash && a.executable === b.executable
}
