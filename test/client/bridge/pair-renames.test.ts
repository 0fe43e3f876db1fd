import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pairRenames, type FreshFile, type GoneFile } from '../../../client/bridge/pair-renames.js'

const LINES = Array.from({ length: 10 }, (_, line) => `a line with the number ${line}`)
const text = (changed: number, mark = 'x'): string =>
  LINES.map((line, n) => (n < changed ? `${mark}${n}` : line)).join('\n')
const gone = (path: string, content: string): GoneFile => ({ path, hash: content, text: () => content })
const fresh = (path: string, content: string, from?: string): FreshFile => {
  return { path, from, hash: content === '' ? undefined : content, text: () => content }
}
const pairs = (olds: GoneFile[], news: FreshFile[]) => Object.fromEntries(pairRenames(olds, news))

describe('[BRIDGE-15] what is gone and what is new', () => {
  test('is one file if the file itself says so, whatever it holds by now', () => {
    expect(pairs([gone('a', 'one')], [fresh('b', 'two', 'a'), fresh('c', 'one')])).toEqual({ a: 'b' })
    expect(pairs([gone('a', '')], [fresh('b', '', 'a')])).toEqual({ a: 'b' })
  })

  test('is none if two names lead to the same file', () => {
    expect(pairs([gone('a', 'one')], [fresh('b', 'one', 'a'), fresh('c', 'one', 'a')])).toEqual({})
  })

  test('is one by equal content, where one alone has it, or kept its name', () => {
    expect(pairs([gone('a', 'one')], [fresh('b', 'one')])).toEqual({ a: 'b' })
    expect(pairs([gone('a', 'one')], [fresh('b', 'one'), fresh('c', 'one')])).toEqual({})
    expect(pairs([gone('d/a', 'one'), gone('d/b', 'one')], [fresh('e/a', 'one'), fresh('e/b', 'one')])).toEqual({
      'd/a': 'e/a',
      'd/b': 'e/b',
    })
    expect(pairs([gone('d/a', '')], [fresh('e/a', '')])).toEqual({}) // nothing is no content
  })

  test('is one by likeness from 60 % on, and never where another one is as like', () => {
    expect(pairs([gone('a', text(0))], [fresh('b', text(3))])).toEqual({ a: 'b' })
    expect(pairs([gone('a', text(0))], [fresh('b', text(5))])).toEqual({})
    expect(pairs([gone('a', text(0))], [fresh('b', text(2)), fresh('c', text(3))])).toEqual({ a: 'b' })
    expect(pairs([gone('a', text(0))], [fresh('b', text(2)), fresh('c', text(2, 'y'))])).toEqual({})
    expect(pairs([gone('a', text(1)), gone('b', text(1, 'y'))], [fresh('c', text(0))])).toEqual({})
  })

  test('is never compared beyond a bound', () => {
    const many = Array.from({ length: 2000 }, (_, n) => `f${n}`)
    const found = pairs(
      many.map((name) => gone(name, text(1, name))),
      many.map((name) => fresh(`${name}.new`, text(2, name))),
    )
    expect(found).toEqual({})
  })

  test.each([
    ['many files', 2000, 100, 0],
    ['large texts', 60, 200_000, 45],
    ['nothing new', 50, 100, 0],
  ])('reads no more than it may be asked to compare: %s', (what, count, length, most) => {
    let read = 0
    const reading = <T extends object>(file: T): T => ({
      ...file,
      text: () => {
        read++
        return 'x'.repeat(length)
      },
    })
    const names = Array.from({ length: count }, (_, n) => `f${n}`)
    const found = pairRenames(
      names.map((name) => reading(gone(name, name))),
      what === 'nothing new' ? [] : names.map((name) => reading(fresh(`${name}.new`, `${name} new`))),
    )
    expect(found.size).toBe(0)
    expect(read).toBeLessThanOrEqual(most)
  })

  test('has at most one new name, and each new name one file', () => {
    const word = fc.constantFrom('one', 'two', 'three', '')
    const olds = fc.uniqueArray(fc.record({ path: fc.constantFrom('a', 'b', 'c'), content: word }), {
      selector: (f) => f.path,
    })
    const news = fc.uniqueArray(
      fc.record({
        path: fc.constantFrom('d', 'e', 'f'),
        content: word,
        from: fc.constantFrom('a', 'b', 'c', undefined),
      }),
      { selector: (f) => f.path },
    )
    fc.assert(
      fc.property(olds, news, (before, after) => {
        const found = pairRenames(
          before.map(({ path, content }) => gone(path, content)),
          after.map(({ path, content, from }) => fresh(path, content, from)),
        )
        expect(new Set(found.values()).size).toBe(found.size)
        for (const [from, to] of found) {
          const old = before.find(({ path }) => path === from)
          const now = after.find(({ path }) => path === to)
          expect(now?.from === from || (now?.content === old?.content && now?.content !== '')).toBe(true)
        }
      }),
    )
  })
})
