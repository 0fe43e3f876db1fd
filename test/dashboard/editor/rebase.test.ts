import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEdits } from '../../../protocol/text/edits.js'
import { rebase, typedLines } from '../../../dashboard/editor/rebase.js'

const base = 'one\ntwo\nthree\n'

describe('what was typed', () => {
  test('goes beside what others wrote meanwhile', () => {
    const now = 'one\ntwo\nTHREE\n'
    const { edits, held } = rebase({ base, mine: 'zero\none\ntwo\nthree\n' }, now)
    expect(applyEdits(now, edits)).toBe('zero\none\ntwo\nTHREE\n')
    expect(held).toEqual([])
  })

  test('is not written twice where it came through after all', () => {
    const mine = 'one\ntwo, typed\nthree\n'
    expect(rebase({ base, mine }, mine)).toEqual({ edits: [], held: [] })
  })

  test('is held where others changed the same words', () => {
    const now = 'one\nanother\nthree\n'
    const { edits, held } = rebase({ base, mine: 'one\ntyped\nthree\n' }, now)
    expect(applyEdits(now, edits)).toBe(now)
    expect(held).toEqual(['typed\n'])
  })

  test('is told by lines, each place by itself', () => {
    expect(typedLines({ base, mine: 'zero\none\ntwo\n3\n' })).toEqual(['zero\n', '3\n'])
  })

  test('as new lines is in the text or held, whatever the text is now', () => {
    const line = fc.constantFrom('a', 'b', 'c', '').map((text) => `${text}\n`)
    const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join(''))
    fc.assert(
      fc.property(text, text, fc.nat(6), (before, now, place) => {
        const lines = before.match(/.*\n/g) ?? []
        const mine = [...lines.slice(0, place), 'TYPED\n', ...lines.slice(place)].join('')
        const { edits, held } = rebase({ base: before, mine }, now)
        expect(`${applyEdits(now, edits)}${held.join('')}`).toContain('TYPED')
      }),
    )
  })
})
