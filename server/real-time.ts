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

/** Resolves when `work` does, or after so many milliseconds. */
export async function withDeadline(work: Promise<unknown>, milliseconds: number, timers: Timers): Promise<void> {
  let timer: unknown
  const expired = new Promise<void>((resolve) => {
    timer = timers.setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, expired])
  timers.clearTimeout(timer)
}
