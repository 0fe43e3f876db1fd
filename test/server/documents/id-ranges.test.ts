import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { cover, IdRanges } from '../../../server/documents/id-ranges.js'

test('a set of ids says what it holds, how far that goes, and which text stands there', () => {
  const range = fc.record({
    client: fc.nat({ max: 1 }),
    at: fc.nat({ max: 9 }),
    length: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const ids = new IdRanges()
      const model = new Map<string, string>()
      for (const { client, at, length } of ranges) {
        const letters = 'abcdefghijklmnop'.slice(at, at + length)
        const isNew = Array.from(letters).every((_, n) => !model.has(`${client} ${at + n}`))
        if (!isNew) continue // a set holds an id once
        ids.add(client, at, at + length, letters)
        Array.from(letters).forEach((letter, n) => model.set(`${client} ${at + n}`, letter))
      }
      for (const client of [0, 1, 2]) {
        for (let clock = 0; clock < 14; clock++) {
          const { has, text, until } = ids.find(client, clock)
          const letter = model.get(`${client} ${clock}`)
          expect({ has, letter: text.charAt(0) }).toEqual({ has: letter !== undefined, letter: letter ?? '' })
          expect(until).toBeGreaterThan(clock)
          for (let at = clock; at < Math.min(until, 14); at++) expect(model.has(`${client} ${at}`)).toBe(has)
          expect(cover([ids], client, clock, clock + 2)).toBe(
            model.has(`${client} ${clock}`) && model.has(`${client} ${clock + 1}`),
          )
        }
      }
    }),
  )
})
