/** Texts as they go wrong in practice: repeated lines, brackets, mixed line ends, half of a surrogate pair. */
import fc from 'fast-check'
import { splitLines } from '../../../protocol/text/lines.js'

const content = fc.constantFrom(
  ...['', ' ', '}', '  }', 'a', 'b', 'foo bar(1, 2) {', 'foo baz(1, 3) {', '  foo bar(1, 2) {', 'return one two'],
  ...[
    'return one three',
    'alpha beta gamma',
    'alpha beta delta',
    '😀 x',
    '😁 x',
    '👨‍👩‍👧',
    '👨‍👩‍👦',
    'e\u0301',
    '\ud83d',
    '\ude00',
    '漢字',
  ],
)
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\n', '\n', '\r\n', '\r', '')
const line = fc.tuple(content, lineEnd).map((parts) => parts.join(''))

export const anyText = fc.array(line, { maxLength: 12 }).map((lines) => lines.join(''))

const splices = fc.array(fc.record({ at: fc.nat(), removed: fc.nat(3), added: fc.array(line, { maxLength: 3 }) }), {
  maxLength: 4,
})

/** A text and two that were edited from it. */
export const threeTexts = fc.tuple(anyText, splices, splices).map(([base, ours, theirs]) => {
  const edited = (edits: typeof ours): string => {
    const lines = splitLines(base)
    for (const { at, removed, added } of edits) lines.splice(at % (lines.length + 1), removed, ...added)
    return lines.join('')
  }
  return { base, ours: edited(ours), theirs: edited(theirs) }
})

/** Line i of n: different from all others, without brackets. */
export function numberedLines(n: number): string[] {
  return Array.from({ length: n }, (_, i) => `line ${i} says item${i}\n`)
}
