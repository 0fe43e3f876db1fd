/**
 * The shortest way from one sequence to another (Myers, "An O(ND) Difference Algorithm", in linear space), with a bound on
 * the work: far apart sequences are cut where the search has come furthest, and once the budget is spent what is left is
 * called changed. The result is always a common subsequence; only its length suffers.
 */

/** Elements are equal if their numbers are. */
export type Sequence = Int32Array

/** What is part of neither side's common subsequence: 1 for changed, 0 for kept. */
export interface Marks {
  readonly a: Uint8Array
  readonly b: Uint8Array
}

/** Work left, in steps of the search. Handed through so that one diff has one budget. */
export interface Budget {
  steps: number
}

/** No search goes over more differences than this before it is cut: keeps the work a piece constant. */
const MAX_DISTANCE = 256
/** A value on a diagonal that no path has reached. */
const UNREACHED = -0x40000000

/** Marks in `marks` what differs between a[aFrom, aTo) and b[bFrom, bTo); what is already 0 and kept stays 0. */
export class Myers {
  private forward = new Int32Array(0)
  private backward = new Int32Array(0)

  constructor(
    private readonly a: Sequence,
    private readonly b: Sequence,
    private readonly marks: Marks,
    private readonly budget: Budget,
  ) {}

  run(aFrom: number, aTo: number, bFrom: number, bTo: number): void {
    const { a, b, marks } = this
    for (;;) {
      while (aFrom < aTo && bFrom < bTo && a[aFrom] === b[bFrom]) {
        aFrom++
        bFrom++
      }
      while (aFrom < aTo && bFrom < bTo && a[aTo - 1] === b[bTo - 1]) {
        aTo--
        bTo--
      }
      if (aFrom === aTo || bFrom === bTo || this.budget.steps <= 0) {
        marks.a.fill(1, aFrom, aTo)
        marks.b.fill(1, bFrom, bTo)
        return
      }
      const [x, y] = this.middle(aFrom, aTo, bFrom, bTo)
      this.run(aFrom, x, bFrom, y)
      aFrom = x
      bFrom = y
    }
  }

  /** A point that a shortest path (or, past the bound, the furthest path) goes through; never the corner it starts from. */
  private middle(aFrom: number, aTo: number, bFrom: number, bTo: number): [number, number] {
    const { a, b } = this
    const n = aTo - aFrom
    const m = bTo - bFrom
    const zero = m + 1 // index of diagonal 0 (x - y)
    this.reserve(n + m + 3)
    const { forward, backward } = this
    // Both count from their own corner: backward[k] is the distance from the far corner, on diagonal k seen from there.
    forward[zero + 1] = 0
    backward[zero + 1] = 0
    const delta = n - m
    for (let d = 0; ; d++) {
      const low = Math.max(-d, -m + ((d + m) & 1))
      const high = Math.min(d, n - ((d + n) & 1))
      this.budget.steps -= 2 * (high - low + 2)
      if (low === -d) forward[zero + low - 1] = backward[zero + low - 1] = UNREACHED
      if (high === d && d > 0) forward[zero + high + 1] = backward[zero + high + 1] = UNREACHED
      for (let k = low; k <= high; k += 2) {
        let x = reach(forward, zero + k)
        if (x < 0 || x > n || x - k > m) {
          forward[zero + k] = UNREACHED
          continue
        }
        while (x < n && x - k < m && a[aFrom + x] === b[bFrom + x - k]) x++
        forward[zero + k] = x
        const opposite = delta - k
        if ((delta & 1) !== 0 && Math.abs(opposite) < d && opposite >= -m && opposite <= n) {
          if (x + at(backward, zero + opposite) >= n) return [aFrom + x, bFrom + x - k]
        }
      }
      for (let k = low; k <= high; k += 2) {
        let x = reach(backward, zero + k)
        if (x < 0 || x > n || x - k > m) {
          backward[zero + k] = UNREACHED
          continue
        }
        while (x < n && x - k < m && a[aTo - 1 - x] === b[bTo - 1 - (x - k)]) x++
        backward[zero + k] = x
        const opposite = delta - k
        if ((delta & 1) === 0 && Math.abs(opposite) <= d && opposite >= -m && opposite <= n) {
          if (x + at(forward, zero + opposite) >= n) return [aTo - x, bTo - (x - k)]
        }
      }
      if (d >= MAX_DISTANCE || this.budget.steps <= 0) return this.furthest(aFrom, bFrom, zero, low, high)
    }
  }

  /** Where the forward search has covered the most of both sequences. */
  private furthest(aFrom: number, bFrom: number, zero: number, low: number, high: number): [number, number] {
    let bestX = 0
    let bestY = 0
    for (let k = low; k <= high; k += 2) {
      const x = at(this.forward, zero + k)
      if (x < 0 || x + x - k <= bestX + bestY) continue
      bestX = x
      bestY = x - k
    }
    return [aFrom + bestX, bFrom + bestY]
  }

  private reserve(size: number): void {
    if (this.forward.length >= size) return
    this.forward = new Int32Array(size * 2)
    this.backward = new Int32Array(size * 2)
  }
}

/** How far a path gets on a diagonal by one more step from its neighbours. */
function reach(furthest: Int32Array, diagonal: number): number {
  return Math.max(at(furthest, diagonal - 1) + 1, at(furthest, diagonal + 1))
}

function at(array: Int32Array, index: number): number {
  return array[index] ?? UNREACHED
}
