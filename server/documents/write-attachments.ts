/**
 * What is committed with a write besides its revision: the conflicts that it raised, the one that it decides, those that it
 * made pointless, and its outcome.
 */
import { isOfLines, type Conflict, type Overlap } from '../../protocol/conflicts.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead, KeptContent, WriteOutcome } from '../../protocol/files.js'
import type { Author, ConflictId, WriteId } from '../../protocol/ids.js'
import type { Row } from '../storage/storage.js'
import { heldRows, conflictRecord } from './conflict-records.js'
import type { ConflictTable } from './conflict-table.js'
import type { Decision } from './decide-write.js'
import { bothTried } from './fence.js'
import type { Met } from './decide-update.js'
import type { Places } from './places.js'
import type { Attachment } from './ledger.js'
import { isSuperseded } from './superseded.js'
import type { Asked, WriteOutcomes } from './write-outcomes.js'

/** What is being carried out: a write, a deletion, or what someone decided of a conflict. */
export interface Deed extends Asked {
  readonly base: { readonly rev: number } | null
  /** What a decision adds to the commit, once the head is known; `places` null: the file is bytes. */
  readonly conclude?: (head: FileHead, places: Places | null) => Concluded
}

export interface Concluded {
  readonly rows: readonly Row[]
  readonly events: readonly WorkspaceEvent[]
}

export interface WriteAttachmentsOptions {
  readonly conflicts: ConflictTable
  readonly outcomes: WriteOutcomes
  readonly now: () => number
  readonly newConflictId: () => string
  /** Whether an author has been told of a conflict, and has confirmed it. */
  readonly isTold: (author: Author, id: ConflictId) => boolean
}

export class WriteAttachments {
  readonly #options: WriteAttachmentsOptions

  constructor(options: WriteAttachmentsOptions) {
    this.#options = options
  }

  /** @param incumbent author of the head that the write met */
  of(
    head: FileHead,
    deed: Deed,
    decision: Decision,
    writer: Author,
    incumbent: Author,
    places: Places | null,
  ): Attachment {
    const { conflicts, outcomes, now, newConflictId } = this.#options
    const { writeId, base, conclude } = deed
    const rows: Row[] = [...this.#follow(head)]
    const events: WorkspaceEvent[] = []
    const add = (noted: Concluded): void => {
      rows.push(...noted.rows)
      events.push(...noted.events)
    }
    if (conclude !== undefined) add(conclude(head, places))
    else add(this.#closeSuperseded(head, places, { author: writer, baseRev: base?.rev ?? 0, writeId }))
    const context = { head, baseRev: base?.rev ?? 0, writeId, writer, incumbent, places, now, newId: newConflictId }
    const raised = decision.conflicts.map((draft) => conflictRecord(draft, context))
    rows.push(...decision.conflicts.flatMap(heldRows))
    for (const conflict of raised) {
      const { event, rows: own } = conflicts.raise(conflict, places?.text ?? null)
      add({ rows: own, events: [event] })
    }
    rows.push(...outcomes.rows(deed, answer(decision, head, raised)))
    return { rows, conflicts: raised, events }
  }

  /** What a live turn adds to its commit. @param met what the turn's update met that its peer did not know */
  ofLive(head: FileHead, author: Author, places: Places, met: Met | null): Attachment {
    const followed = this.#follow(head)
    const closed = this.#closeSuperseded(head, places, { author, baseRev: null, writeId: null })
    const rows = [...followed, ...closed.rows]
    if (met === null) return { rows, events: closed.events, conflicts: [] }
    const { now, newConflictId } = this.#options
    const { baseRev, incumbent, decision } = met
    const context = { head, baseRev, writeId: null, writer: author, incumbent, places, now, newId: newConflictId }
    const raised: Attachment[] = decision.conflicts.map((draft) => this.#hold(conflictRecord(draft, context), places))
    return {
      rows: [...rows, ...raised.flatMap(({ rows }) => rows)],
      events: [...closed.events, ...raised.flatMap(({ events }) => events)],
      conflicts: raised.flatMap(({ conflicts }) => conflicts),
    }
  }

  /** Who types on in what is held, before hearing of that, adds to the same record (rule CONFLICT-15). */
  #hold(conflict: Conflict, places: Places): Attachment {
    const { conflicts } = this.#options
    const open = conflicts.openOf(conflict.fileId)
    const begun = conflict.reason === 'overlap' ? beginningOf(conflict, open, places) : undefined
    if (conflict.reason === 'overlap' && begun !== undefined) {
      const { theirs, range, stands } = conflict
      return { rows: [conflicts.change({ ...begun, theirs, range, stands })], events: [], conflicts: [] }
    }
    const tried =
      conflict.reason === 'lock'
        ? conflicts.openOf(conflict.fileId).find((one) => goesOn(conflict, one, places))
        : undefined
    if (isOfLines(conflict) && tried !== undefined && isOfLines(tried)) {
      const theirs = bothTried(conflict.ours, tried.theirs, conflict.theirs)
      return { rows: [conflicts.change({ ...tried, theirs })], events: [], conflicts: [] }
    }
    const kept = conflicts.openOf(conflict.fileId).find((one) => goesOnMaking(conflict, one))
    if (kept !== undefined && isOfText(kept) && isOfText(conflict)) {
      const text = bothTried('', kept.theirs.text, conflict.theirs.text)
      return { rows: [conflicts.change({ ...kept, theirs: { ...kept.theirs, text } })], events: [], conflicts: [] }
    }
    const { rows, event } = conflicts.raise(conflict, places.text)
    return { rows, events: [event], conflicts: [conflict] }
  }

  /** The open conflicts of a file go where it goes. */
  #follow({ id, path }: FileHead): Row[] {
    const { conflicts } = this.#options
    return conflicts.openOf(id).flatMap((one) => (one.path === path ? [] : [conflicts.follow(one, path)]))
  }

  #closeSuperseded(
    head: FileHead,
    places: Places | null,
    { author, baseRev, writeId }: { author: Author; baseRev: number | null; writeId: WriteId | null },
  ): Concluded {
    const { conflicts, now, isTold } = this.#options
    const rows: Row[] = []
    const events: WorkspaceEvent[] = []
    for (const conflict of conflicts.openOf(head.id)) {
      const region = isOfLines(conflict) ? (places?.region(conflict) ?? null) : null
      const saw = isTold(author, conflict.id)
      if (!isSuperseded(conflict, { region, deleted: head.deleted, baseRev, saw })) {
        const range = isOfLines(conflict) ? (places?.reanchored(conflict) ?? null) : null
        if (isOfLines(conflict) && range !== null) rows.push(conflicts.change({ ...conflict, range }))
        continue
      }
      const resolution = { outcome: 'superseded' as const, by: author, time: now(), rev: head.rev, writeId }
      const noted = conflicts.close(conflict, resolution)
      rows.push(...noted.rows)
      events.push(noted.event)
    }
    return { rows, events }
  }
}

/** The record of a live edit, about the same place, whose held text is what this one began with. */
function beginningOf(conflict: Overlap, open: readonly Conflict[], places: Places): Overlap | undefined {
  const { base, ours, authors } = conflict
  const here = places.find(conflict)
  return open.find((other): other is Overlap => {
    if (other.reason !== 'overlap' || other.writeId !== null || other.markers !== undefined) return false
    if (other.theirs !== base || other.ours !== ours || other.authors.theirs !== authors.theirs) return false
    const there = places.find(other)
    return here !== null && there !== null && there.from <= here.to && here.from <= there.to
  })
}

export function answer(decision: Decision, head: FileHead, conflicts: readonly Conflict[]): WriteOutcome {
  const { outcome, applied, held, fromWritten, soft = [] } = decision
  return {
    ...{ outcome, head, applied, held },
    conflicts: conflicts.map(({ id }) => id),
    ...(soft.length === 0 ? {} : { soft: [...soft] }),
    edits: fromWritten === null ? null : [...fromWritten],
  }
}

/** Whether someone tries again, letter by letter, where a lock keeps it out: that is one conflict, not one a letter. */
function goesOn(held: Overlap, open: Conflict, places: Places): boolean {
  if (open.reason !== 'lock' || open.writeId !== null || open.lock?.id !== held.lock?.id) return false
  if (open.authors.theirs !== held.authors.theirs || open.ours !== held.ours) return false
  const [one, two] = [places.find(open), places.find(held)]
  return one !== null && one.from === two?.from && one.to === two.to
}

/** The same where a lock keeps it from making the file. */
function goesOnMaking(held: Conflict, open: Conflict): boolean {
  return (
    held.reason === 'create' &&
    open.reason === 'create' &&
    open.writeId === null &&
    open.lock !== undefined &&
    open.lock.id === held.lock?.id &&
    open.authors.theirs === held.authors.theirs
  )
}

type TextOnRecord = Exclude<Conflict, Overlap> & { readonly theirs: Extract<KeptContent, { kind: 'text' }> }

function isOfText(conflict: Conflict): conflict is TextOnRecord {
  return !isOfLines(conflict) && conflict.theirs?.kind === 'text'
}
