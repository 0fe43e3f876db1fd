/**
 * Locks as rows, so that they outlive the server: ['lock', id] StoredLease · ['meta', 'lockToken'] the highest token.
 *
 * Times are of the wall clock there. A region stands in the text of the revision that is named; on the way back it is mapped
 * through what the journal has since then.
 */
import type { FileHead } from '../../protocol/files.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { FileId } from '../../protocol/ids.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { rowsUnder } from '../storage/keys.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import type { Lease } from './blockers.js'
import { EMPTY_TABLE, type LockTable } from './lock-table.js'
import { mapSpan } from './span.js'

type StoredLease = Omit<Lease, 'since' | 'expires'> & {
  /** Milliseconds since 1970. */
  readonly acquiredAt: number
  readonly expiresAt: number
  /** Milliseconds that it had left when it was stored. */
  readonly left: number
  /** Of the file whose text the region stands in; null: the path holds none. */
  readonly fileId: FileId | null
  readonly rev: number
}

/** Both clocks at one moment. */
export interface Moment {
  readonly time: number
  readonly elapsed: number
}

export function leaseRow({ since, expires, ...lease }: Lease, head: FileHead | undefined, now: Moment): Row {
  const value: StoredLease = {
    ...lease,
    acquiredAt: now.time - (now.elapsed - since),
    expiresAt: now.time + (expires - now.elapsed),
    left: expires - now.elapsed,
    fileId: head?.id ?? null,
    rev: head?.rev ?? 0,
  }
  return { put: ['lock', lease.id], value }
}

export function forgetRow({ id }: Lease): Row {
  return { delete: ['lock', id] }
}

export function tokenRow(lastToken: number): Row {
  return { put: ['meta', 'lockToken'], value: lastToken }
}

export interface Texts {
  readonly head: (path: WorkspacePath) => FileHead | undefined
  readonly entry: (id: FileId, rev: number) => RevisionEntry | undefined
}

/** What was held when the server ended; what has run out meanwhile is still in it, and ends with the first command. */
export function loadTable(storage: Storage, texts: Texts, now: Moment): LockTable {
  const leases = new Map<Lease['id'], Lease>()
  for (const { value } of storage.range(rowsUnder(['lock']))) {
    const { acquiredAt, expiresAt, left: most, fileId, rev, ...rest } = stored<StoredLease>(value)
    // The wall clock may have been set meanwhile: nobody holds anything for longer than it was given.
    const left = Math.min(most, expiresAt - now.time)
    const lease = { ...rest, since: now.elapsed - Math.max(0, now.time - acquiredAt), expires: now.elapsed + left }
    leases.set(lease.id, fileId === null ? lease : catchUp(lease, fileId, rev, texts))
  }
  const lastToken = stored<number | undefined>(storage.get(['meta', 'lockToken'])) ?? 0
  return { ...EMPTY_TABLE, lastToken, leases }
}

function catchUp(lease: Lease, id: FileId, rev: number, { head, entry }: Texts): Lease {
  const now = head(lease.path)
  if (lease.span === null || now?.id !== id) return lease
  let { span } = lease
  for (let at = rev + 1; at <= now.rev; at++) {
    const { edits, author } = entry(id, at) ?? { edits: null, author: 'DISK' }
    if (edits !== null) span = mapSpan(span, edits, author === lease.holder)
  }
  return { ...lease, span }
}
