import { expect, test } from 'vitest'
import { liveDay } from '../../support/day.js'

test('[SYNC-15] a day of fifty agents that come and go leaves no timer, no listener and no lock, and the heap as it was', async () => {
  const { before, after, received, taken, refused, end } = await liveDay()
  expect(received).toBeGreaterThan(100_000)
  expect(Math.min(taken, refused)).toBeGreaterThan(100)
  expect({ ...after, heap: 0 }).toEqual({ ...before, heap: 0 })
  expect(before).toMatchObject({ timers: 1, locks: 0 }) // the clock of the feeds
  expect(after.heap / before.heap).toBeLessThan(1.05)
  expect(end).toEqual({ agents: 0, timers: 0 })
}, 120_000)
