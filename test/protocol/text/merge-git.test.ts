/** Our merges beside those of the real `git merge-file`. A failure prints its seed. */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { mergeFiles, type FileTexts } from '../../../protocol/text/merge-files.js'
import { withMarkers } from '../../../protocol/text/markers.js'
import { openGitMergeFile } from '../../support/git-merge-file.js'
import { numberedLines } from './arbitraries.js'

const git = openGitMergeFile()
afterAll(() => {
  git.close()
})

/** A git for each run is a process. */
const RUNS = { numRuns: 120 }
const LINES = 20

interface Splice {
  readonly at: number
  readonly removed: number
  readonly added: number
}

const splice = fc.record({ at: fc.nat(LINES), removed: fc.nat(2), added: fc.nat(2) })

/** Every line that a side adds stands nowhere else. */
function edited(splices: readonly Splice[], side: string): string {
  const lines = numberedLines(LINES)
  const descending = [...splices].sort((one, two) => two.at - one.at)
  descending.forEach(({ at, removed, added }, n) => {
    lines.splice(at, removed, ...Array.from({ length: added }, (_, i) => `${side} adds piece${n} part${i}\n`))
  })
  return lines.join('')
}

const BASE = numberedLines(LINES).join('')

describe('beside git merge-file', () => {
  it('[MERGE-11] what git merges cleanly is merged cleanly here, to the same text or with a note', () => {
    let clean = 0
    fc.assert(
      fc.property(fc.array(splice, { maxLength: 3 }), fc.array(splice, { maxLength: 3 }), (mine, yours) => {
        const texts: FileTexts = { base: BASE, ours: edited(mine, 'ours'), theirs: edited(yours, 'theirs') }
        const theirs = git.merge(texts)
        if (theirs.conflicts > 0) return
        clean++
        const merge = mergeFiles(texts)
        expect(merge.conflicts).toBe(0)
        if (!merge.hunks.some(({ kind }) => kind === 'soft')) expect(merge.text).toBe(theirs.text)
      }),
      RUNS,
    )
    expect(clean).toBeGreaterThan(0)
  })

  it('[MERGE-11] edits with untouched lines between them come out as git merges them, whatever the lines', () => {
    // Four untouched lines around each place: neither program can see them as one.
    const places = fc.array(fc.record({ side: fc.constantFrom('ours', 'theirs'), kind: fc.nat(3) }), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(places, (all) => {
        const base = numberedLines(all.length * 8)
        const sides: Record<string, string[]> = { ours: [...base], theirs: [...base] }
        all.forEach(({ side, kind }, n) => {
          const at = n * 8 + 4
          const line = base[at] ?? ''
          const lines = sides[side] ?? []
          lines[at] = [line.replace('says', 'tells'), `new ${n}a\n${line}`, '', `  ${line}more of ${n}\n`][kind] ?? ''
        })
        const join = (lines: readonly string[] = []): string => lines.join('')
        const texts: FileTexts = { base: join(base), ours: join(sides['ours']), theirs: join(sides['theirs']) }
        const expected = git.merge(texts)
        expect(expected.conflicts).toBe(0)
        const merge = mergeFiles(texts)
        expect(merge.hunks.every(({ kind }) => kind === 'ours' || kind === 'theirs')).toBe(true)
        expect(merge.text).toBe(expected.text)
      }),
      RUNS,
    )
  })

  it.each([
    ['two edits of a line', 'a\nb\nc\n', 'a\nX1\nc\n', 'a\nY1\nc\n'],
    ['lines that both begin and end with', 'a\nbb\nc\n', 'a\nS1\nX1\nT1\nc\n', 'a\nS1\nY1\nT1\nc\n'],
    ['an end without a line end', 'a\nbb', 'a\nX1', 'a\nY1'],
    ['a deletion against an edit', 'a\nbb cc\nd\n', 'a\nd\n', 'a\nXX YY\nd\n'],
    ['line ends CRLF', 'a\r\nbb\r\nc\r\n', 'a\r\nX1\r\nc\r\n', 'a\r\nY1\r\nc\r\n'],
  ])('a conflict is written as git writes it: %s', (_, base, ours, theirs) => {
    const texts = { base, ours, theirs }
    const labels = { ours: 'ours', base: 'base', theirs: 'theirs' }
    const merge = mergeFiles(texts)
    for (const style of ['merge', 'diff3', 'zdiff3'] as const) {
      const expected = git.merge(texts, style === 'merge' ? [] : [`--${style}`])
      expect(merge.conflicts, style).toBe(expected.conflicts)
      expect(merge.toFile(withMarkers(merge, { style, labels })), style).toBe(expected.text)
    }
  })
})
