/** What those hear who are there when a real server stops, or when their time with it is over. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { pageSession } from '../../protocol/links.js'
import { FailingStorage } from '../support/failing-storage.js'
import { ManualClock } from '../support/manual-clock.js'
import { startServer, TOKEN, type TestServer } from '../support/server.js'
import { until } from '../support/wait.js'
import { ask } from './http/http.js'
import { openRawAgent, openRawPeer } from './sync/raw.js'
import { put } from './sync/seed.js'

const DAY = 24 * 60 * 60_000

const servers: TestServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})
async function start(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options)
  servers.push(server)
  return server
}

const lock = (server: TestServer, agent: string, wait: number) =>
  ask(server, '/api/locks', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ensemble-agent': agent },
    body: JSON.stringify({ wants: [{ path: 'a.ts', region: { kind: 'file' }, type: 'EXCLUSIVE' }], wait }),
  })

/** What a raw connection to the server was told, head and all. */
async function rawRequest(server: TestServer, head: string): Promise<{ readonly line: Socket; said: () => string }> {
  const line = connect(server.port, '127.0.0.1')
  let text = ''
  line.on('data', (part) => (text += part.toString()))
  line.on('error', () => undefined)
  await once(line, 'connect')
  line.write(`${head}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`)
  return { line, said: () => text }
}

test('[SYNC-11] who waits for a lock over HTTP when the server stops is told so: 503 E_STOPPING', async () => {
  const server = await start()
  expect((await lock(server, 'CLAUDE-a', 0)).status).toBe(200)
  const waiting = lock(server, 'CODEX-b', 60)
  await until(async () => (await ask(server, '/api/locks')).text.includes('CODEX-b'), 'it to wait')
  await server.stop()
  const { status, json, headers } = await waiting
  expect([status, json]).toMatchObject([503, { code: 'E_STOPPING', retry: true }])
  expect(headers['retry-after']).toBe('1')
})

test('[SYNC-3] a write that waits for a storage that fails is answered when the server stops, and what was lost is named', async () => {
  const storage = new FailingStorage()
  const server = await start({ storage })
  await put(await server.connect(), 'a.ts', 'one\n')
  storage.hold()
  const writing = ask(server, '/api/files/b.ts', { method: 'PUT', body: 'two\n' })
  await until(() => storage.held > 0, 'the commit')
  const stopped = server.close(50)
  const { status, json } = await writing
  expect([status, json]).toMatchObject([503, { code: 'E_STORAGE_DEGRADED', retry: true }])
  expect(await stopped).toMatchObject({ documents: ['b.ts', '~workspace'], reason: { code: 'E_STORAGE_DEGRADED' } })
  storage.releaseAll()
})

test('a server stops although somebody does not end its request, nor reads its answer, nor its events', async () => {
  const server = await start()
  const lines = await Promise.all([
    rawRequest(server, 'PUT /api/files/a.ts HTTP/1.1\r\nContent-Length: 100'),
    rawRequest(server, 'GET /api/events HTTP/1.1\r\nAccept: text/event-stream'),
    rawRequest(server, 'GET /api/tree HTTP/1.1\r\nX-Half: '),
  ])
  await until(() => lines[1]?.said().includes('retry:'), 'the stream')
  await server.stop()
  await Promise.all(lines.map(async ({ line }) => until(() => line.closed, 'the end of the line')))
})

test('HEAD of what would be a stream is answered, and takes no place', async () => {
  const server = await start()
  const { status, headers } = await ask(server, '/api/events', {
    method: 'HEAD',
    headers: { accept: 'text/event-stream' },
  })
  expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8'])
})

test('[AUTH-9, SYNC-11] when a session is over its sockets and streams end, and those of others go on', async () => {
  const clock = new ManualClock(Date.now())
  const server = await start({ now: clock.now, timers: clock.timers })
  const { code } = server.links.make('write')
  const used = await ask(server, '/api/links/use', { method: 'POST', body: JSON.stringify({ code }), token: null })
  const { token } = pageSession.parse(used.json)
  const agent = await openRawAgent(server.url, { token })
  await agent.welcomed()
  const peer = await (await openRawPeer(server.url, '~free', { token })).synced()
  const other = await (await openRawPeer(server.url, '~free')).synced()
  const stream = ask(server, '/api/events', { headers: { accept: 'text/event-stream' }, token })
  await clock.advance(20_000)
  expect([agent.closed, peer.closed]).toEqual([undefined, undefined])
  clock.set(7 * DAY)
  // Pings are real, so that each has to be answered before the clock goes on.
  for (const one of [agent, peer, other]) await one.roundTrip()
  await clock.advance(15_000)
  expect([(await agent.close()).code, (await peer.close()).code]).toEqual([4401, 4401])
  expect((await stream).text).toContain('The session of this page has ended.')
  await other.roundTrip()
  expect(other.closed).toBeUndefined()
  expect(server.status().connections).toMatchObject({ observers: 0, peers: 1 })
})

test('[SYNC-7] a token has one rate for all its connections and requests; another token has its own', async () => {
  const clock = new ManualClock(Date.now())
  const server = await start({
    config: { limits: { messagesPerSecondOfToken: 2 } },
    ...{ now: clock.now, timers: clock.timers },
  })
  const { code } = server.links.make('read')
  const used = await ask(server, '/api/links/use', { method: 'POST', body: JSON.stringify({ code }), token: null })
  const { token } = pageSession.parse(used.json)
  const peers = await Promise.all([1, 2].map(() => openRawPeer(server.url, '~free')))
  for (const peer of peers) await peer.synced() // 2 of 20
  for (let n = 0; n < 8; n++) for (const peer of peers) peer.send(new Uint8Array([3]))
  for (const peer of peers) await peer.roundTrip()
  expect((await ask(server, '/api/status')).status).toBe(200)
  expect((await ask(server, '/api/status')).status).toBe(200) // 20 of 20
  const refused = await ask(server, '/api/status')
  expect([refused.status, refused.json]).toMatchObject([429, { code: 'E_LIMIT', retry: true }])
  expect((await ask(server, '/api/status', { token })).status).toBe(200)
  peers[0]?.send(new Uint8Array([3]))
  expect((await peers[0]?.close())?.code).toBe(4529)
  await clock.advance(10_000)
  await peers[1]?.roundTrip()
  peers[1]?.send(new Uint8Array([3]))
  expect((await ask(server, '/api/status')).status).toBe(200)
  expect(peers[1]?.closed).toBeUndefined()
})
