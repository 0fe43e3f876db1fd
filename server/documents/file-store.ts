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
  RenameCommand,
  WriteCommand,
  WriteOutcome,
  WriteResult,
} from '../../protocol/files.js'
import type { Author, FileId, WriteId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { PLAIN_FORMAT } from '../../protocol/text/encoding.js'
import { ConflictDesk } from './conflict-desk.js'
import { wouldHold } from './conflict-records.js'
import { ConflictTable } from './conflict-table.js'
import { fromWire, type Content } from './content.js'
import { asidePath } from './aside.js'
import { decideDelete, decideRename, withHeld, type HeldLines, type Version } from './decide-write.js'
import { DurableReads, durably } from './durable-reads.js'
import { authorAt, closedTo, closedWhole, NO_FENCE, type Fence } from './fence.js'
import { assertOpenTo, fencedMaking, fencedWrite, lockHeld } from './fenced-write.js'
import type { FileDocument } from './file-document.js'
import { FileJournal } from './file-journal.js'
import type { FileStoreOptions } from './file-store-options.js'
import { FileTable } from './file-table.js'
import { FileWriter } from './file-writer.js'
import { Ledger, type KeptFor } from './ledger.js'
import { OpenDocuments, renamedHere } from './open-documents.js'
import { MERGE_ALL, type MergeRules } from './merge-policy.js'
import { TreeDocument } from './tree-document.js'
import { WriteAttachments } from './write-attachments.js'
import { Versions } from './versions.js'
import { WriteDecider } from './write-decider.js'
import { WriteDoor } from './write-door.js'
import { fingerprintOf, WriteOutcomes, type Asked } from './write-outcomes.js'

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
  readonly #table: FileTable
  readonly #ledger: Ledger
  readonly #documents: OpenDocuments
  readonly #versions: Versions
  readonly #writer: FileWriter
  readonly #outcomes: WriteOutcomes
  readonly #door: WriteDoor
  readonly #fence: Fence
  readonly #mergeRules: MergeRules

  constructor(options: FileStoreOptions) {
    const { storage, queue, events, bus, now, newClient, newId, defer, fence = NO_FENCE } = options
    this.#options = options
    this.#fence = fence
    this.#mergeRules = options.mergeRules ?? (() => MERGE_ALL)
    this.durable = new DurableReads(storage, () => events.stored())
    this.#journal = new FileJournal(storage)
    this.#outcomes = new WriteOutcomes(storage, now)
    this.#door = new WriteDoor(queue, this.#outcomes)
    this.#table = new FileTable(this.#journal.files(), this.#journal.left())
    const live = { storage, queue, serverClient: newClient(), maxBytes: options.maxDocumentBytes, defer }
    this.tree = new TreeDocument(live, this.#table.heads())
    this.#ledger = new Ledger({
      ...{ table: this.#table, events, bus, now, traces: options.traces },
      onHead: (head, left, edits) => {
        this.tree.follow(head, left)
        fence.follow(head, left, edits)
      },
    })
    const table = new ConflictTable(storage, this.#ledger, (path, ids) => {
      this.tree.followConflicts(path, ids)
    })
    this.tree.setConflicts(table.openByPath())
    const { newConflictId, isTold } = options
    const told = { conflicts: table, outcomes: this.#outcomes, now, newConflictId, isTold }
    const attachments = new WriteAttachments(told)
    const own = { journal: this.#journal, ledger: this.#ledger, table: this.#table }
    const attachLive: WriteAttachments['ofLive'] = (...live) => attachments.ofLive(...live)
    const placeFor = (path: WorkspacePath, id: FileId, author: Author): WorkspacePath => this.#place(path, id, author)
    const { decideAside, onDivergence } = options
    const decided = { fence, mergeRules: this.#mergeRules, decideAside, onDivergence, attachLive, placeFor }
    this.#documents = new OpenDocuments({ ...own, ...decided, live, newId, newClient })
    const made = { documents: this.#documents, table: this.#table, outcomes: this.#outcomes, attachments }
    this.#writer = new FileWriter({ ...made, ledger: this.#ledger, queue, newId, placeFor })
    this.#versions = new Versions(this.#journal, this.#documents, this.#table)
    this.conflicts = new ConflictDesk({
      ...{ table, queue, now, journal: this.#journal, files: this.#table, documents: this.#documents },
      versionOf: (head) => this.#versions.of(head),
      once: (deed, id, act) => this.#once(deed, () => id, act),
      carryOut: (head, deed, decision, author, deleted) => {
        assertOpenTo(fence, { ...this.#versions.of(head), deleted: head.deleted }, head.path, decision, author, deleted)
        return this.#writer.change(head, deed, decision, author, deleted)
      },
    })
  }

  /** Files that are not deleted. */
  get count(): number {
    return this.#table.count
  }

  get openDocuments(): number {
    return this.#documents.size
  }

  get documentStates(): OpenDocuments['states'] {
    return this.#documents.states
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

  /** As `head`, for whoever may not have heard of a rename: of the file that was called so, where none is by now. */
  headMeantBy(path: WorkspacePath): FileHead | undefined {
    return this.#table.meantBy(path)?.head
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
    return this.#documents.whenSettled(
      () => id,
      () => {
        const head = this.#table.get(id)?.head
        return head === undefined || head.deleted ? undefined : { head, content: this.#versions.of(head).content }
      },
    )
  }

  /** As `peek`, of the file at a path; null: there is none, or it is no text. */
  async peekText(path: WorkspacePath): Promise<{ readonly head: FileHead; readonly text: string } | null> {
    const head = this.head(path)
    const version = head === undefined ? undefined : await this.peek(head.id)
    return version?.content.kind === 'text' ? { head: version.head, text: version.content.text } : null
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
    const meant = (): FileId | undefined => this.#versions.meant(command.path, command.base)?.id
    const act = (): Promise<WriteResult> => {
      const written: Version = { content: fromWire(command.content), executable: command.executable }
      const head = this.#versions.meant(command.path, command.base)
      if (head === undefined) {
        // A version of a file of which the server knows nothing: the store began anew, or the name is mistyped.
        const isUnknown = command.base !== null && command.base.text === undefined
        if (isUnknown) return Promise.resolve({ outcome: 'need-base' })
        const making = { ...ACCEPTED, result: written }
        const nothing = { content: NO_TEXT, executable: command.executable }
        const made = fencedMaking(this.#fence, command.path, nothing, making, author, command.lockToken)
        if (atomic && made.decision.gone) throw wouldHold({ path: command.path, rev: 0, author }, made.decision)
        return made.decision.gone
          ? this.#writer.keepPath(deed, made.decision, author)
          : this.#writer.create(deed, written, made.author)
      }
      const { base: known } = command
      const base = known === null ? this.#versions.copied(head, written) : this.#versions.base(head, known, written)
      if (base === undefined) return Promise.resolve({ outcome: 'need-base' })
      const incumbent = { ...this.#versions.last(head), deleted: head.deleted }
      const decision = decider.decide({ head: incumbent, base, written, rules: this.#mergeRules(head.path) })
      if (decision instanceof Promise && decider.isLast && head.kind === 'text')
        return this.#documents.keeping(head.id, decision, act)
      if (decision instanceof Promise) return decision.then(() => this.#documents.whenSettled(meant, act, command.path))
      const fenced = fencedWrite(this.#fence, head.path, incumbent, decision, author, command.lockToken)
      if (atomic && fenced.decision.conflicts.length > 0) throw wouldHold(head, fenced.decision)
      return this.#writer.change(
        head,
        deed,
        withHeld(fenced.decision, held),
        fenced.author,
        fenced.decision.gone === true,
      )
    }
    return this.#once(deed, meant, act, text.length)
  }

  /** What became of a write with an id of the server's own; undefined where it was not carried out, or is forgotten. */
  outcome(id: WriteId): WriteOutcome | undefined {
    return this.#outcomes.find(id)
  }

  /** Deletes a file that is still what the writer saw; one that changed since stays, and that is on record. */
  delete(command: DeleteCommand, author: Author): Promise<WriteResult> {
    const deed = { ...command, fingerprint: fingerprintOf(['delete', command.path]) }
    const meant = (): FileHead | undefined => this.#versions.meant(command.path, command.base)
    const act = (): Promise<WriteResult> => {
      const head = meant()
      if (head === undefined) throw new EnsembleError('E_NOT_FOUND', `There is no file ${command.path}.`)
      // A new name is a change, too: whoever gave it wants the file.
      const stale = !head.deleted && (command.base.hash !== head.hash || command.path !== head.path)
      const lock = closedTo(this.#fence, head.path, author, command.lockToken)[0]?.lock
      const decision = decideDelete(this.#versions.of(head), { deleted: head.deleted, isStale: stale, lock })
      const by = authorAt(this.#fence, head.path, author, command.lockToken)
      return this.#writer.change(head, deed, decision, by, head.deleted || decision.held === 0)
    }
    return this.#once(deed, () => meant()?.id, act)
  }

  /**
   * Calls a file otherwise; its history, its document and its conflicts go with it. Whoever was first with another name
   * stays first, and a name that is not free is nobody's: the head tells what it is called.
   * @throws EnsembleError E_NOT_FOUND; E_LOCK_HELD: the path, or the new one, is locked whole for someone else
   */
  rename(command: RenameCommand, author: Author): Promise<WriteResult> {
    const { id, path, to } = command
    const deed = { ...command, base: null, fingerprint: fingerprintOf(['rename', id, path, to]) }
    const act = (): Promise<WriteResult> => {
      const head = this.#table.get(id)?.head
      if (head === undefined) throw new EnsembleError('E_NOT_FOUND', `There is no file ${path} with the id ${id}.`)
      const isDone = head.path !== path || path === to || !this.#table.isFree(to, id)
      const by = authorAt(this.#fence, path, authorAt(this.#fence, to, author))
      if (!isDone) for (const at of [path, to]) this.#assertNamable(head, to, at, author)
      const decision = decideRename(head.deleted, isDone, () =>
        isDone ? this.#versions.of(head) : this.#versions.last(head),
      )
      if (!isDone) this.#documents.vacate(to, id, renamedHere(path, to))
      else if (head.path !== to) this.#tellKept(head, to, author, head.path === path ? 'taken' : 'renamed')
      return this.#writer.change(head, deed, decision, by, isDone && head.deleted, isDone ? head.path : to)
    }
    return this.#once(deed, () => id, act, 0, to)
  }

  /**
   * Opens the document of a path; of one that holds no file, a document that becomes the file with its first change.
   * Each call is paired with one of `release`.
   * @throws EnsembleError E_NOT_TEXT
   */
  open(path: WorkspacePath): Promise<FileDocument> {
    return this.#documents.attach(path)
  }

  /** What live peers typed at a path up to here becomes a revision in this step. */
  seal(path: WorkspacePath): void {
    this.#documents.seal(path)
  }

  release(document: FileDocument): void {
    this.#documents.release(document)
  }

  /** Stores everything that waits; unloads nothing that could not be stored. All in one go: what storage does not take is named. */
  async close(): Promise<void> {
    const all = [...this.#documents.all(), this.tree]
    await Promise.all(all.map(({ live }) => live.flushed().catch(() => undefined)))
    this.#documents.unloadIdle(0)
  }

  #once(
    asked: Asked,
    file: () => FileId | undefined,
    act: () => Promise<WriteResult>,
    written = 0,
    unborn = asked.path,
  ): Promise<WriteResult> {
    const id = file()
    const replaced = id === undefined ? 0 : (this.#table.get(id)?.head.size ?? 0)
    return this.#door.within(asked, GROWTH * (written + replaced) + OVERHEAD_BYTES, () =>
      this.#documents.whenSettled(file, act, unborn),
    )
  }

  /** Where a file that is made, or made again, comes to stand (rule PATH-6). */
  #place(path: WorkspacePath, id: FileId, author: Author): WorkspacePath {
    const isFree = (other: WorkspacePath): boolean => this.#table.isFree(other, id)
    return isFree(path) ? path : asidePath(path, author, this.#table.fileAbove(path), isFree)
  }

  #tellKept(head: FileHead, to: WorkspacePath, author: Author, why: KeptFor): void {
    const { event, rows } = this.#ledger.keepName(head, to, author, why)
    void this.#documents.settle(head.id, rows, () => {
      this.#ledger.publish({ head, edits: null, revised: false, conflicts: [], events: [event] })
    })
  }

  /** @throws EnsembleError E_LOCK_HELD: `at`, one of its paths, is locked whole; everyone is told */
  #assertNamable(head: FileHead, to: WorkspacePath, at: WorkspacePath, author: Author): void {
    const lock = closedWhole(this.#fence, at, author)?.lock
    if (lock === undefined) return
    this.#tellKept(head, to, author, { path: at, lock })
    throw lockHeld(`${head.path} was not renamed to ${to}: ${lock.holder} has ${at} locked.`, at, lock)
  }
}

const NO_TEXT = { kind: 'text', text: '', ...PLAIN_FORMAT } as const
const ACCEPTED = { outcome: 'accepted', fromWritten: [], applied: 1, held: 0, conflicts: [] } as const
