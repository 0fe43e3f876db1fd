import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addedTexts } from '../../../dashboard/model/added-texts.js'
import { diff } from '../../../protocol/text/diff.js'

test('every added text stands where it is said to stand', () => {
  const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c', 'd d\n'), { maxLength: 30 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      for (const added of addedTexts(diff(before, after))) {
        expect(after.slice(added.at, added.at + added.text.length)).toBe(added.text)
      }
    }),
  )
})
