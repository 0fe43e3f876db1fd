/**
 * Carries out what was decided about a file: in its document, if it has one, or without one. The revision, its conflicts and
 * its outcome are one commit.
 */
import type { WriteOutcome, WriteResult, FileHead } from '../../protocol/files.js'
import { fileId, type Author, type FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { diff } from '../../protocol/text/diff.js'
import type { Edits } from '../../protocol/text/edits.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import { bytesOf, formOf, hashOf, wholeText } from './content.js'
import type { Decision, Version } from './decide-write.js'
import type { FileDocument } from './file-document.js'
import { blobRow } from './file-journal.js'
import type { FileTable } from './file-table.js'
import type { Ledger } from './ledger.js'
import { notText, type OpenDocuments } from './open-documents.js'
import { answer, type Deed, type WriteAttachments } from './write-attachments.js'
import type { WriteOutcomes } from './write-outcomes.js'

export interface FileWriterOptions {
  readonly documents: OpenDocuments
  readonly table: FileTable
  readonly ledger: Ledger
  readonly attachments: WriteAttachments
  readonly outcomes: WriteOutcomes
  readonly queue: CommitQueue
  readonly newId: () => string
  /** Where a file that is made, or made again, comes to stand (rule PATH-6). */
  readonly placeFor: (path: WorkspacePath, id: FileId, author: Author) => WorkspacePath
}

/** Only within `OpenDocuments.whenSettled`, in the step in which it was decided. */
export class FileWriter {
  readonly #options: FileWriterOptions

  constructor(options: FileWriterOptions) {
    this.#options = options
  }

  /** A path that holds no file, and never held one that the writer could mean. */
  async create(deed: Deed, { content, executable }: Version, author: Author): Promise<WriteResult> {
    const { documents, ledger, outcomes, placeFor, newId } = this.#options
    const unborn = documents.unborn(deed.path)
    const id = unborn?.id ?? fileId.parse(newId())
    const path = placeFor(deed.path, id, author)
    if (unborn !== undefined && content.kind === 'text') {
      const edits = wholeText(content.text)
      return this.#rewrite(unborn, deed, { ...ACCEPTED, result: { content, executable } }, edits, author, false, path)
    }
    unborn?.live.expel(notText(deed.path)) // it would become a second file of this path
    const bytes = bytesOf(content)
    // The journal's first entry holds the whole text: nothing else has to until it is edited.
    const edits = content.kind === 'text' ? wholeText(content.text) : null
    const { head, event, rows } = ledger.revise(
      {
        id,
        path,
        rev: 1,
        ...formOf(content),
        executable,
        deleted: false,
        hash: hashOf(bytes),
        size: bytes.length,
        author,
      },
      {
        ...{ change: 'created', edits, text: content.kind === 'text' ? content.text : null },
        ...{ writeId: deed.writeId, epoch: null },
      },
    )
    const outcome: WriteOutcome = {
      ...{ outcome: 'accepted', head, applied: 1, held: 0, conflicts: [] },
      edits: edits === null ? null : [],
    }
    const contentRows = content.kind === 'text' ? [] : [blobRow(head.hash, bytes)]
    await documents.settle(id, [...rows, ...contentRows, ...outcomes.rows(deed, outcome)], () => {
      ledger.publish({ head, edits, revised: true, conflicts: [], events: [event] })
    })
    return outcome
  }

  /** A lock keeps the path: what was to be the file is on record, as held of one that is gone. */
  keepPath(deed: Deed, decision: Decision, author: Author): Promise<WriteResult> {
    return this.#rewrite(this.#options.documents.begin(deed.path), deed, decision, [], author, true, deed.path)
  }

  /** What was decided about a file: in its document, or without one. */
  async change(
    head: FileHead,
    deed: Deed,
    decision: Decision,
    author: Author,
    deleted: boolean,
    to = head.path,
  ): Promise<WriteResult> {
    const { documents, outcomes, placeFor, queue } = this.#options
    if (decision.outcome === 'unchanged' && deed.conclude === undefined) {
      // On record all the same: repeated after other changes it could seem to be against them.
      const outcome = answer(decision, head, [])
      await queue.enqueue(outcomes.rows(deed, outcome))
      return outcome
    }
    const path = deleted ? head.path : placeFor(to, head.id, author)
    const { content } = decision.result
    const isOnlyRenamed = path !== head.path && !head.deleted && decision.fromHead?.length === 0
    if (content.kind === 'binary' || (isOnlyRenamed && documents.loaded(head.id) === undefined))
      return this.#withoutDocument(head, deed, decision, author, deleted, path)
    const document = documents.load(head.id)
    // Where it was loaded just now and its head followed it, the edits are of another text.
    const isAsDecided = document.head?.rev === head.rev
    const edits = (isAsDecided ? decision.fromHead : null) ?? diff(document.text, content.text)
    return this.#rewrite(document, deed, decision, edits, author, deleted, path)
  }

  async #rewrite(
    document: FileDocument,
    deed: Deed,
    decision: Decision,
    edits: Edits,
    author: Author,
    deleted: boolean,
    path: WorkspacePath,
  ): Promise<WriteResult> {
    const { documents, attachments } = this.#options
    const { content, executable } = decision.result
    const { bom, eol } = formOf(content)
    const incumbent = document.head?.author ?? author
    let result: WriteResult | undefined
    await document.rewrite(author, {
      path,
      edits,
      format: { bom, eol },
      executable,
      deleted,
      writeId: deed.writeId,
      soft: decision.soft,
      attach: (head) => {
        const attachment = attachments.of(head, deed, decision, author, incumbent, document.places)
        result = answer(decision, head, attachment.conflicts)
        return attachment
      },
    })
    documents.unloadIdle()
    if (result === undefined) throw new Error('a rewrite attaches its outcome')
    return result
  }

  /** Bytes: the last writer wins, and what it replaced is on record. Or only a new name. */
  async #withoutDocument(
    before: FileHead,
    deed: Deed,
    decision: Decision,
    author: Author,
    deleted: boolean,
    path: WorkspacePath,
  ): Promise<WriteResult> {
    const { documents, ledger, attachments, table } = this.#options
    const { content, executable } = decision.result
    if (content.kind === 'binary') documents.loaded(before.id)?.live.expel(notText(before.path))
    const bytes = bytesOf(content)
    const hash = hashOf(bytes)
    const isText = content.kind === 'text'
    const { id, rev, deleted: wasDeleted } = before
    const isRenamed = path !== before.path
    if (!isRenamed && hash === before.hash && executable === before.executable && deleted === wasDeleted) {
      const attached = attachments.of(before, deed, decision, author, before.author, null)
      const { rows, conflicts, events } = attached
      await documents.settle(id, rows, () => {
        ledger.publish({ head: before, edits: null, revised: false, conflicts, events })
      })
      return answer(decision, before, conflicts)
    }
    const form = { ...formOf(content), executable, deleted }
    const { head, event, rows } = ledger.revise(
      { id, path, rev: rev + 1, ...form, hash, size: bytes.length, author },
      {
        change: deleted ? 'deleted' : wasDeleted ? 'created' : isRenamed ? 'renamed' : 'modified',
        edits: isText ? [] : null,
        text: isText ? content.text : null,
        writeId: deed.writeId,
        epoch: table.get(id)?.epoch ?? null,
      },
    )
    const attached = attachments.of(head, deed, decision, author, before.author, null)
    const events = [event, ...attached.events]
    await documents.settle(id, [...rows, ...(isText ? [] : [blobRow(head.hash, bytes)]), ...attached.rows], () => {
      ledger.publish({ head, edits: isText ? [] : null, revised: true, conflicts: attached.conflicts, events })
    })
    return answer(decision, head, attached.conflicts)
  }
}

const ACCEPTED = { outcome: 'accepted', fromWritten: [], applied: 1, held: 0, conflicts: [] } as const
