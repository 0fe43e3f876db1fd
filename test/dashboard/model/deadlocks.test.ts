import { expect, test } from 'vitest'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { withEvent, type Deadlock } from '../../../dashboard/model/deadlocks.js'
import { aDeadlock, anEvent, lockData, NOON } from '../builders.js'

const after = (...events: readonly WorkspaceEvent[]) => events.reduce<readonly Deadlock[]>(withEvent, [])
const broken = aDeadlock(1, 'CLAUDE-a', 'CODEX-b')

test('a deadlock tells who lost what, and who waited for whom', () => {
  expect(after(broken)).toEqual([
    {
      ...{ seq: 1, time: NOON, loser: 'CLAUDE-a', place: { path: 'a.ts', region: { kind: 'file' } } },
      cycle: [
        { agent: 'CLAUDE-a', waitsFor: 'CODEX-b', path: 'a.ts' },
        { agent: 'CODEX-b', waitsFor: 'CLAUDE-a', path: 'b.ts' },
      ],
    },
  ])
})

test('another refusal is none', () => {
  const data = { ...lockData('l1', 'CODEX-b', 'a.ts'), reason: 'held', since: NOON, expected_wait: 1, queue_place: 1 }
  expect(after(anEvent(1, 'lock:failed', 'CLAUDE-a', NOON, data))).toEqual([])
})

test('it is over once the loser got what it asked for, or has left; others change nothing', () => {
  const got = (agent: string, path: string) =>
    anEvent(2, 'lock:acquired', agent, NOON, { ...lockData('l9', agent, path), expires_at: NOON })
  expect(after(broken, got('CLAUDE-a', 'b.ts'), got('CODEX-b', 'a.ts'))).toHaveLength(1)
  expect(after(broken, got('CLAUDE-a', 'a.ts'))).toEqual([])
  expect(after(broken, anEvent(2, 'agent:left', 'CODEX-b', NOON, { reason: 'left' }))).toHaveLength(1)
  expect(after(broken, anEvent(2, 'agent:left', 'CLAUDE-a', NOON, { reason: 'lost' }))).toEqual([])
})

test('what came before it, and is heard of later, ends none and takes no later place', () => {
  const later = aDeadlock(9, 'CLAUDE-a', 'CODEX-b')
  const data = { ...lockData('l9', 'CLAUDE-a', 'a.ts'), expires_at: NOON }
  expect(after(later, anEvent(2, 'lock:acquired', 'CLAUDE-a', NOON, data))).toHaveLength(1)
  expect(after(later, broken).map(({ seq }) => seq)).toEqual([9])
  expect(after(later, aDeadlock(3, 'CODEX-c', 'CODEX-b')).map(({ seq }) => seq)).toEqual([3, 9])
})

test('the same event twice, and another circle of the same loser, are one', () => {
  expect(after(broken, broken)).toHaveLength(1)
  expect(after(broken, aDeadlock(5, 'CLAUDE-a', 'CODEX-c')).map(({ seq }) => seq)).toEqual([5])
})
