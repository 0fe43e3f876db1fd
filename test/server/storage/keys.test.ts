import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, decodeKey, encodeKey, rowsUnder } from '../../../server/storage/keys.js'
import type { Key } from '../../../server/storage/storage.js'

const text = fc.string({
  unit: fc.constantFrom('\0', '\u0001', 'a', 'b', '\x7f', 'é', '\ud800', '\udfff', '\uffff', '😀'),
})
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true }).filter((n) => !Object.is(n, -0)),
)
const key = fc
  .tuple(text, fc.array(fc.oneof(text, number), { maxLength: 3 }))
  .map(([table, rest]): Key => [table, ...rest])

function isWithin(of: Key, { from, to }: { from: Key; to: Key }): boolean {
  const bytes = encodeKey(of)
  return compareBytes(encodeKey(from), bytes) <= 0 && compareBytes(bytes, encodeKey(to)) < 0
}

test('a key comes back from its bytes', () => {
  fc.assert(
    fc.property(key, (any) => {
      expect(decodeKey(encodeKey(any))).toStrictEqual([...any])
    }),
    { numRuns: 1_000 },
  )
})

test('the rows under a key are those whose keys begin with it, and no others', () => {
  fc.assert(
    fc.property(key, key, (prefix, other) => {
      const begins = prefix.every((part, i) => Object.is(other[i], part))
      expect(isWithin(other, rowsUnder(prefix))).toBe(begins)
      expect(isWithin(prefix, rowsUnder(prefix))).toBe(true)
      expect(isWithin([...prefix, ...other], rowsUnder(prefix))).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test.each([-Infinity, -2, -Number.MIN_VALUE, 0, Number.MIN_VALUE, 1, 2 ** 53, Number.MAX_VALUE, Infinity])(
  'the rows under the number %d end before the next number',
  (n) => {
    expect(isWithin(['t', n, 'x'], rowsUnder(['t', n]))).toBe(true)
    for (const other of [
      -Infinity,
      -2,
      -1,
      -Number.MIN_VALUE,
      0,
      Number.MIN_VALUE,
      1,
      2 ** 53 + 2,
      Infinity,
      '',
      'x',
    ]) {
      expect(isWithin(['t', other], rowsUnder(['t', n]))).toBe(other === n)
    }
  },
)

test.each([
  ['a' + '\0', 'ends', ['a']],
  ['ab', 'ends', ['a']],
  ['a', 'x', ['a', 'wx']],
])('the rows under a text end before any longer one: %j %j', (table, part, prefix) => {
  expect(isWithin([table, part], rowsUnder(prefix as unknown as Key))).toBe(false)
})

test.each([
  ['NaN', ['t', NaN]],
  ['no table', []],
  ['a number as the table', [1]],
  ['null', ['t', null]],
])('what is no key is refused: %s', (_, wrong) => {
  expect(() => encodeKey(wrong as unknown as Key)).toThrow(TypeError)
})

test.each([
  ['no table', []],
  ['a number as the table', encodeKey(['t', 1]).subarray(3)],
  ['a text without an end', encodeKey(['t']).subarray(0, 2)],
])('bytes that are no key are refused: %s', (_, bytes) => {
  expect(() => decodeKey(Uint8Array.from(bytes))).toThrow(TypeError)
})
