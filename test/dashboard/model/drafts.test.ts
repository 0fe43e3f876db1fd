import { beforeEach, describe, expect, test } from 'vitest'
import { Drafts, type Draft } from '../../../dashboard/model/drafts.js'
import { aHead } from '../builders.js'

const draft: Draft = {
  base: 'one\n',
  mine: 'KEPT one\n',
  fileId: 'f1',
  author: 'PERSON-anna',
  underWay: false,
  typed: ['KEPT one\n'],
}

const commit = (id: string, author: string) => aHead('a.txt', { id, author })

let drafts: Drafts
beforeEach(() => {
  drafts = new Drafts()
})

describe('a draft', () => {
  test('is shown until the next document of its path takes it, once', () => {
    drafts.keep('a.txt', draft)
    expect(drafts.stranded('a.txt')).toEqual(['KEPT one\n'])
    expect(drafts.stranded('b.txt')).toEqual([])
    expect(drafts.take('a.txt')).toEqual(draft)
    expect(drafts.take('a.txt')).toBeUndefined()
    expect(drafts.stranded('a.txt')).toEqual([])
  })

  test('that was under way is no news, and goes with the next commit of its file by whoever typed it alone', () => {
    drafts.keep('a.txt', { ...draft, underWay: true })
    expect(drafts.stranded('a.txt')).toEqual([])
    drafts.committed(commit('of-a-new-store', 'PERSON-anna'))
    drafts.committed(commit('f1', 'CLAUDE-one'))
    expect(drafts.take('a.txt')).toBeDefined()
    drafts.keep('a.txt', { ...draft, underWay: true })
    drafts.committed(commit('f1', 'PERSON-anna'))
    expect(drafts.take('a.txt')).toBeUndefined()
  })

  test('is at risk with the page, unless it was under way', () => {
    expect(drafts.atRisk).toBe(false)
    drafts.keep('a.txt', { ...draft, underWay: true })
    expect(drafts.atRisk).toBe(false)
    drafts.keep('a.txt', draft)
    expect(drafts.atRisk).toBe(true)
    drafts.take('a.txt')
    drafts.hold('a.txt', ['KEPT one\n'])
    expect(drafts.atRisk).toBe(true)
    drafts.dismiss('a.txt')
    expect(drafts.atRisk).toBe(false)
  })

  test('that never left the page stays whatever is committed', () => {
    drafts.keep('a.txt', draft)
    drafts.committed(commit('f1', 'PERSON-anna'))
    expect(drafts.take('a.txt')).toEqual(draft)
  })
})

test('what did not merge gathers, and stays until a person dismisses it', () => {
  drafts.hold('a.txt', ['first\n'])
  drafts.hold('a.txt', [])
  drafts.hold('a.txt', ['second\n'])
  drafts.keep('a.txt', draft)
  drafts.take('a.txt')
  expect(drafts.stranded('a.txt')).toEqual(['first\n', 'second\n'])
  drafts.dismiss('a.txt')
  expect(drafts.stranded('a.txt')).toEqual([])
})
