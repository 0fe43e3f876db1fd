/** A clock and its timers that move only when a test says so. */

interface Timer {
  readonly due: number
  readonly run: () => void
}

export class ManualClock {
  #now: number
  #skew = 0
  readonly #timers = new Set<Timer>()

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  /** What the wall says. */
  readonly now = (): number => this.#now + this.#skew

  /** What has passed; nobody can set it. */
  readonly elapsed = (): number => this.#now

  /** Somebody sets the wall clock, forward or back. */
  set(by: number): void {
    this.#skew += by
  }

  readonly timers = {
    setTimeout: (run: () => void, ms: number): unknown => {
      const timer: Timer = { due: this.#now + ms, run }
      this.#timers.add(timer)
      return timer
    },
    clearTimeout: (timer: unknown): void => {
      for (const own of this.#timers) if (own === timer) this.#timers.delete(own)
    },
  }

  /** How long until each timer runs, in milliseconds, the next first. */
  get waiting(): number[] {
    return [...this.#timers].map(({ due }) => due - this.#now).sort((a, b) => a - b)
  }

  /** Moves on, runs what falls due on the way, each at its time, and lets what follows from it happen. */
  async advance(ms: number): Promise<void> {
    await turn()
    const end = this.#now + ms
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due)
      this.#timers.delete(next)
      next.run()
      await turn()
    }
    this.#now = end
    await turn()
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0]
  }
}

/** Time for what has to know it, and in which nothing ever takes any. */
export function stillTime(): Pick<ManualClock, 'elapsed' | 'timers'> {
  const { elapsed, timers } = new ManualClock()
  return { elapsed, timers }
}

/** Lets every promise that can settle do so, and what follows from them. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
