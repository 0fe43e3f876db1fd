/** Story 2 of those that Ensemble is for: a hotfix, and a reviewer who watches it being written. How long it waits: `npm run bench locks`. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tellHotfix } from '../support/hotfix.js'
import { startServer, TOKEN, type TestServer } from '../support/server.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

test('a hotfix is watched, reviewed the instant that is asked for beside the lock of its writer, put right, and approved', async () => {
  const story = await tellHotfix({ url: server.url, token: TOKEN }, 'login')
  expect(story).toMatchObject({
    locks: { asked: 3, refused: 0 },
    verdicts: ['CHANGES_REQUESTED', 'APPROVED'],
    watched: 3,
    text: 'export function login(given, kept) {\n  return timingSafeEqual(given, kept)\n}\n',
  })
  const observer = await server.connect()
  const { events } = await observer.request('recent', { since: 0 })
  const told = events.flatMap(({ type, agent_id: by }) => (/^(?:lock|review|fix):/.test(type) ? [`${type} ${by}`] : []))
  const [writer, reviewer] = ['CLAUDE-login-implementer', 'CODEX-login-reviewer']
  const review = [
    `review:requested ${writer}`,
    `lock:acquired ${reviewer}`,
    `review:in_progress ${reviewer}`,
    `lock:released ${reviewer}`,
    `review:completed ${reviewer}`,
  ]
  const fix = [`fix:in_progress ${writer}`, `fix:applied ${writer}`]
  expect(told).toEqual([`lock:acquired ${writer}`, ...review, ...fix, ...review, `lock:released ${writer}`])
})

test('ten hotfixes at once are in nobody’s way', async () => {
  const names = Array.from({ length: 10 }, (_, n) => `fix${n}`)
  const stories = await Promise.all(names.map((name) => tellHotfix({ url: server.url, token: TOKEN }, name)))
  for (const { locks, verdicts } of stories) {
    expect(locks).toEqual({ asked: 3, refused: 0 })
    expect(verdicts).toEqual(['CHANGES_REQUESTED', 'APPROVED'])
  }
})
