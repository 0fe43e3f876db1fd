/** The overview's feed, filtered, and folders that wait for a person. */
import { expect, test } from 'vitest'
import { pause } from '../../../protocol/folder.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

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
  expect(await rows.count()).toBe(2)
  await page.getByRole('combobox', { name: 'By whom' }).selectOption('C1 CLAUDE-one')
  expect(await rows.allTextContents()).toEqual([expect.stringContaining('a.ts')])
  await page.getByRole('searchbox', { name: 'Paths' }).fill('docs/**')
  await page.getByText('is like that').waitFor()
  expect(new URL(page.url()).hash).toBe('#events?kind=edits&author=CLAUDE-one&path=docs%2F**')
  await page.getByRole('combobox', { name: 'By whom' }).selectOption('By anyone')
  await page.getByText('b.md').first().waitFor()

  await page.reload()
  await rows.filter({ hasText: 'b.md' }).waitFor()
  expect(await rows.count()).toBe(1)
  await write(one, 'src/a.ts', 'AA\n', await headOf(one, 'src/a.ts'))
  await write(two, 'docs/c.md', 'c\n', null)
  await page.getByText('c.md').first().waitFor()
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
