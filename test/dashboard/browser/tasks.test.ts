/** The board of tasks in a real browser, with real agents that work on it meanwhile. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import { taskCommand, type Task } from '../../../protocol/tasks.js'
import type { ServedFolder } from '../../support/served-folder.js'
import { until } from '../../support/wait.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

let asked = 0
/** Tells the board what an agent wants of it. */
async function tell(agent: Connection, what: object): Promise<Task> {
  const command = taskCommand.parse({ writeId: `tasks-${process.pid}-${(asked += 1)}`, ...what })
  return (await agent.request('task', command)).task
}

const column = (page: Page, name: string) =>
  page.locator('.task-column').filter({ has: page.getByRole('heading', { name: new RegExp(`^${name}`) }) })
const card = (page: Page, name: string) => page.locator('.task-card').filter({ hasText: name })
const panel = (page: Page) => page.getByRole('complementary')

/** A task of three parts: 2 waits for 1, and 3 for 2. */
async function chained(folder: ServedFolder): Promise<{ readonly agent: Connection; readonly task: Task }> {
  const agent = await folder.agent('CLAUDE-api')
  const subtasks = [{ title: 'Schema', assignee: 'CLAUDE-api' }, { title: 'Endpoints' }, { title: 'Pages' }]
  const { id } = await tell(agent, { create: { title: 'Shop', subtasks } })
  await tell(agent, { task: id, change: { do: 'depend', subtask: '2', depends_on: ['1'] } })
  const task = await tell(agent, { task: id, change: { do: 'depend', subtask: '3', depends_on: ['2'] } })
  return { agent, task }
}

test('a task is made, split and assigned in the page, and completed by agents while it is open', async () => {
  const folder = await serve({ 'README.md': '# Shop\n' })
  const [api, ui] = [await folder.agent('CLAUDE-api'), await folder.agent('CODEX-ui')]
  const page = await open(folder, '/tasks')
  await page.getByRole('heading', { name: 'Nothing is to be done yet' }).waitFor()
  await page.getByRole('button', { name: 'New task' }).click()
  await page.getByRole('textbox', { name: 'What is to be done' }).fill('Checkout')
  await page.getByRole('textbox', { name: 'Subtask 1' }).fill('Endpoints')
  await page.getByRole('combobox', { name: 'Who does subtask 1' }).selectOption('CLAUDE-api')
  await page.getByRole('textbox', { name: 'Subtask 2' }).fill('Cart page')
  await page.getByRole('button', { name: 'Make the task' }).click()
  await page.waitForURL(/\/tasks\/TASK-/)
  await column(page, 'Waiting 2').getByText('Cart page').waitFor()
  // The board is ahead of its file.
  const inFile = (words: RegExp) => existsSync(join(folder.dir, 'task.md')) && words.test(folder.read('task.md'))
  await until(() => inFile(/^- \[ \] CLAUDE-api: Endpoints$/m), 'its line in the file')

  await page.getByRole('textbox', { name: 'New subtask of Checkout' }).fill('Receipts')
  await page.getByRole('button', { name: 'Add' }).click()
  await card(page, 'Receipts').click()
  await panel(page).getByRole('combobox', { name: 'Who does it' }).selectOption('CODEX-ui')
  await panel(page).getByRole('checkbox', { name: 'Endpoints' }).click()
  await card(page, 'Receipts').getByText('after 1').waitFor()
  await card(page, 'Receipts').locator('.tag', { hasText: 'X1' }).waitFor()

  const { tasks } = await api.request('tasks', {})
  const [made] = tasks
  const change = (agent: Connection, what: object) => tell(agent, { task: made?.id, change: what })
  expect(made?.subtasks).toMatchObject([
    { title: 'Endpoints', assignee: 'CLAUDE-api', depends_on: [] },
    { title: 'Cart page', assignee: null },
    { title: 'Receipts', assignee: 'CODEX-ui', depends_on: ['1'] },
  ])
  await change(api, { do: 'claim', subtask: '1' })
  await change(api, { do: 'progress', subtask: '1', progress: 60 })
  await column(page, 'Running 1').getByText('60 %').waitFor()
  await change(api, { do: 'move', subtask: '1', state: 'review' })
  await column(page, 'In review 1').getByText('Endpoints').waitFor()
  await change(ui, { do: 'move', subtask: '1', state: 'done' })
  await card(page, 'Receipts').getByText('after 1').waitFor({ state: 'detached' })
  for (const subtask of ['2', '3']) {
    await change(ui, { do: 'claim', subtask })
    await change(ui, { do: 'move', subtask, state: 'done' })
  }
  await column(page, 'Done 3').getByText('Receipts').waitFor()
  await page.getByRole('region', { name: 'By instance' }).getByText('2 of 2 subtasks').waitFor()
  await change(ui, { do: 'complete' })
  await page.getByText('Completed', { exact: true }).waitFor()
  await until(() => inFile(/^(?:- \[x\] .*\n){3}/m), 'three ticks in the file')
  await page.getByRole('link', { name: 'All tasks' }).click()
  await page.getByRole('heading', { name: 'Every task is completed' }).waitFor()
})

test('a dependency that would go round in a circle is refused, by the names of those in it', async () => {
  const folder = await serve({})
  const { task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}/1`)
  const pages = panel(page).getByRole('checkbox', { name: 'Pages' })
  await pages.click()
  await panel(page)
    .getByRole('alert')
    .getByText('1 Schema would wait for 3 Pages, which waits for 2 Endpoints, which waits for 1 Schema')
    .waitFor()
  expect(await pages.isChecked()).toBe(false)
})

test('what waits for what is drawn, and said in words', async () => {
  const folder = await serve({})
  const { task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}`)
  await page.getByRole('button', { name: 'Dependencies' }).click()
  const graph = page.getByRole('group', { name: 'What waits for what' })
  expect(await graph.getByRole('listitem').allTextContents()).toEqual([
    'Endpoints waits for Schema',
    'Pages waits for Endpoints',
  ])
  expect(await graph.locator('.graph-edge').count()).toBe(2)
  await graph.getByRole('link', { name: 'Pages' }).click()
  await page.waitForURL(`${folder.url}/tasks/${task.id}/3`)
  await panel(page).getByRole('heading', { name: '3 Pages' }).waitFor()
  await page.keyboard.press('Escape')
  await page.waitForURL(`${folder.url}/tasks/${task.id}`)
})

test('a task that is halted in the page waits in the overview, and goes on from there', async () => {
  const folder = await serve({})
  const { agent, task } = await chained(folder)
  const status = async () => (await agent.request('tasks', {})).tasks[0]?.status
  const page = await open(folder, `/tasks/${task.id}`)
  await page.getByRole('button', { name: 'Halt' }).click()
  await page.getByText('Halted', { exact: true }).waitFor()
  expect(await status()).toBe('HALTED')
  await page.getByRole('link', { name: 'Overview' }).first().click()
  await page.getByRole('heading', { name: '1 halted task waits for you' }).waitFor()
  await page.getByRole('region', { name: 'Progress' }).getByText('3 waiting').waitFor()
  await page.getByRole('list', { name: 'Waiting for you' }).getByRole('link', { name: 'Open' }).click()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('button', { name: 'Halt' }).waitFor()
  expect(await status()).toBe('ACTIVE')
  await page.getByRole('button', { name: 'Complete' }).click()
  await page.getByRole('alert').getByText('has subtasks that are not done').waitFor()
})

test('every task and subtask has an address; what is not on the board is said', async () => {
  const folder = await serve({})
  const { agent, task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}/2`)
  await panel(page).getByRole('heading', { name: '2 Endpoints' }).waitFor()
  expect(await page.title()).toContain('Shop')
  await tell(agent, { task: task.id, change: { do: 'assign', subtask: '2', assignee: 'CLAUDE-api' } })
  await until(
    async () => (await panel(page).getByRole('combobox', { name: 'Who does it' }).inputValue()) === 'CLAUDE-api',
    'what an agent changed in the panel',
  )
  await page.goto(`${folder.url}/tasks/${task.id}/9`)
  await page.getByText('This task has no subtask 9').waitFor()
  await page.goto(`${folder.url}/tasks/TASK-NOWHERE`)
  await page.getByRole('heading', { name: 'There is no such task' }).waitFor()
})

test('a file that cannot be read as a task is named, and gone from the page once it can', async () => {
  const folder = await serve({ 'task.md': '---\ntask_id: TASK-1\n' })
  const page = await open(folder, '/tasks')
  await page.getByText('task.md is not on the board').waitFor()
  folder.write('task.md', '---\ntask_id: TASK-1\nstatus: ACTIVE\n---\n\n# Repair\n\n## [ASSIGNMENT]\n\n- [ ] look\n')
  await page.getByRole('heading', { name: 'Repair' }).waitFor()
  await page.getByText('task.md is not on the board').waitFor({ state: 'detached' })
})

test('without its server the board stays, and nothing can be changed', async () => {
  const folder = await serve({})
  const { task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}/2`)
  await panel(page).waitFor()
  await folder.stop()
  await page.getByText('Not live', { exact: true }).waitFor()
  expect(await page.getByRole('button', { name: 'Halt' }).isDisabled()).toBe(true)
  expect(await panel(page).getByRole('button', { name: 'Running' }).isDisabled()).toBe(true)
  expect(await card(page, 'Pages').count()).toBe(1)
})

test('how far a subtask is can be set beside the board, and what is no percentage is not told', async () => {
  const folder = await serve({ 'README.md': '# Shop\n' })
  const { agent, task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}/1`)
  const field = panel(page).getByRole('spinbutton', { name: 'How far it is' })
  const told = async () => (await agent.request('tasks', {})).tasks[0]?.subtasks[0]?.progress
  await field.fill('40')
  await page.keyboard.press('Enter')
  await card(page, 'Schema').getByText('40 %').waitFor()
  expect(await told()).toBe(40)
  await field.fill('140')
  await page.keyboard.press('Enter')
  await field.fill('60')
  // What is typed stays while others change the board.
  await tell(agent, { task: task.id, change: { do: 'add', title: 'Invoices' } })
  await card(page, 'Invoices').waitFor()
  await page.keyboard.press('Enter')
  await card(page, 'Schema').getByText('60 %').waitFor()
  expect(await told()).toBe(60)
  await tell(agent, { task: task.id, change: { do: 'move', subtask: '1', state: 'done' } })
  await panel(page).getByRole('button', { name: 'Done', pressed: true }).waitFor()
  expect(await field.isEditable()).toBe(false)
})

test('who chooses for a subtask, or sets how far it is, still has the field when that is done', async () => {
  const folder = await serve({})
  const { task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}/2`)
  const who = panel(page).getByRole('combobox', { name: 'Who does it' })
  await who.focus()
  await who.selectOption('CLAUDE-api')
  await page.getByText('Changed Endpoints: CLAUDE-api has it.').waitFor()
  expect(await who.evaluate((field) => field === document.activeElement)).toBe(true)
  const howFar = panel(page).getByRole('spinbutton', { name: 'How far it is' })
  await howFar.fill('40')
  await page.keyboard.press('Enter')
  await card(page, 'Endpoints').getByText('40 %').waitFor()
  expect(await howFar.evaluate((field) => field === document.activeElement)).toBe(true)
})

test('what is typed on while a subtask is being added, or the server goes away, stays in its field', async () => {
  const folder = await serve({})
  const { task } = await chained(folder)
  const page = await open(folder, `/tasks/${task.id}`)
  const field = page.getByRole('textbox', { name: 'New subtask of Shop' })
  await field.click()
  await page.keyboard.type('Invoices\ngt')
  await card(page, 'Invoices').waitFor()
  await page.keyboard.type('u')
  expect(await field.inputValue()).toBe('gtu')
  await folder.stop()
  await page.getByText('Not live', { exact: true }).waitFor()
  await page.keyboard.type('go')
  expect(await field.inputValue()).toBe('gtugo')
  expect(await page.getByRole('button', { name: 'Add' }).isDisabled()).toBe(true)
})
