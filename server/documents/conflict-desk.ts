/** Where conflicts are looked at and decided. */
import {
  isOfLines,
  type Conflict,
  type ConflictFilter,
  type MaterializeCommand,
  type ResolveCommand,
  type ShownConflict,
} from '../../protocol/conflicts.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead, WriteResult } from '../../protocol/files.js'
import type { Author, ConflictId, FileId } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import { decideConflict, decideMarkers, type Decided, type PresentFile, type Settled } from './conflict-decisions.js'
import { toWire, type Content } from './content.js'
import { regionNow } from './conflict-records.js'
import type { ConflictTable } from './conflict-table.js'
import type { Decision, Version } from './decide-write.js'
import type { FileJournal } from './file-journal.js'
import type { FileTable } from './file-table.js'
import type { OpenDocuments } from './open-documents.js'
import type { Deed } from './write-attachments.js'
import { fingerprintOf, type Asked } from './write-outcomes.js'

export interface ConflictDeskOptions {
  readonly table: ConflictTable
  readonly queue: CommitQueue
  readonly now: () => number
  readonly journal: FileJournal
  readonly files: FileTable
  readonly documents: OpenDocuments
  readonly versionOf: (head: FileHead) => Version
  /** Runs `act` once a write id, when the file is settled; repeated, it gives the first outcome. */
  readonly once: (asked: Asked, id: FileId, act: () => Promise<WriteResult>) => Promise<WriteResult>
  readonly carryOut: (
    head: FileHead,
    deed: Deed,
    decision: Decision,
    author: Author,
    deleted: boolean,
  ) => Promise<WriteResult>
}

export class ConflictDesk {
  readonly table: ConflictTable
  readonly #options: ConflictDeskOptions

  constructor(options: ConflictDeskOptions) {
    this.table = options.table
    this.#options = options
  }

  /** Oldest first, when they are durable. */
  async list(filter: ConflictFilter): Promise<Conflict[]> {
    const { queue, files } = this.#options
    if (filter.state === 'all') await queue.durable() // closed ones are read from storage
    const found = this.table.list(filter, filter.path === undefined ? undefined : files.meantBy(filter.path)?.head.id)
    await queue.durable()
    return [...found]
  }

  /** A conflict, and what stands in its region now, when it is durable. @throws EnsembleError E_NOT_FOUND */
  async show(id: ConflictId): Promise<ShownConflict> {
    const { documents, files, queue } = this.#options
    const { fileId } = await this.#whenStored(id)
    const shown = await documents.whenSettled(
      () => fileId,
      (): ShownConflict => {
        const conflict = this.table.find(id)
        const head = files.get(fileId)?.head
        const hasRegion = isOfLines(conflict) && head?.kind === 'text' && !head.deleted
        const held = this.#heldOf(conflict)
        const now = hasRegion ? regionNow(conflict, documents.load(head.id).places) : null
        return { conflict, now, held: held === null ? null : toWire(held) }
      },
    )
    await queue.durable()
    return shown
  }

  /**
   * Decides a conflict, upon the head as it is now.
   * @throws EnsembleError E_NOT_FOUND, E_CONFLICT_CLOSED, E_CONFLICT_MOVED, E_BAD_REQUEST
   */
  resolve(command: ResolveCommand, author: Author): Promise<Settled> {
    const options = { conflicts: this.table, now: this.#options.now }
    return this.#decide(command, author, (file) => decideConflict(options, command, author, file))
  }

  /**
   * Writes both sides of an overlap, between markers, to where it is.
   * @throws EnsembleError as `resolve`
   */
  materialize(command: MaterializeCommand, author: Author): Promise<Settled> {
    return this.#decide(command, author, (file) => decideMarkers({ conflicts: this.table }, command, file))
  }

  /** Bytes that are held can be read when they are stored: whoever asks in the very moment waits for that. */
  async #whenStored(id: ConflictId): Promise<Conflict> {
    const conflict = this.table.find(id)
    const { journal, queue } = this.#options
    const theirs = isOfLines(conflict) ? null : conflict.theirs
    if (theirs?.kind === 'blob' && journal.blob(theirs.hash) === undefined) await queue.durable()
    return conflict
  }

  /** What is held of a whole file; null: of lines, or a deletion. */
  #heldOf(conflict: Conflict): Content | null {
    if (isOfLines(conflict) || conflict.theirs === null) return null
    if (conflict.theirs.kind === 'text') return conflict.theirs
    const bytes = this.#options.journal.blob(conflict.theirs.hash)
    if (bytes !== undefined) return { kind: 'binary', bytes }
    throw new EnsembleError('E_STORAGE_DAMAGED', `What is held of ${conflict.path} is missing.`)
  }

  /** Repeated, it gives what became of the first try, and the conflict as it is by now. */
  async #decide(
    command: MaterializeCommand | ResolveCommand,
    author: Author,
    decide: (file: PresentFile) => Decided,
  ): Promise<Settled> {
    const { id, writeId } = command
    const { documents, files, journal, versionOf, once, carryOut } = this.#options
    const { path, fileId } = await this.#whenStored(id)
    const asked = { writeId, path, fingerprint: fingerprintOf(['decide', command]) }
    const outcome = await once(asked, fileId, () => {
      const head = files.get(fileId)?.head
      if (head === undefined) throw new EnsembleError('E_NOT_FOUND', `There is no file ${path}.`)
      const document = head.kind === 'text' ? documents.load(head.id) : null
      const { content, executable } = versionOf(head)
      const textAt = (rev: number): string | undefined => document?.textAt(rev) ?? journal.text(head.id, rev)
      const file = {
        head,
        content,
        executable,
        places: document?.places ?? null,
        textAt,
        held: () => this.#heldOf(this.table.find(id)),
      }
      const { deed, decision, deleted } = decide(file)
      return carryOut(head, { ...deed, ...asked, base: null }, decision, author, deleted)
    })
    if (outcome.outcome === 'need-base') throw new Error('a decision is made upon the head')
    return { conflict: this.table.find(id), head: outcome.head }
  }
}
