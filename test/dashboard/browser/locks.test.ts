/** Locks in a real browser: who holds what, who waits, and what a person does about it. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { lockCommand, type LockResult } from '../../../protocol/locks.js'
import { until } from '../../support/wait.js'
import { serve, usePages } from './pages.js'

const { open } = usePages()

interface Wish {
  readonly region?: object
  /** Seconds, both. */
  readonly ttl?: number
  readonly wait?: number
}

function lock(agent: Connection, path: string, { region, ttl = 300, wait = 0 }: Wish = {}): Promise<LockResult> {
  const want = { path, ...(region === undefined ? {} : { region }) }
  return agent.request('lock', lockCommand.parse({ wants: [want], ttl, wait }))
}

const TEN = Array.from({ length: 10 }, (_, number) => `line ${number + 1}\n`).join('')
const row = (page: Page, name: string) => page.getByRole('row', { name })

test('a lock appears, counts down, and vanishes when its time is over', async () => {
  const folder = await serve({ 'src/a.ts': TEN })
  const agent = await folder.agent('CLAUDE-frontend')
  const page = await open(folder, '/locks')
  await page.getByRole('heading', { name: 'Nothing is locked' }).waitFor()
  await lock(agent, 'src/a.ts', { region: { kind: 'lines', from: 2, to: 4 }, ttl: 5 })
  const held = row(page, 'frontend')
  await held.getByText('lines 2 to 4').waitFor()
  const left = held.locator('.lock-left')
  const first = await left.textContent()
  await until(async () => ((await left.textContent()) ?? '') < (first ?? ''), 'less time left')
  await held.waitFor({ state: 'detached' })
  await page.getByRole('heading', { name: 'Nothing is locked' }).waitFor()
})

test('the overview shows who holds and who waits, in its table and among its locks', async () => {
  const folder = await serve({ 'a.ts': TEN })
  const [holder, waiter] = [await folder.agent('CLAUDE-frontend'), await folder.agent('CODEX-review')]
  await lock(holder, 'a.ts')
  const page = await open(folder)
  await row(page, 'review').waitFor()
  const waits = lock(waiter, 'a.ts', { wait: 600 })
  await row(page, 'review').getByText('Waits for C1').waitFor()
  await row(page, 'frontend').getByText('holds 1 lock').waitFor({ state: 'attached' })
  const locks = page.getByRole('region', { name: 'Locks' })
  await locks.getByText('1 held, 1 in line').waitFor()
  await holder.request('unlock', { path: lockCommand.parse({ wants: [{ path: 'a.ts' }] }).wants[0]!.path })
  await row(page, 'review').getByText('holds 1 lock').waitFor({ state: 'attached' })
  expect(await waits).toMatchObject({ outcome: 'granted' })
  await locks.getByText('1 held').waitFor()
})

test('[LOCK-17] a release by force names who loses what, is told to the holder, and serves who is next', async () => {
  const folder = await serve({ 'src/a.ts': TEN })
  const holder = await folder.agent('CLAUDE-frontend', { feeds: ['events'] })
  const told: WorkspaceEvent[] = []
  holder.onMessage((message) => {
    if (message.type === 'event') told.push(message.event)
  })
  const waiter = await folder.agent('CODEX-review')
  await lock(holder, 'src/a.ts', { region: { kind: 'lines', from: 2, to: 4 } })
  const waits = lock(waiter, 'src/a.ts', { wait: 600 })
  const page = await open(folder, '/locks')
  await row(page, 'frontend').getByRole('link').click()
  await page.waitForURL(`${folder.url}/locks/l1`)
  const panel = page.getByRole('complementary', { name: 'a.ts, lines 2 to 4' })
  await panel.getByRole('listitem').filter({ hasText: 'review' }).waitFor()
  const dialog = page.getByRole('dialog', { name: 'frontend loses lines 2 to 4 of a.ts' })
  await panel.getByRole('button', { name: 'Release by force' }).click()
  await dialog.getByText('review is next in line').waitFor()
  await dialog.getByRole('button', { name: 'Leave it' }).click()
  await dialog.waitFor({ state: 'hidden' })
  expect(told.map(({ type }) => type)).not.toContain('lock:released')
  await panel.getByRole('button', { name: 'Release by force' }).click()
  await dialog.getByRole('button', { name: 'Take it away' }).click()
  expect(await waits).toMatchObject({ outcome: 'granted' })
  await until(() => told.some(({ type }) => type === 'lock:released'), 'the word to the holder')
  expect(told.find(({ type }) => type === 'lock:released')).toMatchObject({
    agent_id: 'CLAUDE-frontend',
    data: { lock_id: 'l1', path: 'src/a.ts', reason: 'forced', by: 'PERSON-dashboard' },
  })
  await page.getByRole('complementary').getByText('dash took it away').waitFor()
  await row(page, 'review').getByText('the whole file').waitFor()
})

test('[LOCK-9] a deadlock that was broken is said, until the loser got what it wanted', async () => {
  const folder = await serve({ 'a.ts': TEN, 'b.ts': TEN })
  const [first, last] = [await folder.agent('CLAUDE-frontend'), await folder.agent('CODEX-review')]
  await lock(first, 'a.ts')
  await lock(last, 'b.ts')
  const page = await open(folder)
  await row(page, 'review').waitFor()
  const waits = lock(first, 'b.ts', { wait: 600 })
  expect(await lock(last, 'a.ts', { wait: 600 })).toMatchObject({ refusal: { reason: 'deadlock' } })
  await page.getByRole('heading', { name: '1 broken deadlock waits for you' }).waitFor()
  await page.getByRole('link', { name: 'Look' }).click()
  const said = page.getByRole('list', { name: 'Broken deadlocks' })
  await said.getByText('asked last, so its request for a.ts was ended').waitFor()
  expect(await said.locator('.deadlock-ring').innerText()).toMatch(
    /X1.* waits for a\.ts of C1.*, which waits for b\.ts of X1/s,
  )
  await page.getByRole('button', { name: 'Draw who waits for whom' }).click()
  const graph = page.getByRole('group', { name: 'Who waits for whom' })
  expect(await graph.getByRole('listitem').allTextContents()).toEqual(['frontend waits for review: b.ts'])
  await last.request('unlock', { path: lockCommand.parse({ wants: [{ path: 'b.ts' }] }).wants[0]!.path })
  expect(await waits).toMatchObject({ outcome: 'granted' })
  await first.request('unlock', { path: lockCommand.parse({ wants: [{ path: 'a.ts' }] }).wants[0]!.path })
  await lock(last, 'a.ts')
  await said.waitFor({ state: 'detached' })
})

test('a lock that is held no more has an address, which says how it ended', async () => {
  const folder = await serve({ 'a.ts': TEN })
  const agent = await folder.agent('CLAUDE-frontend')
  await lock(agent, 'a.ts')
  const page = await open(folder, '/locks/l1')
  await page.getByRole('complementary', { name: 'a.ts, the whole file' }).waitFor()
  await agent.request('leave', {})
  await page.getByRole('complementary', { name: 'Lock l1 is not held' }).getByText('released a.ts').waitFor()
  await page.goto(`${folder.url}/locks/l99`)
  await page.getByText('It ended too long ago for this page to know how, or never was').waitFor()
})

/** Whether anything is drawn in the last pixels of an agent's lane, at a height: from the lane's top, in CSS pixels. */
async function isDrawn(page: Page, agent: string, from: number, to: number): Promise<boolean> {
  const place = { agent, from, to }
  return page.evaluate(({ agent: id, from: top, to: foot }) => {
    const canvas = document.querySelector('canvas')
    const lane = document.querySelector(`[data-lane="${id}"]`)
    if (canvas === null || lane === null) return false
    const [field, own] = [canvas.getBoundingClientRect(), lane.getBoundingClientRect()]
    const scale = canvas.width / field.width
    const [x, y] = [own.right - field.left - 6, own.top - field.top + top]
    const pixels = canvas.getContext('2d')?.getImageData(x * scale, y * scale, 4 * scale, (foot - top) * scale)
    return pixels?.data.some((value) => value > 0) ?? false
  }, place)
}

test('the score has a bar for a lock that is held, and hatching for a wait', async () => {
  const folder = await serve({ 'a.ts': TEN })
  const [holder, waiter] = [await folder.agent('CLAUDE-frontend'), await folder.agent('CODEX-review')]
  // Each lane is 34 pixels high: its line is in the middle, bars are below, hatching around it.
  const page = await open(folder, '/', { viewport: { width: 380, height: 800 } })
  await row(page, 'review').waitFor()
  const bar = (agent: string) => isDrawn(page, agent, 28, 33)
  const hatching = (agent: string) => isDrawn(page, agent, 14, 18)
  expect([await bar('CLAUDE-frontend'), await hatching('CODEX-review')]).toEqual([false, false])
  await lock(holder, 'a.ts')
  lock(waiter, 'a.ts', { wait: 600 }).catch(() => undefined)
  await until(() => bar('CLAUDE-frontend'), 'the bar of the lock')
  await until(() => hatching('CODEX-review'), 'the hatching of the wait')
  expect([await bar('CODEX-review'), await hatching('CLAUDE-frontend')]).toEqual([false, false])
})

test('whoever sits at the page is told when an own lock is about to end, and of nobody else’s', async () => {
  const folder = await serve({ 'src/a.ts': TEN, 'src/b.ts': TEN })
  const page = await open(folder)
  await lock(await folder.agent('CLAUDE-one'), 'src/b.ts', { ttl: 30 })
  const answer = await fetch(`${folder.url}/api/locks`, {
    method: 'POST',
    headers: {
      ...{ Authorization: `Bearer ${folder.token}`, 'Content-Type': 'application/json' },
      'X-Ensemble-Agent': 'PERSON-dashboard',
    },
    body: JSON.stringify({ wants: [{ path: 'src/a.ts' }], ttl: 30 }),
  })
  expect(answer.ok).toBe(true)
  const said = page.getByRole('status').filter({ hasText: 'Your lock on' })
  await said.waitFor({ state: 'attached' })
  expect(await said.textContent()).toBe('Your lock on the whole file of a.ts ends within a minute')
})
