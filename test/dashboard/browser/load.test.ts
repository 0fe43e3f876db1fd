/** Many agents, many files, many events: the page keeps what it shows, and no more. */
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { startServer, TOKEN } from '../../support/server.js'
import { write } from './agent-writes.js'
import { usePages } from './pages.js'

const { blank } = usePages()

const AGENTS = 50
const FILES = 5_000
const LOT = 25

/** Parts of documents that the page holds, shown or not. */
async function nodesOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { nodes } = await session.send('Memory.getDOMCounters')
  await session.detach()
  return nodes
}

test('a thousand events leave nothing behind in the page but the rows that it shows', async () => {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const agent = await server.connectAs('CLAUDE-writer')
  const page = await blank(server.url)
  await page.goto(`${server.url}/#token=${TOKEN}`)
  let written = 0
  /** Each lot is drawn before the next is written: what a drawing leaves behind adds up. */
  const writeLots = async (lots: number): Promise<void> => {
    for (const end = written + lots * LOT; written < end; written += LOT) {
      await Promise.all(Array.from({ length: LOT }, (_, n) => write(agent, `src/file-${written + n}.ts`, 'x\n', null)))
      await page
        .getByRole('log')
        .getByText(`file-${written + LOT - 1}.ts`)
        .waitFor()
    }
  }
  await writeLots(12) // more than the feed shows
  // Held and let run again, it renders itself with rows in it: what it showed before must not stay with it.
  await page.getByRole('button', { name: 'Hold' }).click()
  await write(agent, 'src/held.ts', 'x\n', null)
  await page.getByRole('button', { name: '+1 new' }).click()
  await writeLots(1)
  const full = await nodesOf(page)
  await writeLots(40)
  expect(await page.getByRole('log').getByRole('listitem').count()).toBe(200)
  expect(await nodesOf(page)).toBeLessThan(full + 200)
})

test('fifty agents and five thousand files are at hand', async () => {
  const server = await startServer()
  onTestFinished(() => server.stop())
  const writer = await server.connectAs('CLAUDE-agent-0')
  await Promise.all(
    Array.from({ length: FILES }, (_, n) => write(writer, `packages/p${n % 50}/file-${n}.ts`, 'x\n', null)),
  )
  await Promise.all(Array.from({ length: AGENTS - 1 }, (_, n) => server.connectAs(`CLAUDE-agent-${n + 1}`)))
  const page = await blank(server.url)
  await page.goto(`${server.url}/#token=${TOKEN}`)
  await page.getByRole('rowheader').filter({ hasText: 'agent-49' }).waitFor()
  expect(await page.getByRole('table', { name: 'Agents' }).getByRole('rowheader').count()).toBe(AGENTS)
  await page.goto(`${server.url}/files`)
  await page.getByText('5,000 files in step').waitFor()
  await page.getByRole('searchbox', { name: 'Filter files' }).fill('file-4')
  await page.getByRole('treeitem', { name: 'file-400.ts' }).waitFor()
  expect(await page.getByRole('treeitem').count()).toBeLessThan(80)
  await page.getByRole('searchbox', { name: 'Filter files' }).fill('p49 file-4999')
  await page.getByRole('treeitem', { name: 'file-4999.ts' }).click()
  await page.getByRole('textbox', { name: 'leaves the text' }).waitFor()
})
