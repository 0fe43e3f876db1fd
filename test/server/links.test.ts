/** What a link opens, on a real server: over HTTP, on the agent socket, and for a stock provider. */
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { methods, isReading, type Method } from '../../protocol/messages.js'
import { agentInstance } from '../../protocol/ids.js'
import { pageSession } from '../../protocol/links.js'
import { ask, type Asking } from './http/http.js'
import { put, textOf } from './sync/seed.js'
import { openRawAgent, agentNamed } from './sync/raw.js'
import { openMemoryStorage } from '../../server/storage/memory.js'
import { openPeer } from '../support/peer.js'
import { startServer, type TestServer } from '../support/server.js'
import { until } from '../support/wait.js'

const servers: TestServer[] = []
const closers: (() => void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  for (const server of servers.splice(0)) await server.stop()
})
async function start(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options)
  servers.push(server)
  return server
}

async function sessionOf(server: TestServer, access: 'read' | 'write'): Promise<string> {
  const { code } = server.links.make(access)
  const body = JSON.stringify({ code })
  const { json } = await ask(server, '/api/links/use', { method: 'POST', body, token: null })
  return pageSession.parse(json).token
}

const description = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

test('[AUTH-9] a link is exchanged without a token, once; its session outlives the server', async () => {
  const storage = openMemoryStorage()
  const first = await start({ storage })
  const { code } = first.links.make('write')
  const asking: Asking = { method: 'POST', body: JSON.stringify({ code }), token: null }
  const used = await ask(first, '/api/links/use', asking)
  expect(used.headers['cache-control']).toBe('no-store')
  const { token } = pageSession.parse(used.json)
  const again = await ask(first, '/api/links/use', asking)
  expect([again.status, again.json]).toMatchObject([401, { code: 'E_UNAUTHORIZED', data: { reason: 'used' } }])
  await first.stop()
  servers.pop()
  const second = await start({ storage })
  expect((await ask(second, '/api/status', { token })).status).toBe(200)
  const made = await ask(second, '/api/links', { method: 'POST', body: '{}', token })
  expect(made.status).toBe(200)
})

test('[AUTH-11] a read-only session reads everything over HTTP, and is refused everything else', async () => {
  const server = await start()
  const token = await sessionOf(server, 'read')
  const { paths } = description.parse((await ask(server, '/api/openapi.json', { token })).json)
  const writing = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).flatMap((method) =>
      method === 'get' || path === '/api/links/use' ? [] : [{ path, method }],
    ),
  )
  expect(writing.length).toBeGreaterThan(15)
  for (const { path, method } of writing) {
    const address = path.replaceAll(/\{\w+\}/g, 'CLAUDE-a')
    const { status, json } = await ask(server, address, {
      method: method.toUpperCase(),
      ...(method === 'delete' ? {} : { body: '{}' }),
      token,
    })
    expect({ path, method, status, json }).toMatchObject({ path, method, status: 403, json: { code: 'E_READ_ONLY' } })
  }
  for (const address of ['/api/status', '/api/tree', '/api/events', '/api/locks', '/api/conflicts', '/metrics'])
    expect([address, (await ask(server, address, { token })).status]).toEqual([address, 200])
  // To look into an agent's inbox may hand its messages over.
  const headers = { 'x-ensemble-agent': 'CLAUDE-a' }
  const peeked = await ask(server, '/api/inbox?take=1', { token, headers })
  expect([peeked.status, peeked.json]).toMatchObject([403, { code: 'E_READ_ONLY' }])
})

test('[AUTH-11] on the agent socket it is told so, may ask for what is read, and for nothing else', async () => {
  const server = await start()
  await put(await server.connect(), 'a.ts', 'one\n')
  const token = await sessionOf(server, 'read')
  // Under a name or without one.
  const watcher = await server.connect({ token, person: agentInstance.parse('anna') })
  expect(watcher.state).toMatchObject({ kind: 'live', welcome: { access: 'read' } })
  expect((await server.connect()).state).toMatchObject({ welcome: { access: 'write' } })
  expect((await watcher.request('tree', {})).files).toHaveLength(1)
  expect((await watcher.request('recent', { since: 0 })).events).not.toEqual([])
  const names = Object.keys(methods) as Method[]
  const writing = names.filter((method) => !isReading(method))
  expect(writing).toEqual([
    ...['write', 'delete', 'rename', 'resolve', 'materialize', 'lock', 'unlock', 'renewLocks', 'breakLock', 'revert'],
    ...['publish', 'acknowledge', 'inbox', 'receipt', 'addContext', 'task', 'folder', 'presence'],
  ])
  for (const method of writing) {
    await expect(watcher.request(method, {}), method).rejects.toMatchObject({ code: 'E_READ_ONLY' })
  }
  const agent = await openRawAgent(server.url, { token })
  agent.hello(agentNamed('CLAUDE', 'frontend'))
  expect((await agent.close()).code).toBe(4403)
  expect(agent.of('refused')[0]?.error.code).toBe('E_READ_ONLY')
})

test('[AUTH-11] a stock provider follows a document; what it types reaches nobody, and it stays', async () => {
  const server = await start()
  const agent = await server.connectAs('CLAUDE-frontend')
  const created = await put(agent, 'a.ts', 'one\n')
  const watcher = openPeer(server.url, 'a.ts', { token: await sessionOf(server, 'read') })
  const other = openPeer(server.url, 'a.ts')
  closers.push(
    () => watcher.close(),
    () => other.close(),
  )
  await Promise.all([watcher.synced(), other.synced()])
  const denied: string[] = []
  watcher.provider.messageHandlers[2] = () => void denied.push('denied')
  const closed: unknown[] = []
  watcher.provider.on('connection-close', (event) => closed.push(event))
  watcher.provider.awareness.setLocalStateField('user', { name: 'spy' })
  watcher.text.insert(0, 'forged\n')
  await until(() => denied.length > 0)
  await put(agent, 'a.ts', 'one\ntwo\n', created.head)
  await until(() => watcher.text.toJSON() === 'forged\none\ntwo\n' && other.text.toJSON() === 'one\ntwo\n')
  expect(await textOf(agent, 'a.ts')).toBe('one\ntwo\n')
  expect(
    [...other.provider.awareness.getStates().values()].map((state) => state['user'] as unknown),
  ).not.toContainEqual({
    name: 'spy',
  })
  expect(closed).toEqual([])
})
