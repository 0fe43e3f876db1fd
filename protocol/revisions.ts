/** The revision journal: every committed change of a file, with the text that it removed and added. */
import { z } from 'zod'
import { contentHash, fileId, writeId, author } from './ids.js'
import { fileForm, revision, sequence, textEdit, timestamp } from './files.js'
import { workspacePath } from './paths.js'

export const changeType = z.enum(['created', 'modified', 'renamed', 'deleted'])
export type ChangeType = z.infer<typeof changeType>

const lines = z.int().nonnegative()

export const revisionEntry = z.object({
  fileId,
  rev: revision,
  path: workspacePath,
  author,
  time: timestamp,
  seq: sequence,
  change: changeType,
  /** From the text of `rev - 1` to that of `rev`; null where either is not text. */
  edits: z.array(textEdit).nullable(),
  /** Lines that it added and removed, as git counts them; null where either side is not text. */
  lines: z.object({ added: lines, removed: lines }).nullable(),
  hash: contentHash,
  ...fileForm,
  writeId: writeId.nullable(),
})
export type RevisionEntry = z.infer<typeof revisionEntry>
