/** What a failed lmdb commit means, as an error that says whether room on the disk would help. */
import { statfs } from 'node:fs/promises'
import { constants } from 'node:os'
import { EnsembleError } from '../../protocol/errors.js'

const FULL: ReadonlySet<unknown> = new Set([constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EFBIG])

/** lmdb reports the short write of a full disk as EIO; so with less than this many bytes free, full is what it was. */
const NO_ROOM = 1024 * 1024

export async function commitFailure(thrown: unknown, dir: string): Promise<EnsembleError> {
  const cause = await reasonOf(thrown)
  const errno = propertyOf(cause, 'code')
  const free = await freeBytes(dir)
  const data = { dir, free, errno }
  if (FULL.has(errno) || (errno === constants.errno.EIO && free !== undefined && free < NO_ROOM)) {
    return diskFull(dir, data, cause)
  }
  const text = cause instanceof Error ? cause.message : String(cause)
  const message = `A commit to the database in ${dir} failed: ${text}.`
  return new EnsembleError('E_STORAGE_DEGRADED', message, {
    hint: 'Look after the disk; writing is tried again.',
    data,
    cause,
  })
}

export function diskFull(dir: string, data: Readonly<Record<string, unknown>>, cause?: unknown): EnsembleError {
  return new EnsembleError('E_STORAGE_FULL', `The disk of ${dir} is full: a commit was not stored.`, {
    hint: 'Free space on it; writing goes on by itself.',
    data: { dir, ...data },
    cause,
  })
}

/**
 * lmdb rejects a write with "Commit failed" and keeps the reason in a second promise, `commitError`, which ends the
 * process as an unhandled rejection if nobody listens: this is who listens.
 */
async function reasonOf(thrown: unknown): Promise<unknown> {
  const reason = propertyOf(thrown, 'commitError')
  if (!(reason instanceof Promise)) return thrown
  return reason.then(
    () => thrown,
    (cause: unknown) => cause,
  )
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** Undefined: not known. */
export async function freeBytes(dir: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize
  } catch {
    return undefined // the folder itself is gone or out of reach: then the first error is the one to tell
  }
}
