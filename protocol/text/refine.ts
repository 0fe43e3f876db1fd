/** A replaced piece as edits that are as small as is sensible: by tokens if it is short, by paired lines if it is long. */

import type { EditList } from './edits.js'
import { partsOf } from './line-parts.js'
import { LineTable, offsetOfLine, sliceLines } from './lines.js'
import { pairLines } from './pair-lines.js'
import { diffTokens } from './token-diff.js'

/** A piece longer than this, on either side, is not looked at token by token as a whole. In UTF-16 code units. */
const MAX_REFINED = 4096

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
    if (before.length + after.length > MAX_REFINED) edits.push(at, before, after)
    else pushTokens(edits, at, before, after)
    return
  }
  edits.push(at, one.indent, two.indent)
  edits.push(at + one.indent.length + one.body.length, one.tail, two.tail)
}
