/** A conflict that two folders made on disk is decided in the page, and the text reaches every disk. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { faultsOf, openBrowser, openPage } from '../../support/browser.js'
import { errorIn, openPlace, type Place } from '../../support/cli.js'
import { until } from '../../support/wait.js'

let browser: Browser
let place: Place
let page: Page
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project'))
  await writeFile(file('project'), lines('line 7'))
})
afterEach(async () => {
  expect(faultsOf(page)).toEqual([])
  await page.context().close()
  await place.close()
})

const FOLDERS = ['project', 'copy-a', 'copy-b']
const file = (dir: string): string => place.path(dir, 'a.js')
const lines = (seventh: string): string =>
  Array.from({ length: 12 }, (_, number) => (number === 7 ? `${seventh}\n` : `line ${number}\n`)).join('')

async function started(...args: string[]): Promise<Record<string, unknown>> {
  const outcome = await place.run([...args, '--background', '--json'])
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
  return outcome.json()
}

async function untilAll(text: string): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await Promise.all(FOLDERS.map((dir) => readFile(file(dir), 'utf8')))).every((one) => one === text)
  await until(isThere, `in every folder:\n${text}`, 20_000)
}

/** CLAUDE-a's line stands, CODEX-b's is held: its bridge sleeps while the other one writes. */
async function collide(): Promise<void> {
  const { dashboard } = await started('server', 'start', 'project', '--port', '0')
  await started('connect', '--agent', 'CLAUDE', '--instance', 'a', '--dir', 'copy-a')
  const { pid } = await started('connect', '--agent', 'CODEX', '--instance', 'b', '--dir', 'copy-b')
  process.kill(Number(pid), 'SIGSTOP')
  await writeFile(file('copy-a'), lines('seven of a'))
  await until(async () => (await readFile(file('project'), 'utf8')) === lines('seven of a'), 'the first on disk')
  await writeFile(file('copy-b'), lines('seven of b'))
  process.kill(Number(pid), 'SIGCONT')
  await untilAll(lines('seven of a'))
  page = await openPage(browser, new URL(String(dashboard)).origin)
  await page.goto(String(dashboard).replace('/#', '/conflicts#'))
}

/** The result, ready to be decided. */
async function compare(): Promise<void> {
  await page.getByRole('heading', { name: 'Two edits collide in a.js' }).waitFor()
  await page.getByRole('link', { name: 'Compare' }).click()
  await page.locator('.result .change-head').waitFor()
}

test.each([
  ['3', 'seven of b'],
  ['4', 'seven of a\nseven of b'],
])('[CONFLICT-8] key %s and Ctrl+Enter decide; Undo takes it back on every disk', async (key, expected) => {
  await collide()
  await compare()
  await page.keyboard.press('Control+Enter')
  await page.keyboard.press(key)
  await page.getByText('1 of 1 change decided').waitFor()
  await page.keyboard.press('Control+Enter')
  await untilAll(lines(expected))
  await page.getByRole('status').getByText('Resolved').waitFor()
  const { conflicts } = (await place.run(['conflicts', 'list', '--all', '--json'])).json()
  expect(conflicts).toMatchObject([{ state: 'resolved', authors: { ours: 'CLAUDE-a', theirs: 'CODEX-b' } }])
  await page.getByRole('button', { name: 'Undo' }).click()
  await untilAll(lines('seven of a'))
  await page.getByText('The file reads as before').waitFor()
})

test('[CONFLICT-9] what was written there since stays; the page says what can be done', async () => {
  await collide()
  await compare()
  await writeFile(file('project'), lines('seven by hand'))
  await untilAll(lines('seven by hand'))
  await page.getByText('These lines were changed since').waitFor()
  await page.keyboard.press('3')
  await page.getByRole('button', { name: 'Resolve', exact: true }).click()
  await page.getByRole('alert').getByText('Open the file, make it read as it should').waitFor()
  await page.getByRole('button', { name: 'Keep what stands now' }).click()
  await page.getByRole('status').getByText('Resolved').waitFor()
  await untilAll(lines('seven by hand'))
})

test('what was typed into the result stays when a side is used for all', async () => {
  await collide()
  await compare()
  await page.locator('.result .cm-line', { hasText: 'line 7' }).click()
  await page.keyboard.press('End')
  await page.keyboard.type(', and mine')
  await page.getByText('1 of 1 change decided').waitFor()
  await page.getByRole('button', { name: 'Use all' }).last().click()
  await page.getByRole('button', { name: 'Resolve', exact: true }).click()
  await untilAll(lines('line 7, and mine'))
})
