/**
 * Two different insertions at one point.
 *
 * - One holds the other, line for line: that part was written twice, and stands once; the longer one is the result.
 * - They begin with the same new line, or share most of their new lines: the same thing was written twice and came out
 *   different. Both would stand almost double, so they are in conflict.
 * - A bracket is opened or closed, and not the other way within it: the other insertion would stand inside or outside of
 *   it by mere order. In conflict.
 * - Otherwise they have nothing to do with each other, and both stay, ours first.
 *
 * New is a line that the base holds nowhere: lines that repeat all over a file say nothing about being the same thing.
 */

import { isSignificant, joinPieces, lineAt, lineEndOf, sliceLines, type Lines } from './lines.js'

/** Lines [from, to) that a side inserts. */
export interface Insertion {
  readonly lines: Lines
  readonly from: number
  readonly to: number
}

/** Two insertions that share more than this of the new lines of the smaller, by length, are the same thing twice. */
const MAX_SHARED = 2 / 3

/** Comparisons of lines to find one insertion within another; past it, it is not found. */
const MAX_COMPARED = 1_000_000

/** The text with both, or undefined if they are in conflict. `isKnown`: whether the base holds the line of this id. */
export function mergeInsertions(
  ours: Insertion,
  theirs: Insertion,
  isKnown: (id: number) => boolean,
): string | undefined {
  const one = sliceLines(ours.lines, ours.from, ours.to)
  const two = sliceLines(theirs.lines, theirs.from, theirs.to)
  if (holds(ours, theirs)) return one
  if (holds(theirs, ours)) return two
  if (isSameThing(newLines(ours, isKnown), newLines(theirs, isKnown))) return undefined
  return isBalanced(one) && isBalanced(two) ? joinPieces([one, two], lineEndOf(ours.lines)) : undefined
}

/** Whether `whole` holds the lines of `part`, together and in order. Brackets alone say too little to tell. */
function holds(whole: Insertion, part: Insertion): boolean {
  const text = sliceLines(part.lines, part.from, part.to)
  if (!isSignificant(text) && text.trim() !== '') return false
  const a = whole.lines.ids.subarray(whole.from, whole.to)
  const b = part.lines.ids.subarray(part.from, part.to)
  let work = MAX_COMPARED
  for (let start = 0; start + b.length <= a.length && work > 0; start++) {
    let n = 0
    while (n < b.length && a[start + n] === b[n]) n++
    if (n === b.length) return true
    work -= n + 1
  }
  return false
}

interface NewLines {
  readonly first: number | undefined
  /** Length of each new line, by id. */
  readonly weights: ReadonlyMap<number, number>
  readonly total: number
}

function newLines(insertion: Insertion, isKnown: (id: number) => boolean): NewLines {
  const weights = new Map<number, number>()
  let first: number | undefined
  let total = 0
  for (let line = insertion.from; line < insertion.to; line++) {
    const id = insertion.lines.ids[line] ?? -1
    const text = lineAt(insertion.lines, line).trim()
    if (weights.has(id) || isKnown(id) || !isSignificant(text)) continue
    first ??= id
    weights.set(id, text.length)
    total += text.length
  }
  return { first, weights, total }
}

function isSameThing(one: NewLines, two: NewLines): boolean {
  if (one.first !== undefined && one.first === two.first) return true
  let shared = 0
  for (const [id, weight] of one.weights) if (two.weights.has(id)) shared += weight
  return shared > MAX_SHARED * Math.min(one.total, two.total)
}

function isBalanced(text: string): boolean {
  return ['()', '[]', '{}'].every(([open = '', close = '']) => count(text, open) === count(text, close))
}

function count(text: string, sign: string): number {
  let found = 0
  for (let at = text.indexOf(sign); at !== -1; at = text.indexOf(sign, at + 1)) found++
  return found
}
