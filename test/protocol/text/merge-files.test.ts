import { describe, expect, it } from 'vitest'
import { mergeFiles } from '../../../protocol/text/merge-files.js'

const merged = (base: string, ours: string, theirs: string): string => {
  const merge = mergeFiles({ base, ours, theirs })
  expect(merge.conflicts).toBe(0)
  return merge.toFile(merge.text)
}

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')
const BASE = 'one\ntwo\nthree\nfour\nfive\n'
const OURS = 'ONE\ntwo\nthree\nfour\nfive\n'
const THEIRS = 'one\ntwo\nthree\nfour\nFIVE\n'
const BOTH = 'ONE\ntwo\nthree\nfour\nFIVE\n'

describe('[MERGE-10] files merge by what their texts say:', () => {
  it.each([
    ['all LF', BASE, OURS, THEIRS, BOTH],
    ['all CRLF', crlf(BASE), crlf(OURS), crlf(THEIRS), crlf(BOTH)],
    ['one side became CRLF, and stays so', BASE, crlf(OURS), THEIRS, crlf(BOTH)],
    ['the other became CRLF', BASE, OURS, crlf(THEIRS), crlf(BOTH)],
    ['one side became LF', crlf(BASE), OURS, crlf(THEIRS), BOTH],
    ['both became LF', crlf(BASE), OURS, THEIRS, BOTH],
    ['a mark that one side added', BASE, `\ufeff${OURS}`, THEIRS, `\ufeff${BOTH}`],
    ['a mark that one side took away', `\ufeff${BASE}`, `\ufeff${OURS}`, THEIRS, BOTH],
    ['mark and line ends', `\ufeff${crlf(BASE)}`, `\ufeff${crlf(OURS)}`, THEIRS, BOTH],
    ['a side without any line end has none to say', crlf('one\n'), crlf('one\ntwo\n'), 'one', crlf('one\ntwo\n')],
    ['lines for an empty base', '', crlf(OURS), '', crlf(OURS)],
  ])('%s', (_, base, ours, theirs, text) => {
    expect(merged(base, ours, theirs)).toBe(text)
    expect(merged(base, theirs, ours)).toBe(text)
  })

  it('where one of them mixes line ends, all are compared as they stand', () => {
    const mixed = crlf(OURS).replace('two\r\n', 'two\r\nmixed\n')
    expect(merged(crlf(BASE), mixed, crlf(THEIRS))).toBe(crlf(BOTH).replace('two\r\n', 'two\r\nmixed\n'))
  })
})
