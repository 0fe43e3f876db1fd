/** axe over every view, in both themes, at three widths. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { faultsOf, openBrowser, openPage } from '../../support/browser.js'
import { ServedFolder } from '../../support/served-folder.js'
import { headOf, write } from './agent-writes.js'

let browser: Browser
let folder: ServedFolder
let empty: ServedFolder
let conflict: string
let readOnly: string

beforeAll(async () => {
  browser = await openBrowser()
  folder = new ServedFolder({ 'src/price.ts': 'const price = 1\n', 'src/b.md': '# b\n', 'README.md': 'hello\n' })
  empty = new ServedFolder({})
  await Promise.all([folder.start(), empty.start()])
  const agents = [await folder.agent('CLAUDE-one'), await folder.agent('CODEX-two'), await folder.agent('GEMINI-three')]
  const base = await headOf(agents[0]!, 'src/price.ts')
  for (const [index, agent] of agents.entries())
    await write(agent, 'src/price.ts', `const price = ${index + 2}\n`, base)
  await agents[1]!.request('lock', {
    wants: [
      { path: workspacePath.parse('src/price.ts'), region: { kind: 'lines', from: 1, to: 1 }, type: 'EXCLUSIVE' },
    ],
    ...{ ttl: 3_600, wait: 0 },
  })
  const said = { type: 'broadcast', data: { text: 'hello' }, writeId: writeId.parse('said') }
  const { event } = await agents[0]!.request('publish', said)
  await agents[1]!.request('acknowledge', { seq: event.seq })
  readOnly = `${folder.url}/agents/CODEX-two#token=${await folder.session('read')}`
  conflict = (await agents[0]!.request('conflicts', {})).conflicts[0]!.id
  const gone = await folder.agent('OTHER-gone').catch(() => undefined)
  await gone?.close()
})
afterAll(async () => {
  await browser.close()
  await Promise.all([folder.close(), empty.close()])
})

const views: readonly (readonly [string, () => string, (page: Page) => Promise<void>])[] = [
  ['overview', () => folder.page('/'), (page) => page.getByRole('heading', { name: 'Agents' }).waitFor()],
  ['files', () => folder.page('/files'), (page) => page.getByRole('treeitem', { name: 'price.ts' }).waitFor()],
  ['file', () => folder.page('/files/src/price.ts'), (page) => page.locator('.lock-head').first().waitFor()],
  ['missing file', () => folder.page('/files/no.ts'), (page) => page.getByText('no such file').waitFor()],
  ['conflicts', () => folder.page('/conflicts'), (page) => page.getByRole('article').first().waitFor()],
  ['conflict', () => folder.page(`/conflicts/${conflict}`), (page) => page.locator('.result .change-head').waitFor()],
  ['agents', () => folder.page('/agents'), (page) => page.getByText('acknowledged').first().waitFor()],
  ['agent', () => folder.page('/agents/CODEX-two'), (page) => page.getByText('acknowledged').first().waitFor()],
  ['nobody', () => folder.page('/agents/CODEX-none'), (page) => page.getByText('no such agent').waitFor()],
  ['read-only agent', () => readOnly, (page) => page.getByText('acknowledged').first().waitFor()],
  ['empty overview', () => empty.page('/'), (page) => page.getByText('No agent is connected yet').waitFor()],
  ['no conflicts', () => empty.page('/conflicts'), (page) => page.getByText('No two edits collide').waitFor()],
  ['no token', () => folder.url, (page) => page.getByRole('button', { name: 'Open' }).waitFor()],
]

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  describe.each([1440, 1024, 380])('at %i pixels', (width) => {
    test.each(views)('%s has no fault that axe finds', async (_name, address, ready) => {
      const origin = new URL(address()).origin
      const page = await openPage(browser, origin, { colorScheme, viewport: { width, height: 800 } })
      await page.goto(address())
      await ready(page)
      const { violations } = await new AxeBuilder({ page }).analyze()
      const faults = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`))
      expect(faults).toEqual([])
      expect(faultsOf(page)).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, 'only code scrolls sideways').toBeLessThanOrEqual(0)
      await page.context().close()
    })
  })
})

test('the palette has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page())
  await page.getByRole('button', { name: 'Find or run' }).click()
  await page.getByRole('option').first().waitFor()
  const { violations } = await new AxeBuilder({ page }).include('dialog').analyze()
  expect(violations).toEqual([])
  await page.context().close()
})

test('the help for keys has no fault that axe finds', async () => {
  const page = await openPage(browser, folder.url)
  await page.goto(folder.page())
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
  const { violations } = await new AxeBuilder({ page }).include('dialog').analyze()
  expect(violations).toEqual([])
  await page.context().close()
})
