import { describe, expect, it } from 'vitest'
import { isClean, judge, type Tree } from '../../../client/cli/demo/check.js'

const tree = (files: Record<string, string>): Tree => new Map(Object.entries(files))

describe('the demo’s check', () => {
  it('is content with equal folders that hold each edit once', () => {
    const same = { 'a.js': 'one\n// A (1)\n', 'b.js': '// B (2)\n' }
    const verdict = judge([tree(same), tree(same)], ['// A (1)', '// B (2)'])
    expect(verdict).toEqual({ unequal: [], lost: [], doubled: [] })
    expect(isClean(verdict)).toBe(true)
  })

  it.each([
    ['a lost edit', { 'a.js': '' }, { 'a.js': '' }, { unequal: [], lost: ['// A (1)'], doubled: [] }],
    [
      'a doubled edit',
      { 'a.js': '// A (1)// A (1)' },
      { 'a.js': '// A (1)// A (1)' },
      { unequal: [], lost: [], doubled: ['// A (1)'] },
    ],
    [
      'an edit in two files',
      { a: '// A (1)', b: '// A (1)' },
      { a: '// A (1)', b: '// A (1)' },
      { unequal: [], lost: [], doubled: ['// A (1)'] },
    ],
    ['another text', { 'a.js': '// A (1)' }, { 'a.js': '// A (1) ' }, { unequal: ['a.js'], lost: [], doubled: [] }],
    ['a missing file', { a: '// A (1)', b: '' }, { a: '// A (1)' }, { unequal: ['b'], lost: [], doubled: [] }],
  ])('sees %s', (_, one, other, expected) => {
    const verdict = judge([tree(one), tree(other)], ['// A (1)'])
    expect(verdict).toEqual(expected)
    expect(isClean(verdict)).toBe(false)
  })
})
