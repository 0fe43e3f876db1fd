import { expect, test } from 'vitest'
import { keepPerson, keptPerson, personId, personName } from '../../../dashboard/model/person.js'
import { author } from '../../../protocol/ids.js'

function storage() {
  const items = new Map<string, string>()
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  }
}

test('whoever has chosen no name is called dashboard; a name that was chosen stays', () => {
  const place = storage()
  expect(keptPerson(place)).toBe('dashboard')
  expect(keepPerson(place, '  anna ')).toBeNull()
  expect(keptPerson(place)).toBe('anna')
})

test.each(['', 'Anna B.', '-a', 'ä', 'a'.repeat(65)])('%j is no name: that is said, and the old one stays', (typed) => {
  const place = storage()
  keepPerson(place, 'anna')
  expect(keepPerson(place, typed)).toContain('A name has 1 to 64 letters')
  expect(keptPerson(place)).toBe('anna')
})

test.each(['CLAUDE-n0', 'X1-', 'ANNA-maria'])('%j reads as the id of an agent, and is refused', (typed) => {
  const place = storage()
  expect(keepPerson(place, typed)).toContain('reads as an agent’s id')
  place.setItem('ensemble-person', typed)
  expect(keptPerson(place)).toBe('dashboard')
})

test.each(['Anna-Maria', 'ANNA', 'claude-n0'])('%j is a name', (typed) => {
  expect(keepPerson(storage(), typed)).toBeNull()
})

test('what stands in the browser and is no name is not taken', () => {
  const place = storage()
  place.setItem('ensemble-person', 'no name')
  expect(keptPerson(place)).toBe('dashboard')
})

test('is an author that the server knows, and is shown by the name alone', () => {
  expect(author.safeParse(personId('anna')).success).toBe(true)
  expect(personName(personId('anna'))).toBe('anna')
  expect(personName('Jo')).toBe('Jo')
  // Not taken for the agent of that name.
  expect(personId('CLAUDE-one')).not.toBe('CLAUDE-one')
})
