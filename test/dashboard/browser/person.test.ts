/** Whoever sits at the page has a name, and all that is done there is told as by it. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { lockCommand } from '../../../protocol/locks.js'
import { workspacePath } from '../../../protocol/paths.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank, open } = usePages()
const editor = (page: Page) => page.getByRole('textbox', { name: 'leaves the text' })

/** Takes another name by the control in the bar; the page begins anew with it. */
async function become(page: Page, name: string, before = 'dashboard'): Promise<void> {
  await page.getByRole('button', { name: `You are ${before}: change` }).click()
  const dialog = page.getByRole('dialog', { name: `You are ${before}` })
  await dialog.getByRole('textbox', { name: 'Your name' }).fill(name)
  await page.keyboard.press('Enter')
}

test('[MSG-17] what is decided, taken back, halted, forced, typed, locked and said is by the person that the page names', async () => {
  const folder = await serve({ 'a.ts': 'one\n', 'b.ts': 'one\ntwo\n' })
  const [one, two] = [await folder.agent('CLAUDE-one', { feeds: ['events'] }), await folder.agent('CODEX-two')]
  const told: WorkspaceEvent[] = []
  one.onMessage((message) => {
    if (message.type === 'event') told.push(message.event)
  })
  const heard = (what: (event: WorkspaceEvent) => boolean, words: string) => until(() => told.find(what), words)
  const page = await open(folder)
  await become(page, 'anna')
  await page.getByRole('button', { name: 'You are anna' }).waitFor()

  const base = await headOf(one, 'a.ts')
  await write(one, 'a.ts', 'ONE\n', base)
  await write(two, 'a.ts', 'zwei\n', base)
  const [conflict] = (await one.request('conflicts', {})).conflicts
  await page.goto(`${folder.url}/conflicts/${conflict!.id}`)
  await page.locator('.result .change-head').waitFor()
  await page.keyboard.press('3')
  await page.keyboard.press('Control+Enter')
  const resolved = await heard(({ type }) => type === 'conflict:resolved', 'the decision')
  expect(resolved.data).toMatchObject({ by: 'PERSON-anna' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('Undone.').waitFor()
  const taken = await one.request('history', { path: workspacePath.parse('a.ts') })
  expect(taken.entries.slice(0, 2).map(({ author }) => author)).toEqual(['PERSON-anna', 'PERSON-anna'])

  const made = { writeId: 'person-1', create: { title: 'Shop', subtasks: [{ title: 'Cart' }] } }
  const { task } = await one.request('task', taskCommand.parse(made))
  await page.goto(`${folder.url}/tasks/${task.id}`)
  await page.getByRole('button', { name: 'Halt' }).click()
  const halted = await heard(
    ({ type, data }) => type === 'task:updated' && 'change' in data && data.change === 'halted',
    'halt',
  )
  expect(halted.agent_id).toBe('PERSON-anna')
  await page.getByText('halted by').getByText('anna').waitFor()

  await one.request('lock', lockCommand.parse({ wants: [{ path: 'b.ts' }], ttl: 300, wait: 0 }))
  await page.goto(`${folder.url}/locks/l1`)
  await page.getByRole('button', { name: 'Release by force' }).click()
  await page.getByRole('button', { name: 'Take it away' }).click()
  const released = await heard(({ type }) => type === 'lock:released', 'the release')
  expect(released.data).toMatchObject({ by: 'PERSON-anna' })

  await page.goto(`${folder.url}/files/b.ts`)
  await editor(page).click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('typed ')
  await until(() => folder.read('b.ts').startsWith('typed'), 'what was typed')
  const typed = await one.request('stat', { path: workspacePath.parse('b.ts') })
  expect(typed.head?.author).toBe('PERSON-anna')
  await page.keyboard.press('Shift+ArrowDown')
  await page.getByRole('button', { name: /^Lock line/ }).click()
  await page.getByRole('button', { name: 'Release' }).waitFor()
  expect((await one.request('locks', {})).locks).toMatchObject([{ holder: 'PERSON-anna' }])

  // Another page, of another name: it sees anna's caret and her lock, and is no agent either.
  const other = await open(folder, '/files/b.ts')
  await editor(page).click()
  await other.locator('.remote-flag', { hasText: /^anna$/ }).waitFor({ state: 'attached' })
  const side = other.getByRole('complementary', { name: 'In this file' })
  await side.getByText('anna', { exact: true }).first().waitFor()
  await other.locator('.lock-head').getByText('anna').first().waitFor()
  expect((await one.request('status', {})).agents.map(({ agentId }) => agentId)).toEqual(['CLAUDE-one', 'CODEX-two'])
})

test('a name that is none is refused in plain words, and the old one stays; the palette opens the same', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const page = await open(folder)
  await become(page, 'Anna B.')
  const dialog = page.getByRole('dialog', { name: 'You are dashboard' })
  await dialog.getByRole('alert').getByText('A name has 1 to 64 letters').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Find or run' }).fill('name act under')
  await page.keyboard.press('Enter')
  await dialog.getByRole('textbox', { name: 'Your name' }).fill('bert')
  await dialog.getByRole('button', { name: 'Use this name' }).click()
  await page.getByRole('button', { name: 'You are bert' }).waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'You are bert' }).waitFor()
})

test('[AUTH-11, MSG-17] a watcher may have a name, too, and can still change nothing', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const page = await blank(folder.url)
  await page.goto(await folder.link('read'))
  await page.getByRole('banner').getByText('Read-only').waitFor()
  await become(page, 'zoe')
  await page.getByRole('button', { name: 'You are zoe' }).waitFor()
  await page.getByRole('banner').getByText('Read-only').waitFor()
  await page.getByRole('banner').getByText(/^Live/).waitFor()
})
