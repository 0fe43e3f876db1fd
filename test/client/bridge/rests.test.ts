import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Rests } from '../../../client/bridge/rests.js'

/** Paths that are typed into all the time: each is written as soon as it may be. Moments of the writes by path, in ms. */
function typedInto(paths: number, { took, until }: { took: number; until: number }): number[][] {
  const rests = new Rests()
  const writes: number[][] = Array.from({ length: paths }, () => [])
  const due = writes.map((_, path) => path % 50)
  for (let now = 0; now < until; now++) {
    for (const [path, moments] of writes.entries()) {
      if (due[path]! > now) continue
      const wait = rests.wait(`${path}`, now)
      if (wait === 0) {
        moments.push(now)
        rests.wrote(`${path}`, now, now + took)
      }
      due[path] = now + Math.max(1, wait, took)
    }
  }
  return writes
}

describe('[BRIDGE-17] a path that is written again and again', () => {
  test('rests the longer the dearer its write was, within its bounds', () => {
    const waitAfter = (took: number): number => {
      const rests = new Rests()
      rests.wrote('a', 0, took)
      return rests.wait('a', took)
    }
    expect([0, 1, 6, 400].map(waitAfter)).toEqual([50, 50, 120, 500])
  })

  test('is written at once where it was not written before, or has rested, whatever others do', () => {
    const rests = new Rests()
    rests.wrote('a', 0, 1)
    for (let other = 0; other < 5000; other++) rests.wrote(`${other}`, 1, 2)
    expect(rests.wait('b', 2)).toBe(0)
    expect(rests.wait('a', 50.5)).toBe(0)
  })

  test('with many others, rests until what was written is paid off: two hundred writes a second, one or forty paths', () => {
    const writesOf = (paths: number): number => typedInto(paths, { took: 1, until: 5000 }).flat().length / 5
    expect(writesOf(1)).toBeLessThan(21)
    expect(writesOf(5)).toBeLessThan(101)
    for (const paths of [40, 200, 400]) {
      // Those that come first are written at once.
      expect(writesOf(paths)).toBeGreaterThan(180)
      expect(writesOf(paths)).toBeLessThan(201 + paths / 5)
    }
  })

  test('rests two seconds at most, and what it owes is forgotten in as much', () => {
    for (const moments of typedInto(1000, { took: 1, until: 9000 })) {
      expect(moments.length).toBeGreaterThan(3)
      const apart = moments.slice(1).map((moment, at) => moment - moments[at]!)
      expect(Math.max(...apart)).toBeLessThanOrEqual(2005)
    }
    const rests = new Rests()
    for (let other = 0; other < 5000; other++) rests.wrote(`${other}`, 0, 1)
    rests.wrote('a', 2001, 2002)
    expect(rests.wait('a', 2002)).toBe(50)
  })

  test('is waited for in whole milliseconds, never longer than the bound', () => {
    const write = fc.record({
      path: fc.constantFrom('a', 'b', 'c'),
      after: fc.double({ min: 0, max: 100, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(write, { maxLength: 200 }), (written) => {
        const rests = new Rests()
        let now = 0
        for (const { path, after } of written) {
          rests.wrote(path, now, (now += after))
          const wait = rests.wait(path, now)
          expect(Number.isInteger(wait)).toBe(true)
          expect(wait).toBeLessThanOrEqual(2000)
        }
      }),
    )
  })

  test('rests no more at the end', () => {
    const rests = new Rests()
    rests.wrote('a', 0, 100)
    rests.end()
    rests.wrote('b', 100, 200)
    expect([rests.wait('a', 200), rests.wait('b', 200)]).toEqual([0, 0])
  })
})
