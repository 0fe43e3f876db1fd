/**
 * Conflicts: what two authors did to the same place, kept as data until someone decides.
 *
 * `ours` is the incumbent, which stays in the live text; `theirs` is what is held. People see the authors' names.
 */
import { z } from 'zod'
import { agentId, author, conflictId, fileId, lockId, writeId } from './ids.js'
import { fileContent, keptContent, revision, timestamp } from './files.js'
import { workspacePath } from './paths.js'

/** A Y.RelativePosition as JSON: it stays with its characters while the text around it moves. */
export const relativePosition = z.record(z.string(), z.unknown())

export const conflictReason = z.enum(['overlap', 'lock', 'create', 'delete', 'binary'])

/** `ours`: what stands. `theirs`: what is held. `both`: ours, then theirs. `text`: what the resolver brought. */
export const conflictOutcome = z.enum(['ours', 'theirs', 'both', 'text', 'superseded'])
export type ConflictOutcome = z.infer<typeof conflictOutcome>

/** How a conflict ended. */
export const resolution = z.object({
  outcome: conflictOutcome,
  by: author,
  time: timestamp,
  /** The file's revision with which it ended. */
  rev: revision,
  /** Of the request that decided, or of the write that made it pointless; null for a live edit. */
  writeId: writeId.nullable(),
})
export type Resolution = z.infer<typeof resolution>

/** What a resolver asks for. Of an overlap `content` is the region's text, of any other conflict the whole file's. */
export const conflictChoice = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['ours', 'theirs', 'both']) }),
  z.object({ kind: z.literal('text'), content: fileContent }),
])
export type ConflictChoice = z.infer<typeof conflictChoice>

export const resolveCommand = z.object({ id: conflictId, writeId, choice: conflictChoice })
export type ResolveCommand = z.infer<typeof resolveCommand>
export const materializeCommand = z.object({ id: conflictId, writeId })
export type MaterializeCommand = z.infer<typeof materializeCommand>

const text = {
  /**
   * `overlap`: both changed the same lines. `lock`: the lines were locked for someone else. The three texts are the region's;
   * `range` is where `ours` stands.
   */
  reason: z.enum(['overlap', 'lock']),
  base: z.string(),
  ours: z.string(),
  theirs: z.string(),
  range: z.object({ start: relativePosition, end: relativePosition }),
  /** Where the region began, as an offset in the text of revision `rev`: the way back to it when its characters are gone. */
  stands: z.object({ rev: revision, at: z.int().nonnegative() }),
  /** What stands in the region since someone asked for markers, verbatim. Absent: `ours`. */
  markers: z.string().optional(),
}
const whole = {
  /**
   * `create`: both made this path, with different content. `delete`: one deleted what the other changed (the change
   * stays). `binary`: bytes cannot be merged. `theirs` null: theirs was the deletion.
   */
  reason: z.enum(['create', 'delete', 'binary']),
  theirs: keptContent.nullable(),
  /** Whose side was written first. What stands is the later one where it came back, or replaced bytes. */
  first: z.enum(['ours', 'theirs']),
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
  /** The write that raised it; null: a live edit. */
  writeId: writeId.nullable(),
  time: timestamp,
  /** `resolved`: someone decided. `superseded`: someone who knew of it wrote something else there. */
  state: z.enum(['open', 'resolved', 'superseded']),
  /** The lock for whose sake theirs is held; absent where none was. */
  lock: z.object({ id: lockId, holder: agentId }).optional(),
  /** Absent while it is open. */
  resolution: resolution.optional(),
}
export const conflict = z.discriminatedUnion('reason', [
  z.object({ ...common, ...text }),
  z.object({ ...common, ...whole }),
])
export type Conflict = z.infer<typeof conflict>
export type Overlap = Extract<Conflict, { reason: 'overlap' | 'lock' }>

/** Whether a conflict is of lines, not of a whole file. */
export function isOfLines<C extends { readonly reason: string }>(
  conflict: C,
): conflict is Extract<C, { readonly reason: 'overlap' | 'lock' }> {
  return conflict.reason === 'overlap' || conflict.reason === 'lock'
}

/** Whole lines of the text as it is now: numbered from 1, `to` included; `to` is `from - 1` where nothing stands. */
export const lineRange = z.object({ from: z.int().positive(), to: z.int().nonnegative() })
export type LineRange = z.infer<typeof lineRange>

/**
 * A conflict. `now`: what stands in its region; null where its characters are gone, or it is of the whole file. `held`: what
 * is held of a whole file, bytes included; null where that is a deletion, or it is of lines.
 */
export const shownConflict = z.object({
  conflict,
  now: z.object({ lines: lineRange, text: z.string() }).nullable(),
  held: fileContent.nullable(),
})
export type ShownConflict = z.infer<typeof shownConflict>

/** Which conflicts to list. Default: the open ones of every path. */
export const conflictFilter = z.object({
  state: z.enum(['open', 'all']).optional(),
  path: workspacePath.optional(),
})
export type ConflictFilter = z.infer<typeof conflictFilter>
