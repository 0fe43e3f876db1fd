/**
 * Two edits of one line.
 *
 * Indentation, what the line says, and what stands behind it merge each for itself, so that a re-indented line takes an
 * edit. What it says merges by tokens, where the edits of the two sides are apart: an unchanged blank stands between
 * them. Without that rule `1.2.3` edited to `1.3.3` and to `1.2.4` would become `1.3.4`, which nobody wrote.
 */

import { applyEdits, type Edit } from './edits.js'
import { partsOf } from './line-parts.js'
import { diffTokens } from './token-diff.js'

/** Longer lines (minified code, data) hold more than a person would look at as one line. In UTF-16 code units. */
const MAX_LINE = 1024

/** The line with the edits of both, or undefined if they meet. */
export function mergeLine(base: string, ours: string, theirs: string): string | undefined {
  const b = partsOf(base)
  const o = partsOf(ours)
  const t = partsOf(theirs)
  const indent = onlyChange(b.indent, o.indent, t.indent)
  const body = onlyChange(b.body, o.body, t.body) ?? mergeTokens(b.body, o.body, t.body)
  const tail = onlyChange(b.tail, o.tail, t.tail)
  return indent === undefined || body === undefined || tail === undefined ? undefined : indent + body + tail
}

/** The change that one side, or both alike, made; undefined if they made different ones. */
function onlyChange(base: string, ours: string, theirs: string): string | undefined {
  if (ours === theirs || theirs === base) return ours
  return ours === base ? theirs : undefined
}

function mergeTokens(base: string, ours: string, theirs: string): string | undefined {
  if (Math.max(base.length, ours.length, theirs.length) > MAX_LINE) return undefined
  const mine = diffTokens(base, ours)
  const yours = diffTokens(base, theirs)
  const merged: Edit[] = []
  let end = 0
  let lastSide: 'ours' | 'theirs' | 'both' = 'both'
  let i = 0
  let j = 0
  while (i < mine.length || j < yours.length) {
    const one = mine[i]
    const two = yours[j]
    const isBoth = one !== undefined && two !== undefined && isSame(one, two)
    const isOurs = one !== undefined && (two === undefined || one.at <= two.at)
    const next = isOurs ? one : two
    if (next === undefined) break
    const side = isBoth ? 'both' : isOurs ? 'ours' : 'theirs'
    // Of edits that overlap, or touch, there is no blank between.
    const meets = side !== lastSide && merged.length > 0 && !/\s/.test(base.slice(end, next.at))
    if (meets) return undefined
    merged.push(next)
    end = next.at + next.removed.length
    lastSide = side
    if (side !== 'theirs') i++
    if (side !== 'ours') j++
  }
  return applyEdits(base, merged)
}

function isSame(one: Edit, two: Edit): boolean {
  return one.at === two.at && one.removed === two.removed && one.added === two.added
}
