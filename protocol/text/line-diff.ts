/**
 * How two texts differ, line by line: common ends first, then lines that are unique in both (anchors), then a bounded
 * search in the gaps between them.
 */

import type { Lines } from './lines.js'
import { Myers, type Budget, type Marks } from './myers.js'

/** Lines a[aFrom, aTo) are replaced by b[bFrom, bTo). Zero-based, half-open; one of the two may be empty. */
export interface LineChange {
  readonly aFrom: number
  readonly aTo: number
  readonly bFrom: number
  readonly bTo: number
}

/** Steps of search for one diff: some tens of milliseconds at worst. */
const BUDGET_STEPS = 8_000_000

/** The changes from `a` to `b`, both cut by one LineTable: ascending, and never two that touch. */
export function diffLines(a: Lines, b: Lines): LineChange[] {
  const marks: Marks = { a: new Uint8Array(a.count), b: new Uint8Array(b.count) }
  const budget: Budget = { steps: BUDGET_STEPS }
  new Myers(a.ids, b.ids, marks, budget).run(0, a.count, 0, b.count)
  return changesOf(marks)
}

/** The changes that marks stand for. Unmarked elements of both sides pair up in order. */
export function changesOf(marks: Marks): LineChange[] {
  const changes: LineChange[] = []
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
