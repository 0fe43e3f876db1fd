/** The versions of a file, wherever they are: in a document in memory, or in storage. */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead, WriteBase } from '../../protocol/files.js'
import type { FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { bytesOf, formOf, hashOf, type Content } from './content.js'
import type { Version } from './decide-write.js'
import type { FileJournal } from './file-journal.js'
import type { FileTable } from './file-table.js'
import type { OpenDocuments } from './open-documents.js'

/** Revisions in which a copy is looked for: a few milliseconds. */
const MOST_LOOKED_THROUGH = 1000

export class Versions {
  readonly #journal: FileJournal
  readonly #documents: OpenDocuments
  readonly #table: FileTable

  constructor(journal: FileJournal, documents: OpenDocuments, table: FileTable) {
    this.#journal = journal
    this.#documents = documents
    this.#table = table
  }

  of(head: FileHead): Version {
    const document = this.#documents.loaded(head.id)
    const content: Content | undefined =
      head.kind === 'text' && document !== undefined
        ? { kind: 'text', text: document.text, bom: head.bom, eol: head.eol }
        : this.#journal.content(head, head.id)
    if (content === undefined) throw new EnsembleError('E_STORAGE_DAMAGED', `The content of ${head.path} is missing.`)
    return { content, executable: head.executable }
  }

  /** The version that was there last: of a deleted file the one that was deleted, whose text its head no longer has. */
  last(head: FileHead): Version {
    const rev = head.rev - 1
    if (!head.deleted || head.kind === 'binary' || rev === 0) return this.of(head) // 0: it was kept from coming to be
    const document = this.#documents.loaded(head.id)
    const entry = this.#entry(head.id, rev)
    const text = document?.textAt(rev) ?? this.#journal.text(head.id, rev)
    if (entry === undefined || text === undefined)
      throw new EnsembleError('E_STORAGE_DAMAGED', `The content of ${head.path} before its deletion is missing.`)
    const { bom, eol, executable } = entry
    return { content: { kind: 'text', text, bom, eol }, executable }
  }

  /** Whether a file ever was as a writer says. */
  has(head: FileHead, base: WriteBase): boolean {
    return head.hash === base.hash || this.#entry(head.id, base.rev)?.hash === base.hash
  }

  /** The version that a writer started from; undefined where neither the store nor the writer has its content. */
  base(head: FileHead, base: WriteBase, written: Version): Version | undefined {
    const entry = this.#entry(head.id, base.rev)
    const { executable } = entry?.hash === base.hash ? entry : head
    if (base.hash === head.hash) return { ...this.of(head), executable }
    if (entry?.hash === base.hash) {
      const text = entry.kind === 'text' ? this.#documents.loaded(head.id)?.textAt(base.rev) : undefined
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

  /**
   * What somebody started from who knows of no file here, and has it: a clone or a copy of an older revision, to which nothing
   * was done. Null where the file never was like that, or is gone.
   */
  copied(head: FileHead, written: Version): Version | null {
    if (head.deleted) return null
    const hash = hashOf(bytesOf(written.content))
    const last = Math.max(1, head.rev - MOST_LOOKED_THROUGH)
    for (let rev = head.rev - 1; rev >= last; rev--) {
      const entry = this.#entry(head.id, rev)
      if (entry?.hash === hash && entry.change !== 'deleted') return written
    }
    return null
  }

  /** The file that a writer means, by what it started from. */
  meant(path: WorkspacePath, base: WriteBase | null): FileHead | undefined {
    const here = this.#table.at(path)?.head
    if (base === null) return here
    const named = base.id === undefined ? undefined : this.#table.get(base.id)?.head
    if (named !== undefined) return named
    const left = this.#table.leftFrom(path)?.head
    const isHere = left === undefined || (here !== undefined && this.has(here, base))
    return isHere || !this.has(left, base) ? here : left
  }

  #entry(id: FileId, rev: number): RevisionEntry | undefined {
    return this.#documents.loaded(id)?.entry(rev) ?? this.#journal.entry(id, rev)
  }
}
