/** axe over every view, in both themes, at three widths. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { faultsOf, openBrowser, openPage } from '../../support/browser.js'
import { ServedFolder } from '../../support/served-folder.js'
import type { Connection } from '../../../client/sdk/connection.js'
import { lockCommand } from '../../../protocol/locks.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { headOf, write } from './agent-writes.js'

let browser: Browser
let folder: ServedFolder
let empty: ServedFolder
let conflict: string
let readOnly: string
let task: string

beforeAll(async () => {
  browser = await openBrowser()
  folder = new ServedFolder({ 'src/price.ts': 'const price = 1\n', 'src/b.md': '# b\n', 'README.md': 'hello\n' })
  empty = new ServedFolder({})
  await Promise.all([folder.start(), empty.start()])
  const agents = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two'), await folder.agent('GEMINI-three')]
  const base = await headOf(agents[0]!, 'src/price.ts')
  for (const [index, agent] of agents.entries())
    await write(agent, 'src/price.ts', `const price = ${index + 2}\n`, base)
  await agents[1]!.request('lock', {
    wants: [
      { path: workspacePath.parse('src/price.ts'), region: { kind: 'lines', from: 1, to: 1 }, type: 'EXCLUSIVE' },
    ],
    ...{ ttl: 3_600, wait: 0 },
  })
  const said = { type: 'broadcast', data: { text: 'hello' }, writeId: writeId.parse('said') }
  const { event } = await agents[0]!.request('publish', said)
  await agents[1]!.request('acknowledge', { seq: event.seq })
  readOnly = `${folder.url}/agents/CODEX-two#token=${await folder.session('read')}`
  task = await coordinate(agents[0]!, agents[1]!)
  conflict = (await agents[0]!.request('conflicts', {})).conflicts[0]!.id
  const gone = await folder.agent('OTHER-gone').catch(() => undefined)
  await gone?.close()
})
/** A board with something in it, someone who waits for a lock, and a deadlock that was broken. Tells the task's id. */
async function coordinate(one: Connection, two: Connection): Promise<string> {
  const subtasks = [
    { title: 'Endpoints', assignee: 'CLAUDE-one' },
    { title: 'Pages', assignee: 'CODEX' },
    { title: 'Docs' },
  ]
  const tell = (command: object) => one.request('task', taskCommand.parse(command))
  const { id } = (await tell({ writeId: 'axe-1', create: { title: 'Shop', subtasks } })).task
  await tell({ writeId: 'axe-2', task: id, change: { do: 'depend', subtask: '2', depends_on: ['1'] } })
  await tell({ writeId: 'axe-3', task: id, change: { do: 'claim', subtask: '1' } })
  await tell({ writeId: 'axe-4', task: id, change: { do: 'progress', subtask: '1', progress: 40 } })
  await tell({ writeId: 'axe-5', create: { title: 'Later' } }).then((made) =>
    tell({ writeId: 'axe-6', task: made.task.id, change: { do: 'halt' } }),
  )
  const lock = (agent: Connection, path: string, wait: number) =>
    agent.request('lock', lockCommand.parse({ wants: [{ path }], ttl: 3_600, wait }))
  await lock(one, 'README.md', 0)
  await lock(two, 'src/b.md', 0)
  // It waits until the connection ends.
  lock(one, 'src/b.md', 3_600).catch(() => undefined)
  await lock(two, 'README.md', 3_600)
  return id
}

afterAll(async () => {
  await browser.close()
  await Promise.all([folder.close(), empty.close()])
})

function drawn(button: string): (page: Page) => Promise<void> {
  return async (page) => {
    await page.getByRole('button', { name: button }).click()
    await page.locator('.graph-edge').first().waitFor({ state: 'attached' })
  }
}

const views: readonly (readonly [string, () => string, (page: Page) => Promise<void>])[] = [
  ['overview', () => folder.page('/'), (page) => page.getByRole('heading', { name: 'Agents' }).waitFor()],
  ['files', () => folder.page('/files'), (page) => page.getByRole('treeitem', { name: 'price.ts' }).waitFor()],
  ['file', () => folder.page('/files/src/price.ts'), (page) => page.locator('.lock-head').first().waitFor()],
  ['missing file', () => folder.page('/files/no.ts'), (page) => page.getByText('no such file').waitFor()],
  ['conflicts', () => folder.page('/conflicts'), (page) => page.getByRole('article').first().waitFor()],
  ['conflict', () => folder.page(`/conflicts/${conflict}`), (page) => page.locator('.result .change-head').waitFor()],
  ['agents', () => folder.page('/agents'), (page) => page.getByText('acknowledged').first().waitFor()],
  ['agent', () => folder.page('/agents/CODEX-two'), (page) => page.getByText('acknowledged').first().waitFor()],
  ['nobody', () => folder.page('/agents/CODEX-none'), (page) => page.getByText('no such agent').waitFor()],
  ['read-only agent', () => readOnly, (page) => page.getByText('acknowledged').first().waitFor()],
  ['tasks', () => folder.page('/tasks'), (page) => page.locator('.task-card').first().waitFor()],
  ['task', () => folder.page(`/tasks/${task}`), drawn('Dependencies')],
  ['subtask', () => folder.page(`/tasks/${task}/2`), (page) => page.getByRole('complementary').waitFor()],
  ['locks', () => folder.page('/locks'), drawn('Draw who waits for whom')],
  ['lock', () => folder.page('/locks/l1'), (page) => page.getByRole('complementary').waitFor()],
  ['ended lock', () => folder.page('/locks/l99'), (page) => page.getByText('is not held').waitFor()],
  ['new task', () => empty.page('/tasks'), (page) => page.getByRole('button', { name: 'New task' }).click()],
  ['no locks', () => empty.page('/locks'), (page) => page.getByText('Nothing is locked').waitFor()],
  ['empty overview', () => empty.page('/'), (page) => page.getByText('No agent is connected').waitFor()],
  ['no conflicts', () => empty.page('/conflicts'), (page) => page.getByText('No two edits collide').waitFor()],
  ['no token', () => folder.url, (page) => page.getByRole('button', { name: 'Open' }).waitFor()],
]

/** As axe finds them. Its own second page, which it would open to put frames of other origins together, costs more than all rules. */
async function faultsIn(page: Page, part?: string): Promise<string[]> {
  // Nor does anybody ask which nodes are as they should be: to name each of them takes most of its time.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] })
  const { violations } = await (part === undefined ? axe : axe.include(part)).analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`))
}

describe.each([1440, 1024, 380])('at %i pixels', (width) => {
  test.each(views)('%s has no fault that axe finds', async (_name, address, ready) => {
    const page = await openPage(browser, new URL(address()).origin, { viewport: { width, height: 800 } })
    await page.goto(address())
    await ready(page)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await faultsIn(page), `in ${colorScheme}`).toEqual([])
    }
    expect(faultsOf(page)).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow, 'only code scrolls sideways').toBeLessThanOrEqual(0)
    await page.context().close()
  })
})

test('the palette has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page())
  await page.getByRole('button', { name: 'Find or run' }).click()
  await page.getByRole('option').first().waitFor()
  expect(await faultsIn(page, 'dialog')).toEqual([])
  await page.context().close()
})

test('the look at a conflict, over the list, has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page('/conflicts'))
  await page.locator('.conflict .button-primary').first().waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('Space')
  await page.locator('.peek .sides').waitFor()
  expect(await faultsIn(page, 'dialog')).toEqual([])
  await page.context().close()
})

test('the dialog for one’s name has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page())
  await page.getByRole('button', { name: 'You are dashboard' }).click()
  await page.getByRole('textbox', { name: 'Your name' }).fill('no name')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('A name has').waitFor()
  expect(await faultsIn(page, 'dialog')).toEqual([])
  await page.context().close()
})

test.each(['light', 'dark'] as const)(
  'in %s the offer to undo, and what came of it, have no fault that axe finds',
  async (colorScheme) => {
    for (const width of [1440, 380]) {
      const page = await openPage(browser, empty.url, { colorScheme, viewport: { width, height: 800 } })
      await page.goto(empty.page('/tasks'))
      await page.getByRole('button', { name: 'New task' }).click()
      await page.getByRole('textbox', { name: 'What is to be done' }).fill('Shop')
      await page.getByRole('button', { name: 'Make the task' }).click()
      const undo = page.locator('.undo-bar').getByRole('button', { name: 'Undo' })
      await undo.focus() // The time stands still.
      expect(await faultsIn(page)).toEqual([])
      await undo.click()
      await page.locator('.undo-bar').getByText('It is off the board').waitFor()
      expect(await faultsIn(page)).toEqual([])
      await page.context().close()
    }
  },
)

test('the question before a lock is taken away has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page('/locks/l1'))
  await page.getByRole('button', { name: 'Release by force' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).waitFor()
  expect(await faultsIn(page, 'dialog')).toEqual([])
  await page.context().close()
})

test('the help for keys has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page())
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
  expect(await faultsIn(page, 'dialog')).toEqual([])
  await page.context().close()
})
