/**
 * The durable revisions of one file, read in slices. What was durable when it was opened does not change any more, so that a
 * long reading needs no lock.
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import { applyEdits, invertEdits } from '../../protocol/text/edits.js'
import type { Content } from '../documents/content.js'
import type { FileJournal } from '../documents/file-journal.js'
import type { Slices } from './slices.js'

/** Strings that are put together are copied when they are first read: not all at the end, but once in so many steps. */
const FLAT_EVERY = 32

export class FileHistory {
  readonly head: FileHead
  readonly #journal: FileJournal
  readonly #slices: Slices

  /** @param head durable */
  constructor(head: FileHead, journal: FileJournal, slices: Slices) {
    this.head = head
    this.#journal = journal
    this.#slices = slices
  }

  /** @throws EnsembleError E_NOT_FOUND */
  entry(rev: number): RevisionEntry {
    const { id, path, rev: last } = this.head
    if (rev < 1 || rev > last) {
      throw new EnsembleError('E_NOT_FOUND', `${path} has no revision ${rev}; its newest is ${last}.`, {
        hint: `"ensemble log ${path}" lists them.`,
        data: { path, rev, newest: last },
      })
    }
    const entry = this.#journal.entry(id, rev)
    if (entry === undefined) throw missing(path, rev)
    return entry
  }

  /** From `rev` down to 1. */
  async *down(rev = this.head.rev): AsyncGenerator<RevisionEntry> {
    for (let at = rev; at > 0; at--) {
      await this.#slices.breathe()
      yield this.entry(at)
    }
  }

  async contentAt(rev: number): Promise<Content> {
    const { kind, hash, bom, eol } = this.entry(rev)
    if (kind === 'text') return { kind, text: await this.textAt(rev), bom, eol }
    const bytes = this.#journal.blob(hash)
    if (bytes === undefined) throw missing(this.head.path, rev)
    return { kind, bytes }
  }

  /** The text of a revision that is text. */
  async textAt(rev: number): Promise<string> {
    const { id, path } = this.head
    const known = this.#journal.known(id)
    const isNearer = known !== undefined && Math.abs(known.rev - rev) <= rev
    const text =
      (isNearer ? await this.#travel(known, rev) : undefined) ??
      (await this.#fromOrigin(rev)) ??
      (known === undefined ? undefined : await this.#travel(known, rev))
    if (text === undefined) throw missing(path, rev)
    return text
  }

  async #travel(known: { readonly rev: number; readonly text: string }, rev: number): Promise<string | undefined> {
    let { text } = known
    for (let at = known.rev; at !== rev; at += at < rev ? 1 : -1) {
      await this.#slices.breathe()
      const entry = this.#journal.entry(this.head.id, at < rev ? at + 1 : at)
      if (entry?.edits == null) return undefined
      text = applyEdits(text, at < rev ? entry.edits : invertEdits(entry.edits))
      if (at % FLAT_EVERY === 0) text.charCodeAt(0)
    }
    return text
  }

  /** From where the text began: with nothing, or after bytes. */
  async #fromOrigin(rev: number): Promise<string | undefined> {
    const { id } = this.head
    for (let at = rev; at > 0; at--) {
      await this.#slices.breathe()
      const entry = this.#journal.entry(id, at)
      if (entry === undefined) return undefined
      if (entry.edits !== null) continue
      const origin = this.#journal.origin(id, at)
      return origin === undefined ? undefined : this.#travel({ rev: at, text: origin }, rev)
    }
    return this.#travel({ rev: 0, text: '' }, rev)
  }
}

function missing(path: string, rev: number): EnsembleError {
  return new EnsembleError('E_STORAGE_DAMAGED', `The content of revision ${rev} of ${path} is missing.`)
}
