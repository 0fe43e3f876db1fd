/**
 * What was typed in a file and is not known to be stored: kept while its document is gone, until another one of the same
 * path takes it. Nothing leaves here but by being taken, stored, or dismissed by a person.
 */
import { signal } from '@preact/signals'
import type { FileHead } from '../../protocol/files.js'

/** `mine` was made from `base`, which the server has stored. */
export interface Unsent {
  readonly base: string
  readonly mine: string
}

export interface Draft extends Unsent {
  readonly fileId: string
  /** Who typed it. */
  readonly author: string
  /** It was on its way over a good line: the next commit of that file by whom it is says that it came through. */
  readonly underWay: boolean
  /** The lines that were typed, each place by itself. */
  readonly typed: readonly string[]
}

export class Drafts {
  readonly #drafts = signal<ReadonlyMap<string, Draft>>(new Map())
  readonly #held = signal<ReadonlyMap<string, readonly string[]>>(new Map())

  keep(path: string, draft: Draft): void {
    this.#drafts.value = new Map([...this.#drafts.peek(), [path, draft]])
  }

  /** For the document that it goes into now. */
  take(path: string): Draft | undefined {
    const draft = this.#drafts.peek().get(path)
    if (draft !== undefined) this.#drafts.value = without(this.#drafts.peek(), path)
    return draft
  }

  committed({ path, id, author }: Pick<FileHead, 'path' | 'id' | 'author'>): void {
    const draft = this.#drafts.peek().get(path)
    if (draft?.underWay === true && draft.fileId === id && draft.author === author)
      this.#drafts.value = without(this.#drafts.peek(), path)
  }

  /** Keeps what did not merge, to be copied. */
  hold(path: string, pieces: readonly string[]): void {
    if (pieces.length === 0) return
    this.#held.value = new Map([...this.#held.peek(), [path, [...this.#heldOf(path), ...pieces]]])
  }

  /** What a person should copy, since it stands in no file: subscribes whoever reads it. */
  stranded(path: string): readonly string[] {
    const draft = this.#drafts.value.get(path)
    return [...(this.#held.value.get(path) ?? []), ...(draft?.underWay === false ? draft.typed : [])]
  }

  /** Whether anything would be lost with the page. */
  get atRisk(): boolean {
    return this.#held.peek().size > 0 || [...this.#drafts.peek().values()].some((draft) => !draft.underWay)
  }

  dismiss(path: string): void {
    this.#held.value = without(this.#held.peek(), path)
    this.#drafts.value = without(this.#drafts.peek(), path)
  }

  #heldOf(path: string): readonly string[] {
    return this.#held.peek().get(path) ?? []
  }
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  const rest = new Map(map)
  rest.delete(key)
  return rest
}
