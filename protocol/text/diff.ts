/**
 * How two texts differ, as edits: by lines, and by tokens inside the small replaced pieces.
 *
 * Guarantees
 * 1. `applyEdits(a, diff(a, b)) === b`, checked on every call.
 * 2. No edit begins or ends inside a surrogate pair or between CR and LF, in either text.
 * 3. The work is bounded: what is too far apart comes out as one replaced piece, late answers never.
 */

import { applyEdits, EditList, type Edits } from './edits.js'
import { diffLines } from './line-diff.js'
import { LineTable, offsetOfLine, sliceLines } from './lines.js'
import { pushRefined } from './refine.js'

/** The edits that make `b` of `a`: normalised, and always the same for the same texts. */
export function diff(a: string, b: string): Edits {
  if (a === b) return []
  const table = new LineTable()
  const from = table.cut(a)
  const to = table.cut(b)
  const list = new EditList()
  for (const change of diffLines(from, to, table.size)) {
    const at = offsetOfLine(from, change.aFrom)
    pushRefined(list, at, sliceLines(from, change.aFrom, change.aTo), sliceLines(to, change.bFrom, change.bTo))
  }
  const { edits } = list
  return applyEdits(a, edits) === b ? edits : [{ at: 0, removed: a, added: b }]
}
