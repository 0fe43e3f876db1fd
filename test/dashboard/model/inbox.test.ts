import { expect, test } from 'vitest'
import { withEvent } from '../../../dashboard/model/deadlocks.js'
import { pause } from '../../../protocol/folder.js'
import { inboxCount, inboxKey, inboxOf, inboxRoute } from '../../../dashboard/model/inbox.js'
import { aConflict, aDeadlock, aTask } from '../builders.js'

const conflicts = [aConflict('c1'), aConflict('c2')]
const deadlocks = withEvent([], aDeadlock(7, 'CLAUDE-a', 'CODEX-b'))
const tasks = [aTask('TASK-1'), aTask('TASK-2', [], { status: 'HALTED' })]

const held = pause.parse({ code: 'many-deletions', message: 'm', hint: 'h', choices: ['delete', 'restore'] })
const paused = [
  { who: null, pause: held },
  { who: 'CLAUDE-a', pause: held },
]
const all = { conflicts, deadlocks, tasks, paused }

test('conflicts wait first, then deadlocks, then folders that hold something back, then tasks that were halted', () => {
  expect(inboxOf(all).map(inboxKey)).toEqual(['c1', 'c2', 'deadlock 7', 'paused ', 'paused CLAUDE-a', 'TASK-2'])
})

test('it is counted by its kind, or as things where there are several', () => {
  const none = { conflicts: [], deadlocks: [], tasks: [], paused: [] }
  expect(inboxCount(inboxOf({ ...none, conflicts }))).toBe('2 conflicts')
  expect(inboxCount(inboxOf({ ...none, deadlocks }))).toBe('1 broken deadlock')
  expect(inboxCount(inboxOf({ ...none, tasks }))).toBe('1 halted task')
  expect(inboxCount(inboxOf({ ...none, paused }))).toBe('2 paused folders')
  expect(inboxCount(inboxOf(all))).toBe('6 things')
})

test('each leads to where it is dealt with', () => {
  expect(inboxOf(all).map(inboxRoute)).toEqual([
    { view: 'conflicts', id: 'c1' },
    { view: 'conflicts', id: 'c2' },
    { view: 'locks', id: null },
    { view: 'overview' },
    { view: 'agents', id: 'CLAUDE-a' },
    { view: 'tasks', id: 'TASK-2', subtask: null },
  ])
})
