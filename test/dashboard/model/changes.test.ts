import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatChangePlace,
  parseChangePlace,
  firstText,
  layOut,
  piecesOf,
  usedText,
  type Change,
} from '../../../dashboard/model/changes.js'
import { surroundings } from '../../../dashboard/model/surroundings.js'

const changesOf = (base: string | null, ours: string, theirs: string): Change[] =>
  piecesOf(base, ours, theirs).filter((piece) => piece.kind === 'change')

describe('a conflict', () => {
  test('is cut where its sides agree', () => {
    expect(changesOf('a\nb\nc\n', 'a1\nb\nc1\n', 'a2\nb\nc2\n')).toMatchObject([
      { ours: 'a1\n', base: 'a\n', theirs: 'a2\n', by: 'both' },
      { ours: 'c1\n', base: 'c\n', theirs: 'c2\n', by: 'both' },
    ])
  })

  test('what one side alone did is used, what both did alike is no change', () => {
    const [first, ...rest] = changesOf('a\nb\nc\nd\n', 'A\nb\nsame\nd\n', 'a\nb\nsame\nd\n')
    expect(first).toMatchObject({ by: 'ours' })
    expect(first && firstText(first)).toBe('A\n')
    expect(rest).toEqual([])
  })

  test('both are ours, then theirs, on lines of their own', () => {
    const [change] = changesOf('a', 'b', 'c')
    expect(change && usedText(change, 'both')).toBe('b\nc')
  })

  const line = fc.constantFrom('a', 'b', 'c', '}', '')
  const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'))

  test('each side is its pieces, whatever the texts, and two changes never touch', () => {
    fc.assert(
      fc.property(fc.option(text), text, text, (base, ours, theirs) => {
        const pieces = piecesOf(base, ours, theirs)
        expect(layOut(pieces, (change) => change.ours).text).toBe(ours)
        expect(layOut(pieces, (change) => change.theirs).text).toBe(theirs)
        pieces.forEach((piece, index) =>
          expect(piece.kind === 'change' && pieces[index + 1]?.kind === 'change').toBe(false),
        )
      }),
    )
  })
})

describe('what stands around a place', () => {
  const lines = 'one\ntwo\nthree\nfour\nfive\n'
  test.each([
    ['four', 1, { before: 'three\n', after: '', firstLine: 3 }],
    ['four\n', 1, { before: 'three\n', after: 'five', firstLine: 3 }],
    ['four\n', 0, { before: '', after: '', firstLine: 4 }],
    ['two\n', 9, { before: 'one\n', after: 'three\nfour\nfive', firstLine: 1 }],
    ['hree\n', 1, { before: 'two\nt', after: 'four', firstLine: 2 }],
    ['one\n', 2, { before: '', after: 'two\nthree', firstLine: 1 }],
  ])('%j with %i lines', (place, margin, expected) => {
    const from = lines.indexOf(place)
    expect(surroundings(lines, from, from + place.length, margin)).toEqual(expected)
  })

  test('begins with the first line, empty or not', () => {
    expect(surroundings('\nx\n', 1, 3, 2)).toEqual({ before: '\n', after: '', firstLine: 1 })
    expect(surroundings('\nx\n', 0, 1, 2)).toEqual({ before: '', after: 'x', firstLine: 1 })
  })
})

test.each([
  ['#change-1', 0],
  ['#change-12', 11],
  ['#change-0', null],
  ['#change-', null],
  ['', null],
])('the address %j names change %j', (hash, index) => {
  expect(parseChangePlace(hash)).toBe(index)
  if (index !== null) expect(formatChangePlace(index)).toBe(hash)
})
