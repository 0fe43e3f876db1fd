/** The overview's feed, filtered, and what waits for a person besides conflicts and tasks. */
import { expect, onTestFinished, test } from 'vitest'
import { pause } from '../../../protocol/folder.js'
import { lockCommand } from '../../../protocol/locks.js'
import { startServer, TOKEN } from '../../support/server.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { blank, open } = usePages()

test('the feed shows what is asked for, by kind, author and path; the address keeps it', async () => {
  const folder = await serve({ 'src/a.ts': 'a\n', 'docs/b.md': 'b\n' })
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  await write(one, 'src/a.ts', 'A\n', await headOf(one, 'src/a.ts'))
  await write(two, 'docs/b.md', 'B\n', await headOf(two, 'docs/b.md'))
  const page = await open(folder)
  const rows = page.getByRole('log', { name: 'Events' }).getByRole('listitem')
  await page.waitForFunction(() => document.querySelectorAll('.feed li').length === 4)
  await page.keyboard.press('/')
  await page.getByRole('combobox', { name: 'Kind of event' }).selectOption('Edits')
  await page.waitForFunction(() => document.querySelectorAll('.feed li').length === 2)
  await page.getByRole('combobox', { name: 'By whom' }).selectOption('C1 CLAUDE-one')
  await page.waitForFunction(() => document.querySelectorAll('.feed li').length === 1)
  expect(await rows.allTextContents()).toEqual([expect.stringContaining('a.ts')])
  await page.getByRole('searchbox', { name: 'Paths' }).fill('docs/**')
  await page.getByText('is like that').waitFor()
  // It is written behind the drawing.
  await page.waitForURL((url) => url.hash === '#events?kind=edits&author=CLAUDE-one&path=docs%2F**')
  await page.getByRole('combobox', { name: 'By whom' }).selectOption('By anyone')
  await page.waitForURL((url) => url.hash === '#events?kind=edits&path=docs%2F**')

  await page.reload()
  await rows.filter({ hasText: 'b.md' }).waitFor()
  expect(await rows.count()).toBe(1)
  await write(one, 'src/a.ts', 'AA\n', await headOf(one, 'src/a.ts'))
  await write(two, 'docs/c.md', 'c\n', null)
  await rows.filter({ hasText: 'c.md' }).waitFor()
  expect(await rows.count()).toBe(2)
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.feed li').length > 4)
  await page.waitForURL((url) => url.hash === '')
})

test('a folder that holds something back waits for a person, with what to run, until it is in step', async () => {
  const folder = await serve({ 'a.ts': 'a\n' })
  const agent = await folder.agent('CLAUDE-one')
  const page = await open(folder)
  await page.getByRole('heading', { name: 'Nothing waits for you' }).waitFor()
  const paused = pause.parse({
    ...{ code: 'many-deletions', message: '44 files are gone from its folder.', hint: 'Put them back.', files: 44 },
    choices: ['delete', 'restore'],
  })
  await agent.request('folder', { paused, leftOut: 0 })
  await page.getByRole('heading', { name: '1 paused folder waits for you' }).waitFor()
  await page.getByText('44 files are gone from its folder.').waitFor()
  await page.getByText('ensemble resume', { exact: true }).waitFor()
  await page.keyboard.press('i')
  await page.waitForURL(/\/agents\/CLAUDE-one$/)
  await page.getByText('44 files are gone from its folder.').waitFor()
  await agent.request('folder', { paused: null, leftOut: 0 })
  await page.getByText('44 files are gone from its folder.').waitFor({ state: 'detached' })
})

test('who is at work without any event is noted after five minutes, and waits for a person after fifteen', async () => {
  let passed = 0
  const server = await startServer({ now: () => Date.now() + passed, elapsed: () => performance.now() })
  onTestFinished(() => server.stop())
  const agent = await server.connectAs('CLAUDE-one')
  await write(agent, 'a.ts', 'a\n', null)
  await agent.request('presence', { state: 'testing' })
  const page = await blank(server.url)
  await page.goto(`${server.url}/#token=${TOKEN}`)
  const row = page.getByRole('row', { name: 'one, Claude' })
  await row.getByText('Testing').waitFor()
  passed += 6 * 60_000
  await row.getByText('no event for 6 min').waitFor()
  await page.getByRole('heading', { name: 'Nothing waits for you' }).waitFor()
  passed += 10 * 60_000
  await page.getByRole('heading', { name: '1 quiet agent waits for you' }).waitFor()
  await page.getByText('one has gone quiet').waitFor()
  await page.getByRole('list', { name: 'Waiting for you' }).getByRole('link', { name: 'Open' }).click()
  await page.waitForURL(/\/agents\/CLAUDE-one$/)
  await page.getByRole('link', { name: 'Overview', exact: true }).first().click()
  await write(agent, 'b.ts', 'b\n', null)
  await page.getByRole('heading', { name: 'Nothing waits for you' }).waitFor()
  expect(await row.getByText('no event').count()).toBe(0)
})

test('the busiest files stand still under the hand of whoever is about to choose one', async () => {
  const folder = await serve({ 'a.ts': 'a\n', 'b.ts': 'b\n' })
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  await write(one, 'a.ts', 'A\n', await headOf(one, 'a.ts'))
  const page = await open(folder)
  const busiest = page.locator('.busy-files li').first()
  await busiest.getByRole('link').focus()
  await write(two, 'b.ts', 'B\n', await headOf(two, 'b.ts'))
  await write(two, 'b.ts', 'BB\n', await headOf(two, 'b.ts'))
  // Longer than the list otherwise waits.
  const row = page.getByRole('row').filter({ hasText: 'two' })
  await row.getByText(/^([4-9]|\d\d) s$/).waitFor()
  expect(await busiest.innerText()).toContain('a.ts')
  await page.locator('.feed').focus()
  await busiest.getByText('b.ts').waitFor()
  await busiest.getByText('2 changes').waitFor()
})

test('j goes through the lists and past those that are empty', async () => {
  const folder = await serve({ 'a.ts': 'a\n' })
  const agent = await folder.agent('CLAUDE-one')
  await agent.request('lock', lockCommand.parse({ wants: [{ path: 'a.ts' }] }))
  const page = await open(folder)
  await page.getByText('No file was changed.').waitFor()
  await page.locator('.lock-summary a').waitFor()
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByRole('combobox', { name: 'Kind of event' }).selectOption('Edits')
  await page.getByText('is like that').waitFor()
  await page.getByRole('button', { name: 'Hold' }).focus()
  const places: (string | null)[] = []
  for (let presses = 0; presses < 2; presses++) {
    await page.keyboard.press('j')
    places.push(await page.evaluate(() => document.activeElement?.textContent ?? null))
  }
  expect(places).toEqual(['one', expect.stringContaining('a.ts')])
})

test('the score is as fine as the screen that its window goes to', async () => {
  const folder = await serve({})
  await folder.agent('CLAUDE-one')
  const page = await open(folder)
  const scale = (wanted: number) =>
    page.waitForFunction((wanted) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.score-canvas')
      return canvas !== null && canvas.clientWidth > 0 && canvas.width === canvas.clientWidth * wanted
    }, wanted)
  await scale(1)
  const session = await page.context().newCDPSession(page)
  for (const deviceScaleFactor of [2, 3]) {
    // Of another height, too: so that Chromium looks at its media queries again.
    const screen = { width: 1440, height: 900 + deviceScaleFactor, mobile: false }
    await session.send('Emulation.setDeviceMetricsOverride', { ...screen, deviceScaleFactor })
    await scale(deviceScaleFactor)
  }
})
