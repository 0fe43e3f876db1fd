/** How the page is opened: by a link that is good once, for writing or for looking on. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { lockCommand } from '../../../protocol/locks.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { faultsOf } from '../../support/browser.js'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank } = usePages()
const live = (page: Page) => page.getByRole('banner').getByText(/^Live/)
const editor = (page: Page) => page.getByRole('textbox', { name: 'leaves the text' })

test('[AUTH-10] a link opens its view; neither bar nor history keeps it, and a reload goes on, over a restart too', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const page = await blank(folder.url)
  const link = await folder.link('write', '/files/a.ts')
  await page.goto(link)
  await editor(page).click()
  expect(page.url()).toBe(`${folder.url}/files/a.ts`)
  await page.keyboard.press('Control+End')
  await page.keyboard.type('two')
  await until(() => folder.read('a.ts') === 'one\ntwo', 'what was typed')
  await page.getByRole('link', { name: 'Conflicts' }).first().click()
  await page.goBack()
  expect(page.url()).toMatch(/\/files\/a\.ts(#L\d+)?$/)
  await folder.stop()
  await folder.start()
  await page.reload()
  await live(page).waitFor()
  const kept = await page.evaluate(
    () => Object.values(sessionStorage).join() + Object.values(localStorage).join() + document.cookie,
  )
  expect(kept).not.toContain(folder.token)
})

test('[AUTH-9] a second use of a link is refused, and says what to do; a new one can be pasted', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const link = await folder.link('write')
  const first = await blank(folder.url)
  await first.goto(link)
  await live(first).waitFor()
  const second = await blank(folder.url)
  await second.goto(link)
  await second.getByText('This link was used already').waitFor()
  expect(second.url()).toBe(`${folder.url}/`)
  expect(faultsOf(second).splice(0)).toEqual([expect.stringContaining('401')])
  await second.getByRole('textbox', { name: 'Link or token' }).fill(await folder.link('write'))
  await second.keyboard.press('Enter')
  await live(second).waitFor()
  expect(second.url()).toBe(`${folder.url}/`)
})

test('[AUTH-11] a page for watchers follows everything and changes nothing', async () => {
  const folder = await serve({ 'a.ts': 'one\n', 'b.ts': '' })
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  const base = await headOf(one, 'a.ts')
  await write(one, 'a.ts', 'ONE\n', base)
  await write(two, 'a.ts', 'two\n', base)
  const made = { writeId: 'watched-1', create: { title: 'Shop', subtasks: [{ title: 'Cart' }] } }
  const { task } = await one.request('task', taskCommand.parse(made))
  await one.request('lock', lockCommand.parse({ wants: [{ path: 'b.ts' }], ttl: 300, wait: 0 }))
  const page = await blank(folder.url)
  await page.goto(await folder.link('read', '/files/a.ts'))
  await page.getByRole('banner').getByText('Read-only').waitFor()
  await page.getByText('ONE').first().waitFor()
  expect(await editor(page).getAttribute('contenteditable')).toBe('false')
  await page.locator('.cm-line').first().click()
  await page.keyboard.type('forged')
  expect(await page.getByRole('button', { name: /Lock/ }).count()).toBe(0)
  await write(one, 'a.ts', 'ONE\nappended\n', await headOf(one, 'a.ts'))
  await page.getByText('appended').waitFor()
  expect(folder.read('a.ts')).toBe('ONE\nappended\n')

  const answer = await page.evaluate(async () => {
    const headers = { authorization: `Bearer ${sessionStorage.getItem('ensemble-token')}` }
    const response = await fetch('/api/files/a.ts', { method: 'PUT', headers, body: 'forged' })
    return { status: response.status, code: ((await response.json()) as { code: string }).code }
  })
  expect(answer).toEqual({ status: 403, code: 'E_READ_ONLY' })
  expect(faultsOf(page).splice(0)).toEqual([expect.stringContaining('403')])

  await page.getByRole('link', { name: 'Conflicts' }).first().click()
  await page.getByRole('article').first().getByRole('link').first().click()
  await page.locator('.result .change-head').waitFor()
  const conflict = new URL(page.url()).pathname

  // Every page, and of its controls those that only change what is shown.
  const acts = page.locator(
    ['button', 'input', 'select', 'textarea', 'summary.button'].map((name) => `main ${name}:enabled:visible`).join(),
  )
  const seen: string[] = []
  const LOOKING = /^(Filter.*|Hold|Who wrote|Blame|History|Follow.*|The file as it was)$/
  for (const [address, words] of [
    ['/', 'Health'],
    ['/files', 'a.ts'],
    ['/files/a.ts', 'appended'],
    ['/conflicts', 'collide'],
    [conflict, 'How it happened'],
    ['/tasks', 'Cart'],
    [`/tasks/${task.id}/1`, 'Who does it'],
    ['/locks/l1', 'Nobody waits for it'],
    ['/agents/CLAUDE-one', 'Recent edits'],
  ] as const) {
    await page.goto(`${folder.url}${address}`)
    await page.getByText(words).first().waitFor()
    if (address === conflict) await page.locator('.result .change-head').waitFor()
    const names = await acts.evaluateAll((all) =>
      all.map(
        (one) => one.getAttribute('aria-label') ?? one.getAttribute('placeholder') ?? (one.textContent ?? '').trim(),
      ),
    )
    seen.push(...names.filter((name) => !LOOKING.test(name)).map((name) => `${address}: ${name}`))
  }
  expect(seen).toEqual([])
})

test('[AUTH-10] a link opened in a new tab has the session of the tab that it was opened from; another browser has none', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const page = await blank(folder.url)
  await page.goto(await folder.link('write'))
  await live(page).waitFor()
  const opened = page.context().waitForEvent('page')
  await page
    .getByRole('link', { name: 'Tasks' })
    .first()
    .click({ modifiers: ['Control'] })
  const tab = await opened
  await live(tab).waitFor()
  expect(tab.url()).toBe(`${folder.url}/tasks`)
  await tab.getByRole('button', { name: 'New task' }).waitFor()
  await page.goto('about:blank')
  await tab.reload()
  await live(tab).waitFor()

  const elsewhere = await blank(folder.url)
  await elsewhere.goto(`${folder.url}/tasks`)
  await elsewhere.getByRole('heading', { name: 'Open the dashboard by a link' }).waitFor()
  // Nothing is kept for when all of them are closed.
  await tab.goto('about:blank')
  const late = await page.context().newPage()
  await late.goto(`${folder.url}/tasks`)
  await late.getByRole('heading', { name: 'Open the dashboard by a link' }).waitFor()
  const kept = await late.evaluate(() => `${localStorage.length} ${sessionStorage.length} ${document.cookie}`)
  expect(kept).toBe('0 0 ')
})

test('[AUTH-10, AUTH-11] a new tab beside one that may only look may only look, whoever else is open', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const writer = await blank(folder.url)
  await writer.goto(await folder.link('write'))
  await live(writer).waitFor()
  const watcher = await writer.context().newPage()
  await watcher.goto(await folder.link('read'))
  await live(watcher).waitFor()
  const tab = await writer.context().newPage()
  await tab.goto(`${folder.url}/tasks`)
  await tab.getByRole('banner').getByText('Read-only').waitFor()
  await writer.reload()
  await live(writer).waitFor()
  expect(await writer.getByRole('banner').getByText('Read-only').count()).toBe(0)
})
