import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diff } from '../../../protocol/text/diff.js'
import { applyEdits, type Edits } from '../../../protocol/text/edits.js'
import { anyText, numberedLines } from './arbitraries.js'

/** Whether an offset lies inside a surrogate pair or between CR and LF. */
function isInside(text: string, offset: number): boolean {
  return /^(?:\r\n|[\ud800-\udbff][\udc00-\udfff])$/.test(text.slice(Math.max(offset - 1, 0), offset + 1))
}

function cutsInside(a: string, b: string, edits: Edits): boolean {
  let shift = 0
  return edits.some(({ at, removed, added }) => {
    const start = at + shift
    shift += added.length - removed.length
    const cut = isInside(a, at) || isInside(a, at + removed.length)
    return cut || isInside(b, start) || isInside(b, start + added.length)
  })
}

const touched = (edits: Edits): number =>
  edits.reduce((sum, { removed, added }) => sum + removed.length + added.length, 0)

describe('diff', () => {
  it('[MERGE-6] applied to a gives b, with no cut inside a surrogate pair or between CR and LF', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const edits = diff(a, b)
        expect(applyEdits(a, edits)).toBe(b)
        expect(cutsInside(a, b, edits)).toBe(false)
        expect(edits.length === 0).toBe(a === b)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['one word', 'let a = 1\nlet b = 2\n', 'let a = 1\nlet b = 3\n', [{ at: 18, removed: '2', added: '3' }]],
    ['an added line', 'a\nc\n', 'a\nb\nc\n', [{ at: 2, removed: '', added: 'b\n' }]],
    ['a removed line', 'a\nb\nc\n', 'a\nc\n', [{ at: 2, removed: 'b\n', added: '' }]],
    ['a final newline', 'a\nb', 'a\nb\n', [{ at: 3, removed: '', added: '\n' }]],
    ['everything', '', 'a\n', [{ at: 0, removed: '', added: 'a\n' }]],
    ['nothing left', 'a\n', '', [{ at: 0, removed: 'a\n', added: '' }]],
    ['CRLF for LF', 'a\r\nb\r\n', 'a\nb\r\n', [{ at: 1, removed: '\r\n', added: '\n' }]],
    ['LF behind a lone CR', 'a\rb', 'a\r\nb', [{ at: 1, removed: '\r', added: '\r\n' }]],
    ['an emoji that shares its first half', 'x 😀 y', 'x 😁 y', [{ at: 2, removed: '😀', added: '😁' }]],
    ['one of a joined family', 'x 👨‍👩‍👧 y', 'x 👨‍👩‍👦 y', [{ at: 2, removed: '👨‍👩‍👧', added: '👨‍👩‍👦' }]],
    [
      'an accent put on a letter',
      'cafe au lait',
      'cafe\u0301 au lait',
      [{ at: 0, removed: 'cafe', added: 'cafe\u0301' }],
    ],
    ['one sign of a script without blanks', '漢字かな', '漢子かな', [{ at: 1, removed: '字', added: '子' }]],
  ])('finds %s', (_, a, b, edits) => {
    expect(diff(a, b)).toEqual(edits)
  })

  it('puts an insertion among equal lines as far down as it goes, so that two diffs agree', () => {
    expect(diff('a\n}\nz\n', 'a\n}\nb\n}\nz\n')).toEqual([{ at: 4, removed: '', added: 'b\n}\n' }])
    expect(diff('\n\n\n', '\n\n\n\n')).toEqual([{ at: 3, removed: '', added: '\n' }])
  })

  it('replaces as a whole what has only signs in common', () => {
    expect(diff('alpha, beta\n', 'gamma, delta\n')).toEqual([{ at: 0, removed: 'alpha, beta', added: 'gamma, delta' }])
  })

  it('sees a re-indented file as indentation, line for line', () => {
    const lines = numberedLines(5000)
    const edits = diff(lines.join(''), lines.map((line) => `  ${line}`).join(''))
    expect(edits).toHaveLength(5000)
    expect(edits.every(({ removed, added }) => removed === '' && added === '  ')).toBe(true)
  })

  it('[MERGE-7] cuts what is far apart at lines that are unique, and still finds all that moved nowhere', () => {
    const lines = numberedLines(4000)
    const edited = lines.map((line, i) => (i % 2 === 0 ? line : `new ${i}\n}\n`))
    const edits = diff(lines.join(''), edited.join(''))
    expect(applyEdits(lines.join(''), edits)).toBe(edited.join(''))
    expect(edits.some(({ removed }) => removed.includes('line 2000 '))).toBe(false)
  })

  it('sees words of a line that is as long as a file, and cuts no character of it', () => {
    const words = Array.from({ length: 150_000 }, (_, i) => `word${i % 977}`)
    const edited = words.map((word, i) => (i === 70_000 || i === 71_000 ? 'edited' : word))
    expect(diff(words.join(' '), edited.join(' ')).map(({ removed, added }) => [removed, added])).toEqual([
      [words[70_000], 'edited'],
      [words[71_000], 'edited'],
    ])
    const long = 'word '.repeat(2000)
    const [edit] = diff(`${long}e, ${long}`, `${long}e\u0301, ${long}`)
    expect(edit).toMatchObject({ removed: 'e', added: 'e\u0301' })
  })

  it.each([
    ['equal lines', 'x\n'.repeat(20_000), 'x\n'.repeat(21_000)],
    ['two kinds of line in disorder', disorder(20_000, 2, 1), disorder(20_000, 2, 3)],
    ['fifty kinds of line in disorder', disorder(20_000, 50, 1), disorder(20_000, 50, 3)],
    ['the same lines backwards', numberedLines(20_000).join(''), numberedLines(20_000).reverse().join('')],
    ['nothing in common', numberedLines(20_000).join(''), disorder(20_000, 7, 1)],
    ['one line of a megabyte', 'word '.repeat(200_000), `word ${'word '.repeat(200_000)}`],
  ])('[MERGE-7] comes to an end on %s', (_, a, b) => {
    const edits = diff(a, b)
    expect(applyEdits(a, edits)).toBe(b)
    expect(touched(edits)).toBeLessThanOrEqual(a.length + b.length)
  })
})

/** Lines of so many kinds, in an order without pattern that is always the same. */
function disorder(lines: number, kinds: number, seed: number): string {
  return Array.from({ length: lines }, (_, i) => `${Math.imul(i * seed + seed, 2654435761) >>> 16} `)
    .map((noise) => `kind ${Number(noise) % kinds}\n`)
    .join('')
}
