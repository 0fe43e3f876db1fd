/**
 * Who wrote what of a text: its journal is walked back from the newest revision, and each piece of the text belongs to the
 * revision whose edits put it there. Exact: pieces are mapped through the edits, nothing is compared.
 *
 * 1. Every character of the lines asked for belongs to exactly one revision once the walk is done.
 * 2. A line belongs to the newest revision that put some of its text there; its line end counts only where it is all there is.
 */
import type { Author } from '../../protocol/ids.js'
import type { RevisionEntry } from '../../protocol/revisions.js'
import type { Edits } from '../../protocol/text/edits.js'
import { splitLines } from '../../protocol/text/lines.js'

/** What the walk needs of a revision. */
export type BlameEntry = Pick<RevisionEntry, 'rev' | 'author' | 'time' | 'edits'>

export interface BlameLine {
  /** From 1. */
  readonly line: number
  readonly text: string
  readonly entry: BlameEntry
  readonly authors: readonly Author[]
}

/** A piece of the text of which is not yet known who wrote it. */
interface Piece {
  /** Where it stands in the text that is asked about, and in the text of the revision that the walk has come to. */
  readonly from: number
  readonly at: number
  readonly length: number
}

interface Line {
  readonly from: number
  /** Where its line end begins. */
  readonly contentEnd: number
  readonly text: string
  entry: BlameEntry | undefined
  readonly authors: Set<Author>
}

export class BlameWalk {
  /** Lines of the whole text. */
  readonly count: number
  readonly #first: number
  readonly #lines: Line[] = []
  #pieces: readonly Piece[] = []

  /** Of the lines `from` up to and with `to`, counted from 1. */
  constructor(text: string, from = 1, to = Infinity) {
    const all = splitLines(text)
    this.count = all.length
    this.#first = from
    let offset = 0
    for (const [index, line] of all.entries()) {
      if (index + 1 >= from && index + 1 <= to) {
        const content = line.replace(/(?:\r?\n|\r)$/, '')
        const contentEnd = offset + content.length
        this.#lines.push({ from: offset, contentEnd, text: content, entry: undefined, authors: new Set() })
      }
      offset += line.length
    }
    const start = this.#lines[0]?.from ?? 0
    const end = to >= this.count ? text.length : start + lengthOf(all.slice(from - 1, to))
    if (end > start) this.#pieces = [{ from: start, at: start, length: end - start }]
  }

  /** Nothing is left to find out. */
  get done(): boolean {
    return this.#pieces.length === 0
  }

  /** Revisions come newest first, without gaps. One to which no edits lead brought all that is left. */
  step(entry: BlameEntry): void {
    if (entry.edits === null) {
      for (const piece of this.#pieces) this.#give(piece.from, piece.length, entry)
      this.#pieces = []
    } else if (entry.edits.length > 0) this.#pieces = this.#back(entry, entry.edits)
  }

  /** Throws nothing; a line that nobody wrote, because its journal is incomplete, is left out. */
  get lines(): BlameLine[] {
    return this.#lines.flatMap(({ entry, authors, text }, index) =>
      entry === undefined ? [] : [{ line: this.#first + index, text, entry, authors: [...authors] }],
    )
  }

  #back(entry: BlameEntry, edits: Edits): Piece[] {
    const left: Piece[] = []
    let shift = 0 // text of this revision minus text before it
    let next = 0
    for (const piece of this.#pieces) {
      const end = piece.at + piece.length
      for (let at = piece.at; at < end;) {
        // Edits that end before `at` move what follows.
        let edit = edits[next]
        while (edit !== undefined && edit.at + shift + edit.added.length <= at) {
          shift += edit.added.length - edit.removed.length
          edit = edits[++next]
        }
        const addedFrom = edit === undefined ? Infinity : edit.at + shift
        const from = piece.from + (at - piece.at)
        if (edit !== undefined && addedFrom <= at) {
          const stop = Math.min(end, addedFrom + edit.added.length)
          this.#give(from, stop - at, entry)
          at = stop
        } else {
          const stop = Math.min(end, addedFrom)
          left.push({ from, at: at - shift, length: stop - at })
          at = stop
        }
      }
    }
    return joined(left)
  }

  #give(from: number, length: number, entry: BlameEntry): void {
    const end = from + length
    for (let index = this.#lineAt(from); ; index++) {
      const line = this.#lines[index]
      if (line === undefined || line.from >= end) return
      if (from >= line.contentEnd && line.contentEnd > line.from) continue // its line end alone
      line.entry ??= entry
      line.authors.add(entry.author)
    }
  }

  /** Index of the line in which an offset stands. */
  #lineAt(offset: number): number {
    let low = 0
    let high = this.#lines.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#lines[middle]?.from ?? 0) <= offset) low = middle
      else high = middle
    }
    return low
  }
}

/** Pieces between which something was deleted later are one again before that. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = []
  for (const piece of pieces) {
    const last = result.at(-1)
    if (last !== undefined && last.from + last.length === piece.from && last.at + last.length === piece.at) {
      result[result.length - 1] = { ...last, length: last.length + piece.length }
    } else result.push(piece)
  }
  return result
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0)
}
