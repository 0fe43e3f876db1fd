/** How two texts differ, line by line. */

import type { Lines } from './lines.js'
import { changesOf, diffSequences, type Change } from './sequence-diff.js'
import { slideChanges } from './slide.js'

/** Steps of search for one diff of lines: some tens of milliseconds at worst. */
const LINE_STEPS = 8_000_000

/** The changes from `a` to `b`, both cut by the LineTable that has `size` lines: ascending, and never two that touch. */
export function diffLines(a: Lines, b: Lines, size: number): Change[] {
  const marks = diffSequences(a.ids, b.ids, size, LINE_STEPS)
  slideChanges(a.ids, marks.a, marks.b)
  slideChanges(b.ids, marks.b, marks.a)
  return changesOf(marks)
}
