/**
 * The files of the workspace: their heads, their contents, and the one door for whole-file writes.
 *
 * 1. A write is decided against the head and carried out in one step of the event loop; nothing comes between. What was
 *    decided elsewhere, for large texts, counts in that step only if it was about the very same head (write-decider.ts).
 * 2. It is answered, and others hear of it, when it is durable.
 * 3. A write id is carried out once; repeating it returns the first outcome (rule WRITE-4).
 * 4. Whatever of a write does not go into the head is in a conflict record of the same commit (rule BRIDGE-10).
 */
import type { Conflict } from '../../protocol/conflicts.js'
import { EnsembleError } from '../../protocol/errors.js'
import type {
  DeleteCommand,
  FileHead,
  WriteBase,
  WriteCommand,
  WriteOutcome,
  WriteResult,
} from '../../protocol/files.js'
import { fileId, type Author, type ConflictId, type FileId, type WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { diff } from '../../protocol/text/diff.js'
import type { Edits } from '../../protocol/text/edits.js'
import type { EventBus } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Storage } from '../storage/storage.js'
import { ConflictDesk } from './conflict-desk.js'
import { wouldHold } from './conflict-records.js'
import { ConflictTable } from './conflict-table.js'
import { bytesOf, formOf, fromWire, hashOf, wholeText, type Content } from './content.js'
import { withHeld, type Decision, type HeldLines, type Version } from './decide-write.js'
import { DurableReads, durably } from './durable-reads.js'
import type { FileDocument } from './file-document.js'
import { blobRow, FileJournal } from './file-journal.js'
import { FileTable } from './file-table.js'
import { Ledger, type FileCommit } from './ledger.js'
import type { LiveDocumentOptions } from './live-document.js'
import { OpenDocuments } from './open-documents.js'
import { TreeDocument } from './tree-document.js'
import { answer, WriteAttachments, type Deed } from './write-attachments.js'
import { WriteDecider, type DecideAside } from './write-decider.js'
import { WriteDoor } from './write-door.js'
import { fingerprintOf, WriteOutcomes, type Asked } from './write-outcomes.js'

export interface FileStoreOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly events: EventLog
  /** Gets every commit when it is durable, in order. */
  readonly bus: EventBus<FileCommit>
  readonly now: () => number
  /** A new unguessable id of letters and digits. */
  readonly newId: () => string
  /** A new unguessable id that people can abbreviate: random from its first character on. */
  readonly newConflictId: () => string
  /** Whether an author has been told of a conflict, and has confirmed it. */
  readonly isTold: (author: Author, id: ConflictId) => boolean
  /** A new Yjs client id: a random unsigned 32-bit number. */
  readonly newClient: () => number
  readonly defer: LiveDocumentOptions['defer']
  /** Decides about large texts beside the event loop; default: nobody does. */
  readonly decideAside?: DecideAside | undefined
}

/** A file as it is now. */
export interface FileVersion {
  readonly head: FileHead
  readonly content: Content
}

/** What is stored of a write is at most so many times what it writes and replaces, and so much besides. */
const GROWTH = 8
const OVERHEAD_BYTES = 16 * 1024

export class FileStore {
  readonly tree: TreeDocument
  /** What is stored, and nothing else; for while storage is degraded. */
  readonly durable: DurableReads
  readonly conflicts: ConflictDesk
  readonly #options: FileStoreOptions
  readonly #journal: FileJournal
  readonly #table = new FileTable()
  readonly #ledger: Ledger
  readonly #documents: OpenDocuments
  readonly #attachments: WriteAttachments
  readonly #outcomes: WriteOutcomes
  readonly #door: WriteDoor

  constructor(options: FileStoreOptions) {
    const { storage, queue, events, bus, now, newClient, newId, defer } = options
    this.#options = options
    this.durable = new DurableReads(storage, () => events.stored())
    this.#journal = new FileJournal(storage)
    this.#outcomes = new WriteOutcomes(storage, now)
    this.#door = new WriteDoor(queue, this.#outcomes)
    for (const file of this.#journal.files()) this.#table.set(file)
    const live = { storage, queue, serverClient: newClient(), defer }
    this.tree = new TreeDocument(live, this.#table.heads())
    this.#ledger = new Ledger(this.#table, events, bus, now, (head) => {
      this.tree.follow(head)
    })
    const table = new ConflictTable(storage, this.#ledger, (path, ids) => {
      this.tree.followConflicts(path, ids)
    })
    this.tree.setConflicts(table.openByPath())
    const { newConflictId, isTold } = options
    const told = { conflicts: table, outcomes: this.#outcomes, now, newConflictId, isTold }
    this.#attachments = new WriteAttachments(told)
    const own = { journal: this.#journal, ledger: this.#ledger, table: this.#table }
    const attachLive: WriteAttachments['ofLive'] = (...live) => this.#attachments.ofLive(...live)
    this.#documents = new OpenDocuments({ ...own, live, newId, newClient, now, attachLive })
    this.conflicts = new ConflictDesk({
      ...{ table, queue, now, journal: this.#journal, files: this.#table, documents: this.#documents },
      versionOf: (head) => this.#versionOf(head),
      once: (deed, act) => this.#once(deed, act),
      carryOut: (head, deed, decision, author, deleted) => this.#carryOut(head, deed, decision, author, deleted),
    })
  }

  /** Files that are not deleted. */
  get count(): number {
    return this.#table.count
  }

  get openDocuments(): number {
    return this.#documents.size
  }

  get conflictCount(): number {
    return this.conflicts.table.count
  }

  /** What a record says may still be on its way to the disk. */
  get openConflicts(): readonly Conflict[] {
    return this.conflicts.table.open
  }

  /** Every head, deleted ones included. What a head says may still be on its way to the disk. */
  heads(): Iterable<FileHead> {
    return this.#table.heads()
  }

  head(path: WorkspacePath): FileHead | undefined {
    return this.#table.at(path)?.head
  }

  /** The head of `id` with its content, when that is durable; undefined for an unknown or deleted file. */
  async read(id: FileId): Promise<FileVersion | undefined> {
    return await durably(
      this.#options.queue,
      () => this.peek(id),
      () => this.durable.file(id),
    )
  }

  /** As `read`, but what it gives may still be on its way to the disk. */
  async peek(id: FileId): Promise<FileVersion | undefined> {
    const path = this.#table.get(id)?.head.path
    if (path === undefined) return undefined
    return this.#documents.whenSettled(path, () => {
      const head = this.#table.get(id)?.head
      return head === undefined || head.deleted ? undefined : { head, content: this.#versionOf(head).content }
    })
  }

  /**
   * Merges a whole-file write into the head.
   * @param held lines that the writer leaves as they are, and what it wanted there
   * @throws EnsembleError E_CONFLICT: it was to be all or nothing, and some of it would be held
   * @throws EnsembleError E_STORAGE_DEGRADED, E_STORAGE_FULL, E_LIMIT: not taken, try again
   */
  write(command: WriteCommand, author: Author, held: readonly HeldLines[] = []): Promise<WriteResult> {
    const decider = new WriteDecider(this.#options.decideAside)
    const { content, executable, atomic = false } = command
    const text = content.kind === 'text' ? content.text : content.base64
    const form = content.kind === 'text' ? [content.bom, content.eol] : ['bytes']
    const deed = { ...command, fingerprint: fingerprintOf(['write', command.path, form, executable, atomic], text) }
    const act = (): Promise<WriteResult> => {
      const written: Version = { content: fromWire(command.content), executable: command.executable }
      const head = this.#table.at(command.path)?.head
      if (head === undefined) {
        // A version of a file of which the server knows nothing: the store began anew, or the name is mistyped.
        const isUnknown = command.base !== null && command.base.text === undefined
        return isUnknown ? Promise.resolve({ outcome: 'need-base' }) : this.#create(deed, written, author)
      }
      const base = command.base === null ? null : this.#base(head, command.base, written)
      if (base === undefined) return Promise.resolve({ outcome: 'need-base' })
      const incumbent = { ...this.#lastVersion(head), deleted: head.deleted }
      const decision = decider.decide({ head: incumbent, base, written })
      if (decision instanceof Promise) return decision.then(() => this.#documents.whenSettled(command.path, act))
      if (atomic && decision.conflicts.length > 0) throw wouldHold(head, decision)
      return this.#carryOut(head, deed, withHeld(decision, held), author, false)
    }
    return this.#once(deed, act, text.length)
  }

  /** What became of a write with an id of the server's own; undefined where it was not carried out, or is forgotten. */
  outcome(id: WriteId): WriteOutcome | undefined {
    return this.#outcomes.find(id)
  }

  /** Deletes a file that is still what the writer saw; one that changed since stays, and that is on record. */
  delete(command: DeleteCommand, author: Author): Promise<WriteResult> {
    const deed = { ...command, fingerprint: fingerprintOf(['delete', command.path]) }
    return this.#once(deed, () => {
      const head = this.#table.at(command.path)?.head
      if (head === undefined) throw new EnsembleError('E_NOT_FOUND', `There is no file ${command.path}.`)
      const stale = !head.deleted && command.base.hash !== head.hash
      const decision: Decision = {
        outcome: head.deleted ? 'unchanged' : stale ? 'conflict' : 'accepted',
        result: stale || head.deleted ? this.#versionOf(head) : emptied(this.#versionOf(head)),
        fromWritten: null,
        applied: stale ? 0 : 1,
        held: stale ? 1 : 0,
        conflicts: stale ? [{ reason: 'delete', theirs: null, held: 'writer' }] : [],
      }
      return this.#carryOut(head, deed, decision, author, !stale)
    })
  }

  /**
   * Opens the document of a path; of one that holds no file, a document that becomes the file with its first change.
   * Each call is paired with one of `release`.
   * @throws EnsembleError E_NOT_TEXT
   */
  open(path: WorkspacePath): Promise<FileDocument> {
    return this.#documents.attach(path)
  }

  release(document: FileDocument): void {
    this.#documents.release(document)
  }

  /** Stores everything that waits; unloads nothing that could not be stored. */
  async close(): Promise<void> {
    for (const { live } of this.#documents.all()) await live.flushed().catch(() => undefined)
    await this.tree.live.flushed().catch(() => undefined)
    this.#documents.unloadIdle(0)
  }

  #once(asked: Asked, act: () => Promise<WriteResult>, written = 0): Promise<WriteResult> {
    const replaced = this.#table.at(asked.path)?.head.size ?? 0
    return this.#door.within(asked, GROWTH * (written + replaced) + OVERHEAD_BYTES, () =>
      this.#documents.whenSettled(asked.path, act),
    )
  }

  async #create(deed: Deed, { content, executable }: Version, author: Author): Promise<WriteResult> {
    const unborn = this.#documents.unborn(deed.path)
    if (unborn !== undefined && content.kind === 'text') {
      const edits = wholeText(content.text)
      return this.#rewrite(unborn, deed, { ...ACCEPTED, result: { content, executable } }, edits, author, false)
    }
    unborn?.live.expel(notText(deed.path)) // it would become a second file of this path
    const bytes = bytesOf(content)
    const id = fileId.parse(this.#options.newId())
    // The journal's first entry holds the whole text: nothing else has to until it is edited.
    const edits = content.kind === 'text' ? wholeText(content.text) : null
    const { head, event, rows } = this.#ledger.revise(
      {
        id,
        path: deed.path,
        rev: 1,
        ...formOf(content),
        executable,
        deleted: false,
        hash: hashOf(bytes),
        size: bytes.length,
        author,
      },
      { change: 'created', edits, writeId: deed.writeId, epoch: null },
    )
    const outcome: WriteOutcome = {
      ...{ outcome: 'accepted', head, applied: 1, held: 0, conflicts: [] },
      edits: edits === null ? null : [],
    }
    const contentRows = content.kind === 'text' ? [] : [blobRow(head.hash, bytes)]
    await this.#documents.settle(id, [...rows, ...contentRows, ...this.#outcomes.rows(deed, outcome)], () => {
      this.#ledger.publish({ head, edits, revised: true, conflicts: [], events: [event] })
    })
    return outcome
  }

  async #carryOut(
    head: FileHead,
    deed: Deed,
    decision: Decision,
    author: Author,
    deleted: boolean,
  ): Promise<WriteResult> {
    if (decision.outcome === 'unchanged' && deed.conclude === undefined) {
      // On record all the same: repeated after other changes it could seem to be against them.
      const outcome = answer(decision, head, [])
      await this.#options.queue.enqueue(this.#outcomes.rows(deed, outcome))
      return outcome
    }
    if (decision.result.content.kind === 'binary') return this.#replaceBytes(head, deed, decision, author, deleted)
    const document = this.#documents.load(head.id)
    const edits = decision.fromHead ?? diff(document.text, decision.result.content.text)
    return this.#rewrite(document, deed, decision, edits, author, deleted)
  }

  async #rewrite(
    document: FileDocument,
    deed: Deed,
    decision: Decision,
    edits: Edits,
    author: Author,
    deleted: boolean,
  ): Promise<WriteResult> {
    const { content, executable } = decision.result
    const { bom, eol } = formOf(content)
    const incumbent = document.head?.author ?? author
    let result: WriteResult | undefined
    await document.rewrite(author, {
      edits,
      format: { bom, eol },
      executable,
      deleted,
      writeId: deed.writeId,
      attach: (head) => {
        const attachment = this.#attachments.of(head, deed, decision, author, incumbent, document.places)
        result = answer(decision, head, attachment.conflicts)
        return attachment
      },
    })
    this.#documents.unloadIdle()
    if (result === undefined) throw new Error('a rewrite attaches its outcome')
    return result
  }

  /** Bytes have no document: the last writer wins, and what it replaced is on record. */
  async #replaceBytes(
    before: FileHead,
    deed: Deed,
    decision: Decision,
    author: Author,
    deleted: boolean,
  ): Promise<WriteResult> {
    const { content, executable } = decision.result
    this.#documents.loaded(before.id)?.live.expel(notText(before.path))
    const bytes = bytesOf(content)
    const hash = hashOf(bytes)
    const { id, path, rev, deleted: wasDeleted } = before
    if (hash === before.hash && executable === before.executable && deleted === wasDeleted) {
      const attached = this.#attachments.of(before, deed, decision, author, before.author, null)
      const { rows, conflicts, events } = attached
      await this.#documents.settle(id, rows, () => {
        this.#ledger.publish({ head: before, edits: null, revised: false, conflicts, events })
      })
      return answer(decision, before, conflicts)
    }
    const form = { ...formOf(content), executable, deleted }
    const { head, event, rows } = this.#ledger.revise(
      { id, path, rev: rev + 1, ...form, hash, size: bytes.length, author },
      {
        change: deleted ? 'deleted' : wasDeleted ? 'created' : 'modified',
        edits: null,
        writeId: deed.writeId,
        epoch: this.#table.get(id)?.epoch ?? null,
      },
    )
    const attached = this.#attachments.of(head, deed, decision, author, before.author, null)
    const events = [event, ...attached.events]
    await this.#documents.settle(id, [...rows, blobRow(head.hash, bytes), ...attached.rows], () => {
      this.#ledger.publish({ head, edits: null, revised: true, conflicts: attached.conflicts, events })
    })
    return answer(decision, head, attached.conflicts)
  }

  #versionOf(head: FileHead): Version {
    const document = this.#documents.loaded(head.id)
    const content: Content | undefined =
      head.kind === 'text' && document !== undefined
        ? { kind: 'text', text: document.text, bom: head.bom, eol: head.eol }
        : this.#journal.content(head, head.id)
    if (content === undefined) throw new EnsembleError('E_STORAGE_DAMAGED', `The content of ${head.path} is missing.`)
    return { content, executable: head.executable }
  }

  /** The version that was there last: of a deleted file the one that was deleted, whose text its head no longer has. */
  #lastVersion(head: FileHead): Version {
    if (!head.deleted || head.kind === 'binary') return this.#versionOf(head)
    const rev = head.rev - 1
    const document = this.#documents.loaded(head.id)
    const entry = document?.entry(rev) ?? this.#journal.entry(head.id, rev)
    const text = document?.textAt(rev) ?? this.#journal.text(head.id, rev)
    if (entry === undefined || text === undefined)
      throw new EnsembleError('E_STORAGE_DAMAGED', `The content of ${head.path} before its deletion is missing.`)
    const { bom, eol, executable } = entry
    return { content: { kind: 'text', text, bom, eol }, executable }
  }

  /** The version that a writer started from; undefined where neither the store nor the writer has its content. */
  #base(head: FileHead, base: WriteBase, written: Version): Version | undefined {
    const document = this.#documents.loaded(head.id)
    const entry = document?.entry(base.rev) ?? this.#journal.entry(head.id, base.rev)
    const { executable } = entry?.hash === base.hash ? entry : head
    if (base.hash === head.hash) return { ...this.#versionOf(head), executable }
    if (entry?.hash === base.hash) {
      const text = entry.kind === 'text' ? document?.textAt(base.rev) : undefined
      const content: Content | undefined =
        text === undefined
          ? this.#journal.content(entry, head.id)
          : { kind: 'text', text, bom: entry.bom, eol: entry.eol }
      if (content !== undefined) return { content, executable }
    }
    if (base.text === undefined) return undefined
    const { bom, eol } = formOf(written.content)
    return { content: { kind: 'text', text: base.text, bom, eol }, executable: written.executable }
  }
}

/** A deleted text is empty, so that live documents show that it is gone; the journal has it. */
function emptied(version: Version): Version {
  return version.content.kind === 'text' ? { ...version, content: { ...version.content, text: '' } } : version
}

const ACCEPTED = { outcome: 'accepted', fromWritten: [], applied: 1, held: 0, conflicts: [] } as const

function notText(path: WorkspacePath): EnsembleError {
  return new EnsembleError('E_NOT_TEXT', `${path} is not a text file any more.`, {
    hint: `Its bytes are at /api/files/${path}.`,
  })
}
