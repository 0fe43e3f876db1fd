/**
 * Reads files so that what comes out was the whole content of the file at one moment.
 *
 * A reading is taken only if the file's stat was the same before and after it. A file that changed so recently that it
 * could change again under the same stamp gets no stamp: whoever keeps the reading looks again (`lookAgain`).
 */
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { contentHash, type ContentHash } from '../../protocol/ids.js'
import { codeOf } from './node-error.js'
import { isExecutable, isRacy, sightOfStats, type FileSight, type Stamp } from './stamp.js'
import type { Timers } from './ports.js'

/** Up to here a file is read in one go: about 0.3 ms, less than a way over the thread pool and back. In bytes. */
const SMALL_BYTES = 256 * 1024
/** Hashed between two turns of the event loop: about 2 ms. In bytes. */
const HASH_SLICE = 1024 * 1024

export type Reading =
  | {
      readonly kind: 'file'
      readonly hash: ContentHash
      readonly executable: boolean
      /** Empty where the same stamp could still come to mean another content. */
      readonly stamp: Stamp
      readonly inode: bigint
      readonly bytes: Uint8Array
    }
  /** It changed meanwhile, or is gone. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'unreadable'; readonly code: string }

/** Never blocks on a pipe, never follows a link that was put there meanwhile. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** @param sight of the place, just now */
export async function readFile(place: string, sight: FileSight, now: number, timers: Timers): Promise<Reading> {
  return sight.size <= SMALL_BYTES ? readSmallFile(place, sight, now) : readLargeFile(place, sight, now, timers)
}

/** As readFile, at once. For files that `isSmall`. */
export function readSmallFile(place: string, sight: FileSight, now: number): Reading {
  try {
    const descriptor = openSync(place, FLAGS)
    try {
      const bytes = Buffer.allocUnsafeSlow(sight.size)
      let done = 0
      while (done < bytes.length) {
        const count = readSync(descriptor, bytes, done, bytes.length - done, done)
        if (count === 0) return { kind: 'changed' }
        done += count
      }
      const after = sightOfStats(fstatSync(descriptor, { bigint: true }))
      if (after.kind !== 'file' || after.stamp !== sight.stamp) return { kind: 'changed' }
      return reading(hashOf(bytes), after, bytes, now)
    } finally {
      closeSync(descriptor)
    }
  } catch (thrown) {
    return failure(thrown)
  }
}

export function isSmall(sight: FileSight): boolean {
  return sight.size <= SMALL_BYTES
}

export function hashOf(bytes: Uint8Array): ContentHash {
  return contentHash.parse(createHash('sha256').update(bytes).digest('hex'))
}

async function readLargeFile(place: string, sight: FileSight, now: number, timers: Timers): Promise<Reading> {
  try {
    const file = await open(place, FLAGS)
    try {
      const bytes = await file.readFile()
      const after = sightOfStats(await file.stat({ bigint: true }))
      if (after.kind !== 'file' || after.stamp !== sight.stamp) return { kind: 'changed' }
      return reading(await hashInSlices(bytes, timers), after, bytes, now)
    } finally {
      await file.close()
    }
  } catch (thrown) {
    return failure(thrown)
  }
}

/** As hashOf, without holding the event loop up. */
export async function hashInSlices(bytes: Uint8Array, timers: Timers): Promise<ContentHash> {
  const hash = createHash('sha256')
  for (let from = 0; from < bytes.length; from += HASH_SLICE) {
    if (from > 0) await timers.yield()
    hash.update(bytes.subarray(from, from + HASH_SLICE))
  }
  return contentHash.parse(hash.digest('hex'))
}

function reading(hash: ContentHash, sight: FileSight, bytes: Uint8Array, now: number): Reading {
  const stamp = isRacy(sight, now) ? '' : sight.stamp
  return { kind: 'file', hash, executable: isExecutable(sight.mode), stamp, inode: sight.inode, bytes }
}

function failure(thrown: unknown): Reading {
  const code = codeOf(thrown) ?? 'UNKNOWN'
  // ELOOP: a symlink came in its place. ENXIO, ENODEV: a socket or a device.
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return { kind: 'changed' }
  return { kind: 'unreadable', code }
}
