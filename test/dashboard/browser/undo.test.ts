/** What is done in the page can be taken back: for ten seconds at the foot of the page, later in the feed. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import { lockCommand } from '../../../protocol/locks.js'
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { taskCommand, type Task } from '../../../protocol/tasks.js'
import { until } from '../../support/wait.js'
import { headOf, remove, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank } = usePages()
const card = (page: Page, name: string) => page.locator('.task-card').filter({ hasText: name })
const bar = (page: Page) => page.locator('.undo-bar')
const undo = (page: Page) => bar(page).getByRole('button', { name: 'Undo' })

/** Focuses Undo once it can be: while the clock of the page runs ahead of the server's, the page takes the server for away. */
async function focused(page: Page): Promise<void> {
  await until(async () => {
    await page.clock.runFor(100)
    await undo(page).focus()
    return undo(page).evaluate((button) => button === document.activeElement)
  }, 'the focus on Undo')
}

async function taskOf(agent: Connection): Promise<Task | undefined> {
  return (await agent.request('tasks', {})).tasks[0]
}

/** A page whose clock the test can hold. */
async function opened() {
  const folder = await serve({ 'a.ts': 'one\ntwo\n' })
  const agent = await folder.agent('CLAUDE-one')
  const page = await blank(folder.url)
  await page.clock.install()
  return { folder, agent, page }
}

/** On the page of a file, the first line of which it has just locked. */
async function withFirstLineLocked() {
  const { folder, agent, page } = await opened()
  await page.goto(folder.page('/files/a.ts'))
  await page.locator('.cm-line').first().click()
  await page.keyboard.press('Home')
  await page.keyboard.press('Shift+ArrowDown')
  await page.getByRole('button', { name: 'Lock line 1' }).click()
  return { folder, agent, page }
}

test('[TASK-5] a new task, a subtask, an assignee, a state and a halt are taken back, each by Undo or the key u', async () => {
  const { folder, agent, page } = await opened()
  await page.goto(folder.page('/tasks'))
  await page.getByRole('button', { name: 'New task' }).click()
  await page.getByRole('textbox', { name: 'What is to be done' }).fill('Shop')
  await page.getByRole('textbox', { name: 'Subtask 1' }).fill('Cart')
  await page.getByRole('button', { name: 'Make the task' }).click()
  await bar(page).getByText('Made Shop.').waitFor()
  await until(() => taskOf(agent).then((task) => task?.file), 'its file')
  const before = folder.read('task.md')

  await page.getByRole('textbox', { name: 'New subtask of Shop' }).fill('Mail')
  await page.getByRole('button', { name: 'Add' }).click()
  await bar(page).getByText('Split off Mail.').waitFor()
  await until(() => folder.read('task.md').includes('Mail'), 'its line')
  await undo(page).click()
  await bar(page).getByText('Its line is out of task.md.').waitFor()
  await until(async () => (await taskOf(agent))?.subtasks.length === 1, 'one subtask again')
  await until(() => folder.read('task.md') === before, 'the file as before')

  await card(page, 'Cart').click()
  await page.getByRole('combobox', { name: 'Who does it' }).last().waitFor()
  await page.getByRole('complementary').getByRole('combobox').selectOption('CLAUDE-one')
  await bar(page).getByText('Changed Cart: CLAUDE-one has it.').waitFor()
  await page.getByRole('complementary').getByRole('button', { name: 'Done' }).click()
  await bar(page).getByText('Changed Cart: done.').waitFor()
  await undo(page).click()
  await bar(page).getByText('The board reads as before.').waitFor()
  expect((await taskOf(agent))?.subtasks).toMatchObject([{ state: 'waiting', progress: 0, assignee: 'CLAUDE-one' }])

  await page.getByRole('button', { name: 'Halt' }).click()
  await bar(page).getByText('Halted Shop.').waitFor()
  await page.locator('body').click({ position: { x: 5, y: 600 } })
  await page.keyboard.press('u')
  await bar(page).getByText('The board reads as before.').waitFor()
  expect((await taskOf(agent))?.status).toBe('ACTIVE')

  // The second has the name of the first, whose file lies aside.
  for (const dumped of ['by-mistake.md', 'by-mistake-2.md']) {
    await page.goto(folder.page('/tasks'))
    await page.getByRole('button', { name: 'New task' }).click()
    await page.getByRole('textbox', { name: 'What is to be done' }).fill('By mistake')
    await page.getByRole('button', { name: 'Make the task' }).click()
    await until(async () => (await agent.request('tasks', {})).tasks.every(({ file }) => file !== null), 'its file')
    await undo(page).click()
    await bar(page).getByText(`${dumped}.`).waitFor()
    await page.waitForURL(`${folder.url}/tasks`)
    await until(async () => (await agent.request('tasks', {})).tasks.length === 1, 'one task')
  }
})

test('what others built on is left, and it is said who; the time stands still under the pointer, and then is over', async () => {
  const { folder, agent, page } = await opened()
  const create = { title: 'Shop', subtasks: [{ title: 'Cart' }] }
  const { task } = await agent.request('task', taskCommand.parse({ writeId: 'u1', create }))
  await page.goto(folder.page(`/tasks/${task.id}/1`))
  await page.getByRole('complementary').getByRole('combobox').selectOption('CLAUDE-one')
  await bar(page).getByText('Changed Cart: CLAUDE-one has it.').waitFor()
  await agent.request('task', taskCommand.parse({ writeId: 'u2', task: task.id, change: { do: 'claim' } }))
  await page.clock.runFor(200)
  await bar(page).getByText('has changed it since').waitFor()
  expect(await undo(page).count()).toBe(0)
  await page.keyboard.press('u')

  await page.getByRole('button', { name: 'Halt' }).click()
  await bar(page).getByText('Halted Shop.').waitFor()
  // What the key would have done the server would have heard before the halt.
  expect((await taskOf(agent))?.subtasks).toMatchObject([{ state: 'running', assignee: 'CLAUDE-one' }])
  await undo(page).hover()
  await page.clock.pauseAt(Date.now() + 60_000)
  const before = await undo(page).textContent()
  await page.clock.runFor(5_000)
  expect(await undo(page).textContent()).toBe(before)
  await focused(page)
  await page.mouse.move(5, 600)
  await page.clock.runFor(5_000)
  expect(await undo(page).textContent()).toBe(before)
  await undo(page).blur()
  // It does so while the server is heard, which ticks by its own clock.
  await until(async () => {
    await page.clock.runFor(1_000)
    return (await undo(page).textContent()) !== before
  }, 'the time to go on')
  await focused(page)
  const left = await undo(page).textContent()
  await page.clock.runFor(5_000)
  expect(await undo(page).textContent()).toBe(left)
  await undo(page).blur()
  // Each second is set going by the drawing of the one before.
  await until(async () => {
    await page.clock.runFor(1_000)
    return (await bar(page).count()) === 0
  }, 'the end of the offer')
  expect((await taskOf(agent))?.status).toBe('HALTED')
})

test('later the feed offers to undo it, and says who built on it', async () => {
  const { folder, agent, page } = await opened()
  const create = { title: 'Shop', subtasks: [{ title: 'Cart' }, { title: 'Mail' }] }
  const { task } = await agent.request('task', taskCommand.parse({ writeId: 'f1', create }))
  await page.goto(folder.page(`/tasks/${task.id}/1`))
  await page.getByRole('complementary').getByRole('combobox').selectOption('CLAUDE-one')
  await bar(page).getByText('Changed Cart: CLAUDE-one has it.').waitFor()
  await page.getByRole('button', { name: 'Halt' }).click()
  await bar(page).getByText('Halted Shop.').waitFor()
  await bar(page).getByRole('button', { name: 'Dismiss' }).click()
  await page.getByRole('link', { name: 'Overview', exact: true }).first().click()
  const row = (text: string) => page.getByRole('log').getByRole('listitem').filter({ hasText: text })
  const halted = row('task Shop: HALTED').getByRole('button', { name: 'Undo' })
  await halted.click()
  await bar(page).getByText('The board reads as before.').waitFor()
  expect((await taskOf(agent))?.status).toBe('ACTIVE')
  await until(async () => (await halted.count()) === 0, 'nothing more to undo')

  await row('task Shop: Cart is waiting').getByRole('button', { name: 'Undo' }).waitFor()
  await agent.request('task', taskCommand.parse({ writeId: 'f2', task: task.id, change: { do: 'claim' } }))
  await page.clock.runFor(200)
  await row('task Shop: Cart is waiting').getByText('changed it since').waitFor()
  expect(await row('task Shop').getByRole('button', { name: 'Undo' }).count()).toBe(0)
})

test('the time stands still while the server is away; that it is undone is said for ten seconds', async () => {
  const { folder, agent, page } = await opened()
  const create = { title: 'Shop', subtasks: [{ title: 'Cart' }] }
  const { task } = await agent.request('task', taskCommand.parse({ writeId: 'a1', create }))
  await page.goto(folder.page(`/tasks/${task.id}`))
  await page.getByRole('button', { name: 'Halt' }).click()
  await bar(page).getByText('Halted Shop.').waitFor()
  await folder.stop()
  await until(() => undo(page).isDisabled(), 'nothing to be written')
  const left = await undo(page).textContent()
  await page.clock.runFor(15_000)
  expect(await undo(page).textContent()).toBe(left)
  await folder.start()
  await until(async () => {
    await page.clock.runFor(1_000)
    return undo(page).isEnabled()
  }, 'the server to be back')
  await undo(page).press('Enter')
  expect(await bar(page).evaluate((bar) => bar.contains(document.activeElement))).toBe(true)
  await bar(page).getByText('The board reads as before.').waitFor()
  await page.clock.runFor(11_000)
  await until(async () => (await bar(page).count()) === 0, 'the end of what was said')
})

test('a lock that was given back is taken again from the feed, where it stood and not where it was asked for', async () => {
  const { agent, page } = await withFirstLineLocked()
  await page.getByRole('button', { name: 'Release' }).waitFor()
  await write(agent, 'a.ts', 'zero\none\ntwo\n', await headOf(agent, 'a.ts'))
  await page.locator('.cm-line', { hasText: 'zero' }).waitFor()
  await page.getByRole('button', { name: 'Release' }).click()
  await bar(page).getByText('Released line 2 of a.ts.').waitFor()
  expect((await agent.request('locks', {})).locks).toEqual([])
  await bar(page).getByRole('button', { name: 'Dismiss' }).click()
  await page.getByRole('link', { name: 'Overview', exact: true }).first().click()
  await page.getByRole('log').getByRole('button', { name: 'Undo' }).click()
  await bar(page).getByText('You hold line 2 of a.ts.').waitFor()
  expect((await agent.request('locks', {})).locks).toMatchObject([{ holder: 'PERSON-dashboard', lines: { from: 2 } }])
  await write(agent, 'a.ts', 'before\nzero\none\ntwo\n', await headOf(agent, 'a.ts'))
  await page.getByText('a.ts line 3').waitFor()
})

test('a lock is not offered again on a file that is gone, nor in another workspace', async () => {
  const { folder, agent, page } = await withFirstLineLocked()
  await page.getByRole('button', { name: 'Release' }).click()
  await bar(page).getByText('Released line 1 of a.ts.').waitFor()
  await remove(agent, 'a.ts')
  await bar(page).getByText('It is gone since.').waitFor()
  expect(await undo(page).count()).toBe(0)
  await agent.close()

  await folder.stop()
  folder.forget()
  folder.write('a.ts', 'one\ntwo\n')
  await folder.start()
  const other = await folder.agent('CLAUDE-one')
  await other.request('lock', lockCommand.parse({ wants: [{ path: 'a.ts' }] }))
  await other.request('unlock', { path: workspacePath.parse('a.ts') })
  await page.getByRole('link', { name: 'Overview', exact: true }).first().click()
  const row = page.getByRole('log').getByRole('listitem').filter({ hasText: 'C1' }).filter({ hasText: 'released' })
  await row.waitFor()
  expect(await bar(page).count()).toBe(0)
  expect(await row.getByRole('button', { name: 'Undo' }).count()).toBe(0)
})

test('what somebody else decided is not taken back by a key, but by its button', async () => {
  const { folder, agent, page } = await opened()
  const base = await headOf(agent, 'a.ts')
  await write(agent, 'a.ts', 'ONE\ntwo\n', base)
  await write(agent, 'a.ts', 'zero\ntwo\n', base)
  const id = (await agent.request('conflicts', {})).conflicts[0]!.id
  await agent.request('resolve', { id, writeId: writeId.parse('not-here'), choice: { kind: 'theirs' } })
  await page.goto(folder.page(`/conflicts/${id}`))
  const button = page.getByRole('button', { name: 'Undo' })
  await button.waitFor()
  // What no key does the palette does not offer either.
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Find or run' }).fill('go to the overview')
  await page.getByRole('option', { name: 'Go to the overview' }).waitFor()
  await page.getByRole('combobox', { name: 'Find or run' }).fill('take back what')
  await page.getByText('Nothing here is called so.').waitFor()
  await page.keyboard.press('Escape')
  await button.click()
  await page.getByText('Undone.').waitFor()
})

test('what failed midway is undone from there on, and its own half is not taken for what others built on it', async () => {
  const { folder, agent, page } = await opened()
  const create = { title: 'Shop', subtasks: [{ title: 'Cart', assignee: 'CLAUDE-one' }] }
  const { task } = await agent.request('task', taskCommand.parse({ writeId: 'm1', create }))
  const changed = (writeId: string, change: object) =>
    agent.request('task', taskCommand.parse({ writeId, task: task.id, change }))
  await changed('m2', { do: 'claim' })
  await changed('m3', { do: 'progress', subtask: '1', progress: 40 })
  let isRefused = false
  await page.routeWebSocket(/\/agent/, (socket) => {
    const server = socket.connectToServer()
    socket.onMessage((message) => {
      const text = String(message)
      if (isRefused || !text.includes('"do":"progress"')) return server.send(message)
      isRefused = true
      const error = { code: 'E_INTERNAL', message: 'Not now.', retry: false }
      socket.send(JSON.stringify({ type: 'failed', id: Number(/"id":(\d+)/.exec(text)?.[1]), error }))
    })
  })
  await page.goto(folder.page(`/tasks/${task.id}/1`))
  await page.getByRole('complementary').getByRole('button', { name: 'Done' }).click()
  await bar(page).getByText('Changed Cart: done.').waitFor()
  await undo(page).click()
  await bar(page).getByRole('alert').getByText('Not now.').waitFor()
  expect((await taskOf(agent))?.subtasks).toMatchObject([{ state: 'running', progress: 99 }])
  await card(page, 'Cart').getByText('99 %').waitFor()
  await undo(page).click()
  await bar(page).getByText('The board reads as before.').waitFor()
  expect((await taskOf(agent))?.subtasks).toMatchObject([{ state: 'running', progress: 40 }])
})
