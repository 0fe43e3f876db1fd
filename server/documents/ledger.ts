/** Makes the rows and events of a commit: new heads, journal entries, conflict records; numbers and times them. */
import { isOfLines, type Conflict, type Resolution } from '../../protocol/conflicts.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead, SoftOverlap } from '../../protocol/files.js'
import { agentOfAuthor, type Author, type WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { ChangeType, RevisionEntry } from '../../protocol/revisions.js'
import { applyEdits, invertEdits, type Edits } from '../../protocol/text/edits.js'
import { lineCounts, type LineCounts } from '../../protocol/text/line-counts.js'
import { countLines } from '../../protocol/text/lines.js'
import type { EventBus } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { Row } from '../storage/storage.js'
import type { Arrival, Traces } from '../trace/traces.js'
import { linesOf, previewOf } from './conflict-records.js'
import type { FileTable } from './file-table.js'
import { fileRow, leftRow, revisionRow } from './file-journal.js'

/** What follows from one commit of a file; published when it is durable. */
export interface FileCommit {
  readonly head: FileHead
  /** From the text of `head.rev - 1`; null where either is not text, or where only conflicts were recorded. */
  readonly edits: Edits | null
  /** Whether the head is new. */
  readonly revised: boolean
  readonly conflicts: readonly Conflict[]
  readonly events: readonly WorkspaceEvent[]
}

/** What goes into a file's commit besides its revision. */
export interface Attachment {
  readonly rows: readonly Row[]
  readonly conflicts: readonly Conflict[]
  readonly events: readonly WorkspaceEvent[]
}

export interface Change {
  readonly change: ChangeType
  readonly edits: Edits | null
  /** After the edits; null: it is no text. */
  readonly text: string | null
  readonly writeId: WriteId | null
  readonly epoch: number | null
  readonly soft?: readonly SoftOverlap[] | undefined
  /** What came in live and is part of it. */
  readonly arrivals?: readonly Arrival[]
  /** The newest step of its document that it holds; absent: it has none in memory. */
  readonly through?: number
}

export interface LedgerOptions {
  readonly table: FileTable
  readonly events: EventLog
  readonly bus: EventBus<FileCommit>
  readonly now: () => number
  readonly traces?: Pick<Traces, 'revised'> | undefined
  /** Runs with every new head, and the path that it left, before it is durable: the tree document and locks follow it. */
  readonly onHead: (head: FileHead, left: WorkspacePath | undefined, edits: Edits | null) => void
}

export interface Revision {
  readonly head: FileHead
  readonly entry: RevisionEntry
  readonly event: WorkspaceEvent
  readonly rows: readonly Row[]
}

interface Noted {
  readonly event: WorkspaceEvent
  readonly rows: readonly Row[]
}

type HeldFor = NonNullable<Conflict['lock']>

/** Why a file keeps its name. */
export type KeptFor = 'renamed' | 'taken' | { readonly path: WorkspacePath; readonly lock: HeldFor }

export class Ledger {
  readonly #options: LedgerOptions

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** Makes `version` the head. */
  revise(
    version: Omit<FileHead, 'seq' | 'time'>,
    { change, edits, text, writeId, epoch, soft = [], arrivals = [], through = 0 }: Change,
  ): Revision {
    const { table, events, now, traces, onHead } = this.#options
    const { id, path, rev, author, hash, kind, executable, bom, eol } = version
    const before = table.get(id)?.head.path
    const left = before === path ? undefined : before
    const lines = edits === null || text === null ? null : linesOfChange(change, text, edits)
    const { event, rows } = events.append('file:changed', agentOfAuthor(author), {
      file: path,
      file_id: id,
      rev,
      change_type: change,
      ...(left === undefined ? {} : { renamed_from: left }),
      author,
      lines_added: lines?.added ?? 0,
      lines_removed: lines?.removed ?? 0,
      ...(soft.length === 0 ? {} : { soft: [...soft] }),
    })
    const head: FileHead = { seq: event.seq, time: now(), ...version }
    const entry: RevisionEntry = {
      edits: edits === null ? null : [...edits],
      lines,
      writeId,
      ...{ fileId: id, rev, path, author, time: head.time, seq: head.seq, change, hash, kind, executable, bom, eol },
    }
    table.set({ head, epoch })
    onHead(head, left, edits)
    traces?.revised(head, writeId, arrivals, through)
    const leaving = left === undefined ? [] : [leftRow(left, id)]
    return { head, entry, event, rows: [...rows, fileRow(head, epoch), revisionRow(entry), ...leaving] }
  }

  /** Remembers whose struct begins the document of a file. */
  markEpoch(head: FileHead, epoch: number): Row {
    this.#options.table.set({ head, epoch })
    return fileRow(head, epoch)
  }

  /** Tells that a file kept its name: for the sake of a lock on the whole of a path, or because others were first. */
  keepName({ path, id }: FileHead, to: WorkspacePath, author: Author, why: KeptFor): Noted {
    const told =
      typeof why === 'string' ? { reason: why } : { locked: why.path, lock_id: why.lock.id, holder: why.lock.holder }
    return this.#options.events.append('rename:refused', agentOfAuthor(author), {
      file: path,
      file_id: id,
      to,
      author,
      ...told,
    })
  }

  /** Puts a conflict on record. @param text of its file, with the revision in which it is raised */
  raise(conflict: Conflict, text: string | null): Noted {
    const { id, path, authors, reason } = conflict
    const { event, rows } = this.#options.events.append('conflict:raised', agentOfAuthor(authors.theirs), {
      conflict_id: id,
      file: path,
      ours: authors.ours,
      theirs: authors.theirs,
      reason,
      lines: isOfLines(conflict) && text !== null ? linesOf(conflict, text) : null,
      preview: previewOf(conflict),
    })
    return { event, rows: [...rows, { put: ['conflict', id], value: conflict }] }
  }

  /** Puts the end of a conflict on record. */
  close(conflict: Conflict, { outcome, by, rev }: Resolution): Noted {
    const { id, path, authors } = conflict
    const { event, rows } = this.#options.events.append('conflict:resolved', agentOfAuthor(by), {
      conflict_id: id,
      file: path,
      ...authors,
      outcome,
      by,
      rev,
    })
    return { event, rows: [...rows, { put: ['conflict', id], value: conflict }] }
  }

  publish(commit: FileCommit): void {
    this.#options.bus.publish(commit)
  }
}

/** A file that comes or goes does so with all its lines, whatever was deleted before. @param text after the edits */
export function linesOfChange(change: ChangeType, text: string, edits: Edits): LineCounts {
  if (change === 'created') return { added: countLines(text), removed: 0 }
  if (change === 'deleted') return { added: 0, removed: countLines(applyEdits(text, invertEdits(edits))) }
  return lineCounts(text, edits)
}
