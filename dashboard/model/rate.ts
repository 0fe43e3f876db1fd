/** How many in the last minute, in memory that does not grow with them. */

const SECOND = 1000
const MINUTE = 60 * SECOND

export class Rate {
  readonly #bySecond = new Map<number, number>()

  add(time: number): void {
    const second = Math.floor(time / SECOND)
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1)
  }

  clear(): void {
    this.#bySecond.clear()
  }

  perMinute(now: number): number {
    const oldest = Math.floor((now - MINUTE) / SECOND)
    let count = 0
    for (const [second, events] of this.#bySecond) {
      if (second <= oldest) this.#bySecond.delete(second)
      else count += events
    }
    return count
  }
}
