/** What a bridge remembers on its own disk; every row is parsed when the store is opened. */
import { z } from 'zod'
import { revision, type FileHead } from '../../protocol/files.js'
import { contentHash, fileId, workspaceId, writeId } from '../../protocol/ids.js'
import { workspacePath } from '../../protocol/paths.js'

/** A version as the server knows it; `rev` 0: the server never had exactly this text, so it has to be sent along. */
const knownVersion = z.object({
  rev: revision,
  hash: contentHash,
  /** Of which file: it may be called otherwise by now. */
  id: fileId.optional(),
})
export type KnownVersion = z.infer<typeof knownVersion>

const diskVersion = knownVersion.extend({
  /** A program of this folder wrote it. Without: the bridge put it on the disk. */
  own: z.literal(true).optional(),
})

export const baseRow = diskVersion.extend({
  fileId,
  /** The contents of texts are kept: a merge may need them. */
  kind: z.enum(['text', 'binary']),
  standing: z.enum(['live', 'text']),
  executable: z.boolean(),
  /** Of the file when it was read or written as this version; empty: read it again. */
  stamp: z.string(),
  /** Versions that were on this disk before, newest first, and may still be in some program's memory. */
  earlier: z.array(diskVersion),
})
export type BaseRow = z.infer<typeof baseRow>

/** The version of a base, for the server. */
export function versionOf({ rev, hash, fileId: id }: BaseRow): KnownVersion {
  return { rev, hash, id }
}

/** Of `earlier`. */
const MAX_EARLIER = 7

/** What `earlier` is for a version with this hash that follows upon `row`. */
export function earlierOf(row: BaseRow | undefined, hash: string): BaseRow['earlier'] {
  if (row === undefined || row.hash === hash) return row?.earlier ?? []
  const last = { rev: row.rev, hash: row.hash, ...(row.own && { own: row.own }) }
  return [last, ...row.earlier].slice(0, MAX_EARLIER)
}

export function rowOf(head: FileHead): Omit<BaseRow, 'stamp' | 'earlier'> {
  const { id, kind, rev, hash, executable } = head
  return { fileId: id, kind, standing: 'live', rev, hash, executable }
}

/** What a row of an ignored path, or of another store's, is still good for: the text under its hash. */
export function asText(row: BaseRow): BaseRow {
  return { ...row, standing: 'text', rev: 0, earlier: [] }
}

/** Set where it was git that changed the file. */
const by = z.literal('git').optional()

/** A write, deletion or rename that was begun and not yet answered: sent again, as it is, until it is. */
export const pendingRow = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('write'),
    writeId,
    base: knownVersion.nullable(),
    hash: contentHash,
    executable: z.boolean(),
    by,
  }),
  z.object({ kind: z.literal('delete'), writeId, base: knownVersion, by }),
  z.object({ kind: z.literal('rename'), writeId, id: fileId, to: workspacePath, by }),
])
export type PendingRow = z.infer<typeof pendingRow>

/** Written before a file's place is touched, removed when what stood there is known to be safe. */
export const intentRow = z.object({
  path: workspacePath,
  /** Of a file that is carried from there to `path`, with whatever it holds; `inode` is its own. Null: it is no such. */
  from: z.string().nullable().default(null),
  /** `placing`: nobody knows whether it happened. `placed`: it did, the base row says so; only `old` is still watched. */
  phase: z.enum(['placing', 'placed']),
  /** Below the root, so that a copy of the folder has its own; gone once it was renamed to its place. Null for a removal. */
  temporary: z.string().nullable(),
  /** Of the temporary file, in decimal: an inode is more than a number can hold. */
  inode: z.string().nullable(),
  /** What stood there before; its inode lives on at `file` for a while. Null where nothing stood there. */
  old: z
    .object({
      /** Below the root. */
      file: z.string(),
      /** What the inode held when it was last looked at and the server knew of it. */
      version: knownVersion,
      executable: z.boolean(),
      /** What somebody wrote into it since, on its way to the server: sent again, as it is, until it is answered. */
      sending: z.object({ writeId, hash: contentHash }).nullable().default(null),
    })
    .nullable(),
  /** What the place holds when it is done; null: nothing. */
  next: baseRow.nullable(),
})
export type IntentRow = z.infer<typeof intentRow>

/** Null: no server yet. */
export const metaRow = z.object({ workspaceId: workspaceId.nullable() })
export type MetaRow = z.infer<typeof metaRow>
