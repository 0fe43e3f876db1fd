/**
 * Edits: how two versions of a text differ, as data.
 *
 * Offsets and lengths are in UTF-16 code units, as in JavaScript strings and in Y.Text.
 *
 * Guarantees
 * 1. `applyEdits` changes exactly what the list says or throws: a `removed` that does not stand at its `at` is never
 *    guessed at, moved or skipped.
 * 2. `invertEdits(edits)` brings back the text before; `composeEdits(first, second)` is the one list that does both.
 * 3. Lists made here are normalised: ascending, no two of them touch, none empty.
 */

/** Replaces `removed`, which stands at `at` in the text before the edits, by `added`. */
export interface Edit {
  readonly at: number
  readonly removed: string
  readonly added: string
}

/**
 * A list of edits of one text: ascending, disjoint, never both sides empty. Every `at` counts in the text *before* all of
 * them, so that a list can be inverted, composed and intersected without replaying it.
 */
export type Edits = readonly Edit[]

/** Which way an offset leans when text is put exactly where it stands. */
export type Side = 'before' | 'after'

/**
 * - `order`: the list is not ascending and disjoint, or an `at` is no offset of the text;
 * - `mismatch`: the text does not hold what an edit says it removes.
 */
export type EditsErrorCode = 'order' | 'mismatch'

/** Edits that do not fit the text (or each other). Nothing was changed; diff the texts anew. */
export class EditsError extends Error {
  override readonly name = 'EditsError'

  constructor(
    readonly code: EditsErrorCode,
    /** Offset, in the text before the edits, of the first thing that did not fit. */
    readonly at: number,
    message: string,
  ) {
    super(message)
  }
}

/** `text` after `edits`. Throws EditsError `order` or `mismatch`. */
export function applyEdits(text: string, edits: Edits): string {
  let result = ''
  let done = 0
  for (const edit of edits) {
    if (!Number.isInteger(edit.at) || edit.at < done || edit.at > text.length) throw outOfOrder(edit, done, text.length)
    if (!text.startsWith(edit.removed, edit.at)) throw mismatch(edit, text)
    result += text.slice(done, edit.at) + edit.added
    done = edit.at + edit.removed.length
  }
  return result + text.slice(done)
}

/** The edits that bring back the text before `edits`. */
export function invertEdits(edits: Edits): Edits {
  let shift = 0
  return edits.map((edit) => {
    const at = edit.at + shift
    shift += edit.added.length - edit.removed.length
    return { at, removed: edit.added, added: edit.removed }
  })
}

/**
 * One list from the text before `first` to the text after `second`, normalised. What `second` takes back of `first` is
 * gone from it. Throws EditsError `mismatch` if the two can't stand on one text.
 */
export function composeEdits(first: Edits, second: Edits): Edits {
  const composed = new EditList()
  let shift = 0 // text between minus text before, up to the current group
  let i = 0
  let j = 0
  while (i < first.length || j < second.length) {
    const group = touchingGroup(first, i, shift, second, j)
    const firstPart = first.slice(i, group.i).map((edit) => ({ ...edit, at: edit.at + shift - group.from }))
    const secondPart = second.slice(j, group.j).map((edit) => ({ ...edit, at: edit.at - group.from }))
    const before = applyEdits(group.between, invertEdits(firstPart))
    composed.push(group.from - shift, before, applyEdits(group.between, secondPart))
    shift += group.between.length - before.length
    i = group.i
    j = group.j
  }
  return composed.edits
}

/**
 * Where `offset` of the text before stands after `edits`. At an insertion, and inside a replaced range, `side` decides:
 * `before` stays in front of the new text, `after` goes behind it. The two ends of a replaced range keep to theirs.
 */
export function mapOffset(edits: Edits, offset: number, side: Side): number {
  let shift = 0
  for (const edit of edits) {
    const end = edit.at + edit.removed.length
    if (offset < edit.at || (offset === edit.at && (edit.removed !== '' || side === 'before'))) break
    if (offset < end) return edit.at + shift + (side === 'before' ? 0 : edit.added.length)
    shift += edit.added.length - edit.removed.length
  }
  return offset + shift
}

/** Gathers edits in ascending order and keeps them normalised: joins those that touch, drops what changes nothing. */
export class EditList {
  private readonly list: Edit[] = []
  private last: Edit | undefined

  /** Offsets count in the text before; pushes come in ascending order. */
  push(at: number, removed: string, added: string): void {
    if (removed === added) return
    const { last } = this
    if (last === undefined || last.at + last.removed.length !== at) {
      this.flush()
      this.last = { at, removed, added }
      return
    }
    this.last = { at: last.at, removed: last.removed + removed, added: last.added + added }
  }

  get edits(): Edits {
    this.flush()
    return this.list
  }

  private flush(): void {
    if (this.last !== undefined && this.last.removed !== this.last.added) this.list.push(this.last)
    this.last = undefined
  }
}

interface TouchingGroup {
  /** Past the last edit of the group, in either list. */
  readonly i: number
  readonly j: number
  /** Where the group starts in the text between, and that text: every unit of it belongs to an edit of the group. */
  readonly from: number
  readonly between: string
}

/** The next edits of both lists that touch one another, seen in the text between the two lists. */
function touchingGroup(first: Edits, i: number, shift: number, second: Edits, j: number): TouchingGroup {
  let between = ''
  let from = -1
  for (;;) {
    const one = first[i]
    const two = second[j]
    const oneAt = one === undefined ? Infinity : one.at + shift
    const twoAt = two === undefined ? Infinity : two.at
    const at = Math.min(oneAt, twoAt)
    if (from === -1) from = at
    if (at > from + between.length || at === Infinity) return { i, j, from, between }
    const isFirst = one !== undefined && oneAt <= twoAt
    const piece = isFirst ? one.added : (two?.removed ?? '')
    between = overlay(between, at - from, piece, at)
    if (isFirst) {
      shift += one.added.length - one.removed.length
      i++
    } else j++
  }
}

/** `text` with `piece` laid over it at `at`, where both must agree. */
function overlay(text: string, at: number, piece: string, offset: number): string {
  const common = Math.min(text.length - at, piece.length)
  if (text.slice(at, at + common) !== piece.slice(0, common)) {
    const clash = 'The second edits remove other text than the first edits leave there.'
    throw new EditsError('mismatch', offset, `${clash} Compose only lists that follow one another.`)
  }
  return text + piece.slice(common)
}

function outOfOrder(edit: Edit, done: number, length: number): EditsError {
  const expected = `expected an offset from ${done} to ${length}, ascending and disjoint`
  return new EditsError('order', edit.at, `An edit stands at ${edit.at}; ${expected}. Diff the texts anew.`)
}

function mismatch(edit: Edit, text: string): EditsError {
  const found = JSON.stringify(text.slice(edit.at, edit.at + Math.min(edit.removed.length, 40)))
  const wanted = JSON.stringify(edit.removed.slice(0, 40))
  return new EditsError('mismatch', edit.at, `At ${edit.at} stands ${found}; expected ${wanted}. Diff the texts anew.`)
}
