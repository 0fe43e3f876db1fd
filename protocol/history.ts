/** History: how a file came to be what it is, who wrote which line of it, and what of it is to be taken back. */
import { z } from 'zod'
import { author, conflictId, writeId } from './ids.js'
import { fileContent, fileHead, revision, timestamp } from './files.js'
import { workspacePath } from './paths.js'
import { revisionEntry } from './revisions.js'

const lines = z.int().nonnegative()
const lineNumber = z.int().positive()

/** A revision without the texts of its edits. */
export const historyEntry = revisionEntry.omit({ fileId: true, edits: true })
export type HistoryEntry = z.infer<typeof historyEntry>

/** Newest first, before the revision `before`; `limit` is 50 unless told, `author` leaves out everyone else's. */
export const historyQuery = z.object({
  path: workspacePath,
  before: revision.optional(),
  limit: z.int().min(1).max(1000).optional(),
  author: author.optional(),
})
export type HistoryQuery = z.infer<typeof historyQuery>

export const historyPage = z.object({
  head: fileHead,
  entries: z.array(historyEntry),
  /** What `before` of the next page is; null: that was all. */
  next: revision.nullable(),
})
export type HistoryPage = z.infer<typeof historyPage>

export const versionQuery = z.object({ path: workspacePath, rev: revision.min(1) })
export type VersionQuery = z.infer<typeof versionQuery>

/** `content` is null where the revision deleted the file. */
export const fileVersion = z.object({ entry: revisionEntry, content: fileContent.nullable() })
export type FileVersion = z.infer<typeof fileVersion>

/** Of the head, or of `rev`; lines `from` up to and with `to`, at most 5,000 of them. */
export const blameQuery = z.object({
  path: workspacePath,
  rev: revision.min(1).optional(),
  from: lineNumber.optional(),
  to: lineNumber.optional(),
})
export type BlameQuery = z.infer<typeof blameQuery>

export const blamedLine = z.object({
  line: lineNumber,
  /** Without its line end. */
  text: z.string(),
  /** The newest revision that put some of its text there. */
  rev: revision,
  author,
  time: timestamp,
  /** Everyone whose text is in it, `author` among them. */
  authors: z.array(author),
})
export type BlamedLine = z.infer<typeof blamedLine>

export const blame = z.object({
  path: workspacePath,
  rev: revision,
  /** Of the whole text. */
  count: lines,
  lines: z.array(blamedLine),
  /** What `from` of the next page is; null: that was all that was asked for. */
  next: lineNumber.nullable(),
})
export type Blame = z.infer<typeof blame>

/** From when on: a time, or, of one file, a revision; that one included. */
export const historySince = z.union([z.object({ time: timestamp }), z.object({ rev: revision.min(1) })])
export type HistorySince = z.infer<typeof historySince>

/** Whose or which revisions are to be taken back. */
export const revertTarget = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('author'),
    author,
    /** Null: every file. */
    path: workspacePath.nullable(),
    /** Null: from the beginning. */
    since: historySince.nullable(),
  }),
  z.object({ kind: z.literal('revision'), path: workspacePath, rev: revision.min(1) }),
  /** The newest revision of the author, or of anyone, in the file, or in any. One of the two is named. */
  z.object({ kind: z.literal('last'), author: author.nullable(), path: workspacePath.nullable() }),
])
export type RevertTarget = z.infer<typeof revertTarget>

export const revertCommand = z.object({
  writeId,
  target: revertTarget,
  /** Says what would be done, and does nothing. */
  dryRun: z.boolean(),
})
export type RevertCommand = z.infer<typeof revertCommand>

/**
 * `reverted`: all of it is taken back. `conflict`: some of it is held in `conflicts`, because others have changed the same
 * lines since; the rest is taken back. `nothing`: none of it stands any more.
 */
export const revertedFile = z.object({
  path: workspacePath,
  outcome: z.enum(['reverted', 'conflict', 'nothing']),
  /** The revisions that were taken back: how many, and the newest. */
  revisions: z.int().nonnegative(),
  newest: revision,
  /** The head's revision now; of a dry run: before. */
  rev: revision,
  /** Whether the file is deleted by it. */
  deleted: z.boolean(),
  lines: z.object({ added: lines, removed: lines }),
  held: z.int().nonnegative(),
  conflicts: z.array(conflictId),
})
export type RevertedFile = z.infer<typeof revertedFile>

export const revertResult = z.object({ dryRun: z.boolean(), files: z.array(revertedFile) })
export type RevertResult = z.infer<typeof revertResult>
