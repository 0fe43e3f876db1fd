/** A file beyond its text: who wrote what, who holds what, and how it was. */
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import { workspacePath } from '../../../protocol/paths.js'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

const PATH = workspacePath.parse('a.ts')
const editor = (page: Page) => page.getByRole('textbox', { name: 'leaves the text' })
const line = (page: Page, text: string) => page.locator('.file-text .cm-line').getByText(text, { exact: true })

const lock = (agent: Connection, from: number, to: number) =>
  agent.request('lock', {
    wants: [{ path: PATH, region: { kind: 'lines', from, to }, type: 'EXCLUSIVE' }],
    ttl: 100,
    wait: 0,
  })

describe('a lock', () => {
  test('appears in the text with holder and time, closes its lines, and vanishes when it is released', async () => {
    const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
    const agent = await folder.agent('CODEX-review')
    const page = await open(folder, '/files/a.ts')
    await editor(page).waitFor()
    await lock(agent, 2, 2)
    const header = page.locator('.lock-head')
    await header.getByText(/^review$/).waitFor()
    await header.getByText('line 2').waitFor()
    await header.getByText(/^1:[34]\d left$/).waitFor()
    await line(page, 'two').click()
    await page.keyboard.type('X')
    await line(page, 'three').click()
    await page.keyboard.type('Y')
    await until(() => folder.read('a.ts').includes('Y'), 'what was typed beside the lock')
    expect(folder.read('a.ts')).toContain('\ntwo\n')
    await page.getByRole('complementary', { name: 'In this file' }).getByText('line 2').waitFor()
    await agent.request('unlock', { path: PATH })
    await until(async () => (await header.count()) === 0, 'the end of the lock')
  })

  test('is taken on the selected lines, which then stand in the address, and given back', async () => {
    const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
    const agent = await folder.agent('CODEX-review')
    const page = await open(folder, '/files/a.ts')
    await line(page, 'two').click()
    await page.keyboard.press('Home')
    await page.keyboard.press('Shift+ArrowDown')
    await page.waitForURL(`${folder.url}/files/a.ts#L2`)
    await page.getByRole('button', { name: 'Lock line 2' }).click()
    await page.getByRole('button', { name: 'Release' }).waitFor()
    expect(await lock(agent, 2, 2)).toMatchObject({ outcome: 'refused', refusal: { holder: 'PERSON-dashboard' } })
    await line(page, 'two').click()
    await page.keyboard.type('mine ')
    await until(() => folder.read('a.ts').includes('mine'), 'what its holder typed')
    await page.getByRole('button', { name: 'Release' }).click()
    await page.getByRole('button', { name: 'Lock a region' }).waitFor()
    expect(await lock(agent, 2, 2)).toMatchObject({ outcome: 'granted' })
  })
})

describe('the past of a file', () => {
  test('is in the gutter: who wrote which line before the page was opened', async () => {
    const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
    const agent = await folder.agent('CODEX-review')
    await write(agent, 'a.ts', 'one\nTWO\nthree\n', await headOf(agent, 'a.ts'))
    const page = await open(folder, '/files/a.ts')
    await page.locator('.author-bar').getByText(/^X1, /).waitFor()
    expect(
      await page
        .locator('.author-bar')
        .getByText(/^disk, /)
        .count(),
    ).toBe(2)
    await page.getByRole('button', { name: 'Blame' }).click()
    expect(await page.locator('.author-bar').first().isVisible()).toBe(false)
  })

  test('is shown by the slider, to read only, and by its address', async () => {
    const folder = await serve({ 'a.ts': 'one\n' })
    const agent = await folder.agent('CODEX-review')
    await write(agent, 'a.ts', 'one\ntwo\n', await headOf(agent, 'a.ts'))
    const page = await open(folder, '/files/a.ts')
    await page.getByText('2 changes since').waitFor()
    await page.getByRole('slider').press('ArrowLeft')
    await page
      .getByRole('status')
      .getByText(/^As of \d\d:\d\d\.$/)
      .waitFor()
    await page.waitForURL(`${folder.url}/files/a.ts#r1`)
    const past = page.locator('.file-version .cm-content')
    expect([(await past.innerText()).trim(), await past.getAttribute('contenteditable')]).toEqual(['one', 'false'])
    expect(await editor(page).isVisible()).toBe(false)
    await page.reload()
    await past.waitFor()
    await page.getByRole('button', { name: 'Back to now' }).click()
    await line(page, 'two').waitFor()
    await page.waitForURL(`${folder.url}/files/a.ts`)
  })
})
