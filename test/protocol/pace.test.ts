import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pace } from '../../protocol/pace.js'

describe('the pace of what costs much the same however much of it there is', () => {
  test('[SYNC-6] who was told nothing yet, or long ago, is told at once', () => {
    const pace = new Pace({ rest: 15, longest: 20 })
    expect(pace.wait(0)).toBe(0)
    pace.took(10, 11)
    expect(pace.wait(11)).toBe(15)
    expect(pace.wait(20)).toBe(6)
    expect(pace.wait(26)).toBe(0)
  })

  test('[SYNC-6] where telling everybody costs next to nothing, nothing waits', () => {
    const pace = new Pace({ rest: 15, longest: 20 })
    pace.took(10, 10.06)
    expect(pace.wait(10.06)).toBe(0)
  })

  test('[SYNC-6] what rests fifteen times as long as it took takes a sixteenth of the time, and nothing waits beyond the bound', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1_000, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (at, took) => {
          const pace = new Pace({ rest: 15, longest: 20 })
          pace.took(at, at + took)
          const wait = pace.wait(at + took)
          expect(wait).toBeLessThanOrEqual(20)
          if (took >= 0.1 && took <= 1.3) expect(wait + took).toBeGreaterThanOrEqual(15.9 * took)
        },
      ),
    )
  })
})
