/**
 * What is committed with a write besides its revision: the conflicts that it raised, the one that it decides, those that it
 * made pointless, and its outcome.
 */
import type { Conflict } from '../../protocol/conflicts.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead, WriteOutcome } from '../../protocol/files.js'
import type { Author, ConflictId, WriteId } from '../../protocol/ids.js'
import type { Row } from '../storage/storage.js'
import { conflictRecord } from './conflict-records.js'
import type { ConflictTable } from './conflict-table.js'
import type { Decision } from './decide-write.js'
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
    for (const conflict of raised) {
      const { event, rows: own } = conflicts.raise(conflict, places?.text ?? null)
      add({ rows: own, events: [event] })
    }
    rows.push(...outcomes.rows(deed, answer(decision, head, raised)))
    return { rows, conflicts: raised, events }
  }

  /** What a live turn adds to its commit. @param met the head of a deletion that the turn's edit did not know of */
  ofLive(head: FileHead, author: Author, places: Places, met: FileHead | null): Attachment {
    const followed = this.#follow(head)
    const { rows: closed, events } = this.#closeSuperseded(head, places, { author, baseRev: null, writeId: null })
    const rows = [...followed, ...closed]
    if (met === null) return { rows, events, conflicts: [] }
    const { conflicts, now, newConflictId } = this.#options
    const conflict = conflictRecord(
      { reason: 'delete', theirs: null, held: 'incumbent' },
      {
        ...{ head, baseRev: met.rev - 1, writeId: null, writer: author, incumbent: met.author },
        ...{ places, now, newId: newConflictId },
      },
    )
    const raised = conflicts.raise(conflict, places.text)
    return { rows: [...rows, ...raised.rows], events: [...events, raised.event], conflicts: [conflict] }
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
      const region = conflict.reason === 'overlap' ? (places?.region(conflict) ?? null) : null
      const saw = isTold(author, conflict.id)
      if (!isSuperseded(conflict, { region, deleted: head.deleted, baseRev, saw })) continue
      const resolution = { outcome: 'superseded' as const, by: author, time: now(), rev: head.rev, writeId }
      const noted = conflicts.close(conflict, resolution)
      rows.push(...noted.rows)
      events.push(noted.event)
    }
    return { rows, events }
  }
}

export function answer(decision: Decision, head: FileHead, conflicts: readonly Conflict[]): WriteOutcome {
  const { outcome, applied, held, fromWritten } = decision
  return {
    ...{ outcome, head, applied, held },
    conflicts: conflicts.map(({ id }) => id),
    edits: fromWritten === null ? null : [...fromWritten],
  }
}
