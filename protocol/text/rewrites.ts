/**
 * A block that was rewritten keeps, by chance, a `}` or a blank line of the old one. To a diff that line is common ground,
 * and what the other side put there would merge cleanly into a block that no longer exists. So changes with nothing but
 * such lines between them become one.
 */

import { isSignificant, sliceLines, type Lines } from './lines.js'
import type { Change } from './sequence-diff.js'

/** Joins the changes of a rewritten block: removed and added lines, around less common ground than either has. */
export function joinRewrites(base: Lines, changes: readonly Change[]): Change[] {
  const joined: Change[] = []
  for (const change of changes) {
    const before = joined.at(-1)
    if (before === undefined || !isOneRewrite(base, before, change)) {
      joined.push(change)
      continue
    }
    joined[joined.length - 1] = { ...change, aFrom: before.aFrom, bFrom: before.bFrom }
  }
  return joined
}

function isOneRewrite(base: Lines, one: Change, two: Change): boolean {
  const removes = one.aTo > one.aFrom || two.aTo > two.aFrom
  const adds = one.bTo > one.bFrom || two.bTo > two.bFrom
  if (!removes || !adds || two.aFrom - one.aTo > Math.min(size(one), size(two))) return false
  for (let line = one.aTo; line < two.aFrom; line++) if (isSignificant(sliceLines(base, line, line + 1))) return false
  return true
}

function size(change: Change): number {
  return Math.max(change.aTo - change.aFrom, change.bTo - change.bFrom)
}
