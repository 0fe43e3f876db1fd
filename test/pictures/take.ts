/**
 * Takes the pictures in docs/: `npm run pictures`, or only those whose name holds a word: `npm run pictures -- -t conflict`.
 * Those of the overview want agents that have worked for a while: `WORKED=12 npm run pictures -- -t overview`, in minutes.
 */
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { openBrowser, openPage } from '../support/browser.js'
import { tellStory, type Story } from './story.js'

interface Picture {
  readonly name: string
  readonly theme: 'light' | 'dark'
  readonly width: number
  readonly height: number
  readonly path: string
  readonly ready: (page: Page) => Promise<void>
}

const PRICE = '/files/src/shared/price.ts'
const file = async (page: Page): Promise<void> => {
  await page.locator('.cm-line').first().waitFor()
  await page.locator('.author-bar').first().waitFor({ state: 'attached' })
}
const conflict = (page: Page): Promise<void> => page.locator('.result .change-head').first().waitFor()

const tasks = (page: Page): Promise<void> => page.locator('.task-card').first().waitFor()
const task = async (page: Page): Promise<void> => {
  await tasks(page)
  await page.getByRole('button', { name: 'Dependencies' }).click()
}
const locks = (page: Page): Promise<void> => page.getByRole('button', { name: 'Draw who waits' }).click()
const BACKEND = '/agents/CLAUDE-backend'
const agent = (page: Page): Promise<void> => page.locator('.messages li .state-done').first().waitFor()
const agents = async (page: Page): Promise<void> => {
  await page.getByRole('row').nth(5).waitFor()
  await page.locator('.messages li').first().waitFor()
}
const conflicts = (page: Page): Promise<void> => page.locator('.conflict').nth(1).waitFor()
const peek = async (page: Page): Promise<void> => {
  await conflicts(page)
  await page.keyboard.press('j')
  await page.keyboard.press('Space')
  await page.locator('.peek .sides').waitFor()
}
const palette = async (page: Page): Promise<void> => {
  await page.getByRole('row').nth(5).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('price')
  await page.getByRole('option').nth(3).waitFor()
}

const overview = async (page: Page): Promise<void> => {
  await page.locator('.inbox li').nth(2).waitFor()
  await page.locator('.lock-summary li').first().waitFor()
  // Two samples make a line.
  await page.locator('.health polyline[points*=" "]').first().waitFor({ state: 'attached' })
}

const PICTURES: readonly Picture[] = [
  { name: 'overview-light', theme: 'light', width: 1440, height: 1200, path: '/', ready: overview },
  { name: 'overview-dark', theme: 'dark', width: 1440, height: 1200, path: '/', ready: overview },
  { name: 'overview-light-1024', theme: 'light', width: 1024, height: 800, path: '/', ready: overview },
  { name: 'overview-dark-380', theme: 'dark', width: 380, height: 800, path: '/', ready: overview },
  { name: 'file-light', theme: 'light', width: 1440, height: 900, path: PRICE, ready: file },
  { name: 'file-dark', theme: 'dark', width: 1440, height: 900, path: PRICE, ready: file },
  { name: 'file-light-1024', theme: 'light', width: 1024, height: 800, path: PRICE, ready: file },
  { name: 'file-dark-380', theme: 'dark', width: 380, height: 800, path: PRICE, ready: file },
  { name: 'conflict-light', theme: 'light', width: 1440, height: 900, path: 'conflict', ready: conflict },
  { name: 'conflict-dark', theme: 'dark', width: 1440, height: 900, path: 'conflict', ready: conflict },
  { name: 'conflict-dark-1024', theme: 'dark', width: 1024, height: 800, path: 'conflict', ready: conflict },
  { name: 'conflict-light-380', theme: 'light', width: 380, height: 800, path: 'conflict', ready: conflict },
  { name: 'tasks-light', theme: 'light', width: 1440, height: 900, path: 'task', ready: task },
  { name: 'tasks-dark', theme: 'dark', width: 1440, height: 900, path: 'task', ready: task },
  { name: 'tasks-dark-1024', theme: 'dark', width: 1024, height: 800, path: '/tasks', ready: tasks },
  { name: 'tasks-light-380', theme: 'light', width: 380, height: 800, path: '/tasks', ready: tasks },
  { name: 'locks-light', theme: 'light', width: 1440, height: 900, path: '/locks/l1', ready: locks },
  { name: 'locks-dark', theme: 'dark', width: 1440, height: 900, path: '/locks', ready: locks },
  { name: 'locks-light-1024', theme: 'light', width: 1024, height: 800, path: '/locks', ready: locks },
  { name: 'locks-dark-380', theme: 'dark', width: 380, height: 800, path: '/locks', ready: locks },
  { name: 'agent-light', theme: 'light', width: 1440, height: 900, path: BACKEND, ready: agent },
  { name: 'agent-dark', theme: 'dark', width: 1440, height: 900, path: BACKEND, ready: agent },
  { name: 'agent-light-380', theme: 'light', width: 380, height: 800, path: BACKEND, ready: agent },
  { name: 'agents-light', theme: 'light', width: 1440, height: 900, path: '/agents', ready: agents },
  { name: 'agents-dark', theme: 'dark', width: 1440, height: 900, path: '/agents', ready: agents },
  { name: 'agents-dark-380', theme: 'dark', width: 380, height: 800, path: '/agents', ready: agents },
  { name: 'conflicts-light', theme: 'light', width: 1440, height: 900, path: '/conflicts', ready: conflicts },
  { name: 'conflicts-dark', theme: 'dark', width: 1440, height: 900, path: '/conflicts', ready: conflicts },
  { name: 'conflicts-light-380', theme: 'light', width: 380, height: 800, path: '/conflicts', ready: conflicts },
  { name: 'peek-light', theme: 'light', width: 1440, height: 900, path: '/conflicts', ready: peek },
  { name: 'palette-light', theme: 'light', width: 1440, height: 900, path: '/', ready: palette },
  { name: 'palette-dark-380', theme: 'dark', width: 380, height: 800, path: '/', ready: palette },
]

/** In minutes. */
const WORKED = Number(process.env['WORKED'] ?? 0)
const DOCS = process.env['PICTURES'] ?? fileURLToPath(new URL('../../docs/', import.meta.url))

async function take(browser: Browser, story: Story, picture: Picture): Promise<void> {
  const { name, theme, width, height, path, ready } = picture
  const page = await openPage(browser, story.folder.url, {
    colorScheme: theme,
    viewport: { width, height },
    deviceScaleFactor: 1.5,
  })
  await page.goto(story.folder.page(await addressOf(path, story)))
  await ready(page)
  await story.goOn()
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${DOCS}${name}.png` })
  await page.context().close()
}

/** Of the first conflict, and of a subtask of the first task: their ids are not known before. */
async function addressOf(path: string, { folder }: Story): Promise<string> {
  if (path !== 'conflict' && path !== 'task') return path
  const observer = await folder.agent('CLAUDE-camera', { agent: null })
  const { conflicts } = await observer.request('conflicts', {})
  const { tasks } = await observer.request('tasks', {})
  await observer.close()
  return path === 'conflict' ? `/conflicts/${conflicts[0]?.id ?? ''}` : `/tasks/${tasks[0]?.id ?? ''}/4`
}

let browser: Browser
let story: Story
beforeAll(
  async () => {
    browser = await openBrowser()
    story = await tellStory(WORKED)
  },
  WORKED * 60_000 + 60_000,
)
afterAll(async () => {
  await browser.close()
  await story.close()
})

test.each(PICTURES)('$name', async (picture) => {
  await take(browser, story, picture)
})
