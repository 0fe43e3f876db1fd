/** What a decision on a conflict writes, and what it puts on record beside it, in the same commit. */
import {
  isOfLines,
  type Conflict,
  type MaterializeCommand,
  type Overlap,
  type ResolveCommand,
} from '../../protocol/conflicts.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { Author } from '../../protocol/ids.js'
import { placeOf } from './conflict-records.js'
import type { ConflictTable } from './conflict-table.js'
import { sameContent } from './content.js'
import { decideResolution, standingText, withRegion, type Present, type Resolved } from './decide-resolution.js'
import type { Decision } from './decide-write.js'
import type { Places } from './places.js'
import type { Concluded, Deed } from './write-attachments.js'

/** A file as it is when a conflict in it is decided. */
export interface PresentFile extends Pick<Present, 'content' | 'textAt' | 'held'> {
  readonly head: FileHead
  readonly executable: boolean
  /** Null: it is bytes. */
  readonly places: Places | null
}

export interface Decided {
  readonly deed: Pick<Deed, 'conclude'>
  readonly decision: Decision
  readonly deleted: boolean
}

export interface Settled {
  readonly conflict: Conflict
  readonly head: FileHead
}

export interface DecideOptions {
  readonly conflicts: ConflictTable
  readonly now: () => number
}

/** @throws EnsembleError E_NOT_FOUND, E_CONFLICT_CLOSED, E_CONFLICT_MOVED, E_BAD_REQUEST */
export function decideConflict(
  { conflicts, now }: DecideOptions,
  { id, writeId, choice }: ResolveCommand,
  by: Author,
  file: PresentFile,
): Decided {
  const conflict = conflicts.findOpen(id)
  const resolved = decideResolution(conflict, presentOf(conflict, file), choice)
  const siblings = isOfLines(conflict) ? siblingsOf(conflicts, conflict, file) : []
  return decided(file, resolved, (head, places) => {
    const end = { by, time: now(), rev: head.rev, writeId }
    const notes: Concluded[] = [noted(conflicts.close(conflict, { ...end, outcome: choice.kind }))]
    const { region } = resolved
    if (places === null || region === null) return together(notes)
    const ours = places.text.slice(region.from, region.to)
    for (const sibling of siblings) {
      if (sibling.theirs === ours) {
        notes.push(noted(conflicts.close(sibling, { ...end, outcome: 'superseded' })))
        continue
      }
      const place = placeOf(places, head.rev, region.from, region.to)
      const authors = { ...sibling.authors, ours: by }
      notes.push({ rows: [conflicts.change({ ...sibling, ...place, ours, authors })], events: [] })
    }
    return together(notes)
  })
}

/** @throws EnsembleError as `decideConflict` */
export function decideMarkers(
  { conflicts }: Pick<DecideOptions, 'conflicts'>,
  { id }: MaterializeCommand,
  file: PresentFile,
): Decided {
  const conflict = conflicts.findOpen(id)
  if (!isOfLines(conflict)) {
    throw new EnsembleError('E_BAD_REQUEST', 'Markers stand around lines; this conflict is of a whole file.', {
      hint: 'Choose one side of it, or bring a whole file.',
    })
  }
  if (conflict.markers !== undefined) {
    throw new EnsembleError('E_BAD_REQUEST', `Both sides stand in ${conflict.path} already, between markers.`, {
      hint: 'Edit the file; without its markers the conflict is closed.',
    })
  }
  const markers = markersOf(conflict)
  const resolved = withRegion(conflict, presentOf(conflict, file), markers)
  return decided(file, resolved, (head, places) => {
    const { region } = resolved
    const from = region?.from ?? places?.text.indexOf(markers) ?? -1
    if (places === null || from === -1) throw new Error('the markers were just written')
    const place = placeOf(places, head.rev, from, from + markers.length)
    return { rows: [conflicts.change({ ...conflict, ...place, markers })], events: [] }
  })
}

/** Both sides whole, by the names of those who wrote them. Every line has its end, so that markers have lines of their own. */
function markersOf({ ours, theirs, authors }: Overlap): string {
  const lineEnd = (ours + theirs).includes('\r\n') ? '\r\n' : '\n'
  const side = (text: string): string => (text === '' || text.endsWith('\n') ? text : text + lineEnd)
  return `<<<<<<< ${authors.ours}${lineEnd}${side(ours)}=======${lineEnd}${side(theirs)}>>>>>>> ${authors.theirs}${lineEnd}`
}

/** Other open conflicts about the very same lines: a third wrote there as well. */
function siblingsOf(conflicts: ConflictTable, conflict: Overlap, { head, places }: PresentFile): Overlap[] {
  const place = places?.find(conflict)
  if (places === null || place == null) return []
  return conflicts.openOf(head.id).filter((other): other is Overlap => {
    if (!isOfLines(other) || other.id === conflict.id) return false
    const others = places.find(other)
    const isThere = others?.from === place.from && others.to === place.to
    return isThere && standingText(other) === standingText(conflict)
  })
}

function presentOf(conflict: Conflict, { head, content, places, textAt, held }: PresentFile): Present {
  const region = isOfLines(conflict) ? (places?.find(conflict) ?? null) : null
  return { rev: head.rev, deleted: head.deleted, content, region, textAt, held }
}

function decided(
  { content, executable, head }: PresentFile,
  resolved: Resolved,
  conclude: NonNullable<Deed['conclude']>,
): Decided {
  const isSame = sameContent(content, resolved.content) && head.deleted === resolved.deleted
  const result = { content: resolved.content, executable }
  const decision = { result, fromWritten: null, applied: isSame ? 0 : 1, held: 0, conflicts: [] }
  return {
    deed: { conclude },
    decision: { ...decision, outcome: isSame ? 'unchanged' : 'accepted' },
    deleted: resolved.deleted,
  }
}

function noted({ rows, event }: ReturnType<ConflictTable['close']>): Concluded {
  return { rows, events: [event] }
}

function together(notes: readonly Concluded[]): Concluded {
  return { rows: notes.flatMap(({ rows }) => rows), events: notes.flatMap(({ events }) => events) }
}
