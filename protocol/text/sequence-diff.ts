/**
 * Which elements of two sequences are kept and which are changed.
 *
 * The shortest difference is found where it is near. Where it is further than MAX_DISTANCE, elements that stand once on
 * either side (anchors) cut the sequences into pieces, and each piece is searched by itself; pieces without anchors are
 * cut where the search came furthest. When the budget is spent, what is left counts as changed. So the answer is always a
 * common subsequence, and always in time; only its length suffers.
 */

import { findAnchors, Occurrences } from './anchors.js'
import { PathSearch, type Budget, type Sequence } from './myers.js'

/** 1 for each element that is changed, 0 for kept. Kept elements of both sides pair up in order, and are equal. */
export interface Marks {
  readonly a: Uint8Array
  readonly b: Uint8Array
}

/** a[aFrom, aTo) is replaced by b[bFrom, bTo). Zero-based, half-open; one of the two may be empty. */
export interface Change {
  readonly aFrom: number
  readonly aTo: number
  readonly bFrom: number
  readonly bTo: number
}

/** Differences from either end before a piece is cut: up to here the result is as short as can be. */
const MAX_DISTANCE = 256
/** How often a piece between anchors is searched for anchors of its own. */
const MAX_DEPTH = 8

/** What differs between `a` and `b`, whose numbers are all below `size`. */
export function diffSequences(a: Sequence, b: Sequence, size: number, steps: number): Marks {
  const marks: Marks = { a: new Uint8Array(a.length), b: new Uint8Array(b.length) }
  let from = 0
  let aTo = a.length
  let bTo = b.length
  while (from < aTo && from < bTo && a[from] === b[from]) from++
  while (from < aTo && from < bTo && a[aTo - 1] === b[bTo - 1]) {
    aTo--
    bTo--
  }
  const whole = { a: a.subarray(from, aTo), b: b.subarray(from, bTo) }
  const inner = { a: marks.a.subarray(from, aTo), b: marks.b.subarray(from, bTo) }
  markShared(whole.a, whole.b, inner, new Occurrences(size), { steps }, 0)
  return marks
}

/** The changes that marks stand for: ascending, and never two that touch. */
export function changesOf(marks: Marks): Change[] {
  const changes: Change[] = []
  const { a, b } = marks
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const aFrom = i
    const bFrom = j
    while (i < a.length && a[i] === 1) i++
    while (j < b.length && b[j] === 1) j++
    if (i > aFrom || j > bFrom) changes.push({ aFrom, aTo: i, bFrom, bTo: j })
    i++
    j++
  }
  return changes
}

/** Marks, having set aside the elements that the other side does not hold at all: no search can keep those. */
function markShared(a: Sequence, b: Sequence, marks: Marks, seen: Occurrences, budget: Budget, depth: number): void {
  seen.count(a, b)
  const sharedA = positions(a, (id) => seen.inB(id) > 0)
  const sharedB = positions(b, (id) => seen.inA(id) > 0)
  if (sharedA.length === a.length && sharedB.length === b.length) {
    new Marker(a, b, marks, seen, budget, depth).mark(0, a.length, 0, b.length)
    return
  }
  const short: Marks = { a: new Uint8Array(sharedA.length), b: new Uint8Array(sharedB.length) }
  const shortA = sharedA.map((i) => a[i] ?? 0)
  const shortB = sharedB.map((j) => b[j] ?? 0)
  new Marker(shortA, shortB, short, seen, budget, depth).mark(0, shortA.length, 0, shortB.length)
  marks.a.fill(1)
  marks.b.fill(1)
  sharedA.forEach((i, n) => (marks.a[i] = short.a[n] ?? 1))
  sharedB.forEach((j, n) => (marks.b[j] = short.b[n] ?? 1))
}

class Marker {
  private readonly search: PathSearch

  constructor(
    private readonly a: Sequence,
    private readonly b: Sequence,
    private readonly marks: Marks,
    private readonly seen: Occurrences,
    private readonly budget: Budget,
    private readonly depth: number,
  ) {
    this.search = new PathSearch(a, b, budget)
  }

  /** Marks what differs between a[aFrom, aTo) and b[bFrom, bTo). */
  mark(aFrom: number, aTo: number, bFrom: number, bTo: number): void {
    const { a, b, marks } = this
    for (;;) {
      while (aFrom < aTo && bFrom < bTo && a[aFrom] === b[bFrom]) {
        aFrom++
        bFrom++
      }
      while (aFrom < aTo && bFrom < bTo && a[aTo - 1] === b[bTo - 1]) {
        aTo--
        bTo--
      }
      if (aFrom === aTo || bFrom === bTo || this.budget.steps <= 0) {
        marks.a.fill(1, aFrom, aTo)
        marks.b.fill(1, bFrom, bTo)
        return
      }
      const middle = this.search.middle(aFrom, aTo, bFrom, bTo, MAX_DISTANCE)
      if (!middle.found && this.markBetweenAnchors(aFrom, aTo, bFrom, bTo)) return
      this.mark(aFrom, middle.x, bFrom, middle.y)
      aFrom = middle.x
      bFrom = middle.y
    }
  }

  /** False if there are no anchors. */
  private markBetweenAnchors(aFrom: number, aTo: number, bFrom: number, bTo: number): boolean {
    if (this.depth >= MAX_DEPTH) return false
    const a = this.a.subarray(aFrom, aTo)
    const b = this.b.subarray(bFrom, bTo)
    const marks = { a: this.marks.a.subarray(aFrom, aTo), b: this.marks.b.subarray(bFrom, bTo) }
    this.seen.count(a, b)
    const anchors = findAnchors(this.seen, a)
    if (anchors.length === 0) return false
    let i = 0
    let j = 0
    for (const anchor of [...anchors, { a: a.length, b: b.length }]) {
      const inner = { a: marks.a.subarray(i, anchor.a), b: marks.b.subarray(j, anchor.b) }
      markShared(a.subarray(i, anchor.a), b.subarray(j, anchor.b), inner, this.seen, this.budget, this.depth + 1)
      i = anchor.a + 1
      j = anchor.b + 1
    }
    return true
  }
}

function positions(ids: Sequence, keep: (id: number) => boolean): Int32Array {
  const kept = new Int32Array(ids.length)
  let count = 0
  for (let i = 0; i < ids.length; i++) if (keep(ids[i] ?? 0)) kept[count++] = i
  return kept.subarray(0, count)
}
