/** The clock and the timers of a real server; tests hand in others. */
import type { Timers } from './storage/commit-queue.js'

export const monotonic = (): number => performance.now()
/** When everything else that waits has had its turn. */
export const defer = (run: () => void): void => void setImmediate(run)

export const REAL_TIMERS: Timers = {
  setTimeout: (run, milliseconds) => setTimeout(run, milliseconds)[Symbol.toPrimitive](),
  clearTimeout: (timer) => {
    if (typeof timer === 'number') clearTimeout(timer)
  },
}
