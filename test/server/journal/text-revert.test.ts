import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Author } from '../../../protocol/ids.js'
import type { RevisionEntry } from '../../../protocol/revisions.js'
import { diff } from '../../../protocol/text/diff.js'
import { applyEdits, type Edit } from '../../../protocol/text/edits.js'
import { TextRevert } from '../../../server/journal/text-revert.js'
import { AUTHORS, entryOf, stories, textOf, tracedStories } from './authors.js'

const [CLAUDE, CODEX] = AUTHORS as [Author, Author, Author]

function revert(text: string, entries: readonly RevisionEntry[], isTaken: (entry: RevisionEntry) => boolean) {
  const walk = new TextRevert(text)
  const steps = [...walk.run(entries.map((entry) => ({ edits: entry.edits ?? [], isTaken: isTaken(entry) })))]
  expect(steps).toHaveLength(2 * entries.length)
  return { text: walk.text, held: walk.held }
}

/** The versions of a text, or the edits that made them, each by who wrote it; what is reverted of CLAUDE's. */
function reverted(...versions: readonly (readonly [Author, string | readonly Edit[]])[]) {
  let before = ''
  const entries = versions.map(([author, version], index) => {
    const edits = typeof version === 'string' ? diff(before, version) : version
    before = applyEdits(before, edits)
    return entryOf(index + 1, author, edits)
  })
  return revert(before, entries, ({ author }) => author === CLAUDE)
}

const isLetter = (letter: string): boolean => letter !== '\n'
const lettersIn = (text: string): string[] => [...text].filter(isLetter)

describe('a text without some of its revisions', () => {
  test('[HISTORY-4] random histories: nothing of others is lost, nothing of the author stays but what is held', () => {
    fc.assert(
      fc.property(tracedStories, fc.nat(AUTHORS.length - 1), fc.nat(12), ({ entries, texts }, who, since) => {
        const isTaken = ({ author, rev }: Pick<RevisionEntry, 'author' | 'rev'>): boolean =>
          author === AUTHORS[who] && rev >= since
        const head = textOf(texts.at(-1) ?? [])
        const { text, held } = revert(head, entries, isTaken)
        const madeBy = new Map(texts.flat().map(({ letter, rev }) => [letter, rev]))
        const isOwn = (letter: string): boolean => {
          const entry = entries[(madeBy.get(letter) ?? 0) - 1]
          return entry !== undefined && isTaken(entry)
        }
        const removedBy = new Map(
          entries.flatMap(({ rev, edits }) =>
            lettersIn((edits ?? []).map(({ removed }) => removed).join('')).map((l) => [l, rev]),
          ),
        )
        const result = lettersIn(text)
        const heldOurs = new Set(held.flatMap(({ ours }) => lettersIn(ours)))
        const heldTheirs = held.flatMap(({ theirs }) => lettersIn(theirs))
        expect(new Set(result).size).toBe(result.length)
        for (const { ours, from, to } of held) expect(text.slice(from, to)).toBe(ours)
        for (const letter of lettersIn(head)) {
          if (!isOwn(letter)) expect(result).toContain(letter)
          else if (!heldOurs.has(letter)) expect(result).not.toContain(letter)
        }
        for (const letter of result) {
          if (head.includes(letter)) continue
          expect(isOwn(letter)).toBe(false)
          expect(removedBy.has(letter)).toBe(true)
        }
        for (const [letter, rev] of removedBy) {
          const entry = entries[rev - 1]
          if (entry === undefined) throw new Error(`no revision ${rev}`)
          if (!isTaken(entry)) expect(result).not.toContain(letter)
          // That something is held does not excuse it: it has to be held itself.
          else if (!isOwn(letter)) expect([...result, ...heldTheirs]).toContain(letter)
        }
      }),
      { numRuns: 700 },
    )
  })

  test('[HISTORY-4] random histories: taking back the newest ones is the text before them; all: nothing; none: all', () => {
    fc.assert(
      fc.property(stories, fc.nat(14), ({ entries, texts }, since) => {
        const head = textOf(texts.at(-1) ?? [])
        const from = Math.min(since, entries.length)
        expect(revert(head, entries, ({ rev }) => rev > from)).toEqual({ text: textOf(texts[from] ?? []), held: [] })
        expect(revert(head, entries, () => false)).toEqual({ text: head, held: [] })
      }),
      { numRuns: 400 },
    )
  })

  test('[HISTORY-7] random histories: what took it back is taken back in turn', () => {
    fc.assert(
      fc.property(stories, fc.nat(AUTHORS.length - 1), ({ entries, texts }, who) => {
        const head = textOf(texts.at(-1) ?? [])
        const { text } = revert(head, entries, ({ author }) => author === AUTHORS[who])
        const undo = entryOf(entries.length + 1, CODEX, diff(head, text))
        expect(revert(text, [...entries, undo], ({ rev }) => rev === undo.rev)).toEqual({ text: head, held: [] })
      }),
      { numRuns: 400 },
    )
  })

  test('[HISTORY-4] added lines go, also between lines that others put among them', () => {
    expect(
      reverted([CLAUDE, '1\n2\n3\n4\n'], [CODEX, '1\nx\n2\n3\n4\ny\n'], [CLAUDE, '1\nx\n2\n3\n4\ny\n5\n']),
    ).toEqual({ text: 'x\ny\n', held: [] })
  })

  test('[HISTORY-4] removed lines come back, also beside lines that others put there', () => {
    expect(reverted([CODEX, 'a\nb\nc\n'], [CLAUDE, 'a\nc\n'], [CODEX, 'a\nnew\nc\n'])).toEqual({
      text: 'a\nnew\nb\nc\n',
      held: [],
    })
  })

  test('[HISTORY-4] a word of one line goes back, while others have changed another one', () => {
    const { text, held } = reverted(
      [CODEX, 'call(one, two)\n'],
      [CLAUDE, 'call(first, two)\n'],
      [CODEX, 'call(first, second)\n'],
    )
    expect({ text, held }).toEqual({ text: 'call(one, second)\n', held: [] })
  })

  test('[HISTORY-4] what others rewrote is theirs: nothing is left of it, and nothing is held', () => {
    expect(reverted([CLAUDE, 'alpha\n'], [CODEX, 'omega\n'])).toEqual({ text: 'omega\n', held: [] })
  })

  test('[HISTORY-5] a value that others changed again stays, and the one before is held', () => {
    expect(reverted([CODEX, 'x = 1\ny\n'], [CLAUDE, 'x = 2\ny\n'], [CODEX, 'x = 3\ny\n'])).toEqual({
      text: 'x = 3\ny\n',
      held: [{ base: 'x = 2\n', ours: 'x = 3\n', theirs: 'x = 1\n', from: 0, to: 6 }],
    })
  })

  test('[HISTORY-5] the newest of two changes of a line goes, the older one, over which others wrote, is held', () => {
    expect(reverted([CODEX, 'x = 1\n'], [CLAUDE, 'x = 2\n'], [CODEX, 'x = 3\n'], [CLAUDE, 'x = 4\nmore\n'])).toEqual({
      text: 'x = 3\n',
      held: [{ base: 'x = 2\n', ours: 'x = 3\n', theirs: 'x = 1\n', from: 0, to: 6 }],
    })
  })

  test('[HISTORY-5] a line of the author in which others wrote stays whole and is held; the lines around it go', () => {
    expect(reverted([CLAUDE, 'one\nfoo()\nthree\n'], [CODEX, 'one\nfoo() // why\nthree\n'])).toEqual({
      text: 'foo() // why\n',
      held: [{ base: 'foo()\n', ours: 'foo() // why\n', theirs: '', from: 0, to: 13 }],
    })
  })

  test('[HISTORY-5] what the author removed is held, though others have removed the text around it since', () => {
    expect(
      reverted(
        [CLAUDE, 'call'],
        [CODEX, 'call(one,\ntwo)\n'],
        [CODEX, 'call(one,\nmore,\ntwo)\n'],
        [CLAUDE, 'call(one,\ntwo)\n'],
        [CODEX, 'call'],
      ),
    ).toMatchObject({ text: '', held: [{ ours: '', theirs: 'more,\n' }] })
  })

  test('[HISTORY-5] of two conflicts in one line the older one does not drop what the newer one held', () => {
    expect(
      reverted(
        [CODEX, 'x = one\n'],
        [CLAUDE, 'x = two\n'],
        [CODEX, 'x = two + four\n'],
        [CLAUDE, 'x = two + five\n'],
        [CODEX, 'x = six + seven\n'],
      ),
    ).toMatchObject({ text: 'x = six + seven\n', held: [{ theirs: 'x = onefoursix + seven\n' }] })
  })

  test('[HISTORY-5] where such a line is put together letter by letter, other conflicts of the file are not', () => {
    const { held } = reverted(
      [CODEX, 'x = one\n\ny = 1\n'],
      [CLAUDE, 'x = two\n\ny = 2\n'],
      [CODEX, 'x = two + four\n\ny = 3\n'],
      [CLAUDE, 'x = two + five\n\ny = 3\n'],
      [CODEX, 'x = six + seven\n\ny = 3\n'],
    )
    expect(held).toMatchObject([
      { ours: 'x = six + seven\n', theirs: 'x = onefoursix + seven\n' },
      { ours: 'y = 3\n', theirs: 'y = 1\n' },
    ])
  })

  test('[HISTORY-5] a letter of the author that a merge puts into a word that comes back is held, never left', () => {
    const { text, held } = reverted(
      [CODEX, '1\n3'],
      [
        CLAUDE,
        [
          { at: 2, removed: '', added: '45\n' },
          { at: 3, removed: '', added: '6\n7\n8\n' },
        ],
      ],
      [
        CLAUDE,
        [
          { at: 0, removed: '1\n45\n36\n7\n', added: 't\n' },
          { at: 11, removed: '\n', added: 'u\n' },
        ],
      ],
      [CODEX, [{ at: 4, removed: '', added: '\no\np\n' }]],
    )
    expect(text).toBe('t\n8u\no\np\n\n')
    expect(held).toMatchObject([
      { ours: 't\n8u\n', theirs: '1\n3\n' },
      { ours: '\n', theirs: '' },
    ])
  })

  test('[HISTORY-5] many small changes of one line are one conflict', () => {
    const { text, held } = reverted(
      [CODEX, 'top\nx\n'],
      [CLAUDE, 'top\nxa\n'],
      [CLAUDE, 'top\nxab\n'],
      [CLAUDE, 'top\nxabc\n'],
      [CODEX, 'top\nxabcY\n'],
    )
    expect(text).toBe('top\nxabcY\n')
    expect(held).toMatchObject([{ ours: 'xabcY\n', theirs: 'x\n' }])
  })
})
