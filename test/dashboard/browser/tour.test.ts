/** Every view, and what can be done there, by the keyboard alone: no test of this file has a mouse. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { lockCommand } from '../../../protocol/locks.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

/** Behind the last part of the page come the window's own controls. */
const OUTSIDE = 'outside of the page'

/** What has the focus, in words; it must be seen to have it, by an outline or a caret. */
async function focused(page: Page): Promise<string> {
  const { words, isSeen } = await page.evaluate((outside) => {
    const element = document.activeElement
    if (element === null || element === document.body) return { words: outside, isSeen: true }
    const label = 'labels' in element ? (element as HTMLInputElement).labels?.[0]?.textContent : undefined
    const own = getComputedStyle(element)
    const hasLine = own.outlineStyle !== 'none' && parseFloat(own.outlineWidth) > 0
    // Of a text that is written in, the caret; transparent is what the editor draws itself.
    const drawn = element.closest('.cm-editor')?.querySelector('.cm-cursor')
    const hasCaret =
      element.matches('[contenteditable=true]') && (own.caretColor !== 'rgba(0, 0, 0, 0)' || drawn !== null)
    const { top, bottom, height } = element.getBoundingClientRect()
    return {
      words: (element.getAttribute('aria-label') ?? label ?? element.textContent).trim(),
      isSeen: (hasLine || hasCaret) && height > 0 && bottom > 0 && top < innerHeight,
    }
  }, OUTSIDE)
  expect([words, isSeen]).toEqual([words, true])
  return words
}

/** Presses a key until what has the focus reads so. */
async function reach(page: Page, wanted: RegExp, key = 'Tab', most = 80): Promise<void> {
  const passed: string[] = []
  for (let pressed = 0; pressed < most; pressed++) {
    await page.keyboard.press(key)
    const words = await focused(page)
    if (wanted.test(words)) return
    passed.push(words.slice(0, 30))
  }
  throw new Error(`${key} never came to ${String(wanted)}, but to ${passed.join(' | ')}`)
}

const path = (page: Page) => new URL(page.url()).pathname
const press = async (page: Page, keys: string) => {
  for (const key of keys) await page.keyboard.press(key)
}

test('from the overview through every view and back: a conflict is decided, a task moved, a lock released, a file edited, an agent told', async () => {
  const folder = await serve({ 'src/cart.ts': 'one\ntwo\n', 'src/price.ts': 'first\n' })
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  const base = await headOf(one, 'src/cart.ts')
  await write(one, 'src/cart.ts', 'ONE\ntwo\n', base)
  await write(two, 'src/cart.ts', 'zero\ntwo\n', base)
  await one.request('lock', lockCommand.parse({ wants: [{ path: 'src/price.ts' }], ttl: 300 }))
  const { task } = await one.request(
    'task',
    taskCommand.parse({
      writeId: 'tour',
      create: { title: 'Shop', subtasks: [{ title: 'Cart', assignee: 'CLAUDE-one' }] },
    }),
  )
  const page = await open(folder)
  await page.getByRole('heading', { name: '1 conflict waits for you' }).waitFor()

  // The inbox: looked at without going there, then opened and decided.
  await reach(page, /^Compare$/, 'j', 1)
  await page.keyboard.press('Space')
  const glance = page.getByRole('dialog', { name: 'Two edits collide in cart.ts' })
  await glance.getByText('zero').waitFor()
  expect(await focused(page)).toBe('Open')
  expect(path(page)).toBe('/')
  await page.keyboard.press('Escape')
  await glance.waitFor({ state: 'detached' })
  expect(await focused(page)).toBe('Compare')
  await page.keyboard.press('Enter')
  await until(() => path(page).startsWith('/conflicts/'), 'the conflict')
  await page.locator('.result .change-head').waitFor()
  await page.keyboard.press('3')
  await page.getByText('1 of 1 change decided').waitFor()
  await page.keyboard.press('Control+Enter')
  await until(() => folder.read('src/cart.ts').startsWith('zero'), 'the decision on disk')

  // A task: its card is opened, and moved on.
  await press(page, 'gt')
  await page.locator('.task-card').waitFor()
  await reach(page, /Cart/, 'j', 1)
  await page.keyboard.press('Enter')
  await until(() => path(page) === `/tasks/${task.id}/1`, 'the subtask')
  await reach(page, /^Running$/)
  await page.keyboard.press('Space')
  const stateOf = async () => (await one.request('tasks', {})).tasks[0]?.subtasks[0]?.state
  await until(async () => (await stateOf()) === 'running', 'the subtask under way')
  await page.keyboard.press('Escape')
  await until(() => path(page) === `/tasks/${task.id}`, 'the board')

  // A lock: taken from its holder, after a word of warning.
  await press(page, 'gl')
  await page.locator('.lock-place').waitFor()
  await reach(page, /price\.ts/, 'j', 1)
  await page.keyboard.press('Enter')
  await page.getByRole('complementary').waitFor()
  await reach(page, /^Release by force/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  expect(await focused(page)).toBe('Leave it')
  await reach(page, /^Take it away$/)
  await page.keyboard.press('Enter')
  await until(async () => (await one.request('locks', {})).locks.length === 0, 'the lock gone')
  await page.getByRole('dialog').waitFor({ state: 'hidden' }) // Single keys rest in a dialog.

  // A file: found by its name, and written.
  await press(page, 'gf')
  await page.getByRole('tree').waitFor()
  await page.keyboard.press('/')
  expect(await focused(page)).toMatch(/Filter/)
  await page.keyboard.type('price')
  await page.getByRole('treeitem', { name: /price\.ts/ }).waitFor()
  await reach(page, /^Files$/)
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await until(() => path(page) === '/files/src/price.ts', 'the file')
  await page.getByRole('textbox', { name: 'leaves the text' }).waitFor()
  await reach(page, /leaves the text/)
  await page.keyboard.press('Control+End')
  await page.keyboard.type('second')
  await until(() => folder.read('src/price.ts') === 'first\nsecond', 'the text on disk')

  // An agent: opened from the list, and told something.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('The file as it was')
  await press(page, 'ga')
  await page.getByRole('heading', { name: '2 agents' }).waitFor()
  await reach(page, /^two$/, 'j', 2)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'two', level: 1 }).waitFor()
  await until(async () => (await page.getByRole('textbox', { name: 'Message' }).count()) > 0, 'the field')
  await reach(page, /^Message$/)
  await page.keyboard.type('Take the cart next')
  await page.keyboard.press('Control+Enter')
  const said = async () => (await two.request('inbox', {})).messages.some(({ type }) => type === 'broadcast')
  await until(said, 'the message with its agent')

  // And back, to what has happened.
  await page.keyboard.press('Tab')
  await press(page, 'go')
  await until(() => path(page) === '/', 'the overview')
  await page.locator('.feed li').first().waitFor()
  // A row of the feed names a file without its folder, and a busy file with it.
  await reach(page, /^price\.ts$/, 'j')
  await page.keyboard.press('Enter')
  await until(() => path(page) === '/files/src/price.ts', 'what the feed tells of')
})
