import { describe, expect, test } from 'vitest'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { addToFeed, countOf, type FeedRow } from '../../../dashboard/model/feed.js'
import { aChange, anEvent, CLASH, NOON } from '../builders.js'

function feedOf(...events: WorkspaceEvent[]): readonly FeedRow[] {
  return events.reduce<readonly FeedRow[]>((rows, event) => addToFeed(rows, [event]), [])
}

describe('the feed', () => {
  test('joins changes by one agent to one file within 40 seconds', () => {
    const rows = feedOf(
      aChange(1, 'CLAUDE-a', 'x.ts', { time: NOON }),
      aChange(2, 'CODEX-b', 'x.ts', { time: NOON + 1_000 }),
      aChange(3, 'CLAUDE-a', 'x.ts', { time: NOON + 40_000 }),
    )
    expect(rows).toMatchObject([
      { author: 'CODEX-b', count: 1 },
      { author: 'CLAUDE-a', count: 2, time: NOON, lastTime: NOON + 40_000 },
    ])
  })

  test('begins a new row after 40 seconds, and above the old one', () => {
    const rows = feedOf(aChange(1, 'CLAUDE-a', 'x.ts'), aChange(2, 'CLAUDE-a', 'x.ts', { time: NOON + 40_001 }))
    expect(rows.map((row) => row.seq)).toEqual([2, 1])
  })

  test('calls a file that was created and then edited created', () => {
    const rows = feedOf(aChange(1, 'CLAUDE-a', 'x.ts', { change: 'created' }), aChange(2, 'CLAUDE-a', 'x.ts'))
    expect(rows).toMatchObject([{ change: 'created', count: 2 }])
  })

  test.each([
    ['created', 2, 'then 1 edit'],
    ['created', 4, 'then 3 edits'],
    ['modified', 2, '2 times'],
  ] as const)('says of a file %s in a row of %i changes: %s', (change, count, words) => {
    expect(countOf(change, count)).toBe(words)
  })

  test('tells what comes after a deletion on its own', () => {
    const rows = feedOf(
      aChange(1, 'CLAUDE-a', 'x.ts', { change: 'deleted' }),
      aChange(2, 'CLAUDE-a', 'x.ts', { change: 'created' }),
    )
    expect(rows).toMatchObject([{ change: 'created' }, { change: 'deleted' }])
  })

  test('tells a deletion and a rename on their own, whatever came before and comes after', () => {
    const rows = feedOf(
      aChange(1, 'CLAUDE-a', 'x.ts'),
      aChange(2, 'CLAUDE-a', 'x.ts'),
      aChange(3, 'CLAUDE-a', 'x.ts', { change: 'renamed' }),
      aChange(4, 'CLAUDE-a', 'x.ts'),
      aChange(5, 'CLAUDE-a', 'x.ts'),
      aChange(6, 'CLAUDE-a', 'x.ts', { change: 'deleted' }),
    )
    expect(rows).toMatchObject([
      { change: 'deleted', count: 1 },
      { change: 'modified', count: 2 },
      { change: 'renamed', count: 1 },
      { change: 'modified', count: 2 },
    ])
  })

  test('names both authors of a conflict, the one who came second first', () => {
    const data = { ...CLASH, conflict_id: 'c', file: 'x.ts', ours: 'CLAUDE-a', theirs: 'CODEX-b' }
    expect(feedOf(anEvent(1, 'conflict:raised', 'CODEX-b', NOON, data))).toMatchObject([
      { kind: 'conflict', author: 'CODEX-b', other: 'CLAUDE-a', conflictId: 'c' },
    ])
  })

  test('keeps 1,000 rows', () => {
    const rows = feedOf(...Array.from({ length: 1_050 }, (_, index) => aChange(index + 1, 'CLAUDE-a', `${index}.ts`)))
    expect(rows).toHaveLength(1_000)
    expect(rows[0]?.seq).toBe(1_050)
  })
})
