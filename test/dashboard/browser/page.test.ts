/** The dashboard in a real browser, on a real server that serves a real folder. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRelativePositionFromTypeIndex } from 'yjs'
import { formatDocumentName } from '../../../protocol/document.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openPeer } from '../../support/peer.js'
import type { ServedFolder } from '../../support/served-folder.js'
import { until } from '../../support/wait.js'
import { headOf, remove, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank, open } = usePages()

/** The word in the bar, with or without the time of an answer. */
const live = (page: Page) => page.getByRole('banner').getByText(/^Live/)
const editor = (page: Page) => page.getByRole('textbox', { name: 'leaves the text' })

/** A live editor of an agent on a.ts. */
async function caretOf({ url, token }: ServedFolder, agent: string): Promise<{ readonly to: (index: number) => void }> {
  const path = workspacePath.parse('a.ts')
  const peer = openPeer(url, formatDocumentName({ kind: 'file', path }), { token })
  onTestFinished(() => peer.close())
  await peer.synced()
  peer.provider.awareness.setLocalStateField('user', { name: agent })
  return {
    to: (index) => {
      const place = createRelativePositionFromTypeIndex(peer.text, index)
      peer.provider.awareness.setLocalStateField('cursor', { anchor: place, head: place })
    },
  }
}

describe('a file', () => {
  test('typed in the page is on disk', async () => {
    const folder = await serve({ 'src/app.ts': 'const a = 1\n' })
    const page = await open(folder, '/files/src/app.ts')
    await editor(page).click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('const b = 2')
    await until(() => folder.read('src/app.ts') === 'const a = 1\nconst b = 2', 'the text on disk')
  })

  test('written on disk appears in the page, around what is typed there', async () => {
    const folder = await serve({ 'a.md': 'one\ntwo\nthree\n' })
    const page = await open(folder, '/files/a.md')
    await editor(page).click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('four')
    await until(() => folder.read('a.md').endsWith('four'), 'the typed text on disk')
    folder.write('a.md', folder.read('a.md').replace('one', 'ONE'))
    await page.getByText('ONE', { exact: true }).waitFor()
    expect(await editor(page).innerText()).toContain('four')
  })

  test('of mixed line ends keeps every byte that nobody touched', async () => {
    const mixed = 'one\r\ntwo\nthree\rfour\n'
    const folder = await serve({ 'mixed.txt': mixed })
    const page = await open(folder, '/files/mixed.txt')
    await editor(page).click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('five')
    await until(() => folder.read('mixed.txt') === `${mixed}five`, 'the file with its line ends')
  })

  test('shows the caret of another page, with its name', async () => {
    const folder = await serve({ 'a.ts': 'const a = 1\n' })
    const [one, other] = [await open(folder, '/files/a.ts'), await open(folder, '/files/a.ts')]
    await editor(one).waitFor()
    await editor(other).click()
    await one.locator('.remote-caret').waitFor({ state: 'attached' })
    expect(await one.locator('.remote-flag').textContent()).toBe('dashboard')
    await one.getByRole('complementary', { name: 'In this file' }).getByText('dashboard').waitFor()
  })

  test('shows the carets of two agents, which move as theirs do', async () => {
    const folder = await serve({ 'a.ts': 'const a = 1\nconst b = 2\n' })
    for (const id of ['CLAUDE-one', 'CODEX-two']) await folder.agent(id)
    const page = await open(folder, '/files/a.ts')
    await editor(page).waitFor()
    const [one, two] = await Promise.all([caretOf(folder, 'CLAUDE-one'), caretOf(folder, 'CODEX-two')])
    one.to(0)
    two.to(12)
    const flag = (name: string) => page.locator('.remote-caret').filter({ hasText: name })
    const left = async (name: string) => (await flag(name).boundingBox())?.x ?? NaN
    const top = async (name: string) => (await flag(name).boundingBox())?.y ?? NaN
    await Promise.all([flag('C1').waitFor({ state: 'attached' }), flag('X1').waitFor({ state: 'attached' })])
    const before = [await left('C1'), await top('X1')]
    one.to(8)
    two.to(3)
    await until(async () => (await left('C1')) > before[0]!, 'the first caret further right')
    await until(async () => (await top('X1')) < before[1]!, 'the second caret a line further up')
  })

  test('that is not text, was deleted or never was is explained', async () => {
    const folder = await serve({ 'logo.png': new Uint8Array([137, 80, 0, 255]), 'old.ts': 'x\n' })
    const agent = await folder.agent('CLAUDE-cleaner')
    const page = await open(folder, '/files/logo.png')
    await page.getByRole('heading', { name: 'This file is not text' }).waitFor()
    await page.goto(`${folder.url}/files/nowhere.ts`)
    await page.getByRole('heading', { name: 'There is no such file' }).waitFor()
    await write(agent, 'nowhere.ts', 'here now\n', null)
    await page.getByText('here now').waitFor()
    await page.goto(`${folder.url}/files/old.ts`)
    await editor(page).waitFor()
    await remove(agent, 'old.ts')
    await page.getByRole('heading', { name: 'This file was deleted' }).waitFor()
  })
})

describe('the lines of an agent', () => {
  test('carry its mark, and keep it while others type around them', async () => {
    const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
    const agent = await folder.agent('CLAUDE-frontend')
    const page = await open(folder, '/files/a.ts')
    await editor(page).waitFor()
    await write(agent, 'a.ts', 'one\nTWO\nthree\n', await headOf(agent, 'a.ts'))
    const mark = page.locator('.author-bar')
    await mark.getByText(/^C1, \d+ s$/).waitFor()
    const lineOf = async (locator: Locator) => Math.round(((await locator.boundingBox())?.y ?? 0) / 21)
    const marked = mark.filter({ hasText: 'C1' })
    expect(await lineOf(marked)).toBe(await lineOf(page.getByText('TWO', { exact: true })))
    await editor(page).click()
    await page.keyboard.press('Control+Home')
    await page.keyboard.type('zero\n')
    await page.getByText('zero', { exact: true }).waitFor()
    await until(
      async () => (await lineOf(marked)) === (await lineOf(page.getByText('TWO', { exact: true }))),
      'the mark to move with its line',
    )
  })
})

describe('agents', () => {
  test('appear as they join, with what they do, and stay for a while after they leave', async () => {
    const folder = await serve({ 'src/a.ts': 'one\n' })
    const page = await open(folder)
    await page.getByRole('heading', { name: 'No agent is connected' }).waitFor()
    const agent = await folder.agent('CLAUDE-frontend')
    const row = page.getByRole('row', { name: 'frontend' })
    await row.getByText('Idle').waitFor()
    await write(agent, 'src/a.ts', 'one\ntwo\n', await headOf(agent, 'src/a.ts'))
    await row.getByText('Editing').waitFor()
    await row.getByRole('link', { name: 'src/a.ts' }).waitFor()
    await row.getByText('+1 −0').waitFor()
    await page.getByRole('log', { name: 'Events' }).getByText('edited a.ts').waitFor()
    await agent.request('leave', {})
    await agent.close()
    await row.getByText('Left').waitFor()
  })

  test('that collide wait for a person, with both texts', async () => {
    const folder = await serve({ 'price.ts': 'const price = 1\n' })
    const [first, second] = [await folder.agent('CLAUDE-backend'), await folder.agent('CODEX-review')]
    const page = await open(folder)
    const base = await headOf(first, 'price.ts')
    await write(first, 'price.ts', 'const price = 2\n', base)
    await write(second, 'price.ts', 'const price = 3\n', base)
    await page.getByRole('heading', { name: '1 conflict waits for you' }).waitFor()
    await page.getByRole('link', { name: 'Compare' }).click()
    await page.getByRole('group', { name: 'backend, Claude, stands in the file' }).getByText('price = 2').waitFor()
    await page.getByRole('group', { name: 'Base' }).getByText('price = 1').waitFor()
    await page.getByRole('group', { name: 'review, Codex, is kept here' }).getByText('price = 3').waitFor()
    expect(folder.read('price.ts')).toBe('const price = 2\n')
  })
})

test('the feed stands still on Hold, and counts what is new', async () => {
  const folder = await serve({ 'a.ts': '1\n', 'b.ts': '1\n' })
  const agent = await folder.agent('CLAUDE-one')
  const page = await open(folder)
  const feed = page.getByRole('log', { name: 'Events' })
  const change = async (path: string) => write(agent, path, '2\n', await headOf(agent, path))
  await page.getByRole('row', { name: 'one' }).waitFor()
  await change('a.ts')
  await feed.getByText('edited a.ts').waitFor()
  await page.getByRole('button', { name: 'Hold' }).click()
  await change('b.ts')
  const pill = page.getByRole('button', { name: '+1 new' })
  await pill.waitFor()
  expect(await feed.getByText('edited b.ts').count()).toBe(0)
  await pill.click()
  await feed.getByText('edited b.ts').waitFor()
  expect(await page.getByRole('button', { name: 'Hold' }).getAttribute('aria-pressed')).toBe('false')
})

describe('the connection', () => {
  test('that breaks leaves the picture, read-only, and catches up when it is back', async () => {
    // No grammar belongs to this name: nothing is being fetched when the server goes.
    const folder = await serve({ 'a.txt': 'one\n' })
    const page = await open(folder, '/files/a.txt')
    await editor(page).waitFor()
    await folder.stop()
    await page.getByText('The server does not answer.', { exact: true }).waitFor()
    await page.getByText('Not live', { exact: true }).waitFor()
    expect(await editor(page).getAttribute('contenteditable')).toBe('false')
    expect(await editor(page).innerText()).toContain('one')
    folder.write('a.txt', 'one\nwhile you were away\n')
    await folder.start()
    await live(page).waitFor()
    await page.getByText('while you were away').waitFor()
    await until(async () => (await editor(page).getAttribute('contenteditable')) === 'true', 'a writable editor')
  })

  test('that breaks before the grammar is there leaves the text plain until it is back', async () => {
    const folder = await serve({ 'a.ts': 'const one = 1\n' })
    const page = await blank(folder.url)
    let asked = 0
    await page.route('**/assets/grammar-*.js', (route) => {
      asked += 1
      return route.abort()
    })
    await page.goto(folder.page('/files/a.ts'))
    await until(() => asked > 0, 'the first request for the grammar')
    await folder.stop()
    await page.getByText('Not live', { exact: true }).waitFor()
    expect(await page.locator('.cm-line span').count()).toBe(0)
    await page.unroute('**/assets/grammar-*.js')
    await folder.start()
    await page.locator('.cm-line span', { hasText: 'const' }).waitFor()
  })

  test('is refused with a wrong token, and says so once', async () => {
    const folder = await serve({ 'a.ts': '' })
    const page = await blank(folder.url)
    await page.goto(`${folder.url}/#token=wrong`)
    await page.getByRole('button', { name: 'Open another link' }).click()
    await page.getByRole('textbox', { name: 'Link or token' }).fill(folder.page())
    await page.getByRole('button', { name: 'Open' }).click()
    await live(page).waitFor()
  })

  test('needs a token, which leaves the address bar at once', async () => {
    const folder = await serve({ 'a.ts': '' })
    const page = await open(folder, '/files/a.ts')
    await live(page).waitFor()
    expect(page.url()).toBe(`${folder.url}/files/a.ts`)
    const bare = await blank(folder.url)
    await bare.goto(folder.url)
    await bare.getByRole('heading', { name: 'Open the dashboard by a link' }).waitFor()
  })
})

describe('the keyboard', () => {
  test('goes from view to view, filters and opens a file, and lists its keys', async () => {
    const folder = await serve({ 'src/one.ts': '1\n', 'src/two.ts': '2\n' })
    const page = await open(folder)
    await live(page).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await page.getByRole('treeitem', { name: 'two.ts' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('two')
    await until(async () => (await page.getByRole('treeitem', { name: 'one.ts' }).count()) === 0, 'the filter')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${folder.url}/files/src/two.ts`)
    await page.getByRole('tree').focus()
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Go to the overview').waitFor()
  })

  test('skips to the content', async () => {
    const folder = await serve({ 'a.ts': '1\n' })
    const page = await open(folder)
    await live(page).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await until(() => page.evaluate(() => document.activeElement?.id === 'content'), 'the focus on the content')
  })

  test('moves in the tree like in any tree', async () => {
    const folder = await serve({ 'src/one.ts': '1\n', 'src/two.ts': '2\n' })
    const page = await open(folder, '/files')
    await page.getByRole('treeitem', { name: 'two.ts' }).waitFor()
    await page.getByRole('tree').focus()
    for (const key of ['ArrowDown', 'ArrowLeft', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) {
      await page.keyboard.press(key)
    }
    await page.waitForURL(`${folder.url}/files/src/two.ts`)
  })
})
