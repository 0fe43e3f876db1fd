import { expect, test } from 'vitest'
import { task as schema, type Task } from '../../../protocol/tasks.js'
import { taskWhole } from '../../../client/cli/views/tasks-view.js'

const words = { nameOf: String, paint: (_: unknown, text: string) => text, command: 'ensemble' }
const sub = (id: string, state: string, after: string[] = [], assignee: string | null = null): object => ({
  ...{ id, title: `Part ${id}`, assignee, state, depends_on: after, progress: 0, by: 'PEER', updated_at: 1 },
})

test.each([
  ['nothing is to be done yet', [], 'assign --instance frontend --subtask "…" --task T1'],
  ['something waits', [sub('1', 'done'), sub('2', 'waiting')], 'tasks claim --task T1'],
  ['all that is free is somebody’s', [sub('1', 'waiting', [], 'CODEX-b')], 'tasks claim 1 --task T1 --as CODEX-b'],
  ['a type of agents may begin', [sub('1', 'waiting', [], 'CODEX')], 'tasks claim --task T1'],
  ['what waits waits for what goes on', [sub('1', 'running'), sub('2', 'waiting', ['1'])], 'tasks done 1 --task T1'],
  ['all has begun', [sub('1', 'done'), sub('2', 'review')], 'tasks done 2 --task T1'],
  ['all is done', [sub('1', 'done', ['2']), sub('2', 'done')], 'tasks complete --task T1'],
])('where %s, the next step is one that can be taken', (_, subtasks, next) => {
  const whole = { id: 'T1', title: 'T', status: 'ACTIVE', mode: 'SOLO', agents: [], progress: 0, file: null }
  const one: Task = schema.parse({ ...whole, subtasks, by: 'PEER', created_at: 1, updated_at: 1 })
  const lines = taskWhole(one, words)
  expect(lines.at(-1)).toBe(`next  ensemble ${next}`)
  expect(lines.join('\n')).not.toContain('after 2')
})
