/**
 * When a room hands out what has gathered. Telling everybody costs a system call a member, however much is told; so the
 * dearer the last time was, the longer the next one waits, and what comes meanwhile goes with it. Where that time is over
 * already, as it is for a lone edit, nothing waits.
 */

/** So many times as long as telling everybody took, nobody is told again: it takes a sixteenth of the time at most. */
const REST = 15
/** In milliseconds: what reading eyes don't notice. */
const LONGEST_REST = 20
/** In milliseconds: timers are no finer. */
const GRAIN = 1

export class Pace {
  #restsUntil = -Infinity

  /** How long to wait from `now` on, in whole milliseconds; 0: no time at all. */
  wait(now: number): number {
    const left = this.#restsUntil - now
    return left < GRAIN ? 0 : Math.min(LONGEST_REST, Math.ceil(left))
  }

  /** Everybody was told, from `began` to `ended`. */
  told(began: number, ended: number): void {
    this.#restsUntil = ended + Math.min(LONGEST_REST, REST * (ended - began))
  }
}
