/**
 * How an older text leads to a present one, piece by piece: what stands in both, what is gone since, what is new since.
 *
 * 1. Exact: pieces come from the edits of revisions alone; texts are never compared.
 * 2. `older` and `present` can both be read off it, and it can be led further back by the edits of one revision.
 */

import type { Edit, Edits } from '../../protocol/text/edits.js'

export type Piece =
  | { readonly kind: 'kept'; readonly length: number }
  | { readonly kind: 'gone'; readonly text: string }
  /** Gone too, but by what is taken back itself: nobody else changed anything there. */
  | { readonly kind: 'dropped'; readonly text: string }
  | { readonly kind: 'new'; readonly length: number }

/** One place that changed since: offsets in the older text, and in the present one. */
export interface Change {
  readonly from: number
  readonly to: number
  readonly presentFrom: number
  readonly presentTo: number
}

/** What one edit put into the older text, and what it took out of it there. */
export interface Insertion {
  readonly at: number
  readonly length: number
  readonly replaced: string
  /** Its text stands in the present one untouched, and gives way to what of `replaced` is kept here. Null: it stays. */
  readonly way: readonly Piece[] | null
}

export class Trail {
  readonly present: string
  readonly #pieces: readonly Piece[]

  private constructor(present: string, pieces: readonly Piece[]) {
    this.present = present
    this.#pieces = pieces
  }

  static from(text: string): Trail {
    return new Trail(text, text === '' ? [] : [{ kind: 'kept', length: text.length }])
  }

  get older(): string {
    let text = ''
    let at = 0
    for (const piece of this.#pieces) {
      if ('text' in piece) text += piece.text
      else {
        if (piece.kind === 'kept') text += this.present.slice(at, at + piece.length)
        at += piece.length
      }
    }
    return text
  }

  /** Ascending, and never two that touch. */
  get changes(): Change[] {
    const changes: Change[] = []
    let from = 0
    let present = 0
    let open: Change | undefined
    for (const piece of this.#pieces) {
      if (piece.kind === 'kept' || piece.kind === 'dropped') {
        if (open !== undefined) changes.push(open)
        open = undefined
        from += olderLength(piece)
        present += presentLength(piece)
        continue
      }
      open ??= { from, to: from, presentFrom: present, presentTo: present }
      if (piece.kind === 'gone') from += piece.text.length
      else present += piece.length
      open = { ...open, to: from, presentTo: present }
    }
    return open === undefined ? changes : [...changes, open]
  }

  /** The ranges of the older text that stand in the present one. */
  *kept(): Iterable<{ readonly from: number; readonly to: number; readonly presentFrom: number }> {
    let from = 0
    let presentFrom = 0
    for (const piece of this.#pieces) {
      if (piece.kind === 'kept') yield { from, to: from + piece.length, presentFrom }
      from += olderLength(piece)
      presentFrom += presentLength(piece)
    }
  }

  /** For each unit of a part of the present text, 1 where the older text has it too. */
  keptIn({ presentFrom, presentTo }: Change): Uint8Array {
    const kept = new Uint8Array(presentTo - presentFrom)
    let at = 0
    for (const piece of this.#pieces) {
      if (piece.kind === 'gone') continue
      if (piece.kind === 'kept')
        kept.fill(1, Math.max(0, at - presentFrom), Math.max(0, at + piece.length - presentFrom))
      at += presentLength(piece)
    }
    return kept
  }

  /** Another way through `place`, whose ends are ends of pieces, or lie within kept ones. */
  detour(place: Change, way: readonly Piece[], present: string): Trail {
    const pieces = new Pieces()
    let from = 0
    let at = 0
    let isDone = false
    const go = (): void => {
      for (const piece of way) pieces.push(piece)
      isDone = true
    }
    for (const piece of this.#pieces) {
      const older = olderLength(piece)
      const own = presentLength(piece)
      const isBefore = from + older <= place.from && at + own <= place.presentFrom
      const isBehind = from >= place.to && at >= place.presentTo
      if (isBehind && !isDone && !isBefore) go()
      if (isBefore || isBehind) pieces.push(piece)
      else {
        if (older > 0) pieces.push(part(piece, 0, place.from - from))
        if (!isDone) go()
        if (older > 0) pieces.push(part(piece, place.to - from, older))
      }
      from += older
      at += own
    }
    if (!isDone) go()
    const text = this.present.slice(0, place.presentFrom) + present + this.present.slice(place.presentTo)
    return new Trail(text, pieces.list)
  }

  /** How many units before an offset of the older text were dropped. */
  droppedBefore(offset: number): number {
    let from = 0
    let dropped = 0
    for (const piece of this.#pieces) {
      if (from >= offset) break
      if (piece.kind === 'dropped') dropped += Math.min(offset - from, piece.text.length)
      from += olderLength(piece)
    }
    return dropped
  }

  /**
   * One revision further back. Of what is taken back, the present text holds again what stood there before.
   *
   * @param insertions ascending, as offsets in the older text
   */
  back(insertions: readonly Insertion[]): Step {
    const pieces = new Pieces()
    const edits: Edit[] = []
    let at = 0 // in the older text
    let presentAt = 0
    let next = 0
    let begunAt: number | undefined
    const begin = ({ replaced, way }: Insertion): void => {
      begunAt = presentAt
      for (const piece of way ?? [{ kind: 'gone', text: replaced } as const]) pieces.push(piece)
    }
    const end = ({ replaced, way }: Insertion): void => {
      if (way !== null && begunAt !== undefined) {
        edits.push({ at: begunAt, removed: this.present.slice(begunAt, presentAt), added: keptOf(replaced, way) })
      }
      next++
      begunAt = undefined
    }
    for (const piece of this.#pieces) {
      if (piece.kind === 'new') {
        pieces.push(piece)
        presentAt += piece.length
        continue
      }
      const start = at
      const stop = at + olderLength(piece)
      while (at < stop) {
        const insertion = insertions[next]
        if (insertion !== undefined && begunAt === undefined && insertion.at <= at) begin(insertion)
        if (insertion !== undefined && begunAt !== undefined && at >= insertion.at + insertion.length) {
          end(insertion)
          continue
        }
        const isInside = insertion !== undefined && begunAt !== undefined
        const until = insertion === undefined ? stop : isInside ? insertion.at + insertion.length : insertion.at
        const to = Math.min(stop, until)
        if (!isInside) pieces.push(part(piece, at - start, to - start))
        else if (piece.kind === 'kept' && insertion.way === null) pieces.push({ kind: 'new', length: to - at })
        if (piece.kind === 'kept') presentAt += to - at
        at = to
        if (isInside && at >= insertion.at + insertion.length) end(insertion)
      }
    }
    for (let insertion = insertions[next]; insertion !== undefined; insertion = insertions[next]) {
      if (begunAt === undefined) begin(insertion)
      end(insertion)
    }
    let present = ''
    let done = 0
    for (const edit of edits) {
      present += this.present.slice(done, edit.at) + edit.added
      done = edit.at + edit.removed.length
    }
    return { trail: new Trail(present + this.present.slice(done), pieces.list), edits }
  }
}

export interface Step {
  readonly trail: Trail
  /** From the present text before to the one after. */
  readonly edits: Edits
}

/** What of an older text is kept on a way. */
function keptOf(older: string, way: readonly Piece[]): string {
  let kept = ''
  let at = 0
  for (const piece of way) {
    if (piece.kind === 'kept') kept += older.slice(at, at + piece.length)
    at += olderLength(piece)
  }
  return kept
}

function olderLength(piece: Piece): number {
  return 'text' in piece ? piece.text.length : piece.kind === 'kept' ? piece.length : 0
}

function presentLength(piece: Piece): number {
  return 'text' in piece ? 0 : piece.length
}

/** By offsets within it, as far as they are within it. */
function part(piece: Piece, from: number, to: number): Piece {
  const first = Math.max(0, from)
  if ('text' in piece) return { kind: piece.kind, text: piece.text.slice(first, Math.max(first, to)) }
  return { kind: piece.kind, length: Math.max(0, Math.min(to, piece.length) - first) }
}

/** Gathers pieces, joins those of one kind, drops empty ones. */
class Pieces {
  readonly list: Piece[] = []

  push(piece: Piece): void {
    const last = this.list.at(-1)
    if (olderLength(piece) + presentLength(piece) === 0) return
    if (last?.kind !== piece.kind) this.list.push(piece)
    else if ('text' in piece) this.list[this.list.length - 1] = { ...piece, text: textIn(last) + piece.text }
    else this.list[this.list.length - 1] = { ...piece, length: presentLength(last) + piece.length }
  }
}

function textIn(piece: Piece): string {
  return 'text' in piece ? piece.text : ''
}
