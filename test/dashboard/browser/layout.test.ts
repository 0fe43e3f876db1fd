/** Where things stand on the page. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser, openPage } from '../../support/browser.js'
import { ServedFolder } from '../../support/served-folder.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { remove, write } from './agent-writes.js'

let browser: Browser
let folder: ServedFolder
beforeAll(async () => {
  browser = await openBrowser()
  folder = new ServedFolder({ 'logo.png': new Uint8Array([137, 80, 0, 255]), 'old.ts': 'x\n', 'src/a.ts': 'one\n' })
  await folder.start()
  await remove(await folder.agent('CLAUDE-cleaner'), 'old.ts')
})
afterAll(async () => {
  await browser.close()
  await folder.close()
})

async function open(path: string, width: number): Promise<Page> {
  const page = await openPage(browser, folder.url, { viewport: { width, height: 800 } })
  await page.goto(folder.page(path))
  return page
}

async function box(locator: Locator): Promise<{ left: number; top: number; right: number; bottom: number }> {
  const found = await locator.boundingBox()
  if (found === null) throw new Error(`${locator.toString()} is not shown`)
  const { x, y, width, height } = found
  return { left: x, top: y, right: x + width, bottom: y + height }
}

describe('a file without an editor', () => {
  test.each([
    ['binary', '/files/logo.png', 'This file is not text'],
    ['deleted', '/files/old.ts', 'This file was deleted'],
    ['missing', '/files/nowhere.ts', 'There is no such file'],
  ])('(%s) has its header on top, the notice below, and the rest at the side', async (_kind, path, title) => {
    const page = await open(path, 1440)
    const notice = await box(page.getByRole('heading', { name: title }))
    const [tree, header, side] = await Promise.all([
      box(page.getByRole('tree')),
      box(page.locator('.file-head')),
      box(page.getByRole('complementary', { name: 'In this file' })),
    ])
    expect(header.top).toBeLessThan(60)
    expect(header.left).toBeGreaterThanOrEqual(tree.right)
    expect(notice.top).toBeGreaterThan(header.bottom)
    expect(notice.left).toBeGreaterThan(tree.right)
    expect(side.left).toBeGreaterThan(notice.right)
    expect(side.top).toBeLessThanOrEqual(header.bottom + 1)
    await page.context().close()
  })
})

describe('the panel beside a file', () => {
  test.each([1024, 380])(
    'is a drawer at %i pixels, which opens and shuts by its button and by Escape',
    async (width) => {
      const page = await open('/files/src/a.ts', width)
      const side = page.getByRole('complementary', { name: 'In this file' })
      const button = page.getByRole('button', { name: 'In this file' })
      await page.locator('.cm-line').first().waitFor()
      expect(await side.isVisible()).toBe(false)
      await button.click()
      const [panel, header] = await Promise.all([box(side), box(page.locator('.file-head'))])
      expect(panel.right).toBe(width)
      expect(panel.top).toBeGreaterThanOrEqual(header.bottom - 1)
      await side.getByRole('button', { name: 'Close' }).press('Escape')
      expect(await side.isVisible()).toBe(false)
      expect(await button.evaluate((element) => element === document.activeElement)).toBe(true)
      await page.context().close()
    },
  )

  test('stands beside the text at 1440 pixels', async () => {
    const page = await open('/files/src/a.ts', 1440)
    await page.getByRole('complementary', { name: 'In this file' }).waitFor()
    expect(await page.getByRole('button', { name: 'In this file' }).isVisible()).toBe(false)
    await page.context().close()
  })
})

test('a file’s header shows the whole name, also where a page of 1440 pixels is zoomed to twice its size', async () => {
  const agents = [await folder.agent('CLAUDE-zoom'), await folder.agent('CODEX-zoomed')] as const
  await write(agents[0], 'src/price.ts', 'const price = 1\n', null)
  await write(agents[1], 'src/price.ts', 'const price = 2\n', null)
  const page = await open('/files/src/price.ts', 720)
  const name = page.locator('.file-head h1 b')
  await page.getByRole('button', { name: 'In this file' }).waitFor()
  expect(await name.evaluate((shown) => shown.scrollWidth - shown.clientWidth)).toBeLessThanOrEqual(0)
  await page.context().close()
})

test('a narrow page keeps what it has no room for behind one button', async () => {
  const page = await open('/', 380)
  const ways = page.getByRole('navigation', { name: 'Views' })
  const locks = ways.getByRole('link', { name: 'Locks' })
  await ways.getByRole('link', { name: 'Tasks' }).waitFor()
  expect(await locks.isVisible()).toBe(false)
  await ways.getByRole('button', { name: 'More' }).click()
  await locks.click()
  await page.getByRole('heading', { name: 'Nothing is locked' }).waitFor()
  expect(await locks.isVisible()).toBe(false)
  await page.context().close()
})

describe('a subtask and a new task', () => {
  test.each([1440, 380])(
    'have their fields below what they are called, and as wide as their form, at %i',
    async (width) => {
      const agent = await folder.agent(`CLAUDE-plan${width}`)
      const create = { title: 'Shop', subtasks: [{ title: 'Cart' }] }
      const { task } = await agent.request('task', taskCommand.parse({ writeId: `layout-${width}`, create }))
      const page = await open(`/tasks/${task.id}/1`, width)
      const field = await box(page.getByRole('spinbutton', { name: 'How far it is' }))
      const states = await box(page.getByRole('button', { name: 'Done', exact: true }))
      const panel = await box(page.getByRole('complementary'))
      expect(field.top - states.bottom).toBeGreaterThan(20)
      expect(field.left - panel.left).toBeLessThan(24)
      await page.goto(folder.page('/tasks'))
      await page.getByRole('button', { name: 'New task' }).click()
      const form = await box(page.locator('.task-new'))
      const parts = await box(page.locator('.task-new fieldset'))
      expect(parts.right - parts.left).toBeGreaterThan((form.right - form.left) * 0.85)
      await page.context().close()
    },
  )
})
