import { expect, test } from 'vitest'
import { keeper } from '../../../dashboard/model/kept.js'

test('a list stays the same one while nothing in it is another', () => {
  const keep = keeper<string>()
  const first = keep(['a', 'b'])
  expect(keep(['a', 'b'])).toBe(first)
  expect(keep(['b', 'a'])).toEqual(['b', 'a'])
  expect(keep(['b'])).toEqual(['b'])
  expect(keep([])).toEqual([])
})

test('what counts as another can be told', () => {
  const keep = keeper<{ readonly id: number }>((a, b) => a.id === b.id)
  const first = keep([{ id: 1 }])
  expect(keep([{ id: 1 }])).toBe(first)
  expect(keep([{ id: 2 }])).not.toBe(first)
})
