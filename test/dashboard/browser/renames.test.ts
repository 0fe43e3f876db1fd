/** Addresses of files outlive their names; and what is typed on this page has somebody's name. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { workspacePath } from '../../../protocol/paths.js'
import { writeId } from '../../../protocol/ids.js'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

test('a page at an old path follows the file to its new one, says so, and keeps the place in it', async () => {
  const folder = await serve({ 'old.ts': 'one\ntwo\nthree\n' })
  const agent = await folder.agent('CLAUDE-one')
  const page = await open(folder, '/files/old.ts')
  await page.getByRole('textbox', { name: 'leaves the text' }).waitFor()
  await write(agent, 'old.ts', 'one\nTWO\nthree\n', await headOf(agent, 'old.ts'))
  const { head: old } = await agent.request('stat', { path: workspacePath.parse('old.ts') })
  await agent.request('rename', {
    ...{ writeId: writeId.parse('rename-1'), id: old!.id },
    ...{ path: workspacePath.parse('old.ts'), to: workspacePath.parse('src/new.ts') },
  })
  await page.getByText('is called').waitFor()
  expect(new URL(page.url()).pathname).toBe('/files/src/new.ts')
  await page.getByText('TWO').first().waitFor()

  await page.goto(`${folder.url}/files/old.ts#r1`)
  await page.getByText('is called').waitFor()
  await page.getByText('two', { exact: true }).first().waitFor()
  expect(new URL(page.url()).pathname + new URL(page.url()).hash).toBe('/files/src/new.ts#r1')
  await page.getByRole('button', { name: 'OK' }).click()
  await page.getByText('is called').waitFor({ state: 'detached' })

  // By hand, in the served folder.
  await page.goto(`${folder.url}/files/src/new.ts`)
  await page.getByText('TWO').first().waitFor()
  renameSync(join(folder.dir, 'src/new.ts'), join(folder.dir, 'newer.ts'))
  await until(() => new URL(page.url()).pathname === '/files/newer.ts', 'the newest path')
  await page.goto(`${folder.url}/files/never.ts`)
  await page.getByRole('heading', { name: 'There is no such file' }).waitFor()
})

test('what is typed here is by the person at the page, who may write where they have locked, and nobody else', async () => {
  const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
  const agent = await folder.agent('CODEX-two')
  const page = await open(folder, '/files/a.ts')
  await page.getByRole('textbox', { name: 'leaves the text' }).waitFor()
  await page.locator('.cm-line').nth(1).click({ clickCount: 3 })
  await page.getByRole('button', { name: 'Lock line' }).click()
  await page.getByRole('button', { name: /^Release/ }).waitFor()
  await page.locator('.cm-line').nth(1).click()
  await page.keyboard.press('End')
  await page.keyboard.type(' typed')
  await until(() => folder.read('a.ts') === 'one\ntwo typed\nthree\n', 'the text on disk')
  const { head } = await agent.request('stat', { path: workspacePath.parse('a.ts') })
  expect(head?.author).toBe('PERSON-dashboard')
  await page.locator('.cm-authors').getByText(/^dash/).first().waitFor()
})
