import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, expect, test } from 'vitest'
import { workspacePath } from '../../../protocol/paths.js'
import { hashOf } from '../../../server/documents/content.js'
import { FileJournal, fileRow } from '../../../server/documents/file-journal.js'
import { diskFull, FailingStorage } from '../../support/failing-storage.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { openRawAgent, openRawPeer } from '../sync/raw.js'
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

test('[TRACE-3, SYNC-8] bytes that went to readers, also to those that left, and updates without ground are counted', async () => {
  server = await startServer()
  await put(await server.connect(), 'a.ts', `${'x'.repeat(100_000)}\n`)
  const before = await metrics()
  const peer = await (await openRawPeer(server.url, 'a.ts')).synced()
  const sent = async () =>
    ((await metrics()).get('ensemble_outbound_bytes_total') ?? 0) - (before.get('ensemble_outbound_bytes_total') ?? 0)
  const open = await sent()
  expect(open).toBeGreaterThan(100_000)
  expect(open).toBeLessThan(102_000)
  expect((await metrics()).get('ensemble_outbound_waiting_bytes')).toBe(0)
  peer.doc.getText('content').insert(0, 'lost\n')
  peer.edit((text) => {
    text.insert(0, 'without ground\n')
  })
  await until(async () => (await metrics()).get('ensemble_groundless_updates_total') === 1)
  peer.ws.terminate()
  await until(async () => (await metrics()).get('ensemble_connections{kind="peers"}') === 0)
  expect(await sent()).toBeGreaterThanOrEqual(open)
})

test('[TRACE-3, SYNC-2] a document that differs from its head is counted, and the head follows it', async () => {
  const storage = new FailingStorage()
  const path = workspacePath.parse('a.ts')
  server = await startServer({ storage })
  await put(await server.connect(), path, 'one\n')
  await (await openRawPeer(server.url, path)).synced()
  expect((await metrics()).get('ensemble_divergence_total')).toBe(0)
  await server.stop()
  const [file] = [...new FileJournal(storage).files()]
  if (file === undefined) throw new Error('there is a file')
  await storage.commit([fileRow({ ...file.head, hash: hashOf(Buffer.from('another\n')) }, file.epoch)])
  server = await startServer({ storage })
  await (await openRawPeer(server.url, path)).synced()
  expect((await metrics()).get('ensemble_divergence_total')).toBe(1)
  const agent = await server.connect()
  const read = await until(async () => {
    const [found] = (await agent.request('read', { ids: [file.head.id] })).files
    return found?.head.rev === 2 ? found : undefined
  })
  expect(read.head.hash).toBe(file.head.hash)
})

test('[TRACE-3] connections by kind, group commits and refused frames are counted', async () => {
  server = await startServer()
  const kinds = async (): Promise<(number | undefined)[]> => {
    const found = await metrics()
    return ['agents', 'observers', 'peers'].map((kind) => found.get(`ensemble_connections{kind="${kind}"}`))
  }
  expect(await kinds()).toEqual([0, 0, 0])
  const agent = await server.connectAs('CLAUDE-a')
  const observer = await server.connect()
  const peer = await openRawPeer(server.url, 'a.ts')
  expect(await kinds()).toEqual([1, 1, 1])
  const commits = async () => (await metrics()).get('ensemble_commit_seconds_count') ?? 0
  const before = await commits()
  await put(agent, 'a.ts', 'one\n')
  expect(await commits()).toBeGreaterThan(before)
  const refused = async () => (await metrics()).get('ensemble_refused_total{code="E_BAD_FRAME"}') ?? 0
  peer.send(new Uint8Array([0, 9, 9]))
  await peer.close()
  expect(await refused()).toBe(1)
  const raw = await openRawAgent(server.url)
  raw.send('no JSON')
  await raw.close()
  expect(await refused()).toBe(2)
  await Promise.all([agent.close(), observer.close()])
  await until(async () => (await kinds()).every((count) => count === 0), 'nobody to be counted')
})

test('[TRACE-3] what waits for a reader is counted until it has read it', async () => {
  server = await startServer()
  const waiting = async () => (await metrics()).get('ensemble_outbound_waiting_bytes') ?? 0
  await put(await server.connect(), 'a.ts', 'x'.repeat(16 * 1024 * 1024))
  const slow = await openRawPeer(server.url, 'a.ts')
  slow.ws.pause()
  slow.step1()
  await until(async () => (await waiting()) > 1024 * 1024, 'the answer to wait')
  slow.ws.resume()
  await until(async () => (await waiting()) === 0, 'all to be read')
  slow.end()
})

test('[TRACE-3] a turn of the event loop that takes long is seen in its delay', async () => {
  server = await startServer()
  const started = monitorEventLoopDelay() // after the server's own: what it has counted that has, too
  started.enable()
  await until(() => started.count > 1, 'the delay to be watched')
  started.disable()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  expect((await metrics()).get('ensemble_nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.2)
})
