/** Turns what decide-write held back into conflict records. */
import { isOfLines, type Conflict, type LineRange, type Overlap, type ShownConflict } from '../../protocol/conflicts.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { Row } from '../storage/storage.js'
import { conflictId, type Author, type WriteId } from '../../protocol/ids.js'
import { hashOf, toKept } from './content.js'
import type { ConflictDraft, Decision } from './decide-write.js'
import { blobRow } from './file-journal.js'
import type { Places } from './places.js'

export interface ConflictContext {
  readonly head: FileHead
  readonly baseRev: number
  /** Null: a live edit. */
  readonly writeId: WriteId | null
  readonly writer: Author
  /** Author of the head that the write met. */
  readonly incumbent: Author
  /** Null: the file is bytes. */
  readonly places: Places | null
  readonly now: () => number
  readonly newId: () => string
}

export function conflictRecord(draft: ConflictDraft, context: ConflictContext): Conflict {
  const { head, baseRev, writeId, writer, incumbent, places } = context
  const writerIsHeld = isOfLines(draft) || draft.held === 'writer'
  const common = {
    id: conflictId.parse(context.newId()),
    path: head.path,
    fileId: head.id,
    baseRev,
    rev: head.rev,
    authors: writerIsHeld
      ? { ours: draft.lock?.holder ?? incumbent, theirs: writer }
      : { ours: writer, theirs: incumbent },
    writeId,
    time: context.now(),
    state: 'open' as const,
    ...(draft.lock === undefined ? {} : { lock: draft.lock }),
  }
  if (!isOfLines(draft)) {
    const first = writerIsHeld ? 'ours' : 'theirs'
    return { ...common, reason: draft.reason, theirs: draft.theirs === null ? null : toKept(draft.theirs), first }
  }
  if (places === null) throw new Error('lines overlap in texts alone')
  const { base, ours, theirs, from, to } = draft
  return { ...common, reason: draft.reason, base, ours, theirs, ...placeOf(places, head.rev, from, to) }
}

/** Rows of the bytes that a record names, where no revision has them. */
export function heldRows(draft: ConflictDraft): Row[] {
  if (isOfLines(draft) || draft.held === 'incumbent' || draft.theirs?.kind !== 'binary') return []
  return [blobRow(hashOf(draft.theirs.bytes), draft.theirs.bytes)]
}

/** The range clings to its own characters: what is inserted at its ends is outside. */
export function placeOf(places: Places, rev: number, from: number, to: number): Pick<Overlap, 'range' | 'stands'> {
  const range = { start: places.position(from, 'after'), end: places.position(to, 'before') }
  return { range, stands: { rev, at: from } }
}

/** Of `ours` in the text in which the conflict was raised: numbered from 1; null where none stand. */
export function linesOf({ ours, stands }: { ours: string; stands: { at: number } }, text: string): LineRange | null {
  if (ours === '') return null
  const from = 1 + newLines(text.slice(0, stands.at))
  return { from, to: from + newLines(ours.replace(/\n$/, '')) }
}

/** What stands in the region of a conflict now; null where its characters are gone. */
export function regionNow(conflict: Conflict, places: Places): ShownConflict['now'] {
  if (!isOfLines(conflict)) return null
  const place = places.find(conflict)
  if (place === null || place.to < place.from || (place.to === place.from && standsAnything(conflict))) return null
  const text = places.text.slice(place.from, place.to)
  const from = 1 + newLines(places.text.slice(0, place.from))
  return { text, lines: { from, to: text === '' ? from - 1 : from + newLines(text.replace(/\n$/, '')) } }
}

function standsAnything({ ours, markers }: Overlap): boolean {
  return (markers ?? ours) !== ''
}

/** Longest first line in an event. In characters. */
const PREVIEW = 100

export function previewOf(conflict: Conflict): string {
  const { theirs } = conflict
  const text = typeof theirs === 'string' ? theirs : theirs?.kind === 'text' ? theirs.text : ''
  const line = text.split('\n').find((candidate) => candidate.trim() !== '') ?? ''
  const letters = Array.from(line.trim())
  return letters.length > PREVIEW ? `${letters.slice(0, PREVIEW - 1).join('')}…` : letters.join('')
}

function newLines(text: string): number {
  return text.split('\n').length - 1
}

/** Refuses a write that was to be all or nothing: with what it would have raised, and where. */
export function wouldHold(
  { path, rev, author }: Pick<FileHead, 'path' | 'rev' | 'author'>,
  { applied, held, conflicts, result }: Decision,
): EnsembleError {
  const text = result.content.kind === 'text' ? result.content.text : ''
  const would = conflicts.map((draft) => {
    if (!isOfLines(draft)) return { reason: draft.reason }
    const { reason, base, ours, theirs, from } = draft
    return { reason, base, ours, theirs, lines: linesOf({ ours, stands: { at: from } }, text) }
  })
  const of = `${conflicts.length} of ${applied + Math.max(held, conflicts.length)} changes`
  return new EnsembleError('E_CONFLICT', `Nothing was written to ${path}: ${of} would be held against ${author}.`, {
    hint: 'Read the file again and make the change upon that version, or write it without "atomic".',
    data: { path, rev, author, conflicts: would },
  })
}
