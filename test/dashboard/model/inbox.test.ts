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
const quiet = [
  { id: 'CLAUDE-a', since: 0, waits: false },
  { id: 'CODEX-b', since: 0, waits: true },
]
const all = { conflicts, deadlocks, tasks, paused, quiet }

test('conflicts wait first, then deadlocks, folders that hold something back, agents gone quiet, and tasks that were halted', () => {
  const keys = ['c1', 'c2', 'deadlock 7', 'paused ', 'paused CLAUDE-a', 'quiet CODEX-b', 'TASK-2']
  expect(inboxOf(all).map(inboxKey)).toEqual(keys)
})

test('it is counted by its kind, or as things where there are several', () => {
  const none = { conflicts: [], deadlocks: [], tasks: [], paused: [], quiet: [] }
  expect(inboxCount(inboxOf({ ...none, conflicts }))).toBe('2 conflicts')
  expect(inboxCount(inboxOf({ ...none, deadlocks }))).toBe('1 broken deadlock')
  expect(inboxCount(inboxOf({ ...none, tasks }))).toBe('1 halted task')
  expect(inboxCount(inboxOf({ ...none, paused }))).toBe('2 paused folders')
  expect(inboxCount(inboxOf({ ...none, quiet }))).toBe('1 quiet agent')
  expect(inboxCount(inboxOf(all))).toBe('7 things')
})

test('each leads to where it is dealt with', () => {
  expect(inboxOf(all).map(inboxRoute)).toEqual([
    { view: 'conflicts', id: 'c1' },
    { view: 'conflicts', id: 'c2' },
    { view: 'locks', id: null },
    { view: 'overview' },
    { view: 'agents', id: 'CLAUDE-a' },
    { view: 'agents', id: 'CODEX-b' },
    { view: 'tasks', id: 'TASK-2', subtask: null },
  ])
})
