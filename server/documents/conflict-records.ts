/** Turns what decide-write held back into conflict records. */
import type { Conflict } from '../../protocol/conflicts.js'
import type { FileHead } from '../../protocol/files.js'
import { conflictId, type Author, type WriteId } from '../../protocol/ids.js'
import { toWire } from './content.js'
import type { ConflictDraft } from './decide-write.js'
import type { PositionOf } from './file-document.js'

export interface ConflictContext {
  readonly head: FileHead
  readonly baseRev: number
  readonly writeId: WriteId
  readonly writer: Author
  /** Author of the head that the write met. */
  readonly incumbent: Author
  readonly position: PositionOf
  readonly now: () => number
  readonly newId: () => string
}

export function conflictRecord(draft: ConflictDraft, context: ConflictContext): Conflict {
  const { head, baseRev, writeId, writer, incumbent, position } = context
  const writerIsHeld = draft.reason === 'overlap' || draft.held === 'writer'
  const common = {
    id: conflictId.parse(context.newId()),
    path: head.path,
    fileId: head.id,
    baseRev,
    rev: head.rev,
    authors: writerIsHeld ? { ours: incumbent, theirs: writer } : { ours: writer, theirs: incumbent },
    writeId,
    time: context.now(),
    state: 'open' as const,
  }
  if (draft.reason !== 'overlap') {
    return { ...common, reason: draft.reason, theirs: draft.theirs === null ? null : toWire(draft.theirs) }
  }
  const { base, ours, theirs, from, to } = draft
  // The range clings to its own characters: what is inserted at its ends is outside.
  const range = { start: position(from, 'after'), end: position(to, 'before') }
  return { ...common, reason: 'overlap', base, ours, theirs, range }
}
