/** Files: the tree's nodes, and what a write says and gets back. */
import { z } from 'zod'
import { conflictId, contentHash, fileId, writeId, author } from './ids.js'
import { workspacePath } from './paths.js'

/** Counts per file from 1; every committed change of a file raises it by one. 0 means "no revision". */
export const revision = z.int().nonnegative()
/** Counts the workspace's commits from 1; orders everything that ever happened in it. */
export const sequence = z.int().nonnegative()
/** Milliseconds since 1970-01-01 UTC by the server's clock. */
export const timestamp = z.number().nonnegative()

const format = { bom: z.boolean(), eol: z.enum(['lf', 'crlf']) }

/** What a version of a file has besides its content. */
export const fileForm = { kind: z.enum(['text', 'binary']), executable: z.boolean(), ...format }

/** What the server holds for a path now. A deleted file keeps its head, so that absence is a fact with a revision. */
export const fileHead = z.object({
  id: fileId,
  path: workspacePath,
  ...fileForm,
  deleted: z.boolean(),
  rev: revision,
  /** Of the bytes on disk; of a deleted file: of its last content. */
  hash: contentHash,
  /** Bytes on disk. */
  size: z.int().nonnegative(),
  seq: sequence,
  author,
  time: timestamp,
})
export type FileHead = z.infer<typeof fileHead>

/** A file's content as it travels. */
const textContent = z.object({ kind: z.literal('text'), text: z.string(), ...format })
export const fileContent = z.discriminatedUnion('kind', [
  textContent,
  z.object({ kind: z.literal('binary'), base64: z.base64() }),
])
export type FileContent = z.infer<typeof fileContent>

/** Content on record: a text as it is, bytes by the hash under which the server keeps them. */
export const keptContent = z.discriminatedUnion('kind', [
  textContent,
  z.object({ kind: z.literal('blob'), hash: contentHash, size: z.int().nonnegative() }),
])
export type KeptContent = z.infer<typeof keptContent>

/**
 * The version that a writer started from: a revision and its hash. The server answers `need-base` if it does not hold that
 * version (its store was wiped, say); the writer then repeats the write with the base's text.
 */
export const writeBase = z.object({
  rev: revision,
  hash: contentHash,
  text: z.string().optional(),
  /** Of which file, where the writer knows: then it is that one, whatever it is called by now. */
  id: fileId.optional(),
})
export type WriteBase = z.infer<typeof writeBase>

/** From the bridge of the served folder alone: it was git that changed the file there, which is then the author. */
const by = z.literal('git').optional()

/** Rises with each lock that is granted, for ever: of two tokens the higher one is of the later lock. */
export const lockToken = z.int().positive()
/** Of a lock that the writer holds, or held: a write with one that has ended is treated as a stranger's (rule LOCK-14). */
const fencing = lockToken.optional()

/** `base: null` says: where I am, there was no such file. */
export const writeCommand = z.object({
  writeId,
  path: workspacePath,
  base: writeBase.nullable(),
  content: fileContent,
  executable: z.boolean(),
  /** All or nothing: where any of it would be held, none of it is written. Default false. */
  atomic: z.boolean().optional(),
  lockToken: fencing,
  by,
})
export type WriteCommand = z.infer<typeof writeCommand>

export const deleteCommand = z.object({ writeId, path: workspacePath, base: writeBase, lockToken: fencing, by })
export type DeleteCommand = z.infer<typeof deleteCommand>

/** The file `id`, at `path` as far as the writer knows, is called `to` from now on. */
export const renameCommand = z.object({ writeId, id: fileId, path: workspacePath, to: workspacePath, by })
export type RenameCommand = z.infer<typeof renameCommand>

export const textEdit = z.object({ at: z.int().nonnegative(), removed: z.string(), added: z.string() })

/**
 * A place where both sides of an overlap went in: worth a look. `insertions`: at one point. `adjacent`: lines that touch.
 * `tokens`: words of one line.
 */
export const softReason = z.enum(['insertions', 'adjacent', 'tokens'])

export const softOverlap = z.object({
  reason: softReason,
  /** Lines of the head's text: numbered from 1, `to` included; `to` is `from - 1` where none stand. */
  lines: z.object({ from: z.int().positive(), to: z.int().nonnegative() }),
})
export type SoftOverlap = z.infer<typeof softOverlap>

/**
 * `accepted`: it is the head, as written. `merged`: it is in the head beside others' changes. `conflict`: some of it is
 * held in conflict records, the rest is in the head. `unchanged`: the head was that already.
 */
export const writeOutcome = z.object({
  outcome: z.enum(['accepted', 'merged', 'conflict', 'unchanged']),
  head: fileHead,
  /** Hunks of the write that are in the head, and that are held in `conflicts`. */
  applied: z.int().nonnegative(),
  held: z.int().nonnegative(),
  conflicts: z.array(conflictId),
  /** Absent: none. */
  soft: z.array(softOverlap).optional(),
  /** From the text as written to the head's text; null where either is not text. */
  edits: z.array(textEdit).nullable(),
})
export type WriteOutcome = z.infer<typeof writeOutcome>
export const writeResult = z.discriminatedUnion('outcome', [
  writeOutcome,
  z.object({ outcome: z.literal('need-base') }),
])
export type WriteResult = z.infer<typeof writeResult>
