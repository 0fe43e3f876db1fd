/** A replaced piece as edits that are as small as is sensible: by tokens if it is short, by paired lines if it is long. */

import type { EditList } from './edits.js'
import { partsOf } from './line-parts.js'
import { LineTable, offsetOfLine, sliceLines } from './lines.js'
import { pairLines } from './pair-lines.js'
import { diffTokens } from './token-diff.js'

/** A piece longer than this, on either side, is not looked at token by token as a whole. In UTF-16 code units. */
const MAX_REFINED = 4096
/** What differs of a single line may be longer: there are no lines to cut it by. In UTF-16 code units, both sides. */
const MAX_LONG_LINE = 256 * 1024
/** How far from the first and from the last difference a long line is searched for a place to cut. */
const MAX_BACK = 1024

/** Pushes how `removed`, which stands at `at`, becomes `added`. */
export function pushRefined(edits: EditList, at: number, removed: string, added: string): void {
  if (removed === '' || added === '') edits.push(at, removed, added)
  else if (Math.max(removed.length, added.length) <= MAX_REFINED) pushTokens(edits, at, removed, added)
  else pushPairs(edits, at, removed, added)
}

function pushTokens(edits: EditList, at: number, removed: string, added: string): void {
  for (const edit of diffTokens(removed, added)) edits.push(at + edit.at, edit.removed, edit.added)
}

function pushPairs(edits: EditList, at: number, removed: string, added: string): void {
  const table = new LineTable()
  const a = table.cut(removed)
  const b = table.cut(added)
  for (const piece of pairLines(a, b, { aFrom: 0, aTo: a.count, bFrom: 0, bTo: b.count })) {
    const start = at + offsetOfLine(a, piece.aFrom)
    const before = sliceLines(a, piece.aFrom, piece.aTo)
    const after = sliceLines(b, piece.bFrom, piece.bTo)
    const isPair = piece.aTo - piece.aFrom === 1 && piece.bTo - piece.bFrom === 1
    if (isPair) pushLine(edits, start, before, after)
    else if (before === '' || after === '' || before.length + after.length > MAX_REFINED)
      edits.push(start, before, after)
    else pushTokens(edits, start, before, after)
  }
}

/** A line that only stands deeper, as thousands do when a file is re-indented, costs no search. */
function pushLine(edits: EditList, at: number, before: string, after: string): void {
  const one = partsOf(before)
  const two = partsOf(after)
  if (one.body !== two.body) {
    if (before.length + after.length > MAX_REFINED) pushLong(edits, at, before, after)
    else pushTokens(edits, at, before, after)
    return
  }
  edits.push(at, one.indent, two.indent)
  edits.push(at + one.indent.length + one.body.length, one.tail, two.tail)
}

/** A line as long as a file (minified code, data): what it begins and ends with is set aside first. */
function pushLong(edits: EditList, at: number, before: string, after: string): void {
  const least = Math.min(before.length, after.length)
  let head = 0
  while (head < least && before.charCodeAt(head) === after.charCodeAt(head)) head++
  head = lastCut(before, after, head)
  const rest = least - head
  let tail = 0
  while (tail < rest && before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail))
    tail++
  tail = firstCut(before, after, tail)
  const removed = before.slice(head, before.length - tail)
  const added = after.slice(head, after.length - tail)
  const isSmall = removed.length + added.length <= MAX_LONG_LINE
  if (removed === '' || added === '' || !isSmall) edits.push(at + head, removed, added)
  else pushTokens(edits, at + head, removed, added)
}

/** The last place within the common beginning at which both may be cut; 0 if there is none near its end. */
function lastCut(a: string, b: string, end: number): number {
  for (let at = end; at > 0 && at > end - MAX_BACK; at--) if (isCut(a, at) && isCut(b, at)) return at
  return 0
}

/** The length of the longest common end before which both may be cut; 0 if there is none near its beginning. */
function firstCut(a: string, b: string, length: number): number {
  for (let tail = length; tail > 0 && tail > length - MAX_BACK; tail--) {
    if (isCut(a, a.length - tail) && isCut(b, b.length - tail)) return tail
  }
  return 0
}

/** Whether a token surely ends at `at`: a plain sign or blank stands before it, and a plain character behind it. */
function isCut(text: string, at: number): boolean {
  return at === text.length || at === 0 || /^[ !-#%-/:-@[-^`{-~][ -~]$/.test(text.slice(at - 1, at + 1))
}
