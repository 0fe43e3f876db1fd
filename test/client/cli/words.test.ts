import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes, count, cutPath, duration, list, near } from '../../../client/cli/words.js'

describe('figures', () => {
  it.each([
    [0.42, '0.4 ms'],
    [12.4, '12 ms'],
    [2_345, '2.3 s'],
    [42_000, '42 s'],
    [61_000, '1 min'],
    [5 * 3_600_000, '5 h'],
    [72 * 3_600_000, '3 days'],
  ])('%d ms read %s', (milliseconds, words) => {
    expect(duration(milliseconds)).toBe(words)
  })

  it.each([
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [89_234_000, '89.2 MB'],
    [999_960_000, '1.0 GB'],
    [2_000_000_000_000_000, '2000 TB'],
  ])('%d bytes read %s', (number, words) => {
    expect(bytes(number)).toBe(words)
  })

  it('count in the singular and the plural, in thousands', () => {
    expect([count(1, 'file'), count(0, 'file'), count(20_000, 'file')]).toEqual(['1 file', '0 files', '20,000 files'])
    expect(count(2, 'path waits', 'paths wait')).toBe('2 paths wait')
  })

  it('name at most three of many', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd', 'e']].map((names) => list(names))).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
      'a, b and 3 more',
    ])
  })
})

describe('a path that is too wide', () => {
  it('is cut in its middle, so that its folder and its file stay', () => {
    expect(cutPath('src/components/very/deep/Button.tsx', 20)).toBe('src/comp…/Button.tsx')
    expect(cutPath('src/a.ts', 20)).toBe('src/a.ts')
  })

  it('is never wider than asked for, and ends as it did', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 60 }), (path, width) => {
        const cut = Array.from(cutPath(path, width))
        expect(cut.length).toBeLessThanOrEqual(width)
        expect(path.endsWith(cut.at(-1) ?? '')).toBe(true)
      }),
    )
  })
})

describe('what was meant', () => {
  const verbs = ['status', 'agents', 'conflicts', 'resume', 'help', 'leave', 'quit']
  it.each([
    ['agentz', 'agents'],
    ['statsu', 'status'],
    ['Help', 'help'],
    ['conf', 'conflicts'],
    ['eave', 'leave'],
  ])('by %s is %s', (typed, meant) => {
    expect(near(typed, verbs)[0]).toBe(meant)
  })

  it('is nothing where no verb is near', () => {
    expect(near('deploy', verbs)).toEqual([])
  })
})
