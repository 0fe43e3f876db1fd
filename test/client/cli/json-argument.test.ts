import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultAt, jsonArgument } from '../../../client/cli/json-argument.js'

describe('JSON that someone typed', () => {
  it.each([
    ['{"a": x}', 6],
    ["{'a': 1}", 1],
    ['{"a": 1,}', 8],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['{"a": 1', 7],
    ['', 0],
    ['[1]]', 3],
    ['{"a": 01}', 7],
    ['{"a": "b\n"}', 6],
    ['[,]', 1],
    ['nul', 0],
  ])('%j is none from %i on, and that is shown', (text, at) => {
    expect(faultAt(text)).toBe(at)
    expect(() => jsonArgument(text, '--data')).toThrow(
      expect.objectContaining({
        code: 'E_USAGE',
        message: expect.stringMatching(at >= text.length ? 'ends too early' : `from character ${at + 1} on`) as unknown,
        data: expect.objectContaining({ at }) as unknown,
      }) as Error,
    )
  })

  it('points at the place', () => {
    try {
      jsonArgument('{"plan_id": p1}', '--data')
    } catch (error) {
      expect(error).toMatchObject({ data: { details: ['{"plan_id": p1}', '            ^'] } })
    }
    expect.assertions(1)
  })

  it('is what JSON is: what is one is taken, and of what is cut short the end is the fault', () => {
    const property = fc.property(fc.json(), fc.nat(), (json, cut) => {
      expect(jsonArgument(json, '--data')).toEqual(JSON.parse(json))
      expect(faultAt(json)).toBe(json.length)
      const part = `[${json}]`.slice(0, 1 + (cut % (json.length + 1)))
      expect(faultAt(part)).toBeLessThanOrEqual(part.length)
    })
    fc.assert(property, { numRuns: 300 })
  })
})
