/**
 * Anchors: lines that stand once in either of two pieces, in an order that both share (patience diff). They hold a diff
 * to what a reader sees as the same line, and cut a long search into short ones.
 */

/** A line of `a` and the line of `b` that it is. */
export interface Anchor {
  readonly a: number
  readonly b: number
}

/** How often each line stands in a piece of `a` and in a piece of `b`, and where in `b`. Reused: counting clears it. */
export class Occurrences {
  private readonly countsA: Int32Array
  private readonly countsB: Int32Array
  private readonly lastInB: Int32Array
  private counted: readonly Int32Array[] = []

  /** `size`: every id counted is below it. */
  constructor(size: number) {
    this.countsA = new Int32Array(size)
    this.countsB = new Int32Array(size)
    this.lastInB = new Int32Array(size)
  }

  count(a: Int32Array, b: Int32Array): void {
    for (const ids of this.counted) {
      for (const id of ids) this.countsA[id] = this.countsB[id] = 0
    }
    this.counted = [a, b]
    for (const id of a) this.countsA[id] = this.inA(id) + 1
    for (let j = 0; j < b.length; j++) {
      const id = b[j] ?? 0
      this.countsB[id] = this.inB(id) + 1
      this.lastInB[id] = j
    }
  }

  inA(id: number): number {
    return this.countsA[id] ?? 0
  }

  inB(id: number): number {
    return this.countsB[id] ?? 0
  }

  /** Where the line stands in `b`, if it stands there and in `a` once; otherwise -1. */
  uniqueInB(id: number): number {
    return this.inA(id) === 1 && this.inB(id) === 1 ? (this.lastInB[id] ?? -1) : -1
  }
}

/** The longest list of elements that stand once in `a` and in `b`, as counted, in one order: ascending. */
export function findAnchors(occurrences: Occurrences, a: Int32Array): Anchor[] {
  const candidates: Anchor[] = []
  for (let i = 0; i < a.length; i++) {
    const j = occurrences.uniqueInB(a[i] ?? 0)
    if (j !== -1) candidates.push({ a: i, b: j })
  }
  return longestAscending(candidates)
}

/** Of candidates ascending in `a`, the longest list that ascends in `b` too. Of several, one, always the same. */
function longestAscending(candidates: readonly Anchor[]): Anchor[] {
  const ends: number[] = [] // ends[n]: the candidate with the smallest b that ends a list of n + 1
  const before = new Int32Array(candidates.length) // the candidate before, in the best list that ends here; -1 for none
  candidates.forEach((candidate, index) => {
    let low = 0
    let high = ends.length
    while (low < high) {
      const half = (low + high) >> 1
      const end = candidates[ends[half] ?? 0]
      if (end !== undefined && end.b < candidate.b) low = half + 1
      else high = half
    }
    before[index] = low === 0 ? -1 : (ends[low - 1] ?? -1)
    ends[low] = index
  })
  const result: Anchor[] = []
  for (let index = ends.at(-1) ?? -1; index !== -1; index = before[index] ?? -1) {
    const anchor = candidates[index]
    if (anchor !== undefined) result.push(anchor)
  }
  return result.reverse()
}
