import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { inferBase as inferBaseOf, mayBeCut } from '../../../client/bridge/infer-base.js'

/** @param own indexes of versions that a program of this folder wrote */
function inferBase(text: string, versions: readonly (string | undefined)[], own: readonly number[] = []): number {
  return inferBaseOf(
    text,
    versions.map((version, index) => ({ text: version, isOwn: own.includes(index) })),
  )
}

const v1 = 'one\ntwo\nthree\nfour\nfive\n'
const v2 = 'one\ntwo, by another\nthree\nfour\nfive\n'
const v3 = 'one\ntwo, by another\nthree\nfour\nfive\nsix, by a third\n'

test('[BRIDGE-1] a text that was written upon an older version is taken as written upon it', () => {
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, v2, v1])).toBe(2)
  expect(inferBase(v2.replace('four', 'FOUR'), [v3, v2, v1])).toBe(1)
})

test('a text written upon the newest version is taken as that', () => {
  expect(inferBase(v3.replace('four', 'FOUR'), [v3, v2, v1])).toBe(0)
})

test('[BRIDGE-1] a version counts as missed if the bridge put another one there since, whatever was written here in between', () => {
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, v2, v1], [0])).toBe(2)
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, v2, v1], [0, 2])).toBe(2)
})

test('what was written here may be taken back here', () => {
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, v2, v1], [0, 1])).toBe(0)
  expect(inferBase(v2.replace('four', 'FOUR'), [v3, v2, v1], [0])).toBe(0)
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, v2, v1], [0, 1, 2])).toBe(0)
})

test('saves one after another, after a change of another’s, are each taken as written upon the newest', () => {
  const edit = fc.record({
    line: fc.integer({ min: 1, max: 29 }),
    what: fc.constantFrom('insert', 'delete', 'replace', 'undo'),
    word: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 7 }), (edits) => {
      const start = Array.from({ length: 30 }, (_, line) => `line number ${line}`)
      const theirVersion = start.with(0, 'line number 0, changed by another with some words')
      const versions = [theirVersion, start]
      const own: string[][] = [theirVersion]
      for (const [step, { line, what, word }] of edits.entries()) {
        const last = own[0]!
        const at = Math.min(line, last.length - 1)
        let next = last.toSpliced(
          at,
          what === 'insert' ? 0 : 1,
          ...(what === 'delete' ? [] : [`mine ${word} in ${step}`]),
        )
        // Back to before the last save, and on from there with another change, in one save.
        if (what === 'undo' && own.length > 1) next = own[1]!.toSpliced(at, 0, `mine ${word} in ${step}`)
        const known = versions.slice(0, 8).map((version) => version.join('\n'))
        const index = inferBase(
          next.join('\n'),
          known,
          Array.from({ length: own.length - 1 }, (_, at) => at),
        )
        expect(index).toBe(0)
        versions.unshift(next)
        own.unshift(next)
      }
    }),
    { numRuns: 500 },
  )
})

test('[BRIDGE-9] whoever deletes a line that another has just changed has read it, however much else is in the same save', () => {
  const older = Array.from({ length: 12 }, (_, line) => `line ${line} of its own: -\n`)
  const newest = older.with(3, 'line 3 of its own: changed\n')
  const text = newest.toSpliced(2, 2).toSpliced(0, 1).with(7, 'another line, with other words in it\n')
  expect(inferBase(text.join(''), [newest.join(''), older.join('')])).toBe(0)
  const stale = older.toSpliced(1, 2).with(7, 'another line, with other words in it\n')
  expect(inferBase(stale.join(''), [newest.join(''), older.join('')])).toBe(1)
})

test('[BRIDGE-5] a text may be the beginning of one where it breaks off in a line, or before the end of both versions', () => {
  const whole = v3.replace('one', 'ONE')
  for (const half of [whole.slice(0, 4), whole.slice(0, 10), 'ONE\nthree\nfo'])
    expect(mayBeCut(half, v1, v3)).toBe(true)
  for (const text of [v1, v3, v1.replace('four', 'FOUR'), v1.replace('five', 'FIVE'), v1.replace('five', '5')]) {
    expect(mayBeCut(text, v1, v3)).toBe(false)
  }
})

test('a text that equals an older version is a return to it', () => {
  expect(inferBase(v1, [v3, v2, v1])).toBe(0)
})

test('[CONFLICT-11] whoever takes the markers of a conflict out has read them, however near the text is to an older one', () => {
  const marked = v2.replace('two, by another\n', '<<<<<<< A-a\ntwo, by another\n=======\ntwo, mine\n>>>>>>> B-b\n')
  const versions = [marked, v2, v1]
  expect(inferBase(v2.replace('two, by another', 'two, mine'), versions)).toBe(0)
  expect(inferBase(v2.replace('two, by another', 'two, by another\ntwo, mine'), versions)).toBe(0)
  const elsewhere = v2.replace('five', 'FIVE')
  expect(inferBase(elsewhere, versions)).toBe(1)
})

test('of two versions that are as near, the newer one counts', () => {
  expect(inferBase('completely different', ['abc', 'xyz'])).toBe(0)
})

test('a version whose text is no longer at hand is passed over', () => {
  expect(inferBase(v1.replace('four', 'FOUR'), [v3, undefined, v1])).toBe(2)
  expect(inferBase('x', [undefined, undefined])).toBe(0)
})

test('of large texts as many of the newest are compared as take no longer than a moment', () => {
  const large = 'line\n'.repeat(100_000)
  expect(inferBase(`${large}x`, [`y${large}`, large])).toBe(0)
  const middle = 'line\n'.repeat(30_000)
  const versions = [`z\ny\n${middle}`, `y\n${middle}`, middle, `${middle}older`, `${middle}oldest`]
  expect(inferBase(`${middle}x\n`, versions)).toBe(2)
})

test('an edit of any of eight versions is found to be of that one', () => {
  const lines = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 7, maxLength: 7 })
  fc.assert(
    fc.property(lines, fc.integer({ min: 0, max: 7 }), (places, written) => {
      const start = Array.from({ length: 12 }, (_, line) => `line number ${line}`)
      const versions = [start.join('\n')]
      for (const [step, place] of places.entries()) {
        start.splice(place, 0, `inserted by step ${step} with words of its own`)
        versions.unshift(start.join('\n'))
      }
      const text = versions[written]!.replace('line number 11', 'line number eleven')
      expect(inferBase(text, versions)).toBe(written)
    }),
  )
})
