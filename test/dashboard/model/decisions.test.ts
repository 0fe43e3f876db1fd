import { expect, test } from 'vitest'
import { optionsOf } from '../../../dashboard/model/decisions.js'
import { aConflict } from '../builders.js'

const sidesOf = (more: object): string[] => optionsOf(aConflict('c', more), (author) => author).map(({ side }) => side)
const text = { kind: 'text', text: 'a\n', bom: false, eol: 'lf' }

test('a person chooses by name; both sides can stand only where they can be put one below the other', () => {
  expect(optionsOf(aConflict('c'), (author) => author)[1]?.label).toBe('Take what CODEX-two wrote')
  expect(sidesOf({})).toEqual(['ours', 'theirs', 'both'])
  expect(sidesOf({ reason: 'create', first: 'ours', theirs: text })).toEqual(['ours', 'theirs', 'both'])
  expect(sidesOf({ reason: 'create', first: 'ours', theirs: { kind: 'blob', hash: '0'.repeat(64), size: 1 } })).toEqual(
    ['ours', 'theirs'],
  )
  expect(sidesOf({ reason: 'delete', first: 'ours', theirs: null })).toEqual(['ours', 'theirs'])
  expect(sidesOf({ reason: 'binary', first: 'ours', theirs: text })).toEqual(['ours', 'theirs'])
})
