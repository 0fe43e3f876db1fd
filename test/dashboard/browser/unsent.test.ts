/** What is typed in the page is in the file, or shown to be copied, whatever becomes of the server. */
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { type ServedFolder } from '../../support/served-folder.js'
import { until } from '../../support/wait.js'
import { headOf, remove, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank, open } = usePages()

interface Typed {
  readonly folder: ServedFolder
  readonly page: Page
  /** From now on no document of the page reaches the server. */
  readonly cutDocuments: () => void
}

/** A page with a file open, its server frozen, and something typed that never left the page. */
async function typedIntoTheVoid(text: string, typed: string): Promise<Typed> {
  const folder = await serve({ 'a.txt': text, 'b.txt': 'other\n' })
  const page = await blank(folder.url)
  let cut = false
  await page.routeWebSocket(/\/sync\//, (socket) => void (cut ? socket.close() : socket.connectToServer()))
  await page.goto(folder.page('/files/a.txt'))
  await editor(page).click()
  await page.keyboard.press('Control+Home')
  folder.freeze()
  await page.keyboard.type(typed)
  return { folder, page, cutDocuments: () => (cut = true) }
}

const editor = (page: Page) => page.getByRole('textbox', { name: 'leaves the text' })
const stranded = (page: Page) => page.getByRole('region', { name: 'What you typed' })

describe('what was typed while the server did not listen', () => {
  test('is in the file when the server is back', async () => {
    const { folder, page } = await typedIntoTheVoid('one\n', 'KEPT ')
    await folder.kill()
    await folder.start()
    await until(() => folder.read('a.txt') === 'KEPT one\n', 'the typed text on disk')
    expect(await editor(page).innerText()).toContain('KEPT one')
  })

  test('is in the file when the server is back with an empty store, beside what was written there meanwhile', async () => {
    const { folder, page } = await typedIntoTheVoid('one\ntwo\nthree\n', 'KEPT ')
    await folder.kill()
    folder.forget()
    folder.write('a.txt', 'one\ntwo\nTHREE\n')
    await folder.start()
    await until(() => folder.read('a.txt') === 'KEPT one\ntwo\nTHREE\n', 'the typed text on disk')
    expect(await editor(page).innerText()).toContain('KEPT one')
    expect(await stranded(page).count()).toBe(0)
  })

  test('is in the file although another one was opened before the server came back', async () => {
    const { folder, page } = await typedIntoTheVoid('one\n', 'KEPT ')
    await page.getByRole('treeitem', { name: 'b.txt' }).click()
    await page.waitForURL('**/files/b.txt')
    await folder.kill()
    folder.forget()
    await folder.start()
    await page.getByRole('banner').getByText(/^Live/).waitFor()
    await page.getByRole('treeitem', { name: 'a.txt' }).click()
    await until(() => folder.read('a.txt') === 'KEPT one\n', 'the typed text on disk')
  })

  test('is shown to be copied where others have changed the same line since', async () => {
    const { folder, page } = await typedIntoTheVoid('const price = 1\n', 'export ')
    await folder.kill()
    folder.forget()
    folder.write('a.txt', 'let cost = 2\n')
    await folder.start()
    await stranded(page).getByText('export const price = 1').waitFor()
    expect(folder.read('a.txt')).toBe('let cost = 2\n')
    expect(await editor(page).innerText()).toContain('let cost = 2')
    await stranded(page).getByRole('button', { name: 'Discard it' }).click()
    await until(async () => (await stranded(page).count()) === 0, 'the dismissal')
  })

  test('is shown to be copied where the file was deleted', async () => {
    const { folder, page, cutDocuments } = await typedIntoTheVoid('one\n', 'KEPT ')
    cutDocuments()
    await folder.kill()
    folder.forget()
    await folder.start()
    const agent = await folder.agent('CLAUDE-cleaner')
    await remove(agent, 'a.txt')
    await page.getByRole('heading', { name: 'This file was deleted' }).waitFor()
    await stranded(page).getByText('KEPT one').waitFor()
  })
})

test('the result of a file that two made stays under the hand while others write that file, and can be begun anew', async () => {
  const folder = await serve({})
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  await write(one, 'a.ts', 'first\n', null)
  await write(two, 'a.ts', 'second\n', null)
  const [conflict] = (await one.request('conflicts', {})).conflicts
  const page = await open(folder, `/conflicts/${conflict!.id}`)
  const result = page.locator('.result .cm-content')
  await page.locator('.result .cm-line', { hasText: 'first' }).click()
  await page.keyboard.press('End')
  await page.keyboard.type(' typed')
  await write(one, 'a.ts', 'first\nmore\n', await headOf(one, 'a.ts'))
  await page.getByText('This file was changed since').waitFor()
  await page.keyboard.type(' on')
  expect(await result.innerText()).toContain('first typed on')

  // So it does after a look at something else.
  await page.getByRole('link', { name: 'Overview', exact: true }).first().click()
  await page.getByRole('link', { name: 'Compare' }).click()
  await result.getByText('first typed on').waitFor()
  await page.getByText('This file was changed since').waitFor()
  await page.getByRole('button', { name: 'Begin anew' }).click()
  await result.getByText('more').waitFor()
  expect(await result.innerText()).not.toContain('typed')
  expect(await page.getByText('This file was changed since').count()).toBe(0)
})
