/**
 * A file's stored form: its head, its text at some revision, its bytes, and the journal of its revisions.
 *
 * Rows: ['file', id] StoredFile · ['text', id] {rev, text} · ['blob', hash] bytes · ['revision', id, rev] RevisionEntry
 * · ['text', id, rev] text of a revision to which no edits lead, because the one before it was bytes
 * · ['left', path] id of the file that was renamed away from there last.
 * The text of any revision follows from one known text and the journal, whose edits can be applied and inverted.
 */
import type { FileHead } from '../../protocol/files.js'
import type { ContentHash, FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { applyEdits, composeEdits, invertEdits, type Edits } from '../../protocol/text/edits.js'
import { rowsUnder } from '../storage/keys.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import type { Content } from './content.js'

export interface StoredFile {
  readonly head: FileHead
  /** Client id of the first struct of its document; null: nobody has opened it yet. */
  readonly epoch: number | null
}

/** The text of one revision. */
export interface StoredText {
  readonly rev: number
  readonly text: string
}

/** A text is copied whole whenever it is changed: the edits of so many revisions are put together first. */
const TOGETHER = 24

/** The text that edits lead to, one after the other; undefined where some are not known. */
export function travel(from: string, steps: Iterable<Edits | null | undefined>): string | undefined {
  let text = from
  let together: Edits = []
  let count = 0
  for (const edits of steps) {
    if (edits == null) return undefined
    together = composeEdits(together, edits)
    if (++count % TOGETHER > 0) continue
    text = applyEdits(text, together)
    together = []
  }
  return applyEdits(text, together)
}

type EditsOf = (rev: number) => Edits | null | undefined

/** From one revision up to a newer one. */
function* forth(from: number, rev: number, edits: EditsOf): Iterable<Edits | null | undefined> {
  for (let at = from + 1; at <= rev; at++) yield edits(at)
}

/** From one revision down to an older one. */
export function* back(from: number, rev: number, editsOf: EditsOf): Iterable<Edits | null | undefined> {
  for (let at = from; at > rev; at--) {
    const edits = editsOf(at)
    yield edits == null ? undefined : invertEdits(edits)
  }
}

export class FileJournal {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  *files(): Iterable<StoredFile> {
    for (const { value } of this.#storage.range(rowsUnder(['file']))) yield stored<StoredFile>(value)
  }

  *left(): Iterable<readonly [WorkspacePath, FileId]> {
    for (const { key, value } of this.#storage.range(rowsUnder(['left']))) {
      yield [stored<WorkspacePath>(key[1]), stored<FileId>(value)]
    }
  }

  file(id: FileId): StoredFile | undefined {
    return stored<StoredFile | undefined>(this.#storage.get(['file', id]))
  }

  entry(id: FileId, rev: number): RevisionEntry | undefined {
    return stored<RevisionEntry | undefined>(this.#storage.get(['revision', id, rev]))
  }

  /** The text of `rev`; undefined where it was not text, or is not known. */
  text(id: FileId, rev: number): string | undefined {
    const known = this.known(id)
    return (known === undefined ? undefined : this.#travel(id, known, rev)) ?? this.#fromOrigin(id, rev)
  }

  /** The one text that is stored whole, of whichever revision. */
  known(id: FileId): StoredText | undefined {
    return stored<StoredText | undefined>(this.#storage.get(['text', id]))
  }

  /** The text of a revision to which no edits lead, where that is text. */
  origin(id: FileId, rev: number): string | undefined {
    return stored<string | undefined>(this.#storage.get(['text', id, rev]))
  }

  /** The text of `rev`, starting from the text of another revision. */
  #travel(id: FileId, known: StoredText, rev: number): string | undefined {
    const { rev: from, text } = known
    const edits = (at: number): Edits | null | undefined => this.entry(id, at)?.edits
    return from < rev ? travel(text, forth(from, rev, edits)) : travel(text, back(from, rev, edits))
  }

  /** The text of `rev`, starting where its text began: with nothing, or after bytes. */
  #fromOrigin(id: FileId, rev: number): string | undefined {
    for (let at = rev; at > 0; at--) {
      const entry = this.entry(id, at)
      if (entry === undefined) return undefined
      if (entry.edits !== null) continue
      const origin = this.origin(id, at)
      return origin === undefined ? undefined : this.#travel(id, { rev: at, text: origin }, rev)
    }
    return this.#travel(id, { rev: 0, text: '' }, rev)
  }

  /** The durable content of a revision; undefined where it is not known. */
  content(entry: Pick<RevisionEntry, 'rev' | 'kind' | 'hash' | 'bom' | 'eol'>, id: FileId): Content | undefined {
    if (entry.kind === 'binary') {
      const bytes = this.blob(entry.hash)
      return bytes === undefined ? undefined : { kind: 'binary', bytes }
    }
    const text = this.text(id, entry.rev)
    return text === undefined ? undefined : { kind: 'text', text, bom: entry.bom, eol: entry.eol }
  }

  blob(hash: ContentHash): Uint8Array | undefined {
    return stored<Uint8Array | undefined>(this.#storage.get(['blob', hash]))
  }
}

export function fileRow(head: FileHead, epoch: number | null): Row {
  return { put: ['file', head.id], value: { head, epoch } satisfies StoredFile }
}

export function leftRow(path: WorkspacePath, id: FileId): Row {
  return { put: ['left', path], value: id }
}

export function textRow(id: FileId, rev: number, text: string): Row {
  return { put: ['text', id], value: { rev, text } satisfies StoredText }
}

export function originRow(id: FileId, rev: number, text: string): Row {
  return { put: ['text', id, rev], value: text }
}

export function blobRow(hash: ContentHash, bytes: Uint8Array): Row {
  return { put: ['blob', hash], value: bytes }
}

export function revisionRow(entry: RevisionEntry): Row {
  return { put: ['revision', entry.fileId, entry.rev], value: entry }
}
