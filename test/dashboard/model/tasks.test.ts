import { describe, expect, test } from 'vitest'
import { EnsembleError } from '../../../protocol/errors.js'
import {
  assigneesOf,
  circleOf,
  countsOf,
  neededBy,
  progressByInstance,
  subtasksDone,
  subtasksOf,
  waitsFor,
} from '../../../dashboard/model/tasks.js'
import { aTask } from '../builders.js'

const shop = aTask('TASK-1', [
  { assignee: 'CLAUDE-api', state: 'done' },
  { assignee: 'CLAUDE-api', state: 'running', progress: 45 },
  { assignee: 'CODEX', depends_on: ['1', '2'] },
  { assignee: null, state: 'review' },
])

test('a board counts what stands in each column', () => {
  expect(countsOf(shop.subtasks)).toEqual({ waiting: 1, running: 1, review: 1, done: 1 })
  expect(countsOf([])).toEqual({ waiting: 0, running: 0, review: 0, done: 0 })
})

test('what is done is counted over the tasks that go on', () => {
  const ended = aTask('TASK-2', [{ state: 'done' }], { status: 'COMPLETED' })
  expect(subtasksDone([shop, ended, aTask('TASK-3', [{}], { status: 'HALTED' })])).toEqual({ done: 1, total: 5 })
})

test('an agent’s subtasks are those that are its own, what it has begun first, over the tasks that go on', () => {
  const ended = aTask('TASK-2', [{ assignee: 'CLAUDE-api' }], { status: 'COMPLETED' })
  const other = aTask('TASK-3', [{ assignee: 'CLAUDE-api' }])
  const own = subtasksOf([ended, shop, other], 'CLAUDE-api')
  expect(own.map(({ task, subtask }) => `${task.id} ${subtask.id}`)).toEqual(['TASK-1 2', 'TASK-3 1', 'TASK-1 1'])
})

describe('dependencies', () => {
  test('that are done are waited for no more', () => {
    expect(waitsFor(shop, shop.subtasks[2]!).map(({ id }) => id)).toEqual(['2'])
    expect(neededBy(shop, shop.subtasks[0]!).map(({ id }) => id)).toEqual(['3'])
  })

  test('that were refused name the circle, by what the server says', () => {
    const error = new EnsembleError('E_TASK', 'no', { data: { cycle: ['1', '3', '1'] } })
    expect(circleOf(error, shop)?.map(({ id }) => id)).toEqual(['1', '3'])
    expect(circleOf(new EnsembleError('E_TASK', 'no'), shop)).toBeNull()
  })
})

describe('an instance', () => {
  test('is as far as the mean of its subtasks, over all tasks, and works at what it has begun', () => {
    const other = aTask('TASK-2', [{ assignee: 'CLAUDE-api', title: 'later' }])
    expect(progressByInstance([shop, other])).toEqual([
      { assignee: 'CLAUDE-api', done: 1, total: 3, progress: 48, current: shop.subtasks[1] },
      { assignee: 'CODEX', done: 0, total: 1, progress: 0, current: shop.subtasks[2] },
    ])
  })

  test('that has done all has nothing at hand', () => {
    const done = aTask('TASK-1', [{ assignee: 'CLAUDE-api', state: 'done' }])
    expect(progressByInstance([done])).toMatchObject([{ progress: 100, current: null }])
  })
})

test('a subtask can go to whoever is here or takes part, and to any of their types', () => {
  expect(assigneesOf(['GEMINI-plan', 'CLAUDE-b'], [aTask('TASK-1', [], { agents: ['CODEX', 'CLAUDE-a'] })])).toEqual({
    agents: ['CLAUDE-a', 'CLAUDE-b', 'GEMINI-plan'],
    types: ['CLAUDE', 'CODEX', 'GEMINI'],
  })
})
