/** The page says what is, and what it does not know it does not say. */
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { writeId } from '../../../protocol/ids.js'
import { diskFull, FailingStorage } from '../../support/failing-storage.js'
import { startServer, TOKEN } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { headOf, remove, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank, open } = usePages()

const row = (page: Page, name: string) => page.getByRole('row', { name })
const feed = (page: Page) => page.getByRole('log', { name: 'Events' })
const editor = (page: Page) => page.getByRole('textbox', { name: 'leaves the text' })

describe('two pages', () => {
  test('opened at different times give the same tags, figures and events', async () => {
    const folder = await serve({ 'a.ts': 'one\n' })
    const early = await open(folder)
    await early.getByRole('heading', { name: 'No agent is connected' }).waitFor()
    const frontend = await folder.agent('CLAUDE-frontend')
    await write(frontend, 'a.ts', 'one\ntwo\n', await headOf(frontend, 'a.ts'))
    await frontend.request('leave', {})
    const backend = await folder.agent('CLAUDE-backend')
    await write(backend, 'a.ts', 'one\ntwo\nthree\n', await headOf(backend, 'a.ts'))
    const late = await open(folder)
    for (const page of [early, late]) {
      await row(page, 'backend').locator('.tag', { hasText: /^C2/ }).waitFor()
      await row(page, 'backend').getByText('+1 −0').waitFor()
      await feed(page).locator('.tag', { hasText: /^C1/ }).first().waitFor()
      await row(page, 'frontend').getByText('Left').waitFor()
      await page.locator('.busy').getByText('2 changes').waitFor()
    }
    expect(await feed(late).getByRole('listitem').allInnerTexts()).toEqual(
      await feed(early).getByRole('listitem').allInnerTexts(),
    )
  })
})

describe('an agent', () => {
  test('whose connection broke is Lost, in its row as in the events', async () => {
    const folder = await serve({ 'a.ts': 'one\n' })
    const page = await open(folder)
    const agent = await folder.agent('CLAUDE-frontend')
    await row(page, 'frontend').getByText('Idle').waitFor()
    await agent.close()
    await feed(page).getByText('was lost').waitFor()
    await row(page, 'frontend').getByText('Lost').waitFor()
  })

  test('is as it was when the server stops, and since when is told by the clock', async () => {
    const folder = await serve({ 'a.ts': 'one\n' })
    const page = await open(folder)
    for (const id of ['CLAUDE-one', 'CODEX-two']) await folder.agent(id)
    await row(page, 'two').getByText('Idle').waitFor()
    await folder.stop()
    await page.getByText('Not live', { exact: true }).waitFor()
    for (const name of ['one', 'two']) {
      await row(page, name).getByText('Idle').waitFor()
      await row(page, name)
        .getByText(/^since \d\d:\d\d:\d\d$/)
        .waitFor()
    }
    expect(await feed(page).getByText('was lost').count()).toBe(0)
    const health = page.getByRole('region', { name: 'Health' })
    await health.getByText(/^as of \d\d:\d\d:\d\d$/).waitFor()
    expect(await health.getByText('All good').count()).toBe(0)
  })
})

test('while the server is away the header of a file tells clock times', async () => {
  const folder = await serve({ 'a.txt': 'one\n' })
  const page = await open(folder, '/files/a.txt')
  await editor(page).waitFor()
  await page
    .locator('.file-facts')
    .getByText(/\d+ s ago/)
    .waitFor()
  await folder.stop()
  await page
    .locator('.file-facts')
    .getByText(/at \d\d:\d\d:\d\d/)
    .waitFor()
})

test('where the server does not tell again all that was missed, the events say how many are not shown, until it does', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const page = await blank(folder.url)
  let isCut = false
  let isSilent = true
  let cut: () => Promise<void> = () => Promise.resolve()
  await page.routeWebSocket(/\/agent/, (socket) => {
    if (isCut) return void socket.close()
    cut = () => socket.close()
    const server = socket.connectToServer()
    socket.onMessage((message) => {
      // As after so long an absence that the server goes on behind it, and what was lately is not all of it.
      const sent = String(message).replace(/,"since":{[^}]*}/, '')
      server.send(isSilent ? sent.replace(/("recent","params":{"since":)\d+/, `$1${Date.now() + 60_000}`) : sent)
    })
  })
  await page.goto(folder.page('/'))
  // Else the agent may have joined before the page is told of what happens, and that is missed, too.
  await page.getByRole('heading', { name: 'No agent is connected' }).waitFor()
  const agent = await folder.agent('CLAUDE-one')
  await write(agent, 'a.ts', 'A\n', await headOf(agent, 'a.ts'))
  await feed(page).getByText('a.ts').waitFor()
  isCut = true
  await cut()
  for (const text of ['B\n', 'C\n', 'D\n']) await write(agent, 'a.ts', text, await headOf(agent, 'a.ts'))
  isCut = false

  await feed(page).getByText('3 events of the time without a connection are not shown here.').waitFor()
  await write(agent, 'a.ts', 'E\n', await headOf(agent, 'a.ts'))
  await page.waitForFunction(() => document.querySelectorAll('.feed li').length === 4)
  expect(await feed(page).getByRole('listitem').allInnerTexts()).toMatchObject([
    expect.stringContaining('edited a.ts'),
    expect.stringContaining('3 events'),
    expect.stringContaining('edited a.ts'),
    expect.stringContaining('joined'),
  ])
  isSilent = false
  await cut()
  await feed(page).getByText('edited a.ts, 3 times').waitFor()
  expect(await feed(page).getByRole('listitem').count()).toBe(4)
  expect(await feed(page).getByText('not shown here').count()).toBe(0)
})

test('a deletion that came first is told first', async () => {
  const folder = await serve({ 'README.md': 'one\n' })
  const [plan, review] = [await folder.agent('GEMINI-plan'), await folder.agent('CODEX-review')]
  const page = await open(folder, '/conflicts')
  await page.getByRole('heading', { name: 'No two edits collide' }).waitFor()
  const base = await headOf(plan, 'README.md')
  await remove(review, 'README.md')
  await write(plan, 'README.md', 'one\ntwo\n', base)
  const story = page.getByRole('article').getByText('changed the file after')
  await until(
    async () => /^G1.* changed the file after X1.* had deleted it/.test((await story.textContent()) ?? ''),
    'the story in its order',
  )
})

test('a conflict that someone else decides says so at once, and keeps what was begun here; its address shows how it ended', async () => {
  const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
  const [plan, review] = [await folder.agent('GEMINI-plan'), await folder.agent('CODEX-review')]
  const base = await headOf(plan, 'a.ts')
  await write(plan, 'a.ts', 'one\nTWO\nthree\n', base)
  await write(review, 'a.ts', 'one\n2\nthree\n', base)
  const page = await open(folder, '/conflicts')
  await page.getByRole('link', { name: 'Compare' }).click()
  const line = page.locator('.result .cm-line').getByText('two')
  await line.click()
  await page.keyboard.type('typed ')
  await page.getByText('typed here').waitFor()
  const id = (await plan.request('conflicts', {})).conflicts[0]!.id
  await review.request('resolve', { id, writeId: writeId.parse('decided-elsewhere'), choice: { kind: 'theirs' } })
  await page.getByRole('status').getByText('took what').waitFor()
  await page.getByRole('region', { name: 'Your result' }).getByText('typed').waitFor()
  await page.goto(folder.page('/conflicts'))
  await page.getByRole('link', { name: /^Two edits collide/ }).click()
  await page.getByRole('status').getByText('Resolved').waitFor()
  expect(folder.read('a.ts')).toBe('one\n2\nthree\n')
})

test('a server that cannot store says so on every view, and takes nothing that is typed', async () => {
  const storage = new FailingStorage()
  const server = await startServer({ storage })
  onTestFinished(() => server.stop())
  onTestFinished(() => storage.heal())
  const agent = await server.connectAs('CLAUDE-one')
  await write(agent, 'a.txt', 'one\n', null)
  const page = await blank(server.url)
  await page.goto(`${server.url}/files/a.txt#token=${TOKEN}`)
  await editor(page).waitFor()
  const base = await headOf(agent, 'a.txt')
  storage.fail(diskFull())
  write(agent, 'a.txt', 'two\n', base).catch(() => undefined)
  const banner = page.getByRole('alert').filter({ hasText: 'stores nothing' })
  await banner.getByText('no space left on device').waitFor()
  expect(await editor(page).getAttribute('contenteditable')).toBe('false')
  expect(await page.getByRole('banner').getByText(/^Live/).count()).toBe(0)
  await page.getByRole('link', { name: 'Overview' }).first().click()
  await banner.waitFor()
  storage.heal()
  await until(async () => (await banner.count()) === 0, 'the end of the banner')
})

test('with a bad token nothing is being asked', async () => {
  const folder = await serve({ 'a.ts': '' })
  const page = await blank(folder.url)
  await page.goto(`${folder.url}/#token=wrong`)
  await page.getByText('The server has not said').waitFor()
  expect(await page.getByText('Asking').count()).toBe(0)
})

test('what was asked for while the server was away, a view or the text of a file, comes when the server is back', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const [file, list] = [await open(folder, '/files'), await open(folder)]
  await file.getByRole('treeitem', { name: 'a.ts' }).waitFor()
  await list.getByRole('heading', { name: 'No agent is connected' }).waitFor()
  await folder.kill()
  for (const page of [file, list]) await page.getByText('Not live', { exact: true }).waitFor()
  await file.getByRole('treeitem', { name: 'a.ts' }).click()
  await file.getByText('The editor could not be loaded').waitFor()
  await list.getByRole('link', { name: 'Locks' }).click()
  await list.getByText('This view could not be loaded').waitFor()
  await list.getByText('This comes by itself when it is back.').waitFor()
  await folder.start()
  await editor(file).getByText('one').waitFor()
  await list.getByText('Nothing is locked').waitFor()
})

test('a conflict’s editor that could not be loaded comes when the server is back', async () => {
  const folder = await serve({ 'a.ts': 'one\n' })
  const [agent, other] = [await folder.agent('CLAUDE-a'), await folder.agent('CODEX-b')]
  await write(agent, 'b.ts', 'one\n', null)
  await write(other, 'b.ts', 'two\n', null)
  const page = await open(folder, '/conflicts')
  let asked = 0
  await page.route('**/open-merge-*', (route) => {
    asked += 1
    return route.abort()
  })
  await page.getByRole('link', { name: 'Compare' }).click()
  await page.getByText('The editor could not be loaded').waitFor()
  // While it is only slow, each second is no news.
  folder.freeze()
  await page.getByText('6 s behind').waitFor()
  expect(asked).toBe(1)
  await page.getByRole('button', { name: 'Reload the page' }).waitFor()
  await page.unroute('**/open-merge-*')
  await folder.kill()
  await page.getByText('Not live', { exact: true }).waitFor()
  await folder.start()
  await page.locator('.result .change-head').waitFor()
  expect(await page.getByText('The editor could not be loaded').count()).toBe(0)
})

test('the address of a conflict leads to one of its changes, and follows to the next', async () => {
  const folder = await serve({})
  const [agent, other] = [await folder.agent('CLAUDE-a'), await folder.agent('CODEX-b')]
  await write(agent, 'b.ts', 'one\nsame\ntwo\nsame\nthree\n', null)
  await write(other, 'b.ts', 'eins\nsame\nzwei\nsame\ndrei\n', null)
  const { conflicts } = await agent.request('conflicts', {})
  const address = `/conflicts/${conflicts[0]?.id ?? ''}`
  const page = await open(folder, address)
  const current = page.locator('.result .change-current')
  await current.getByText('Change 1', { exact: true }).waitFor()
  expect(new URL(page.url()).hash).toBe('')
  await page.keyboard.press('F7')
  await page.waitForURL((url) => url.hash === '#change-2')
  await page.goto(`${folder.url}${address}#change-3`)
  await current.getByText('Change 3', { exact: true }).waitFor()
  await page.reload()
  await current.getByText('Change 3', { exact: true }).waitFor()
  await page.goto(`${folder.url}${address}#change-9`)
  await page.waitForURL((url) => url.hash === '#change-3')
  await page.keyboard.press('F7')
  await page.waitForURL((url) => url.hash === '#change-1')
})

test('who leaves the page with a result that was typed is asked before it is lost', async () => {
  const folder = await serve({})
  const [agent, other] = [await folder.agent('CLAUDE-a'), await folder.agent('CODEX-b')]
  await write(agent, 'b.ts', 'one\n', null)
  await write(other, 'b.ts', 'two\n', null)
  const { conflicts } = await agent.request('conflicts', {})
  const page = await open(folder, `/conflicts/${conflicts[0]?.id ?? ''}`)
  const asked: string[] = []
  page.on('dialog', (dialog) => {
    asked.push(dialog.type())
    void dialog.accept()
  })
  await page.locator('.result .change-head').waitFor()
  await page.keyboard.press('1')
  await page.reload()
  await page.locator('.result .cm-line', { hasText: 'one' }).click()
  await page.keyboard.type('by hand ')
  await page.getByText('1 of 1 change decided').waitFor()
  expect(asked).toEqual([])
  await page.reload()
  expect(asked).toEqual(['beforeunload'])

  await page.locator('.result .cm-line', { hasText: 'one' }).click()
  await page.keyboard.type('again ')
  await page.getByText('1 of 1 change decided').waitFor()
  await page.getByRole('link', { name: 'Overview', exact: true }).first().click()
  await page.getByRole('log').waitFor()
  await page.reload()
  expect(asked).toEqual(['beforeunload', 'beforeunload'])
})
