/**
 * Where a region of whole lines stands in a text, and how that moves with the text.
 *
 * 1. A span begins where its first line begins and ends where its last line ends, before the line's end: spans of different
 *    lines never touch.
 * 2. What the holder writes at an end of the span belongs to it; what others write there does not.
 * 3. A span outlives its text: emptied, it stays where the text was, and what the holder puts there is in it again.
 */
import type { LineRange } from '../../protocol/conflicts.js'
import type { Edits } from '../../protocol/text/edits.js'

/** An offset, in UTF-16 units, and how many line ends stand before it. */
interface Point {
  readonly at: number
  readonly newLines: number
}

export interface Span {
  readonly from: Point
  readonly to: Point
}

/** How many lines a text has; a last one without a line end counts, an empty one after the last line end does not. */
export function countLines(text: string): number {
  const ends = newLines(text)
  return text === '' || text.endsWith('\n') ? Math.max(1, ends) : ends + 1
}

/** @param lines within the text */
export function spanOfLines(text: string, { from, to }: LineRange): Span {
  let at = 0
  let passed = 0
  const goTo = (line: number): void => {
    while (passed < line - 1) {
      const end = text.indexOf('\n', at)
      if (end === -1) return
      at = end + 1
      passed++
    }
  }
  goTo(from)
  const start = { at, newLines: passed }
  goTo(to)
  const end = text.indexOf('\n', at)
  return { from: start, to: { at: end === -1 ? text.length : end, newLines: passed } }
}

export function linesOfSpan({ from, to }: Span): LineRange {
  return { from: from.newLines + 1, to: to.newLines + 1 }
}

/** Null is the whole file. */
export function overlap(a: Span | null, b: Span | null): boolean {
  return a === null || b === null || (a.from.at <= b.to.at && b.from.at <= a.to.at)
}

export function sameSpan(a: Span | null, b: Span | null): boolean {
  if (a === null || b === null) return a === b
  return a.from.at === b.from.at && a.to.at === b.to.at
}

/** @param isOwn the holder made the edits */
export function mapSpan(span: Span, edits: Edits, isOwn: boolean): Span {
  const isEmpty = span.from.at === span.to.at
  const inserted =
    isEmpty && !isOwn ? edits.find(({ at, removed }) => at === span.from.at && removed === '') : undefined
  // Whole lines put before an emptied region leave it behind them.
  const aside = inserted?.added.endsWith('\n') === true
  const from = mapPoint(span.from, edits, { isStart: true, passes: !isOwn && (!isEmpty || aside) })
  const to = mapPoint(span.to, edits, { isStart: false, passes: isOwn || aside })
  return to.at < from.at ? { from, to: from } : { from, to }
}

/** @param passes whether it goes behind what is inserted exactly where it stands */
function mapPoint(
  point: Point,
  edits: Edits,
  { isStart, passes }: { readonly isStart: boolean; readonly passes: boolean },
): Point {
  let shift = 0
  let lines = 0
  for (const { at, removed, added } of edits) {
    const end = at + removed.length
    if (point.at < at || (point.at === at && (removed !== '' || !passes))) break
    if (point.at < end) {
      // Within what was replaced: the region takes in what came instead.
      const gone = newLines(removed.slice(0, point.at - at))
      const before = point.newLines + lines - gone
      return isStart
        ? { at: at + shift, newLines: before }
        : { at: at + shift + added.length, newLines: before + newLines(added) }
    }
    shift += added.length - removed.length
    lines += newLines(added) - newLines(removed)
  }
  return { at: point.at + shift, newLines: point.newLines + lines }
}

function newLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++
  return count
}
