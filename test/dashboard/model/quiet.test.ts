import { beforeEach, describe, expect, test } from 'vitest'
import { LastEvents, quietAgents } from '../../../dashboard/model/quiet.js'
import type { AgentRow } from '../../../dashboard/model/roster.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import type { LockWaiter } from '../../../protocol/locks.js'
import type { Task } from '../../../protocol/tasks.js'
import { aChange, anAgent, anEvent, aTask, aWaiter, lockData, NOON } from '../builders.js'

const MINUTE = 60_000
const row = (state: AgentRow['state'], since = NOON - 60 * MINUTE): AgentRow => ({
  agent: anAgent('CLAUDE-a', 1, { connectedAt: since }),
  ...{ state, since },
})
const board = { tasks: [aTask('TASK-1', [{ title: 'Cart', assignee: 'CLAUDE-a', state: 'running' }])] }

let last: LastEvents
beforeEach(() => {
  last = new LastEvents()
  last.takeRecent([], NOON - 15 * MINUTE)
})
interface Around {
  readonly tasks?: readonly Task[]
  readonly waiting?: readonly LockWaiter[]
}
const quiet = (one: AgentRow, now: number, { tasks = [], waiting = [] }: Around = {}) =>
  quietAgents([one], { tasks: [...tasks] }, { waiting: [...waiting] }, last, now)
const note = (event: WorkspaceEvent) => last.note(event, Date.parse(event.timestamp))

describe('an agent at work', () => {
  test('is noted after five minutes without an event, and waits for a person after fifteen', () => {
    note(aChange(1, 'CLAUDE-a', 'a.ts', { time: NOON }))
    expect(quiet(row('testing'), NOON + 5 * MINUTE - 1)).toEqual([])
    expect(quiet(row('testing'), NOON + 5 * MINUTE)).toEqual([{ id: 'CLAUDE-a', since: NOON, waits: false }])
    expect(quiet(row('testing'), NOON + 15 * MINUTE)).toEqual([{ id: 'CLAUDE-a', since: NOON, waits: true }])
    note(aChange(2, 'CLAUDE-a', 'a.ts', { time: NOON + 16 * MINUTE }))
    expect(quiet(row('testing'), NOON + 16 * MINUTE)).toEqual([])
  })

  test('is quiet since what is known, and no longer', () => {
    expect(quiet(row('testing'), NOON)).toEqual([{ id: 'CLAUDE-a', since: NOON - 15 * MINUTE, waits: true }])
    expect(quiet(row('testing', NOON - 6 * MINUTE), NOON)).toMatchObject([{ since: NOON - 6 * MINUTE, waits: false }])
    const many = Array.from({ length: 2_000 }, (_, n) => aChange(n + 1, 'CODEX-b', 'b.ts', { time: NOON - 7 * MINUTE }))
    last.clear()
    last.takeRecent(many, NOON - 15 * MINUTE)
    expect(quiet(row('testing'), NOON)).toMatchObject([{ since: NOON - 7 * MINUTE }])
    last.clear()
    last.takeRecent([], NOON)
    expect(quiet(row('testing'), NOON)).toEqual([])
  })

  test('is one that says so, or has begun a subtask of a task that goes on', () => {
    expect(quiet(row('idle'), NOON)).toEqual([])
    expect(quiet(row('idle'), NOON, board)).toHaveLength(1)
    const halted = { tasks: board.tasks.map((task) => ({ ...task, status: 'HALTED' as const })) }
    expect(quiet(row('idle'), NOON, halted)).toEqual([])
  })

  test('is none that is gone, is blocked, or waits for a lock', () => {
    for (const state of ['left', 'lost', 'blocked'] as const) expect(quiet(row(state), NOON, board)).toEqual([])
    expect(quiet(row('testing'), NOON, { waiting: [aWaiter('CLAUDE-a', 'a.ts', ['CODEX-b'])] })).toEqual([])
  })

  test('does nothing when its lock runs out, or is taken away', () => {
    const data = lockData('l1', 'CLAUDE-a', 'a.ts')
    note(anEvent(1, 'lock:expired', 'CLAUDE-a', NOON, data))
    note(anEvent(2, 'lock:released', 'CLAUDE-a', NOON, { ...data, reason: 'forced', by: 'PERSON-x' }))
    expect(quiet(row('testing'), NOON)).toHaveLength(1)
    note(anEvent(3, 'lock:released', 'CLAUDE-a', NOON, { ...data, reason: 'released' }))
    expect(quiet(row('testing'), NOON)).toEqual([])
  })
})
