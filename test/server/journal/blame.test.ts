import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitLines } from '../../../protocol/text/lines.js'
import { BlameWalk } from '../../../server/journal/blame.js'
import { AUTHORS, entryOf, stories, textOf, type Letter } from './authors.js'

const [CLAUDE, CODEX] = AUTHORS as [(typeof AUTHORS)[0], (typeof AUTHORS)[0]]

/** What the model says of each line: the newest revision, and all of them. */
function expected(letters: readonly Letter[]): { text: string; rev: number; revs: number[] }[] {
  let at = 0
  return splitLines(textOf(letters)).map((line) => {
    const own = letters.slice(at, at + line.length)
    at += line.length
    const text = line.replace(/(?:\r?\n|\r)$/, '')
    const counted = text === '' ? own : own.slice(0, text.length)
    const revs = [...new Set(counted.map(({ rev }) => rev))].sort((a, b) => b - a)
    return { text, rev: revs[0] ?? 0, revs }
  })
}

describe('blame', () => {
  test('[HISTORY-3] names, for every line of a random history, the revision and the authors that the model names', () => {
    fc.assert(
      fc.property(stories, fc.nat(), fc.nat(), ({ entries, texts }, one, two) => {
        const letters = texts.at(-1) ?? []
        const lines = expected(letters)
        const from = 1 + (one % Math.max(1, lines.length))
        const to = from + (two % Math.max(1, lines.length))
        const walk = new BlameWalk(textOf(letters), from, to)
        for (const entry of entries.toReversed()) if (!walk.done) walk.step(entry)
        expect(walk.done).toBe(true)
        expect(walk.count).toBe(lines.length)
        const authorOf = (rev: number) => entries[rev - 1]?.author
        expect(
          walk.lines.map(({ line, text, entry, authors }) => [line, text, entry.rev, [...authors].sort()]),
        ).toEqual(
          lines
            .map(
              ({ text, rev, revs }, index) => [index + 1, text, rev, [...new Set(revs.map(authorOf))].sort()] as const,
            )
            .slice(from - 1, to),
        )
      }),
      { numRuns: 2_000 },
    )
  })

  test('[HISTORY-3] who types a line below another one is not the author of the other, though its line end is new', () => {
    const walk = new BlameWalk('one\ntwo\n')
    walk.step(entryOf(2, CODEX, [{ at: 3, removed: '', added: '\ntwo' }]))
    walk.step(entryOf(1, CLAUDE, [{ at: 0, removed: '', added: 'one\n' }]))
    expect(walk.lines).toMatchObject([
      { line: 1, text: 'one', entry: { rev: 1 }, authors: [CLAUDE] },
      { line: 2, text: 'two', entry: { rev: 2 }, authors: [CODEX] },
    ])
  })

  test('[HISTORY-3] where bytes became text, all that is left is of who made it text', () => {
    const walk = new BlameWalk('one\ntwo\n')
    walk.step(entryOf(7, CODEX, [{ at: 0, removed: 'ONE', added: 'one' }]))
    walk.step(entryOf(6, CLAUDE, null))
    expect(walk.done).toBe(true)
    expect(walk.lines.map(({ entry }) => entry.rev)).toEqual([7, 6])
  })

  test('[HISTORY-3] it is done as soon as nothing is left to find out', () => {
    const walk = new BlameWalk('one\ntwo\n', 2, 2)
    walk.step(entryOf(9, CODEX, [{ at: 4, removed: 'zwei\n', added: 'two\n' }]))
    expect(walk.done).toBe(true)
    expect(walk.lines).toMatchObject([{ line: 2, text: 'two', entry: { rev: 9 } }])
  })
})
