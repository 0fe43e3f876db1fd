/** Takes the pictures of files and conflicts in docs/: `npm run pictures`, or only those whose name holds a word: `npm run pictures -- -t conflict`. */
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

const PICTURES: readonly Picture[] = [
  { name: 'file-light', theme: 'light', width: 1440, height: 900, path: PRICE, ready: file },
  { name: 'file-dark', theme: 'dark', width: 1440, height: 900, path: PRICE, ready: file },
  { name: 'file-light-1024', theme: 'light', width: 1024, height: 800, path: PRICE, ready: file },
  { name: 'file-dark-380', theme: 'dark', width: 380, height: 800, path: PRICE, ready: file },
  { name: 'conflict-light', theme: 'light', width: 1440, height: 900, path: 'conflict', ready: conflict },
  { name: 'conflict-dark', theme: 'dark', width: 1440, height: 900, path: 'conflict', ready: conflict },
  { name: 'conflict-dark-1024', theme: 'dark', width: 1024, height: 800, path: 'conflict', ready: conflict },
  { name: 'conflict-light-380', theme: 'light', width: 380, height: 800, path: 'conflict', ready: conflict },
]

const DOCS = process.env['PICTURES'] ?? fileURLToPath(new URL('../../docs/', import.meta.url))

async function take(browser: Browser, story: Story, picture: Picture): Promise<void> {
  const { name, theme, width, height, path, ready } = picture
  const page = await openPage(browser, story.folder.url, {
    colorScheme: theme,
    viewport: { width, height },
    deviceScaleFactor: 1.5,
  })
  await page.goto(story.folder.page(path === 'conflict' ? await conflictAddress(story) : path))
  await ready(page)
  await story.goOn()
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: `${DOCS}${name}.png` })
  await page.context().close()
}

async function conflictAddress({ folder }: Story): Promise<string> {
  const observer = await folder.agent('CLAUDE-camera', { agent: null })
  const { conflicts } = await observer.request('conflicts', {})
  await observer.close()
  return `/conflicts/${conflicts[0]?.id ?? ''}`
}

let browser: Browser
let story: Story
beforeAll(async () => {
  browser = await openBrowser()
  story = await tellStory()
}, 60_000)
afterAll(async () => {
  await browser.close()
  await story.close()
})

test.each(PICTURES)('$name', async (picture) => {
  await take(browser, story, picture)
})
