/** How two short texts differ, token by token. */

import type { Edit } from './edits.js'
import { isSignificant } from './lines.js'
import { changesOf, diffSequences } from './sequence-diff.js'
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
  const numbers = new Map<string, number>()
  const number = (token: string): number => {
    const known = numbers.get(token) ?? numbers.size
    numbers.set(token, known)
    return known
  }
  const a = Int32Array.from(before, number)
  const b = Int32Array.from(after, number)
  const edits: Edit[] = []
  let at = 0
  let token = 0
  for (const change of changesOf(diffSequences(a, b, numbers.size, TOKEN_STEPS))) {
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

function joinOverChaff(text: string, one: Edit, two: Edit): Edit | undefined {
  const between = text.slice(one.at + one.removed.length, two.at)
  if (between.length > Math.min(size(one), size(two)) || isSignificant(between)) return undefined
  return { at: one.at, removed: one.removed + between + two.removed, added: one.added + between + two.added }
}

function size(edit: Edit): number {
  return Math.max(edit.removed.length, edit.added.length)
}
