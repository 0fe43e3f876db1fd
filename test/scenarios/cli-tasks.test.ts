/** A task through the real command line and server: made, shared out, claimed, ticked in the file, and completed. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Task } from '../../protocol/tasks.js'
import { errorIn, kill, openPlace, type Outcome, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

let place: Place
let cwd: string
beforeEach(async () => {
  place = await openPlace()
  cwd = place.path('project')
  await mkdir(cwd, { recursive: true })
})
afterEach(() => place.close())

const run = (...args: string[]): Promise<Outcome> => place.run(args, { cwd })
const start = async (port = 0) =>
  (await run('server', 'start', '--port', String(port), '--background', '--json')).json()
const onDisk = (): Promise<string> => readFile(place.path('project', 'task.md'), 'utf8').catch(() => '')

async function ok(...args: string[]): Promise<Record<string, unknown>> {
  const outcome = await run(...args, '--json')
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
  return outcome.json()
}
const task = async (): Promise<Task> => (await ok('tasks', 'show'))['task'] as Task

test('[CLI-3] from ensemble new to tasks complete, with a person’s tick in task.md and kill -9 in between', async () => {
  const server = await start()
  await ok('new', '--mode', 'PAR-MULTI', '--title', 'Checkout', '--as', 'GEMINI-plan')
  await ok('assign', '--instance', 'frontend', '--agent', 'CLAUDE', '--subtask', 'UI Components')
  await ok('assign', '--instance', 'backend', '--agent', 'CODEX', '--subtask', 'API Endpoints')
  await ok('tasks', 'depend', 'UI Components', 'API Endpoints')
  const early = await run('tasks', 'claim', '1', '--as', 'CLAUDE-frontend', '--json')
  expect([early.code, early.json()['code']]).toEqual([3, 'E_TASK'])
  await ok('tasks', 'claim', '--as', 'CODEX-backend')
  const taken = await run('tasks', 'claim', '2', '--as', 'CLAUDE-frontend')
  expect(taken.code).toBe(3)
  expect(taken.stderr).toContain('to CODEX-backend')
  await until(async () => (await onDisk()).includes('- [ ] CODEX-backend: API Endpoints\n'), 'the board on disk')

  await writeFile(place.path('project', 'task.md'), (await onDisk()).replace('[ ] CODEX-backend', '[x] CODEX-backend'))
  await until(async () => (await task()).progress === 50, 'the tick on the board')
  await kill(server['pid'])
  await start()
  expect((await task()).subtasks.map(({ title, state }) => [title, state])).toEqual([
    ['UI Components', 'waiting'],
    ['API Endpoints', 'done'],
  ])
  await ok('tasks', 'start', '1', '--as', 'CLAUDE-frontend')
  await ok('tasks', 'progress', '1', '60', '--as', 'CLAUDE-frontend')
  const status = await run('status')
  expect(status.stdout).toMatch(/task +Checkout +80 %, 1 subtask running/)
  expect((await run('tasks', 'complete')).code).toBe(3)
  await ok('tasks', 'done', 'UI Components', '--as', 'CLAUDE-frontend')
  await ok('tasks', 'complete')
  await until(async () => /^status: COMPLETED$/m.test(await onDisk()), 'the end on disk')
  const listed = await run('tasks')
  expect(listed.stdout).toMatch(/COMPLETED +100 % +2 of 2 +Checkout/)
})

test('[TASK-7] an unknown task or subtask names those that there are; what is typed wrongly is a usage error', async () => {
  await start()
  const none = await run('tasks', 'claim', '--as', 'CLAUDE-a')
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('There is none yet.') as string })
  await ok('new', '--title', 'One', '--subtask', 'API')
  expect((await run('tasks', 'halt', '--task', 'T-9')).stderr).toContain('There are: TASK-ACTIVE-')
  expect((await run('tasks', 'done', 'UI')).stderr).toContain('It has: 1 "API".')
  expect((await run('assign', '--instance', 'nobody', '--subtask', 'API')).stderr).toContain(
    'No agent called nobody is connected',
  )
  await ok('new', '--title', 'Two')
  await ok('context', 'add', 'fact', 'Postgres 17', '--key', 'db', '--as', 'GEMINI-plan')
  expect((await ok('context'))['facts']).toMatchObject([{ id: 'db', text: 'Postgres 17', by: 'GEMINI-plan' }])
  expect((await run('context', 'add', 'fact', 'nameless')).code).toBe(1)
  const wrong = [
    ['tasks', 'halt'],
    ['tasks', 'progress', '1', '101'],
    ['new'],
    ['new', '--title', 'x', '--mode', 'DUO'],
  ]
  const outcomes = await Promise.all(wrong.map((args) => run(...args)))
  expect(outcomes.map(({ code }, index) => [wrong[index], code])).toEqual(wrong.map((args) => [args, 2]))
})
