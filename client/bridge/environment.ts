import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { orderedId } from '../../protocol/ids.js'
import type { Environment } from './ports.js'

/** The system's own clock, timers and randomness. */
export const SYSTEM: Environment = {
  now: Date.now,
  elapsed: () => performance.now(),
  timers: {
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds)
      return () => clearTimeout(timer)
    },
    yield: () => setImmediate(),
  },
  random: Math.random,
  // Bytes for UUIDs are drawn many at a time: a third of the cost of drawing them for each id.
  newId: () => orderedId(Date.now(), Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url', 0, 12)),
}
