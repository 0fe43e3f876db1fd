import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diff } from '../../../protocol/text/diff.js'
import {
  applyEdits,
  composeEdits,
  EditsError,
  invertEdits,
  mapOffset,
  type Edits,
} from '../../../protocol/text/edits.js'
import { anyText } from './arbitraries.js'

const EDITS: Edits = [
  { at: 1, removed: 'b', added: 'XY' },
  { at: 3, removed: '', added: '!' },
  { at: 4, removed: 'ef', added: '' },
]

/** Ascending, never touching, never empty. */
function isNormalised(edits: Edits): boolean {
  return edits.every(({ at, removed, added }, n) => {
    const before = edits[n - 1]
    return removed !== added && (before === undefined || at > before.at + before.removed.length)
  })
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof EditsError) return `${error.code} at ${error.at}`
    throw error
  }
  return undefined
}

describe('applyEdits', () => {
  it('replaces, inserts and removes, all counted in the text before', () => {
    expect(applyEdits('abcdefg', EDITS)).toBe('aXYc!dg')
  })

  it('[MERGE-6] throws where the removed text does not stand, and says what stands there', () => {
    expect(codeOf(() => applyEdits('aBcdefg', EDITS))).toBe('mismatch at 1')
    expect(() => applyEdits('aBcdefg', EDITS)).toThrow('At 1 stands "B"; expected "b"')
  })

  it('throws where the removed text reaches past the end', () => {
    expect(codeOf(() => applyEdits('abcde', EDITS))).toBe('mismatch at 4')
  })

  it('throws on a list out of order, overlapping, or outside of the text', () => {
    expect(codeOf(() => applyEdits('abcdefg', EDITS.toReversed()))).toBe('order at 3')
    const overlapping = [
      { at: 0, removed: 'ab', added: '' },
      { at: 1, removed: 'b', added: '' },
    ]
    expect(codeOf(() => applyEdits('abc', overlapping))).toBe('order at 1')
    expect(codeOf(() => applyEdits('abc', [{ at: 4, removed: '', added: 'x' }]))).toBe('order at 4')
    expect(codeOf(() => applyEdits('abc', [{ at: -1, removed: '', added: 'x' }]))).toBe('order at -1')
    expect(codeOf(() => applyEdits('abc', [{ at: 0.5, removed: '', added: 'x' }]))).toBe('order at 0.5')
  })
})

describe('invertEdits', () => {
  it('brings back the text before', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expect(applyEdits(b, invertEdits(diff(a, b)))).toBe(a)
      }),
    )
  })
})

describe('composeEdits', () => {
  it('is one normalised list that does what both do, one after the other', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (a, b, c) => {
        const both = composeEdits(diff(a, b), diff(b, c))
        expect(applyEdits(a, both)).toBe(c)
        expect(isNormalised(both)).toBe(true)
      }),
    )
  })

  it('is empty for a list and its inverse', () => {
    expect(composeEdits(EDITS, invertEdits(EDITS))).toEqual([])
  })

  it('joins edits that touch', () => {
    const first = [{ at: 2, removed: '', added: 'xy' }]
    expect(composeEdits(first, [{ at: 3, removed: 'yc', added: '' }])).toEqual([{ at: 2, removed: 'c', added: 'x' }])
    expect(composeEdits(first, [{ at: 4, removed: '', added: 'z' }])).toEqual([{ at: 2, removed: '', added: 'xyz' }])
  })

  it('throws if the second list removes what the first did not leave', () => {
    const first = [{ at: 0, removed: '', added: 'abc' }]
    expect(codeOf(() => composeEdits(first, [{ at: 1, removed: 'X', added: '' }]))).toBe('mismatch at 1')
    const later = [{ at: 5, removed: '', added: 'abc' }]
    expect(codeOf(() => composeEdits(later, [{ at: 4, removed: '.aX', added: '' }]))).toBe('mismatch at 5')
  })
})

describe('mapOffset', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 1], // the start of a replaced range keeps its place, whatever the side
    [2, 3, 3], // and so does its end
    [3, 4, 5], // at an insertion the side decides
    [4, 6, 6],
    [5, 6, 6],
    [6, 6, 6],
    [7, 7, 7],
  ])('puts offset %i at %i (before) and %i (after)', (offset, before, after) => {
    expect(mapOffset(EDITS, offset, 'before')).toBe(before)
    expect(mapOffset(EDITS, offset, 'after')).toBe(after)
  })

  it('decides by side inside a replaced range', () => {
    const edits = [{ at: 2, removed: 'cdef', added: 'xyz' }]
    expect(mapOffset(edits, 4, 'before')).toBe(2)
    expect(mapOffset(edits, 4, 'after')).toBe(5)
  })

  it('keeps order, and stays within the text after', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.constantFrom('before', 'after'), (a, b, side) => {
        const edits = diff(a, b)
        let last = 0
        for (let offset = 0; offset <= a.length; offset++) {
          const mapped = mapOffset(edits, offset, side)
          expect(mapped).toBeGreaterThanOrEqual(last)
          last = mapped
        }
        expect(last).toBeLessThanOrEqual(b.length)
      }),
    )
  })
})
