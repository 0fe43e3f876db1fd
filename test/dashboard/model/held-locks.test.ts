import { describe, expect, test } from 'vitest'
import { endingSoon, formatLeft, locksOf, queueOf, waitsGraph } from '../../../dashboard/model/held-locks.js'
import { aLock, aWaiter, NOON } from '../builders.js'

const first = aLock(1, 'CLAUDE-a', 'src/a.ts')
const list = {
  locks: [first, aLock(2, 'CLAUDE-a', 'src/b.ts')],
  waiting: [
    aWaiter('CODEX-b', 'src/a.ts', ['CLAUDE-a']),
    aWaiter('GEMINI-c', 'src/b.ts', ['CLAUDE-a']),
    aWaiter('GEMINI-d', 'src/a.ts', ['CLAUDE-a', 'CODEX-b'], NOON + 1),
  ],
}

describe('a lock', () => {
  test('has those in line who wait for its holder in its file, in the order of their turn', () => {
    expect(queueOf(list, first).map(({ agent }) => agent)).toEqual(['CODEX-b', 'GEMINI-d'])
    expect(queueOf(list, aLock(3, 'CODEX-b', 'src/a.ts')).map(({ agent }) => agent)).toEqual(['GEMINI-d'])
    expect(locksOf(list, 'src/a.ts')).toEqual([{ lock: first, next: 'CODEX-b' }])
    expect(locksOf({ ...list, waiting: [] }, 'src/a.ts')).toEqual([{ lock: first, next: null }])
  })

  test.each([
    [48_000, '0:48'],
    [47_001, '0:48'],
    [125_000, '2:05'],
    [3_600_000, '1:00:00'],
    [-5, '0:00'],
  ])('with %i ms left shows %s', (milliseconds, shown) => {
    expect(formatLeft(milliseconds)).toBe(shown)
  })
})

test('whoever waits for whom is drawn once, by what is wanted', () => {
  const again = aWaiter('CODEX-b', 'src/other.ts', ['CLAUDE-a'], NOON + 2)
  expect(waitsGraph([...list.waiting, again])).toEqual({
    agents: ['CODEX-b', 'CLAUDE-a', 'GEMINI-c', 'GEMINI-d'],
    edges: [
      { from: 'CODEX-b', to: 'CLAUDE-a', label: 'a.ts, other.ts' },
      { from: 'GEMINI-c', to: 'CLAUDE-a', label: 'b.ts' },
      { from: 'GEMINI-d', to: 'CLAUDE-a', label: 'a.ts' },
      { from: 'GEMINI-d', to: 'CODEX-b', label: 'a.ts' },
    ],
  })
})

test('whoever holds a lock is told at 60 and at 10 seconds that it ends, and of nobody else’s', () => {
  const more = { region: { kind: 'lines', from: 2, to: 4 }, lines: { from: 2, to: 4 }, expiresAt: NOON + 60_000 }
  const locks = [aLock(1, 'PERSON-anna', 'src/a.ts', more), aLock(2, 'CLAUDE-a', 'src/b.ts', more)]
  const said = (now: number) => endingSoon({ locks }, 'PERSON-anna', now)
  expect(said(NOON - 1)).toEqual([])
  expect(said(NOON)).toEqual(['Your lock on lines 2 to 4 of a.ts ends within a minute'])
  expect(said(NOON + 49_999)).toEqual(said(NOON))
  expect(said(NOON + 50_000)).toEqual(['Your lock on lines 2 to 4 of a.ts ends within ten seconds'])
})
