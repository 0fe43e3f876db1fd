/**
 * When something is done again that costs the same however much of it there is: the dearer the last time was, the longer the
 * next one waits, and what comes meanwhile goes with it. Where that time is over already, as it is for a lone edit, nothing waits.
 */

export interface PaceOptions {
  /** So many times as long as it took it is not done again. */
  readonly rest: number
  /** In milliseconds. */
  readonly longest: number
}

/** In milliseconds: timers are no finer. */
const GRAIN = 1

export class Pace {
  readonly #options: PaceOptions
  #restsUntil = -Infinity

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** How long to wait from `now` on, in whole milliseconds; 0: no time at all. */
  wait(now: number): number {
    const left = this.#restsUntil - now
    return left < GRAIN ? 0 : Math.min(this.#options.longest, Math.ceil(left))
  }

  /** It was done, from `began` to `ended`. */
  took(began: number, ended: number): void {
    const { rest, longest } = this.#options
    this.#restsUntil = ended + Math.min(longest, rest * (ended - began))
  }
}
