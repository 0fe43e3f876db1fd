import { afterEach, expect, test } from 'vitest'
import { diskFull, FailingStorage } from '../../support/failing-storage.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { openRawPeer } from '../sync/raw.js'
import { put } from '../sync/seed.js'

let server: TestServer
afterEach(() => server.stop())

async function metrics(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}
const states = async (): Promise<(number | undefined)[]> => {
  const found = await metrics()
  return ['held', 'unsaved', 'live', 'idle'].map((state) => found.get(`ensemble_documents{state="${state}"}`))
}

test('[TRACE-3] a document is idle, live, unsaved while the disk fails, and live again; what waits is counted', async () => {
  const storage = new FailingStorage()
  server = await startServer({ storage })
  const agent = await server.connect()
  await put(agent, 'a.ts', 'one\n')
  const peer = await openRawPeer(server.url, 'a.ts')
  await peer.synced()
  expect(await states()).toEqual([0, 0, 1, 0])
  storage.fail(diskFull())
  peer.edit((text) => {
    text.insert(0, 'zero\n')
  })
  await until(async () => (await metrics()).get('ensemble_storage_degraded') === 1)
  expect(await states()).toEqual([0, 1, 0, 0])
  const failing = await metrics()
  expect(failing.get('ensemble_storage_pending_rows')).toBeGreaterThan(0)
  expect(failing.get('ensemble_storage_pending_bytes')).toBeGreaterThan(0)
  expect(failing.get('ensemble_commit_failures_total')).toBeGreaterThan(0)
  storage.heal()
  await until(async () => (await metrics()).get('ensemble_storage_degraded') === 0)
  expect(await states()).toEqual([0, 0, 1, 0])
  peer.ws.terminate()
  await until(async () => (await states())[3] === 1)
  const healed = await metrics()
  expect(healed.get('ensemble_storage_pending_rows')).toBe(0)
  expect([...healed.keys()]).toContain('ensemble_nodejs_eventloop_lag_p99_seconds')
})
