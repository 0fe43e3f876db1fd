/** How two short texts differ, token by token. */

import type { Edit } from './edits.js'
import { isSignificant } from './lines.js'
import { changesOf, diffSequences, type Change } from './sequence-diff.js'
import { tokens } from './tokens.js'

/** Steps of search for the tokens of one piece: a few milliseconds at worst. */
const TOKEN_STEPS = 200_000

/**
 * The edits from `removed` to `added`, by tokens; offsets count from the start of `removed`. Edits with less between them
 * than they change themselves, and no word in it, are one: a shared comma does not make two texts alike.
 */
export function diffTokens(removed: string, added: string): Edit[] {
  const before = tokens(removed)
  const after = tokens(added)
  const edits: Edit[] = []
  let at = 0
  let token = 0
  for (const change of changesOfTokens(before, after)) {
    for (; token < change.aFrom; token++) at += before[token]?.length ?? 0
    const edit: Edit = {
      at,
      removed: before.slice(change.aFrom, change.aTo).join(''),
      added: after.slice(change.bFrom, change.bTo).join(''),
    }
    const last = edits.at(-1)
    const joined = last === undefined ? undefined : joinOverChaff(removed, last, edit)
    if (joined === undefined) edits.push(edit)
    else edits[edits.length - 1] = joined
  }
  return edits
}

/** Most pieces differ in one place only: that costs no search. */
function changesOfTokens(before: readonly string[], after: readonly string[]): Change[] {
  let from = 0
  let aTo = before.length
  let bTo = after.length
  while (from < aTo && from < bTo && before[from] === after[from]) from++
  while (from < aTo && from < bTo && before[aTo - 1] === after[bTo - 1]) {
    aTo--
    bTo--
  }
  if (from === aTo && from === bTo) return []
  if (from === aTo || from === bTo) return [{ aFrom: from, aTo, bFrom: from, bTo }]
  const numbers = new Map<string, number>()
  const a = numbered(before, from, aTo, numbers)
  const b = numbered(after, from, bTo, numbers)
  return changesOf(diffSequences(a, b, numbers.size, TOKEN_STEPS)).map((change) => ({
    aFrom: from + change.aFrom,
    aTo: from + change.aTo,
    bFrom: from + change.bFrom,
    bTo: from + change.bTo,
  }))
}

/** Equal tokens get equal numbers. */
function numbered(list: readonly string[], from: number, to: number, numbers: Map<string, number>): Int32Array {
  const ids = new Int32Array(to - from)
  for (let n = from; n < to; n++) {
    const token = list[n] ?? ''
    let id = numbers.get(token)
    if (id === undefined) {
      id = numbers.size
      numbers.set(token, id)
    }
    ids[n - from] = id
  }
  return ids
}

function joinOverChaff(text: string, one: Edit, two: Edit): Edit | undefined {
  const between = text.slice(one.at + one.removed.length, two.at)
  if (between.length > Math.min(size(one), size(two)) || isSignificant(between)) return undefined
  return { at: one.at, removed: one.removed + between + two.removed, added: one.added + between + two.added }
}

function size(edit: Edit): number {
  return Math.max(edit.removed.length, edit.added.length)
}
