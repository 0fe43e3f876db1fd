import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diff } from '../../../protocol/text/diff.js'
import { applyEdits, type Edits } from '../../../protocol/text/edits.js'
import { lineCounts } from '../../../protocol/text/line-counts.js'

const counts = (before: string, edits: Edits) => lineCounts(applyEdits(before, edits), edits)

describe('lines that a change adds and removes', () => {
  it.each<[string, string, Edits, number, number]>([
    ['a word put into a line', 'one\ntwo\n', [{ at: 5, removed: '', added: 'x' }], 1, 1],
    [
      'two places of a line',
      'one two\n',
      [...['ne', 'wo'].map((removed, n) => ({ at: 1 + 4 * n, removed, added: '' }))],
      1,
      1,
    ],
    ['a line put in', 'one\ntwo\n', [{ at: 4, removed: '', added: 'x\n' }], 1, 0],
    ['a line put in behind another, its end ahead of it', 'one\ntwo\n', [{ at: 3, removed: '', added: '\nx' }], 1, 0],
    ['a line taken out, its end ahead of it', 'one\ntwo\nthree\n', [{ at: 3, removed: '\ntwo', added: '' }], 0, 1],
    ['two lines made one', 'one\ntwo\n', [{ at: 3, removed: '\n', added: '' }], 1, 2],
    ['a line behind one without an end', 'one', [{ at: 3, removed: '', added: '\ntwo' }], 2, 1],
    [
      'what was put in with a line that stood there',
      'a\nb\nc\n',
      [{ at: 0, removed: 'a\nb\nc\n', added: 'x\nb\ny\n' }],
      2,
      2,
    ],
    ['a new text', '', [{ at: 0, removed: '', added: 'one\ntwo' }], 2, 0],
    ['nothing', 'one\n', [], 0, 0],
  ])('%s', (_, before, edits, added, removed) => {
    expect(counts(before, edits)).toEqual({ added, removed })
  })
})

describe('beside git', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ensemble-counts-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const numstat = (before: string, after: string) => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')]
    writeFileSync(a, before)
    writeFileSync(b, after)
    const args = ['diff', '--no-index', '--minimal', '--numstat', a, b]
    // It ends with 1 where they differ.
    const said = execFileSync('sh', ['-c', 'git "$@" || true', 'sh', ...args], { encoding: 'utf8' })
    const [added = 0, removed = 0] = said.split('\t').slice(0, 2).map(Number)
    return { added, removed }
  }

  it('changes of a text count as many lines', () => {
    const deed = fc.constantFrom('keep', 'keep', 'keep', 'drop', 'edit', 'put ahead', 'empty')
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 20 }), fc.constantFrom('', '\n'), (deeds, end) => {
        const before = deeds.map((_, n) => `line ${n} of many\n`)
        const after = deeds.flatMap((what, n) => {
          const line = before[n] ?? ''
          if (what === 'drop') return []
          if (what === 'edit') return [line.replace('of', 'out of')]
          if (what === 'put ahead') return [`new ${n}\n`, line]
          return [what === 'empty' ? '\n' : line]
        })
        const [a, b] = [before.join('').trimEnd() + end, after.join('').trimEnd() + end]
        const said = numstat(a, b)
        expect(lineCounts(b, diff(a, b))).toEqual(said)
        expect(lineCounts(b, [{ at: 0, removed: a, added: b }])).toEqual(said) // all of it put in its own place
      }),
      { numRuns: 150 },
    )
  })
})
