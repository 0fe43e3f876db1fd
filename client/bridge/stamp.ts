/**
 * What lstat says about a place, and the stamp by which an unchanged file is recognised without reading it.
 *
 * A stamp only ever saves a reading: two different stamps never mean "changed", the hash says that. Equal stamps mean
 * "unchanged" if the file was already still when it was read (`isRacy`).
 */
import { lstatSync, type BigIntStats } from 'node:fs'
import { codeOf } from './node-error.js'

/** Inode, moment of birth, size, mtime and ctime, in nanoseconds. ctime can't be set back, so a tool that keeps mtime is noticed too. */
export type Stamp = string

export interface FileSight {
  readonly kind: 'file'
  readonly stamp: Stamp
  readonly inode: bigint
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

export type Sight =
  | FileSight
  | { readonly kind: 'folder'; readonly inode: bigint; readonly device: bigint; readonly mode: number }
  | { readonly kind: 'absent' }
  /** An ancestor is a file, not a folder. */
  | { readonly kind: 'under-file' }
  /** A symlink, pipe, socket or device: never synced, never followed. */
  | { readonly kind: 'special' }
  | { readonly kind: 'unreadable'; readonly code: string }

/** A file changed less than this before it was read may change again without a new stamp. Two ticks of a slow kernel clock. */
const RACY_NS = 20_000_000n
/** Where times have whole seconds (FAT, some network disks). */
const COARSE_RACY_NS = 2_000_000_000n
/** By so much a date may lie ahead of our clock and be of this moment. */
const AHEAD_NS = 2_000_000_000n
const SECOND_NS = 1_000_000_000n
const OWNER_EXECUTES = 0o100

/** lstat, as a value. @param place absolute */
export function sightOf(place: string): Sight {
  try {
    const stats = lstatSync(place, { bigint: true, throwIfNoEntry: false })
    return stats === undefined ? { kind: 'absent' } : sightOfStats(stats)
  } catch (thrown) {
    const code = codeOf(thrown) ?? 'UNKNOWN'
    if (code === 'ENOENT') return { kind: 'absent' }
    if (code === 'ENOTDIR') return { kind: 'under-file' }
    return { kind: 'unreadable', code }
  }
}

export function sightOfStats(stats: BigIntStats): Sight {
  if (stats.isDirectory()) {
    return { kind: 'folder', inode: stats.ino, device: stats.dev, mode: Number(stats.mode) }
  }
  if (!stats.isFile()) return { kind: 'special' }
  return {
    kind: 'file',
    stamp: `${stats.ino}:${stats.birthtimeNs}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    inode: stats.ino,
    size: Number(stats.size),
    mode: Number(stats.mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
  }
}

/**
 * What of a stamp stays when a file is renamed, and is no other file's: inodes are used again, moments of birth are not.
 * Where the file system keeps no births, a file is the same that was not written to either. Undefined: it can't be told.
 */
export function identityOf(stamp: Stamp): string | undefined {
  const [inode, birth, size, mtime] = stamp.split(':')
  if (inode === undefined || birth === undefined) return undefined
  return birth === '0' ? `${inode}:0:${size ?? ''}:${mtime ?? ''}` : `${inode}:${birth}`
}

export function isExecutable(mode: number): boolean {
  return (mode & OWNER_EXECUTES) !== 0
}

/**
 * Whether a file seen like this at `now` (milliseconds) could still change without changing its stamp. ctime alone says so:
 * whoever likes sets mtime, also into the future. A ctime far in the future is of a clock that was set back since: the next
 * change will have another one.
 */
export function isRacy({ mtimeNs, ctimeNs }: FileSight, now: number): boolean {
  const coarse = mtimeNs % SECOND_NS === 0n && ctimeNs % SECOND_NS === 0n
  const age = BigInt(Math.floor(now)) * 1_000_000n - ctimeNs
  return age > -AHEAD_NS && age < (coarse ? COARSE_RACY_NS : RACY_NS)
}
