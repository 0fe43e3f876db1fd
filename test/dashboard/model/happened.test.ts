import { expect, test } from 'vitest'
import { historyEntry, type HistoryEntry } from '../../../protocol/history.js'
import { happened } from '../../../dashboard/model/happened.js'
import { aConflict, NOON } from '../builders.js'

const entry = (rev: number, by: string): HistoryEntry =>
  historyEntry.parse({
    ...{ rev, author: by, time: NOON + rev, change: 'modified', writeId: null, path: 'src/a.ts', seq: rev },
    ...{ hash: 'a'.repeat(64), kind: 'text', executable: false, bom: false, eol: 'lf', lines: null },
  })

const conflict = aConflict('c', { baseRev: 3, rev: 6, time: NOON + 9 })

test('a conflict is told from its record and the journal, in the order in which it came about', () => {
  const entries = [
    entry(7, 'CLAUDE-one'),
    entry(6, 'CODEX-two'),
    entry(5, 'CLAUDE-one'),
    entry(4, 'DISK'),
    entry(3, 'git'),
  ]
  const told = happened(conflict, entries)
  expect(told).toMatchObject({ baseTime: NOON + 3, oursTime: NOON + 5 })
  expect(told.steps.map(({ author, words }) => `${author ?? '-'} ${words}`)).toEqual([
    'git wrote revision 3, which both started from',
    'CLAUDE-one changed it: revision 5',
    '- 1 other revision came between',
    'CODEX-two wrote the same place, upon revision 3: without revision 5',
  ])
})

test('what the journal does not tell is left out', () => {
  expect(happened(conflict, [])).toEqual({
    ...{ baseTime: null, oursTime: null },
    steps: [{ author: 'CODEX-two', words: 'wrote the same place, upon revision 3', time: NOON + 9 }],
  })
})

test('of an edit that met a lock it is told whose', () => {
  const held = aConflict('c', { reason: 'lock', lock: { id: 'l1', holder: 'CLAUDE-one' } })
  expect(happened(held, []).steps.map(({ words }) => words)).toEqual(['wrote in lines that CLAUDE-one had locked'])
})
