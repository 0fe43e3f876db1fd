import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inferBase } from '../../../client/bridge/infer-base.js'

const v1 = 'one\ntwo\nthree\nfour\nfive\n'
const v2 = 'one\ntwo, by another\nthree\nfour\nfive\n'
const v3 = 'one\ntwo, by another\nthree\nfour\nfive\nsix, by a third\n'

test('[BRIDGE-1] a text that was written upon an older version is taken as written upon it', () => {
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, v2, v1])).toBe(2)
  expect(inferBase(v2.replace('four', 'FOUR'), [v3, v2, v1])).toBe(1)
})

test('a text written upon the newest version is taken as that', () => {
  expect(inferBase(v3.replace('four', 'FOUR'), [v3, v2, v1])).toBe(0)
})

test('a text that equals an older version is a return to it', () => {
  expect(inferBase(v1, [v3, v2, v1])).toBe(0)
})

test('of two versions that are as near, the newer one counts', () => {
  expect(inferBase('completely different', ['abc', 'xyz'])).toBe(0)
})

test('a version whose text is no longer at hand is passed over', () => {
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, undefined, v1])).toBe(2)
  expect(inferBase('x', [undefined, undefined])).toBe(0)
})

test('large texts are not compared', () => {
  const large = 'line\n'.repeat(100_000)
  expect(inferBase(`${large}x`, [`y${large}`, large])).toBe(0)
})

test('an edit of any of eight versions is found to be of that one', () => {
  const lines = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 7, maxLength: 7 })
  fc.assert(
    fc.property(lines, fc.integer({ min: 0, max: 7 }), (places, written) => {
      const start = Array.from({ length: 12 }, (_, line) => `line number ${line}`)
      const versions = [start.join('\n')]
      for (const [step, place] of places.entries()) {
        start.splice(place, 0, `inserted by step ${step} with words of its own`)
        versions.unshift(start.join('\n'))
      }
      const text = versions[written]!.replace('line number 11', 'line number eleven')
      expect(inferBase(text, versions)).toBe(written)
    }),
  )
})
