/**
 * How two texts differ, line by line.
 *
 * Where much of a text only stands deeper than before, a line that was moved inwards often equals another one that stood
 * there already (`    return` in code): taken for the same, it sets its whole neighbourhood against the wrong lines. There
 * lines are matched by what they say, and those that say the same with other blanks around it count as changed.
 */

import { lineAt, type Lines } from './lines.js'
import { changesOf, diffSequences, type Change, type Marks } from './sequence-diff.js'
import { slideChanges } from './slide.js'

/** Steps of search for one diff of lines: some tens of milliseconds at worst. */
const LINE_STEPS = 8_000_000
/** Fewer changed lines than this, on either side, are too few to be misled. */
const MIN_MOVED = 24

/** The changes from `a` to `b`, both cut by the LineTable that has `size` lines: ascending, and never two that touch. */
export function diffLines(a: Lines, b: Lines, size: number): Change[] {
  const marks = diffIds(a.ids, b.ids, size)
  return changesOf(mayBeMoved(a, b, marks) ? closer(marks, diffBodies(a, b, size)) : marks)
}

function diffIds(a: Int32Array, b: Int32Array, size: number): Marks {
  const marks = diffSequences(a, b, size, LINE_STEPS)
  slideChanges(a, marks.a, marks.b)
  slideChanges(b, marks.b, marks.a)
  return marks
}

/** Whether at least half of the changed lines of one side say what changed lines of the other side say. */
function mayBeMoved(a: Lines, b: Lines, marks: Marks): boolean {
  const [changedA, changedB] = [count(marks.a), count(marks.b)]
  const least = Math.min(changedA, changedB)
  if (least < MIN_MOVED) return false
  const left = new Map<string, number>()
  for (let line = 0; line < a.count; line++) {
    if (marks.a[line] !== 1) continue
    const body = lineAt(a, line).trim()
    left.set(body, (left.get(body) ?? 0) + 1)
  }
  let shared = 0
  for (let line = 0; line < b.count; line++) {
    if (marks.b[line] !== 1) continue
    const body = lineAt(b, line).trim()
    const there = left.get(body) ?? 0
    if (there === 0) continue
    left.set(body, there - 1)
    shared++
  }
  return shared * 2 >= least
}

/** Lines matched by what they say; of a pair that is not equal to the last blank, both are changed. */
interface BodyMarks extends Marks {
  /** Lines of either side without a partner. */
  readonly alone: number
}

function diffBodies(a: Lines, b: Lines, size: number): BodyMarks {
  const numbers = new Map<string, number>()
  const bodyOfId = new Int32Array(size).fill(-1)
  const bodies = (lines: Lines): Int32Array =>
    lines.ids.map((id, line) => {
      const known = bodyOfId[id] ?? -1
      if (known !== -1) return known
      const body = lineAt(lines, line).trim()
      const number = numbers.get(body) ?? numbers.size
      numbers.set(body, number)
      bodyOfId[id] = number
      return number
    })
  const bodiesA = bodies(a)
  const bodiesB = bodies(b)
  const marks = diffIds(bodiesA, bodiesB, numbers.size)
  const alone = count(marks.a) + count(marks.b)
  let i = 0
  let j = 0
  for (;;) {
    while (marks.a[i] === 1) i++
    while (marks.b[j] === 1) j++
    if (i >= a.count || j >= b.count) return { ...marks, alone }
    if (a.ids[i] !== b.ids[j]) marks.a[i] = marks.b[j] = 1
    i++
    j++
  }
}

/** The one that leaves fewer lines without a partner, by far; else the plain one. */
function closer(plain: Marks, byBody: BodyMarks): Marks {
  return byBody.alone * 2 <= count(plain.a) + count(plain.b) ? byBody : plain
}

function count(marks: Uint8Array): number {
  let marked = 0
  for (const mark of marks) marked += mark
  return marked
}
