/** Names as long as they may be: no view grows wider than its window. */
import type { Locator } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeId } from '../../../protocol/ids.js'
import { lockCommand } from '../../../protocol/locks.js'
import { workspacePath } from '../../../protocol/paths.js'
import { taskCommand, type Task } from '../../../protocol/tasks.js'
import { ServedFolder } from '../../support/served-folder.js'
import { headOf, write } from './agent-writes.js'
import { usePages } from './pages.js'

const { open } = usePages()

const LONG = 'anamethatgoeson'.repeat(7)
const PATH = `src/${LONG}/${LONG}/${LONG}/${LONG}.tsx`
const [ONE, TWO] = [`CLAUDE-one${LONG.slice(0, 40)}`, `CODEX-two${LONG.slice(0, 40)}`]

let folder: ServedFolder
const views: Record<string, string> = {}
beforeAll(async () => {
  folder = new ServedFolder({ [PATH]: 'one\ntwo\nthree\n' })
  await folder.start()
  const [one, two] = [await folder.agent(ONE), await folder.agent(TWO)]
  const base = await headOf(one, PATH)
  await write(one, PATH, `one\nTWO ${LONG}\nthree\n`, base)
  await write(two, PATH, `one\n2 ${LONG}\nthree\n`, base)
  let asked = 0
  const tell = async (what: object): Promise<Task> =>
    (await one.request('task', taskCommand.parse({ writeId: `long-${(asked += 1)}`, ...what }))).task
  const subtasks = [{ title: LONG, assignee: ONE }, { title: `b${LONG}` }]
  const task = await tell({ create: { title: LONG, subtasks } })
  await tell({ task: task.id, change: { do: 'depend', subtask: '2', depends_on: ['1'] } })
  const other = await tell({ create: { title: `c${LONG}`, subtasks: [{ title: 'part' }] } })
  await tell({ task: other.id, change: { do: 'halt' } })
  const wish = (wait: number) => lockCommand.parse({ wants: [{ path: PATH }], ttl: 300, wait })
  await one.request('lock', wish(0))
  two.request('lock', wish(600)).catch(() => undefined)
  await one.request('publish', { writeId: writeId.parse('long-said'), type: 'broadcast', data: { text: LONG } })
  await one.request('presence', { state: 'editing', file: workspacePath.parse(PATH), symbol: LONG })
  const { conflicts } = await one.request('conflicts', {})
  Object.assign(views, {
    overview: '/',
    file: `/files/${PATH}`,
    conflicts: '/conflicts',
    conflict: `/conflicts/${conflicts[0]?.id ?? ''}`,
    tasks: '/tasks',
    subtask: `/tasks/${task.id}/1`,
    locks: '/locks',
    lock: '/locks/l1',
    agents: '/agents',
    agent: `/agents/${ONE}`,
  })
  return () => folder.close()
})

test.each([1440, 1024, 380])('at %i pixels', async (width) => {
  const wide: Record<string, number> = {}
  const page = await open(folder, '/', { viewport: { width, height: 800 } })
  for (const [name, address] of Object.entries(views)) {
    await page.goto(`${folder.url}${address}`)
    await page.locator('main').getByText(LONG.slice(0, 12)).first().waitFor({ state: 'attached' })
    const widest = await page.evaluate(() =>
      Math.max(...[document.documentElement, document.querySelector('main')].map((part) => part?.scrollWidth ?? 0)),
    )
    if (widest > width) wide[name] = widest
  }
  expect(wide).toEqual({})
})

/** The whole name, within the window. */
async function expectWhole(shown: Locator, name: string, width: number): Promise<void> {
  await shown.waitFor()
  const { inner, outer, right, bottom, end, text } = await shown.evaluate(async (part) => {
    await document.fonts.ready
    const header = part.closest('header, .file-head')
    const { right, bottom } = part.getBoundingClientRect()
    const end = header?.getBoundingClientRect().bottom ?? 0
    return { inner: part.scrollWidth, outer: part.clientWidth, right, bottom, end, text: part.textContent }
  })
  expect(text).toBe(name)
  expect(inner).toBeLessThanOrEqual(outer)
  expect(right).toBeLessThanOrEqual(width)
  expect(bottom).toBeLessThanOrEqual(end)
}

describe.each([1440, 1024, 380])('the folders give way, not the name, at %i pixels', (width) => {
  const viewport = { width, height: 800 }
  const deep = (name: string) => `src/${LONG}/${LONG}/${name}`

  test('in the header of a file', async () => {
    folder.write(deep('a-name-that-fits.tsx'), 'one\n')
    const page = await open(folder, `/files/${deep('a-name-that-fits.tsx')}`, { viewport })
    await expectWhole(page.getByRole('heading', { level: 1 }).locator('b'), 'a-name-that-fits.tsx', width)
  })

  test('in the header of a conflict', async () => {
    const path = deep(`collides-at-${width}.tsx`)
    const [one, two] = [await folder.agent('CLAUDE-n1'), await folder.agent('CODEX-n2')]
    await write(one, path, 'one\n', null)
    await write(two, path, 'two\n', null)
    const { conflicts } = await one.request('conflicts', { path: workspacePath.parse(path) })
    const page = await open(folder, `/conflicts/${conflicts[0]?.id ?? ''}`, { viewport })
    await expectWhole(page.locator('.conflict-heading .story-path b'), `collides-at-${width}.tsx`, width)
    // And stands out from them there alone.
    const side = await open(folder, `/files/${path}`, { viewport })
    await side.locator('.side-conflict .story-path b').waitFor({ state: 'attached' })
    const colours = await side
      .locator('.side-conflict .story-path > *')
      .evaluateAll((parts) => new Set(parts.map((part) => getComputedStyle(part).color)).size)
    expect(colours).toBe(1)
    await Promise.all([one, two].map((agent) => agent.request('leave', {})))
  })
})

test('on an agent’s page the path of an edit gives way, not what was done to it', async () => {
  await write(await folder.agent('CLAUDE-deep'), `src/${LONG}/made.ts`, 'one\n', null)
  const page = await open(folder, '/agents/CLAUDE-deep', { viewport: { width: 380, height: 800 } })
  const done = page.locator('.agent-edits').getByText('created', { exact: true })
  await done.waitFor()
  expect(await done.evaluate((word) => word.scrollWidth <= word.clientWidth)).toBe(true)
})
