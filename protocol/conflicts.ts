/**
 * Conflicts: what two authors did to the same place, kept as data until someone decides.
 *
 * `ours` is the incumbent, which stays in the live text; `theirs` is what is held. People see the authors' names.
 */
import { z } from 'zod'
import { author, conflictId, fileId, writeId } from './ids.js'
import { fileContent, revision, timestamp } from './files.js'
import { workspacePath } from './paths.js'

/** A Y.RelativePosition as JSON: it stays with its characters while the text around it moves. */
export const relativePosition = z.record(z.string(), z.unknown())

const text = {
  /** Both changed the same lines. The three texts are the region's; `range` is where `ours` stands. */
  reason: z.literal('overlap'),
  base: z.string(),
  ours: z.string(),
  theirs: z.string(),
  range: z.object({ start: relativePosition, end: relativePosition }),
}
const whole = {
  /**
   * `create`: both made this path, with different content. `delete`: one deleted what the other changed (the change
   * stays). `binary`: bytes cannot be merged. `theirs` null: theirs was the deletion.
   */
  reason: z.enum(['create', 'delete', 'binary']),
  theirs: fileContent.nullable(),
}
const common = {
  id: conflictId,
  path: workspacePath,
  fileId,
  /** The revision that theirs was written upon; 0 where it knew none. */
  baseRev: revision,
  /** The revision at which the conflict was raised. */
  rev: revision,
  authors: z.object({ ours: author, theirs: author }),
  writeId,
  time: timestamp,
  state: z.enum(['open', 'resolved']),
}
export const conflict = z.discriminatedUnion('reason', [
  z.object({ ...common, ...text }),
  z.object({ ...common, ...whole }),
])
export type Conflict = z.infer<typeof conflict>
