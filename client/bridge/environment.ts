import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { orderedId } from '../../protocol/ids.js'
import type { Environment } from './ports.js'

/** The system's own clock, timers and randomness. */
export const SYSTEM: Environment = {
  now: Date.now,
  timers: {
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds)
      return () => clearTimeout(timer)
    },
    yield: () => setImmediate(),
  },
  random: Math.random,
  newId: () => orderedId(Date.now(), randomBytes(12).toString('base64url')),
}
