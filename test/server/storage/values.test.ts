import { Serializer } from 'node:v8'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../../server/storage/values.js'

const LONG = 'as long as a text, '.repeat(100)

test("a value with long strings is stored as V8's serializer has it, whatever is in it", () => {
  const string = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(LONG, `${LONG}€`, `${LONG}\ud800`))
  const name = fc.string({ unit: 'grapheme' }).filter((text) => !/^\d+$/.test(text)) // V8 writes such a one as a number
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(string, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }))
  fc.assert(
    fc.property(value, (inner) => {
      const whole = { inner, text: LONG }
      const bytes = encodeValue(whole)
      const serializer = new Serializer()
      serializer.writeRawBytes(bytes.subarray(0, 1)) // strings are aligned behind it
      serializer.writeHeader()
      serializer.writeValue(whole)
      expect(serializer.releaseBuffer().equals(bytes)).toBe(true)
      expect(decodeValue(bytes)).toStrictEqual(whole)
    }),
  )
})
