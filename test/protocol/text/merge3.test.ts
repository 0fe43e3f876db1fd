import { describe, expect, it } from 'vitest'
import { applyEdits } from '../../../protocol/text/edits.js'
import { merge3, type MergeOptions, type MergeResult } from '../../../protocol/text/merge3.js'
import { numberedLines } from './arbitraries.js'

/** `kind` or `soft:reason` of every hunk. */
const kinds = (result: MergeResult): string[] =>
  result.hunks.map((hunk) => (hunk.kind === 'soft' ? `soft:${hunk.reason}` : hunk.kind))

const swapped: Readonly<Record<string, string>> = { ours: 'theirs', theirs: 'ours' }

const lines = (...all: string[]): string => all.map((line) => `${line}\n`).join('')

interface Case {
  readonly name: string
  readonly base: string
  readonly ours: string
  readonly theirs: string
  readonly text: string
  /** With the sides swapped; without it, the same. */
  readonly textSwapped?: string
  readonly kinds: readonly string[]
}

const TEN = numberedLines(10)
const ten = (edits: Readonly<Record<number, string>>): string => TEN.map((line, i) => edits[i] ?? line).join('')

const CLEAN: readonly Case[] = [
  {
    name: '[MERGE-1] a change of one side alone is taken',
    base: ten({}),
    ours: ten({}),
    theirs: ten({ 4: 'new\n' }),
    text: ten({ 4: 'new\n' }),
    kinds: ['theirs'],
  },
  {
    name: '[MERGE-1] changes apart both stand',
    base: ten({}),
    ours: ten({ 1: '', 8: 'ours\n' }),
    theirs: ten({ 4: 'theirs\nmore\n' }),
    text: ten({ 1: '', 4: 'theirs\nmore\n', 8: 'ours\n' }),
    kinds: ['ours', 'theirs', 'ours'],
  },
  {
    name: '[MERGE-2] the identical change stands once',
    base: 'rate = 1000\n',
    ours: 'rate = 5000\n',
    theirs: 'rate = 5000\n',
    text: 'rate = 5000\n',
    kinds: ['identical'],
  },
  {
    name: '[MERGE-2] the identical insertion stands once',
    base: lines('a', 'z'),
    ours: lines('a', 'new', 'z'),
    theirs: lines('a', 'new', 'z'),
    text: lines('a', 'new', 'z'),
    kinds: ['identical'],
  },
  {
    name: '[MERGE-2] the identical deletion is done once',
    base: lines('a', 'b', 'c', 'd'),
    ours: lines('a', 'd'),
    theirs: lines('a', 'd'),
    text: lines('a', 'd'),
    kinds: ['identical'],
  },
  {
    name: '[MERGE-2] an insertion that holds the other one stands for both',
    base: lines('a', 'z'),
    ours: lines('a', 'first thing', 'z'),
    theirs: lines('a', 'first thing', 'second thing', 'z'),
    text: lines('a', 'first thing', 'second thing', 'z'),
    kinds: ['soft:insertions'],
  },
  {
    name: '[MERGE-2] an edit that holds the other one stands for both',
    base: lines('alpha is 1', 'beta is 2', 'gamma is 3'),
    ours: lines('alpha is 10', 'beta is 20', 'gamma is 3'),
    theirs: lines('alpha is 10', 'beta is 20', 'gamma is 30'),
    text: lines('alpha is 10', 'beta is 20', 'gamma is 30'),
    kinds: ['soft:adjacent'],
  },
  {
    name: '[MERGE-2] lines added by both beside changes that merely touch stand once',
    base: lines("request('protocol', function () {", '  return 1'),
    ours: lines("define('protocol', function () {", '  const proto = this.proto', '  return 1'),
    theirs: lines("request('protocol', function () {", '  const proto = this.proto', '  return 1'),
    text: lines("define('protocol', function () {", '  const proto = this.proto', '  return 1'),
    kinds: ['soft:adjacent'],
  },
  {
    name: '[MERGE-4] a bracket edited between lines that the other edited',
    base: lines('first item is old', '}', 'second item is old'),
    ours: lines('first item is new', '}', 'second item is new'),
    theirs: lines('first item is old', '});', 'second item is old'),
    text: lines('first item is new', '});', 'second item is new'),
    kinds: ['soft:adjacent'],
  },
  {
    name: 'a line behind the last one, whose end the other took away',
    base: lines('one', 'two'),
    ours: 'one\ntwo',
    theirs: lines('one', 'two', 'three'),
    text: lines('one', 'two', 'three'),
    kinds: ['soft:adjacent'],
  },
  {
    name: '[MERGE-4] insertions at one point both stay, ours first',
    base: lines('a', 'z'),
    ours: lines('a', 'one thing', 'z'),
    theirs: lines('a', 'other thing', 'z'),
    text: lines('a', 'one thing', 'other thing', 'z'),
    textSwapped: lines('a', 'other thing', 'one thing', 'z'),
    kinds: ['soft:insertions'],
  },
  {
    name: '[MERGE-4] two blocks that end alike both stay whole',
    base: lines('head', '', 'tail'),
    ours: lines('head', '', 'function one() {', '  first()', '}', '', 'tail'),
    theirs: lines('head', '', 'function two() {', '  second()', '}', '', 'tail'),
    text: lines(
      'head',
      '',
      'function one() {',
      '  first()',
      '}',
      '',
      'function two() {',
      '  second()',
      '}',
      '',
      'tail',
    ),
    textSwapped: lines(
      ...['head', '', 'function two() {', '  second()', '}', '', 'function one() {', '  first()', '}', '', 'tail'],
    ),
    kinds: ['soft:insertions'],
  },
  {
    name: '[MERGE-4] edits of lines that touch both stand',
    base: lines('a', 'beta', 'gamma', 'd'),
    ours: lines('a', 'BETA', 'gamma', 'd'),
    theirs: lines('a', 'beta', 'GAMMA', 'd'),
    text: lines('a', 'BETA', 'GAMMA', 'd'),
    kinds: ['soft:adjacent'],
  },
  {
    name: '[MERGE-4] an insertion beside an edited line stands in front of it',
    base: lines('a', 'beta', 'c'),
    ours: lines('a', 'BETA', 'c'),
    theirs: lines('a', 'added', 'beta', 'c'),
    text: lines('a', 'added', 'BETA', 'c'),
    kinds: ['soft:adjacent'],
  },
  {
    name: '[MERGE-4] edits of different words of one line both stand',
    base: 'app.use(express.session({ store: redis }))\n',
    ours: 'app.use(session({ store: redis }))\n',
    theirs: 'app.use(express.session({ store: redis, secret: key }))\n',
    text: 'app.use(session({ store: redis, secret: key }))\n',
    kinds: ['soft:tokens'],
  },
  {
    name: '[MERGE-4] a re-indented line takes an edit of its first word',
    base: lines('call(a, b)'),
    ours: lines('  call(a, b)'),
    theirs: lines('tell(a, b)'),
    text: lines('  tell(a, b)'),
    kinds: ['soft:tokens'],
  },
  {
    name: 'CRLF line ends stay as they are',
    base: 'a\r\nb\r\nc\r\nd\r\ne\r\n',
    ours: 'a\r\nB\r\nc\r\nd\r\ne\r\n',
    theirs: 'a\r\nb\r\nc\r\nD\r\ne\r\n',
    text: 'a\r\nB\r\nc\r\nD\r\ne\r\n',
    kinds: ['ours', 'theirs'],
  },
  {
    name: 'lines that end in a lone CR are lines',
    base: 'a\rb\rc\rd\re',
    ours: 'a\rB\rc\rd\re',
    theirs: 'a\rb\rc\rD\re',
    text: 'a\rB\rc\rD\re',
    kinds: ['ours', 'theirs'],
  },
  {
    name: 'lines put behind a last line without an end do not run into each other',
    base: 'start',
    ours: 'start\nmine',
    theirs: 'start\nyours',
    text: 'start\nmine\nyours',
    textSwapped: 'start\nyours\nmine',
    kinds: ['soft:insertions'],
  },
  {
    name: 'a line edited without an end takes lines behind it, and the line end that the text has',
    base: 'one\r\ntwo',
    ours: 'one\r\nTWO',
    theirs: 'one\r\ntwo\r\nthree',
    text: 'one\r\nTWO\r\nthree',
    kinds: ['soft:tokens'],
  },
  {
    name: 'one adds a final newline, the other a line: one newline',
    base: 'start',
    ours: 'start\n',
    theirs: 'start\nmore\n',
    text: 'start\nmore\n',
    kinds: ['soft:adjacent'],
  },
  {
    name: 'two files created with nothing in common, on an empty base, both stay',
    base: '',
    ours: lines('mine here'),
    theirs: lines('yours there'),
    text: lines('mine here', 'yours there'),
    textSwapped: lines('yours there', 'mine here'),
    kinds: ['soft:insertions'],
  },
  {
    name: 'one file created twice stands once',
    base: '',
    ours: lines('same'),
    theirs: lines('same'),
    text: lines('same'),
    kinds: ['identical'],
  },
  {
    name: 'a file emptied by one alone is empty',
    base: lines('a', 'b'),
    ours: lines('a', 'b'),
    theirs: '',
    text: '',
    kinds: ['theirs'],
  },
  {
    name: 'emoji that share their first half merge whole',
    base: lines('x 😀 y', 'b', 'c', 'd'),
    ours: lines('x 😁 y', 'b', 'c', 'd'),
    theirs: lines('x 😀 y', 'b', 'c', 'd 👨‍👩‍👦'),
    text: lines('x 😁 y', 'b', 'c', 'd 👨‍👩‍👦'),
    kinds: ['ours', 'theirs'],
  },
  {
    name: 'lines added to equal lines merge',
    base: '\n'.repeat(20),
    ours: `top line\n${'\n'.repeat(20)}`,
    theirs: `${'\n'.repeat(20)}last line\n`,
    text: `top line\n${'\n'.repeat(20)}last line\n`,
    kinds: ['ours', 'theirs'],
  },
]

interface HardCase {
  readonly name: string
  readonly base: string
  readonly ours: string
  readonly theirs: string
}

const HARD: readonly HardCase[] = [
  { name: 'one line edited to different words', base: 'rate = 1\n', ours: 'rate = 2\n', theirs: 'rate = 3\n' },
  {
    name: 'an edited line that the other deleted',
    base: lines('a', 'beta is here', 'c'),
    ours: lines('a', 'c'),
    theirs: lines('a', 'beta is there', 'c'),
  },
  {
    name: 'an edit inside a block that the other deleted',
    base: lines('a', 'one', 'two', 'three', 'z'),
    ours: lines('a', 'z'),
    theirs: lines('a', 'one', 'TWO', 'three', 'z'),
  },
  {
    name: 'a line put into a block that the other deleted',
    base: lines('a', 'one', 'two', 'z'),
    ours: lines('a', 'z'),
    theirs: lines('a', 'one', 'new', 'two', 'z'),
  },
  {
    name: 'a line put into a block that the other wrote anew, whose only common line is a bracket',
    base: lines('head', 'first old line', 'second old line', '}', 'third old line', 'fourth old line', 'foot'),
    ours: lines('head', 'quite another', 'thing entirely', '}', 'and nothing', 'of before', 'foot'),
    theirs: lines(
      'head',
      'first old line',
      'second old line',
      'put in',
      '}',
      'third old line',
      'fourth old line',
      'foot',
    ),
  },
  {
    name: 'a block moved by one and edited by the other where it was',
    base: lines('moved first', 'moved second', 'a', 'b', 'c', 'd', 'e'),
    ours: lines('a', 'b', 'c', 'd', 'e', 'moved first', 'moved second'),
    theirs: lines('moved first', 'moved SECOND', 'a', 'b', 'c', 'd', 'e'),
  },
  {
    name: 'parts of one version number, which together nobody wrote',
    base: '"express": "1.2.3"\n',
    ours: '"express": "1.3.3"\n',
    theirs: '"express": "1.2.4"\n',
  },
  {
    name: 'one new line, which each put in the place of another old line',
    base: lines('alpha one', 'beta two'),
    ours: lines('new and shared', 'beta two'),
    theirs: lines('alpha one', 'new and shared'),
  },
  {
    name: 'words put in at one point of a line',
    base: 'call(a)\n',
    ours: 'call(a, b)\n',
    theirs: 'call(a, c)\n',
  },
  {
    name: 'insertions that begin with the same new line: one thing written twice',
    base: lines('a', 'z'),
    ours: lines('a', 'def answer():', '    return 42', 'z'),
    theirs: lines('a', 'def answer():', '    return 43', 'z'),
  },
  {
    name: 'insertions that share most of their new lines',
    base: lines('a', 'z'),
    ours: lines('a', 'import one', 'shared line number one', 'shared line number two', 'z'),
    theirs: lines('a', 'import two', 'shared line number one', 'shared line number two', 'z'),
  },
  {
    name: 'an insertion that opens a bracket beside another, which would stand inside or outside by mere order',
    base: lines('a', 'work()', 'z'),
    ours: lines('a', 'if (ready) {', 'work()', '}', 'z'),
    theirs: lines('a', 'prepare()', 'work()', 'z'),
  },
  {
    name: 'two different files created at one path that begin alike',
    base: '',
    ours: lines('# Title', 'mine'),
    theirs: lines('# Title', 'yours'),
  },
  {
    name: 'a file emptied by one and edited by the other',
    base: lines('one', 'two'),
    ours: '',
    theirs: lines('one', 'TWO'),
  },
  {
    name: 'an emoji edited to two others that share its first half',
    base: 'x 😀 y\n',
    ours: 'x 😁 y\n',
    theirs: 'x 😂 y\n',
  },
  {
    name: 'a CRLF line edited by one, its line end by the other together with a word',
    base: 'one two\r\n',
    ours: 'one TWO\r\n',
    theirs: 'one 2\n',
  },
]

describe('merge3 merges', () => {
  it.each(CLEAN)('$name', ({ base, ours, theirs, text, textSwapped, kinds: expected }) => {
    const result = merge3(base, ours, theirs)
    expect(result.text).toBe(text)
    expect(kinds(result)).toEqual(expected)
    expect(result.conflicts).toBe(0)
    expect(applyEdits(ours, result.edits)).toBe(text)
    const other = merge3(base, theirs, ours)
    expect(other.text).toBe(textSwapped ?? text)
    expect(kinds(other)).toEqual(expected.map((kind) => swapped[kind] ?? kind))
  })
})

describe('[MERGE-3] merge3 holds theirs, and keeps ours verbatim:', () => {
  it.each(HARD)('$name', ({ base, ours, theirs }) => {
    for (const [one, two] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      const result = merge3(base, one, two)
      expect(result.conflicts).toBe(1)
      for (const hunk of result.hunks) {
        if (hunk.kind !== 'hard') continue
        expect(hunk.baseText).toBe(base.slice(hunk.base.from, hunk.base.to))
        expect(hunk.oursText).toBe(one.slice(hunk.ours.from, hunk.ours.to))
        expect(hunk.theirsText).toBe(two.slice(hunk.theirs.from, hunk.theirs.to))
        expect(result.text.slice(hunk.text.from, hunk.text.to)).toBe(hunk.oursText)
      }
    }
  })

  it('applies the other hunks of theirs, and counts what it holds', () => {
    const ours = ten({ 2: 'ours two\n', 7: 'ours seven\n' })
    const result = merge3(ten({}), ours, ten({ 0: 'theirs zero\n', 2: 'theirs two\n', 5: '', 9: 'theirs nine\n' }))
    expect(kinds(result)).toEqual(['theirs', 'hard', 'theirs', 'ours', 'theirs'])
    expect(result.conflicts).toBe(1)
    expect(result.text).toBe(ten({ 0: 'theirs zero\n', 2: 'ours two\n', 5: '', 7: 'ours seven\n', 9: 'theirs nine\n' }))
  })

  it('applies what touches a held hunk, notes it, and runs no lines together', () => {
    const result = merge3(lines('a', 'beta', 'gamma'), 'a\nBETA', lines('a', 'beth', 'gamma', 'added'))
    expect(result.conflicts).toBeGreaterThan(0)
    expect(result.text.startsWith('a\nBETA')).toBe(true)
    for (const line of result.text.split('\n')) expect(['a', 'BETA', 'added', '']).toContain(line)
  })
})

describe('a hunk', () => {
  it('says where it stands, in lines and offsets of all four texts', () => {
    const result = merge3(
      lines('a', 'b', 'c', 'd', 'e'),
      lines('new', 'a', 'b', 'c', 'd', 'e'),
      lines('a', 'b', 'c', 'D', 'E'),
    )
    expect(result.hunks).toEqual([
      {
        kind: 'ours',
        base: { fromLine: 0, toLine: 0, from: 0, to: 0 },
        ours: { fromLine: 0, toLine: 1, from: 0, to: 4 },
        theirs: { fromLine: 0, toLine: 0, from: 0, to: 0 },
        text: { fromLine: 0, toLine: 1, from: 0, to: 4 },
      },
      {
        kind: 'theirs',
        base: { fromLine: 3, toLine: 5, from: 6, to: 10 },
        ours: { fromLine: 4, toLine: 6, from: 10, to: 14 },
        theirs: { fromLine: 3, toLine: 5, from: 6, to: 10 },
        text: { fromLine: 4, toLine: 6, from: 10, to: 14 },
      },
    ])
  })

  it('has edits as small as words', () => {
    expect(merge3('let a = 1\nlet b = 2\n', 'let a = 1\nlet b = 2\n', 'let a = 1\nlet b = 3\n').edits).toEqual([
      { at: 18, removed: '2', added: '3' },
    ])
  })
})

describe('[MERGE-4] each soft class can be switched to hard', () => {
  const OFF: readonly (readonly [keyof MergeOptions, string, string, string])[] = [
    ['insertions', lines('a', 'z'), lines('a', 'one thing', 'z'), lines('a', 'other thing', 'z')],
    ['adjacent', lines('a', 'beta', 'gamma', 'd'), lines('a', 'BETA', 'gamma', 'd'), lines('a', 'beta', 'GAMMA', 'd')],
    ['adjacent', lines('a is 1', 'b is 2'), lines('a is 10', 'b is 2'), lines('a is 10', 'b is 20')],
    ['tokens', 'one two three\n', 'ONE two three\n', 'one two THREE\n'],
  ]
  it.each(OFF)('%s', (option, base, ours, theirs) => {
    expect(merge3(base, ours, theirs).conflicts).toBe(0)
    expect(merge3(base, theirs, ours, { [option]: false }).conflicts).toBe(1)
    const result = merge3(base, ours, theirs, { [option]: false })
    expect(result.conflicts).toBe(1)
    expect(result.text).toBe(ours)
  })
})

describe('a re-indented file', () => {
  const base = numberedLines(2000)
  const indented = base.map((line) => `    ${line}`)

  it('takes edits of words, made meanwhile', () => {
    const edited = (all: readonly string[]): string =>
      all.map((line, i) => (i % 50 === 0 ? line.replace('says', 'tells') : line)).join('')
    for (const [ours, theirs] of [
      [edited(base), indented.join('')],
      [indented.join(''), edited(base)],
    ] as const) {
      const result = merge3(base.join(''), ours, theirs)
      expect(result.conflicts).toBe(0)
      expect(result.text).toBe(edited(indented))
    }
  })

  it('takes them also where a line that moved inwards equals one that stood there before', () => {
    // As in code: the same statements at several depths.
    const blocks = Array.from({ length: 100 }, (_, i) => [
      `function name${i}() {\n`,
      ...[0, 1, 2].flatMap((deep) => [
        `${'  '.repeat(deep)}  if (ready) {\n`,
        `${'  '.repeat(deep)}    await settled()\n`,
        `${'  '.repeat(deep)}    const value${i % 7} = read()\n`,
      ]),
      '      return undefined\n    return undefined\n  return undefined\n}\n\n',
    ])
    const code = blocks
      .flat()
      .join('')
      .split(/(?<=\n)/)
    const deeper = (all: readonly string[]): string => all.map((line) => (line === '\n' ? line : `  ${line}`)).join('')
    const edited = code.map((line, i) => (i % 40 === 3 ? line.replace(/\S+(?=\n)/, `edited${i}`) : line))
    for (const [ours, theirs] of [
      [edited.join(''), deeper(code)],
      [deeper(code), edited.join('')],
    ] as const) {
      const result = merge3(code.join(''), ours, theirs)
      expect(result.conflicts).toBe(0)
      expect(result.text).toBe(deeper(edited))
    }
  })

  it('is held as a whole if one line of it is gone: half an indentation is none', () => {
    const shorter = base.filter((_, i) => i !== 1000).join('')
    const result = merge3(base.join(''), shorter, indented.join(''))
    expect(result.conflicts).toBe(1)
    expect(result.text).toBe(shorter)
  })
})

describe('[MERGE-7] merge3 comes to an end on', () => {
  const base = numberedLines(40_000)
  const half = (parity: number, word: string): string =>
    base.map((line, i) => (i % 2 === parity ? line.replace('says', word) : line)).join('')

  it('lines that both sides edited in turns, each beside the other', () => {
    const result = merge3(base.join(''), half(0, 'tells'), half(1, 'asks'))
    expect(result.conflicts).toBe(0)
    expect(result.text).toBe(base.map((line, i) => line.replace('says', i % 2 === 0 ? 'tells' : 'asks')).join(''))
  })

  it('lines of which one side deleted every other, and one edited the rest', () => {
    const kept = base.filter((_, i) => i % 2 === 1).join('')
    const result = merge3(base.join(''), kept, half(1, 'asks'))
    expect(result.conflicts).toBe(0)
    expect(result.text).toBe(kept.replaceAll('says', 'asks'))
  })
})

describe('entries that both add to a list', () => {
  const base = lines('{', '  "a": 1,', '  "b": 2', '}')
  const withC = lines('{', '  "a": 1,', '  "b": 2,', '  "c": 3', '}')
  const withD = lines('{', '  "a": 1,', '  "b": 2,', '  "d": 4', '}')

  it('[MERGE-4] are hard where each was written to follow a line that both changed alike', () => {
    for (const [ours, theirs] of [
      [withC, withD],
      [withD, withC],
    ] as const) {
      const merge = merge3(base, ours, theirs)
      expect(kinds(merge)).toEqual(['hard'])
      expect(merge.text).toBe(ours)
    }
  })

  it('[MERGE-4] are merged where each entry ends with its own comma', () => {
    const list = lines('{', '  a: 1,', '  b: 2,', '}')
    const merge = merge3(list, list.replace('}', '  c: 3,\n}'), list.replace('}', '  d: 4,\n}'))
    expect(merge.text).toBe(lines('{', '  a: 1,', '  b: 2,', '  c: 3,', '  d: 4,', '}'))
  })

  it('[MERGE-1] stand once where both added the same', () => {
    expect(merge3(base, withC, withC).text).toBe(withC)
  })
})
