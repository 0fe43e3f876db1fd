/** What holds for every merge, on texts made at random. A failure prints its seed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEdits } from '../../../protocol/text/edits.js'
import { merge3, type MergeResult } from '../../../protocol/text/merge3.js'
import { isSoundMerge } from '../../../protocol/text/verify-merge.js'
import { anyText, numberedLines, threeTexts } from './arbitraries.js'

const RUNS = { numRuns: 1000 }
const LINES = 24

type Side = 'ours' | 'theirs'
/** What a side does to one line. */
type Act = 'keep' | 'edit' | 'delete' | 'insert before'

const act = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Act>('keep') },
  { weight: 1, arbitrary: fc.constantFrom<Act>('edit', 'delete', 'insert before') },
)
const acts = fc.array(act, { minLength: LINES, maxLength: LINES })

const markerOf = (side: Side, i: number): string => `${side}${i}mark`

/** The base's lines after a side's acts; what the side wrote is its marker, once in all texts. */
function actOut(all: readonly Act[], side: Side): string {
  return numberedLines(LINES)
    .map((line, i) => {
      const marker = markerOf(side, i)
      const texts: Record<Act, string> = {
        keep: line,
        edit: line.replace(`item${i}`, marker),
        delete: '',
        'insert before': `${marker} is new\n${line}`,
      }
      return texts[all[i]!]
    })
    .join('')
}

const BASE = numberedLines(LINES).join('')

const occurrences = (text: string, part: string): number => text.split(part).length - 1

/** Everything of theirs, and of ours, that a merge holds: in its text, or in the record of a hard hunk. */
function held(result: MergeResult): string {
  return result.hunks.map((hunk) => (hunk.kind === 'hard' ? hunk.oursText + hunk.theirsText : '')).join('')
}

describe('merge3', () => {
  it('[MERGE-1] with one side unchanged is the other side', () => {
    fc.assert(
      fc.property(anyText, anyText, (base, other) => {
        const mine = merge3(base, other, base)
        expect(mine.text).toBe(other)
        expect(mine.edits).toEqual([])
        expect(mine.hunks.every((hunk) => hunk.kind === 'ours')).toBe(true)
        const yours = merge3(base, base, other)
        expect(yours.text).toBe(other)
        expect(yours.hunks.every((hunk) => hunk.kind === 'theirs')).toBe(true)
      }),
      RUNS,
    )
  })

  it('[MERGE-2] of a text with itself is that text, all of it identical', () => {
    fc.assert(
      fc.property(anyText, anyText, (base, both) => {
        const result = merge3(base, both, both)
        expect(result.text).toBe(both)
        expect(result.hunks.every((hunk) => hunk.kind === 'identical')).toBe(true)
      }),
      RUNS,
    )
  })

  it('passes its own check, and its edits lead from ours to its text, whatever the texts', () => {
    fc.assert(
      fc.property(threeTexts, ({ base, ours, theirs }) => {
        const result = merge3(base, ours, theirs)
        expect(isSoundMerge(base, ours, theirs, result)).toBe(true)
        expect(applyEdits(ours, result.edits)).toBe(result.text)
        expect(result.conflicts).toBe(result.hunks.filter((hunk) => hunk.kind === 'hard').length)
        expect(merge3(base, ours, theirs)).toEqual(result)
      }),
      RUNS,
    )
  })

  it('has as many conflicts with the sides swapped, under every set of rules', () => {
    const options = fc.record({ insertions: fc.boolean(), adjacent: fc.boolean(), tokens: fc.boolean() })
    fc.assert(
      fc.property(threeTexts, options, ({ base, ours, theirs }, rules) => {
        const one = merge3(base, ours, theirs, rules)
        expect(merge3(base, theirs, ours, rules).conflicts).toBe(one.conflicts)
        for (const hunk of one.hunks) if (hunk.kind === 'soft') expect(rules[hunk.reason]).toBe(true)
      }),
      RUNS,
    )
  })

  it('[MERGE-1] is clean where two untouched lines lie between all changes, and holds every one exactly once', () => {
    const apart = fc.array(fc.tuple(fc.constantFrom<Side>('ours', 'theirs'), act), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(apart, (changes) => {
        const acted = (side: Side): Act[] =>
          Array.from({ length: LINES }, (_, i) => {
            const [by, what] = changes[i / 3] ?? []
            return by === side && what !== undefined ? what : 'keep'
          })
        const result = merge3(BASE, actOut(acted('ours'), 'ours'), actOut(acted('theirs'), 'theirs'))
        expect(result.hunks.every(({ kind }) => kind === 'ours' || kind === 'theirs')).toBe(true)
        const expected = numberedLines(LINES).map((_, i) => {
          const side = changes[i / 3]?.[0] ?? 'ours'
          const alone = acted(side).map((what, n): Act => (n === i ? what : 'delete'))
          return actOut(alone, side)
        })
        expect(result.text).toBe(expected.join(''))
      }),
      RUNS,
    )
  })

  it('[MERGE-5] loses nothing that a side wrote, and writes nothing twice', () => {
    fc.assert(
      fc.property(acts, acts, (one, two) => {
        const ours = actOut(one, 'ours')
        const theirs = actOut(two, 'theirs')
        const result = merge3(BASE, ours, theirs)
        for (let i = 0; i < LINES; i++) {
          for (const [side, text] of [
            ['ours', ours],
            ['theirs', theirs],
          ] as const) {
            const marker = markerOf(side, i)
            if (!text.includes(marker)) continue
            expect(occurrences(result.text, marker)).toBeLessThanOrEqual(1)
            expect(occurrences(result.text + held(result), marker)).toBeGreaterThanOrEqual(1)
          }
        }
      }),
      RUNS,
    )
  })

  it('[MERGE-3] is in conflict wherever both edited a line, or one edited and one deleted it, and nowhere if their changes are apart', () => {
    fc.assert(
      fc.property(acts, acts, (one, two) => {
        const result = merge3(BASE, actOut(one, 'ours'), actOut(two, 'theirs'))
        const isHeld = (i: number): boolean =>
          result.hunks.some((hunk) => hunk.kind === 'hard' && hunk.base.fromLine <= i && i < hunk.base.toLine)
        one.forEach((mine, i) => {
          const yours = two[i]!
          const edits = [mine, yours].filter((what) => what === 'edit').length
          const clash = edits === 2 || (edits === 1 && (mine === 'delete' || yours === 'delete'))
          if (clash) expect(isHeld(i)).toBe(true)
        })
        const touched = one.some(
          (mine, i) => mine !== 'keep' && two.slice(Math.max(i - 1, 0), i + 2).some((w) => w !== 'keep'),
        )
        if (!touched) expect(result.conflicts).toBe(0)
      }),
      RUNS,
    )
  })

  it('[MERGE-3] keeps a hard region verbatim as one side wrote it, and all that theirs left alone as ours wrote it', () => {
    fc.assert(
      fc.property(threeTexts, ({ base, ours, theirs }) => {
        const result = merge3(base, ours, theirs)
        let done = 0
        let shift = 0
        for (const hunk of result.hunks) {
          expect(result.text.slice(done + shift, hunk.text.from)).toBe(ours.slice(done, hunk.ours.from))
          if (hunk.kind === 'hard' || hunk.kind === 'ours') {
            const { from, to } = hunk.ours
            expect(result.text.slice(hunk.text.from, hunk.text.to)).toBe(ours.slice(from, to))
          }
          done = hunk.ours.to
          shift = hunk.text.to - hunk.ours.to
        }
        expect(result.text.slice(done + shift)).toBe(ours.slice(done))
      }),
      RUNS,
    )
  })
})
