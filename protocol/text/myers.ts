/**
 * The shortest way from one sequence to another: Myers, "An O(ND) Difference Algorithm and Its Variations", the search
 * from both ends that needs linear space only.
 */

/** Elements are equal if their numbers are. */
export type Sequence = Int32Array

/** A point between elements: `x` elements of the one sequence and `y` of the other lie before it. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** Where a search ended: half way on a shortest path, or, given up, at the furthest point that it reached. */
export interface Middle extends Point {
  readonly found: boolean
}

/** Work left, in steps of the search. Handed through, so that one diff has one budget. */
export interface Budget {
  steps: number
}

/** A value on a diagonal that no path has reached. */
const UNREACHED = -0x40000000

/** Searches paths through two sequences. Holds the memory of its last search, for the next one. */
export class PathSearch {
  // By diagonal (x - y): how far a path gets on it. `backward` counts from the far corner, as if both ran backwards.
  private forward = new Int32Array(0)
  private backward = new Int32Array(0)

  constructor(
    private readonly a: Sequence,
    private readonly b: Sequence,
    private readonly budget: Budget,
  ) {}

  /**
   * A point on a shortest path between the corners of a[aFrom, aTo) and b[bFrom, bTo): never a corner itself. Both ranges
   * must be non-empty and differ in their first and in their last elements. Given up after `maxDistance` differences from
   * either end, or when the budget is spent.
   */
  middle(aFrom: number, aTo: number, bFrom: number, bTo: number, maxDistance: number): Middle {
    const { a, b, budget } = this
    const n = aTo - aFrom
    const m = bTo - bFrom
    const zero = m + 1 // index of diagonal 0
    this.reserve(n + m + 3)
    const { forward, backward } = this
    forward[zero + 1] = backward[zero + 1] = 0
    const delta = n - m
    const odd = (delta & 1) !== 0
    for (let d = 0; ; d++) {
      const low = d <= m ? -d : -m + ((d + m) & 1)
      const high = d <= n ? d : n - ((d + n) & 1)
      budget.steps -= high - low + 2
      if (low === -d) forward[zero + low - 1] = backward[zero + low - 1] = UNREACHED
      if (high === d && d > 0) forward[zero + high + 1] = backward[zero + high + 1] = UNREACHED
      for (let k = low; k <= high; k += 2) {
        let x = furthestFrom(forward, zero + k)
        if (x < 0 || x > n || x - k > m) {
          forward[zero + k] = UNREACHED
          continue
        }
        while (x < n && x - k < m && a[aFrom + x] === b[bFrom + x - k]) x++
        forward[zero + k] = x
        const facing = delta - k
        if (odd && facing > -d && facing < d && facing >= -m && facing <= n && x + at(backward, zero + facing) >= n) {
          return { x: aFrom + x, y: bFrom + x - k, found: true }
        }
      }
      for (let k = low; k <= high; k += 2) {
        let x = furthestFrom(backward, zero + k)
        if (x < 0 || x > n || x - k > m) {
          backward[zero + k] = UNREACHED
          continue
        }
        while (x < n && x - k < m && a[aTo - 1 - x] === b[bTo - 1 - x + k]) x++
        backward[zero + k] = x
        const facing = delta - k
        if (!odd && facing >= -d && facing <= d && facing >= -m && facing <= n && x + at(forward, zero + facing) >= n) {
          return { x: aTo - x, y: bTo - x + k, found: true }
        }
      }
      if (d >= maxDistance || budget.steps <= 0) return this.furthest(aFrom, bFrom, zero, low, high)
    }
  }

  /** Where the forward search has covered the most of both sequences. */
  private furthest(aFrom: number, bFrom: number, zero: number, low: number, high: number): Middle {
    let x = 0
    let y = 0
    for (let k = low; k <= high; k += 2) {
      const reached = at(this.forward, zero + k)
      if (reached < 0 || reached + reached - k <= x + y) continue
      x = reached
      y = reached - k
    }
    return { x: aFrom + x, y: bFrom + y, found: false }
  }

  private reserve(size: number): void {
    if (this.forward.length >= size) return
    this.forward = new Int32Array(size)
    this.backward = new Int32Array(size)
  }
}

/** How far a path gets on a diagonal by one more step from its neighbours. */
function furthestFrom(reached: Int32Array, diagonal: number): number {
  return Math.max(at(reached, diagonal - 1) + 1, at(reached, diagonal + 1))
}

function at(reached: Int32Array, diagonal: number): number {
  return reached[diagonal] ?? UNREACHED
}
