/**
 * Which line became which, inside a replaced piece. A line diff sees only "replaced"; but lines that say the same, with
 * other blanks around it, pair up, and so do lines that share most of their words, in order.
 */

import { sliceLines, type Lines } from './lines.js'
import { changesOf, diffSequences, type Change } from './sequence-diff.js'
import { tokens } from './tokens.js'

/** Share of the words, by length, that two lines must have in common to be called the same line, edited. */
const MIN_SIMILARITY = 0.5
/** Larger pieces (lines × lines) are not searched for similar lines. */
const MAX_PAIRS = 2500
/** Steps of search for the lines that say the same. */
const PAIR_STEPS = 1_000_000

/**
 * Cuts a change into smaller ones, which may touch: one for each pair of lines, one for what stands between pairs. Pairs
 * that are equal altogether are no change, and left out.
 */
export function pairLines(a: Lines, b: Lines, change: Change): Change[] {
  if (change.aFrom === change.aTo || change.bFrom === change.bTo) return [change]
  const numbers = new Map<string, number>()
  const said = (lines: Lines, from: number, to: number): Int32Array =>
    Int32Array.from({ length: to - from }, (_, n) => {
      const body = sliceLines(lines, from + n, from + n + 1).trim()
      const known = numbers.get(body) ?? numbers.size
      numbers.set(body, known)
      return known
    })
  const one = said(a, change.aFrom, change.aTo)
  const two = said(b, change.bFrom, change.bTo)
  const pieces: Change[] = []
  const pair = (i: number, j: number): void => {
    if (a.ids[i] !== b.ids[j]) pieces.push({ aFrom: i, aTo: i + 1, bFrom: j, bTo: j + 1 })
  }
  let i = change.aFrom
  let j = change.bFrom
  for (const rest of changesOf(diffSequences(one, two, numbers.size, PAIR_STEPS))) {
    const aFrom = change.aFrom + rest.aFrom
    while (i < aFrom) pair(i++, j++)
    i = change.aFrom + rest.aTo
    j = change.bFrom + rest.bTo
    pieces.push(...pairSimilar(a, b, { aFrom, aTo: i, bFrom: change.bFrom + rest.bFrom, bTo: j }))
  }
  while (i < change.aTo) pair(i++, j++)
  return pieces
}

/** Pairs lines so that the sum of their similarities is greatest. */
function pairSimilar(a: Lines, b: Lines, change: Change): Change[] {
  const n = change.aTo - change.aFrom
  const m = change.bTo - change.bFrom
  if (n === 0 || m === 0 || n * m === 1 || n * m > MAX_PAIRS) return [change]
  const wordsA = Array.from({ length: n }, (_, i) => wordsOf(sliceLines(a, change.aFrom + i, change.aFrom + i + 1)))
  const wordsB = Array.from({ length: m }, (_, j) => wordsOf(sliceLines(b, change.bFrom + j, change.bFrom + j + 1)))
  const width = m + 1
  const best = new Float64Array((n + 1) * width) // best[i, j]: the greatest sum for the lines from i and from j on
  const pairedSum = (i: number, j: number): number => {
    const share = similarity(wordsA[i], wordsB[j])
    return share < MIN_SIMILARITY ? -1 : share + (best[(i + 1) * width + j + 1] ?? 0)
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      const unpaired = Math.max(best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0)
      best[i * width + j] = Math.max(pairedSum(i, j), unpaired)
    }
  }
  const pieces: Change[] = []
  let aFrom = change.aFrom
  let bFrom = change.bFrom
  const cutAt = (i: number, j: number): void => {
    const aTo = change.aFrom + i
    const bTo = change.bFrom + j
    if (aTo > aFrom || bTo > bFrom) pieces.push({ aFrom, aTo, bFrom, bTo })
    aFrom = aTo
    bFrom = bTo
  }
  let i = 0
  let j = 0
  while (i < n && j < m) {
    const here = best[i * width + j] ?? 0
    if (here === pairedSum(i, j)) {
      cutAt(i, j)
      cutAt(++i, ++j)
    } else if (here === best[(i + 1) * width + j]) i++
    else j++
  }
  cutAt(n, m)
  return pieces
}

interface Words {
  readonly weights: ReadonlyMap<string, number>
  readonly total: number
}

function wordsOf(line: string): Words {
  const weights = new Map<string, number>()
  let total = 0
  for (const token of tokens(line)) {
    if (token.trim() === '') continue
    weights.set(token, (weights.get(token) ?? 0) + token.length)
    total += token.length
  }
  return { weights, total }
}

/** 0 for nothing in common, 1 for the same words. A line without words is like none. */
function similarity(a: Words | undefined, b: Words | undefined): number {
  if (a === undefined || b === undefined || a.total + b.total === 0) return 0
  let shared = 0
  for (const [word, weight] of a.weights) shared += Math.min(weight, b.weights.get(word) ?? 0)
  return (2 * shared) / (a.total + b.total)
}
