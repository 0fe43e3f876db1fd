/**
 * How two texts differ, as edits: by lines, and by tokens inside the small replaced pieces.
 *
 * Guarantees
 * 1. `applyEdits(a, diff(a, b)) === b`, checked on every call.
 * 2. No edit begins or ends inside a surrogate pair or between CR and LF, in either text.
 * 3. The work is bounded: what is too far apart comes out as one replaced piece, late answers never.
 */

import { applyEdits, EditList, type Edits } from './edits.js'
import { changesOf, diffLines } from './line-diff.js'
import { LineTable, offsetOfLine, sliceLines } from './lines.js'
import { Myers } from './myers.js'
import { tokens } from './tokens.js'

/** A replaced piece longer than this, on either side, is not looked at token by token. In UTF-16 code units. */
const MAX_REFINED = 8192
/** Steps of search for the tokens of one piece. */
const TOKEN_STEPS = 200_000

/** The edits that make `b` of `a`. */
export function diff(a: string, b: string): Edits {
  if (a === b) return []
  const table = new LineTable()
  const from = table.cut(a)
  const to = table.cut(b)
  const edits = new EditList()
  for (const change of diffLines(from, to)) {
    const at = offsetOfLine(from, change.aFrom)
    pushRefined(edits, at, sliceLines(from, change.aFrom, change.aTo), sliceLines(to, change.bFrom, change.bTo))
  }
  return verified(a, b, edits.edits)
}

/** Pushes how `removed`, at `at`, becomes `added`: by tokens if both are small, else as one edit. */
export function pushRefined(edits: EditList, at: number, removed: string, added: string): void {
  if (removed === '' || added === '' || Math.max(removed.length, added.length) > MAX_REFINED) {
    edits.push(at, removed, added)
    return
  }
  const before = tokens(removed)
  const after = tokens(added)
  const numbers = new Map<string, number>()
  const number = (token: string): number => {
    const known = numbers.get(token) ?? numbers.size
    numbers.set(token, known)
    return known
  }
  const a = Int32Array.from(before, number)
  const b = Int32Array.from(after, number)
  const marks = { a: new Uint8Array(a.length), b: new Uint8Array(b.length) }
  new Myers(a, b, marks, { steps: TOKEN_STEPS }).run(0, a.length, 0, b.length)
  let token = 0
  for (const change of changesOf(marks)) {
    for (; token < change.aFrom; token++) at += before[token]?.length ?? 0
    edits.push(at, before.slice(change.aFrom, change.aTo).join(''), after.slice(change.bFrom, change.bTo).join(''))
  }
}

function verified(a: string, b: string, edits: Edits): Edits {
  if (applyEdits(a, edits) === b) return edits
  return [{ at: 0, removed: a, added: b }]
}
