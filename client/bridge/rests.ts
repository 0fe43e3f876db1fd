/**
 * How long a path that was written is not written again, always with the newest head then: a write costs several syncs, however
 * little is new.
 *
 * 1. A path that has not been written for a while is written at once.
 * 2. The dearer its last write was, the longer a path rests.
 * 3. All paths together share one budget: each write is paid off with rest, and a path that is written meanwhile rests until
 *    those before it are paid. So writing never takes much of a processor, however many paths are typed into.
 * 4. No path rests for longer than the bound.
 */

/** In milliseconds. */
const SHORTEST = 50
/** So many times as long as its write took, up to a bound in milliseconds. */
const TIMES = 20
const LONGEST_ALONE = 500
/** What each write is paid off with: about ten times what it takes of a processor. In milliseconds. */
const PRICE = 5
/** In milliseconds. */
const LONGEST = 2000
/** Timers are no finer. In milliseconds. */
const GRAIN = 1
/** So many paths are kept, or twice those that rest, before the others are dropped. */
const MOST = 1000

export class Rests {
  readonly #ends = new Map<string, number>()
  /** When all writes so far are paid off. */
  #paidAt = -Infinity
  /** How many paths there are when the others are dropped. */
  #sweptAt = MOST
  #isOver = false

  /** How long to wait from `now` on, in whole milliseconds; 0: no time at all. */
  wait(path: string, now: number): number {
    const left = (this.#ends.get(path) ?? -Infinity) - now
    return this.#isOver || left < GRAIN ? 0 : Math.ceil(left)
  }

  /** It was written, from `began` to `ended`. */
  wrote(path: string, began: number, ended: number): void {
    const debt = Math.min(LONGEST, Math.max(0, this.#paidAt - ended) + PRICE)
    this.#paidAt = ended + debt
    const alone = Math.min(LONGEST_ALONE, Math.max(SHORTEST, TIMES * (ended - began)))
    this.#ends.set(path, ended + Math.max(alone, debt))
    if (this.#ends.size < this.#sweptAt) return
    for (const [other, end] of this.#ends) if (end <= ended) this.#ends.delete(other)
    this.#sweptAt = Math.max(MOST, 2 * this.#ends.size)
  }

  /** Nothing rests any more. */
  end(): void {
    this.#isOver = true
  }
}
