import { expect, test } from 'vitest'
import { commonIndentCutter } from '../../../dashboard/model/indent.js'

test.each([
  [
    ['    a\n      b\n', '    c\n'],
    ['a\n  b\n', 'c\n'],
  ],
  [
    ['\ta\n', '  b\n'],
    ['\ta\n', '  b\n'],
  ],
  [
    ['  a\n\n  b\n', ''],
    ['a\n\nb\n', ''],
  ],
  [
    ['', '', ''],
    ['', '', ''],
  ],
])('%j side by side become %j', (texts, expected) => {
  expect(texts.map(commonIndentCutter(texts))).toEqual(expected)
})
