/** The palette and the keys, by keyboard alone. */
import { expect, test } from 'vitest'
import { until } from '../../support/wait.js'
import { headOf, write } from './agent-writes.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

test('Ctrl+K finds a file, an agent and an action by a few letters; Escape leaves everything as it was', async () => {
  const folder = await serve({ 'src/ui/CartPanel.tsx': 'one\n', 'src/price.ts': 'two\n' })
  await folder.agent('CLAUDE-frontend')
  const page = await open(folder)
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())
  const find = async () => {
    await press('Control+k')
    await page.getByRole('combobox', { name: 'Find or run' }).waitFor()
  }
  const chosen = page.getByRole('dialog').getByRole('option', { selected: true })
  await page.getByRole('row').nth(1).waitFor()

  await find()
  await page.keyboard.type('cartpan')
  await page.getByRole('option', { name: 'src/ui/CartPanel.tsx' }).waitFor()
  await press('Enter')
  await page.getByRole('textbox', { name: 'CartPanel.tsx' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/files/src/ui/CartPanel.tsx')

  // While someone types, too.
  await page.getByRole('textbox', { name: 'leaves the text' }).click()
  await find()
  await page.keyboard.type('claude-f')
  await press('ArrowDown', 'ArrowUp')
  expect(await chosen.textContent()).toContain('CLAUDE-frontend')
  await press('Enter')
  await page.getByRole('heading', { name: 'frontend' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/agents/CLAUDE-frontend')

  const theme = () => page.evaluate(() => document.documentElement.dataset['theme'])
  await find()
  await page.keyboard.type('light dark')
  await press('Enter')
  expect(await theme()).toBe('dark')

  await find()
  await page.keyboard.type('go to the conflicts')
  expect(await chosen.textContent()).toContain('gc')
  await press('Escape')
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(new URL(page.url()).pathname).toBe('/agents/CLAUDE-frontend')
  expect(folder.read('src/ui/CartPanel.tsx')).toBe('one\n')
})

test('the single keys of the list lead where it says, and rest when they are turned off', async () => {
  const folder = await serve({ 'a.ts': 'one\ntwo\n' })
  const [one, two] = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two')]
  const base = await headOf(one, 'a.ts')
  await write(one, 'a.ts', 'ONE\ntwo\n', base)
  await write(two, 'a.ts', 'zero\ntwo\n', base)
  const page = await open(folder)
  const path = () => new URL(page.url()).pathname
  const go = async (keys: string, wanted: RegExp) => {
    for (const key of keys) await page.keyboard.press(key)
    await until(() => wanted.test(path()), `${keys} leads to ${String(wanted)}, not ${path()}`)
  }
  await page.getByRole('row').nth(1).waitFor()
  await go('gf', /^\/files$/)
  await go('ga', /^\/agents$/)
  await page.getByRole('link', { name: 'two' }).waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await until(() => path() === '/agents/CODEX-two', 'the second agent')
  await go('gc', /^\/conflicts$/)
  await go('i', /^\/conflicts\/./)
  await go('go', /^\/$/)

  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await help.getByText('Lock the selected lines, or release them').waitFor()
  await help.getByRole('checkbox').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('f')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  expect(path()).toBe('/')
})

test('in a file: [ and ] go through its changes, l locks the selected lines and gives them back', async () => {
  const folder = await serve({ 'a.ts': 'one\ntwo\nthree\n' })
  const agent = await folder.agent('CLAUDE-one')
  await write(agent, 'a.ts', 'ONE\ntwo\nthree\n', await headOf(agent, 'a.ts'))
  const page = await open(folder, '/files/a.ts')
  await page.getByText('2 changes since').waitFor()
  await page.keyboard.press('[')
  await page.getByText('as of').first().waitFor()
  await until(() => new URL(page.url()).hash === '#r1', 'the revision in the address')
  await page.keyboard.press(']')
  await page.keyboard.press(']')
  await page.getByText('Live', { exact: true }).last().waitFor()

  await page.goto(`${folder.url}/files/a.ts#L2-3`)
  await page.getByRole('button', { name: 'Lock lines 2 to 3' }).waitFor()
  await page.getByRole('heading', { level: 1 }).click()
  await page.keyboard.press('l')
  await page.getByRole('button', { name: /^Release/ }).waitFor()
  const { locks } = await agent.request('locks', {})
  expect(locks).toMatchObject([{ holder: 'PERSON-dashboard', lines: { from: 2, to: 3 } }])
  await page.keyboard.press('l')
  await page.getByRole('button', { name: /^Lock/ }).waitFor()
  expect((await agent.request('locks', {})).locks).toEqual([])
})
