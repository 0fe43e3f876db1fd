import { expect, test } from 'vitest'
import { withEvent } from '../../../dashboard/model/deadlocks.js'
import { inboxCount, inboxKey, inboxOf } from '../../../dashboard/model/inbox.js'
import { aConflict, aDeadlock, aTask } from '../builders.js'

const conflicts = [aConflict('c1'), aConflict('c2')]
const deadlocks = withEvent([], aDeadlock(7, 'CLAUDE-a', 'CODEX-b'))
const tasks = [aTask('TASK-1'), aTask('TASK-2', [], { status: 'HALTED' })]

test('conflicts wait first, then deadlocks, then tasks that were halted', () => {
  expect(inboxOf({ conflicts, deadlocks, tasks }).map(inboxKey)).toEqual(['c1', 'c2', 'deadlock 7', 'TASK-2'])
})

test('it is counted by its kind, or as things where there are several', () => {
  const none = { conflicts: [], deadlocks: [], tasks: [] }
  expect(inboxCount(inboxOf({ ...none, conflicts }))).toBe('2 conflicts')
  expect(inboxCount(inboxOf({ ...none, deadlocks }))).toBe('1 broken deadlock')
  expect(inboxCount(inboxOf({ ...none, tasks }))).toBe('1 halted task')
  expect(inboxCount(inboxOf({ conflicts, deadlocks, tasks }))).toBe('4 things')
})
