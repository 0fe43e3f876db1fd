import { afterEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { writeId as writeIdOf } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { diskFull, FailingStorage } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { openPeer } from '../../support/peer.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { awarenessFrame, decodeAwareness, openRawAgent, openRawPeer, type RawPeer } from './raw.js'
import { asText, headOf, newWrite, put, textOf } from './seed.js'

let servers: TestServer[] = []
afterEach(async () => {
  for (const server of servers) await server.stop()
  servers = []
})

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options)
  servers.push(server)
  return server
}

const updates = (peer: RawPeer) => peer.messages.filter(({ type }) => type === 'update')
const health = async (url: string) => {
  const response = await fetch(`${url}/healthz`)
  return { status: response.status, ...((await response.json()) as { state: string }) }
}

describe('what is shown is stored', () => {
  test('[SYNC-1] while a commit is under way neither its sender nor anybody else hears of it; then all do', async () => {
    const storage = new FailingStorage()
    const { url, connect } = await start({ storage })
    const agent = await connect()
    await put(agent, 'a.ts', 'one\n')
    const [sender, other] = await Promise.all([openRawPeer(url, 'a.ts'), openRawPeer(url, 'a.ts')])
    await Promise.all([sender.synced(), other.synced()])
    storage.hold()
    sender.edit((text) => {
      text.insert(0, 'zero\n')
    })
    await until(() => storage.held > 0)
    await Promise.all([sender.roundTrip(), other.roundTrip()])
    expect(updates(sender)).toEqual([])
    expect(updates(other)).toEqual([])
    storage.releaseAll()
    await until(() => updates(sender).length === 1 && updates(other).length === 1)
    expect(other.text).toBe('zero\none\n')
    expect(updates(sender)[0]?.bytes).toEqual(updates(other)[0]?.bytes) // [SYNC-6] encoded once
  })

  test('[SYNC-1] who joins meanwhile waits, and is then shown it', async () => {
    const storage = new FailingStorage()
    const { url, connect } = await start({ storage })
    await put(await connect(), 'a.ts', 'one\n')
    const sender = await (await openRawPeer(url, 'a.ts')).synced()
    storage.hold()
    sender.edit((text) => {
      text.insert(0, 'zero\n')
    })
    await until(() => storage.held > 0)
    const joiner = await openRawPeer(url, 'a.ts')
    joiner.step1()
    await joiner.roundTrip()
    for (let clock = 1; clock <= 20; clock++) {
      sender.send(awarenessFrame([5, clock, { clock }]))
      await sender.roundTrip()
    }
    await joiner.roundTrip()
    expect(joiner.frames).toEqual([])
    storage.releaseAll()
    await until(() => joiner.messages.some(({ type }) => type === 'awareness'))
    await joiner.roundTrip()
    expect(joiner.text).toBe('zero\none\n')
    // Of what others did meanwhile it hears how it ended; once more, where the telling of that was still gathering.
    const told = joiner.messages.filter(({ type }) => type === 'awareness').map(({ bytes }) => decodeAwareness(bytes))
    const end = [{ id: 5, clock: 20, state: { clock: 20 } }]
    expect([[end], [end, end]]).toContainEqual(told)
  })

  test('[SYNC-1] heads, trees, contents and conflicts are shown when they are stored', async () => {
    const storage = new FailingStorage()
    const { url, connect } = await start({ storage })
    const agent = await connect()
    const { head } = await put(agent, 'a.ts', 'one\n')
    await put(agent, 'a.ts', 'two\n', head)
    const watcher = await openRawAgent(url)
    await watcher.welcomed({ feeds: ['heads', 'events'] })
    await until(() => storage.held === 0)
    storage.hold()
    const writing = put(agent, 'a.ts', 'three\n', head)
    await until(() => storage.held > 0)
    const asked: Promise<unknown>[] = [
      agent.request('tree', {}),
      agent.request('conflicts', {}),
      agent.request('stat', { path: workspacePath.parse('a.ts') }),
      agent.request('read', { ids: [head.id] }),
      fetch(`${url}/api/conflicts`, { headers: { authorization: `Bearer ${TOKEN}` } }).then((r) => r.json()),
    ]
    let answered = 0
    for (const one of asked) void one.then(() => answered++)
    await watcher.roundTrip()
    expect(answered).toBe(0)
    expect(watcher.of('head')).toEqual([])
    expect(watcher.of('event')).toEqual([])
    storage.releaseAll()
    expect((await writing).outcome).toBe('conflict')
    const [, conflicts] = await Promise.all(asked)
    expect(conflicts).toMatchObject({ conflicts: [{ theirs: 'three\n' }] })
    await until(() => watcher.of('event').length === 1)
  })

  test('[SYNC-2] after a restart an old peer goes on where it was; nothing is doubled', async () => {
    const storage = openMemoryStorage()
    const first = await start({ storage })
    await put(await first.connect(), 'a.ts', 'one\ntwo\nthree\n')
    const peer = openPeer(first.url, 'a.ts')
    await peer.synced()
    peer.text.insert(0, 'mine\n')
    const agent = await first.connect()
    await until(async () => (await headOf(agent, 'a.ts'))?.rev === 2)
    const { port } = first
    await first.stop()
    peer.text.insert(0, 'offline\n')
    const again = await start({ storage, port })
    await peer.synced()
    const next = await again.connect()
    await until(async () => (await textOf(next, 'a.ts')) === 'offline\nmine\none\ntwo\nthree\n')
    expect(peer.text.toJSON()).toBe('offline\nmine\none\ntwo\nthree\n')
    peer.close()
  })
})

describe('epochs', () => {
  test('[DOC-5] on a server whose store was made anew an old peer is closed with 4409: 3 lines stay 3 lines', async () => {
    const first = await start()
    await put(await first.connect(), 'a.ts', 'one\ntwo\nthree\n')
    const peer = openPeer(first.url, 'a.ts')
    await peer.synced()
    const { port } = first
    const codes: number[] = []
    peer.provider.on('connection-close', (event) => {
      if (event !== null) codes.push(event.code)
    })
    await first.stop()
    const wiped = await start({ port })
    const agent = await wiped.connect()
    await put(agent, 'a.ts', 'one\ntwo\nthree\n')
    await until(() => codes.includes(4409))
    expect(peer.provider.shouldConnect).toBe(false)
    expect(peer.text.toJSON()).toBe('one\ntwo\nthree\n')
    const fresh = openPeer(wiped.url, 'a.ts')
    await fresh.synced()
    expect(fresh.text.toJSON()).toBe('one\ntwo\nthree\n')
    expect(await textOf(agent, 'a.ts')).toBe('one\ntwo\nthree\n')
    fresh.close()
    peer.close()
  })

  test('[DOC-5] nothing is exchanged with it: it hears nothing but the close', async () => {
    const { url, connect } = await start()
    await put(await connect(), 'a.ts', 'one\n')
    const raw = await openRawPeer(url, 'a.ts')
    const old = new Y.Doc()
    old.getText('content').insert(0, 'one\n')
    raw.step1(Y.encodeStateVector(old))
    expect((await raw.close()).code).toBe(4409)
    expect(raw.frames).toEqual([])
  })

  test('a peer that gave the file its first text, and lost its line before it heard so, comes back', async () => {
    const storage = new FailingStorage()
    const { url, connect } = await start({ storage })
    const agent = await connect()
    const first = await (await openRawPeer(url, 'new.ts')).synced()
    storage.hold()
    first.edit((text) => {
      text.insert(0, 'first\n')
    })
    await until(() => storage.held > 0)
    first.end()
    storage.releaseAll()
    await until(async () => (await headOf(agent, 'new.ts'))?.rev === 1)
    const back = await openRawPeer(url, 'new.ts')
    back.step1(Y.encodeStateVector(first.doc))
    await until(() => back.messages.some(({ type }) => type === 'step2'))
    Y.applyUpdate(back.doc, Y.encodeStateAsUpdate(first.doc))
    expect(back.text).toBe('first\n')
  })
})

describe('a storage that fails', () => {
  test('[SYNC-3] the server says so, refuses writes in words that allow a retry, keeps what it took, and recovers', async () => {
    const storage = new FailingStorage()
    const clock = new ManualClock(Date.now())
    const server = await start({ storage, now: clock.now, timers: clock.timers })
    const { url } = server
    const agent = await server.connectAs('CLAUDE-a')
    const { head } = await put(agent, 'a.ts', 'one\n')
    const sender = await (await openRawPeer(url, 'a.ts')).synced()
    const other = await (await openRawPeer(url, 'a.ts')).synced()
    expect(await health(url)).toMatchObject({ status: 200, state: 'ready' })
    storage.fail(diskFull())
    sender.edit((text) => {
      text.insert(0, 'typed while full\n')
    })
    await until(async () => (await health(url)).status === 503)
    // Without a token nobody is told of places on the disk.
    expect(await health(url)).toEqual({ status: 503, state: 'degraded' })
    expect(server.status()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('ENOSPC') as string })
    const writeId = newWrite()
    const write = () =>
      agent.request('write', {
        ...{ writeId, path: workspacePath.parse('b.ts'), base: null, content: asText('b\n'), executable: false },
      })
    await expect(write()).rejects.toMatchObject({ code: 'E_STORAGE_FULL', retry: true })
    const put507 = await fetch(`${url}/api/files/c.ts`, {
      method: 'PUT',
      body: 'c\n',
      headers: { authorization: `Bearer ${TOKEN}` },
    })
    expect(put507.status).toBe(507)
    expect(put507.headers.get('retry-after')).not.toBeNull()
    expect(await put507.json()).toMatchObject({ code: 'E_STORAGE_FULL', retry: true })
    await other.roundTrip()
    expect(updates(other)).toEqual([])
    storage.heal()
    await until(async () => {
      await clock.advance(500)
      return updates(other).length === 1
    })
    expect(other.text).toBe('typed while full\none\n')
    expect((await health(url)).status).toBe(200)
    expect((await write()).outcome).toBe('accepted')
    expect(await headOf(agent, 'a.ts')).toMatchObject({ id: head.id, rev: 2 })
  })

  test('[SYNC-3] live edits wait within a bound; beyond it a peer is sent away with 4507, and brings it again later', async () => {
    const storage = new FailingStorage()
    const clock = new ManualClock(Date.now())
    const server = await start({ storage, now: clock.now, timers: clock.timers })
    const agent = await server.connectAs('CLAUDE-a')
    await put(agent, 'a.ts', '')
    storage.fail(diskFull())
    const sizes = 4 * 1024 * 1024
    const peers: RawPeer[] = []
    for (let n = 0; n < 30 && peers.every(({ closed }) => closed === undefined); n++) {
      const peer = await openRawPeer(server.url, `new-${n}.ts`)
      peer.step1()
      await until(() => peer.closed !== undefined || peer.frames.length > 0)
      peer.edit((text) => {
        text.insert(0, `${n}${'x'.repeat(sizes)}`)
      })
      await peer.roundTrip()
      peers.push(peer)
      await turn()
    }
    const refused = peers.find(({ closed }) => closed !== undefined)
    expect(refused?.closed?.code).toBe(4507)
    expect(peers.length).toBeGreaterThan(2)
    storage.heal()
    await until(async () => {
      await clock.advance(500)
      return server.status().state === 'ready'
    })
    const accepted = peers.length - 1
    await until(async () => (await agent.request('tree', {})).files.length === accepted + 1)
    for (const peer of peers) peer.end()
  })

  test('[SYNC-1, SYNC-3] meanwhile reads are answered at once, with what is stored and nothing else', async () => {
    const storage = new FailingStorage()
    const clock = new ManualClock(Date.now())
    const server = await start({ storage, now: clock.now, timers: clock.timers })
    const { url } = server
    const agent = await server.connectAs('CLAUDE-a')
    const { head } = await put(agent, 'a.ts', 'one\n')
    const gone = await put(agent, 'gone.ts', 'still here\n')
    await put(agent, 'quiet.ts', 'quiet\n')
    const early = await (await openRawPeer(url, 'quiet.ts')).synced() // its document is in storage
    const durable = await agent.request('tree', {})
    storage.hold()
    const writing = [
      put(agent, 'a.ts', 'two\n', head),
      put(agent, 'new.ts', 'new\n'),
      agent.request('delete', {
        ...{ writeId: newWrite(), path: workspacePath.parse('gone.ts') },
        base: { rev: 1, hash: gone.head.hash },
      }),
    ].map((one) => one.then(() => 'stored', String))
    await agent.request('status', {}) // they have come
    storage.fail(diskFull())
    storage.releaseAll()
    await until(async () => (await health(url)).status === 503)
    const get = async (path: string) => {
      const response = await fetch(`${url}/api/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
      return { status: response.status, body: await response.text() }
    }
    expect(await get('files/a.ts')).toEqual({ status: 200, body: 'one\n' })
    expect(await get('files/gone.ts')).toEqual({ status: 200, body: 'still here\n' })
    expect((await get('files/new.ts')).status).toBe(404)
    expect(JSON.parse((await get('tree')).body)).toEqual(durable)
    expect(await agent.request('tree', {})).toEqual(durable)
    expect(await agent.request('tree', { since: durable.seq })).toEqual({ seq: durable.seq, files: [] })
    expect(await headOf(agent, 'a.ts')).toEqual(head)
    expect(await headOf(agent, 'new.ts')).toBeNull()
    expect(await textOf(agent, 'a.ts')).toBe('one\n')
    expect(JSON.parse((await get('conflicts')).body)).toMatchObject({ code: 'E_STORAGE_DEGRADED', retry: true })
    // A document that is stored as it is can be joined; of another nobody is shown what is not.
    const joiner = await openRawPeer(url, 'quiet.ts')
    joiner.step1()
    await until(() => joiner.frames.length > 0)
    expect(joiner.text).toBe('quiet\n')
    for (const name of ['a.ts', 'gone.ts']) {
      const refused = await openRawPeer(url, name)
      refused.step1()
      expect((await refused.close()).code).toBe(4507)
      expect(refused.frames).toEqual([])
    }
    storage.heal()
    await until(async () => {
      await clock.advance(500)
      return (await health(url)).status === 200
    })
    expect((await Promise.all(writing)).filter((one) => one !== 'stored')).toEqual([])
    expect(await get('files/a.ts')).toEqual({ status: 200, body: 'two\n' })
    expect((await get('files/gone.ts')).status).toBe(404)
    early.end()
    joiner.end()
  })

  test('[WRITE-10, WRITE-4] a write that was under way is answered within a bound; it is stored later, once, and its id tells', async () => {
    const storage = new FailingStorage()
    const clock = new ManualClock(Date.now())
    const server = await start({ storage, now: clock.now, timers: clock.timers })
    const agent = await server.connect()
    storage.fail(diskFull())
    const write = () =>
      fetch(`${server.url}/api/files/a.ts`, {
        method: 'PUT',
        body: 'one\n',
        headers: { authorization: `Bearer ${TOKEN}`, 'idempotency-key': 'w1' },
      })
    let answered = false
    const first = write()
    void first.then(() => (answered = true))
    await until(async () => (await health(server.url)).status === 503)
    expect(answered).toBe(false) // it may have been but a moment
    const again = write()
    await clock.advance(3_000)
    const problem = { code: 'E_STORAGE_DEGRADED', retry: true, data: { waits: true, writeId: 'w1' } }
    for (const answer of [await first, await again]) {
      expect(answer.status).toBe(503)
      expect(await answer.json()).toMatchObject(problem)
    }
    expect(await headOf(agent, 'a.ts')).toBeNull()
    storage.heal()
    await until(async () => {
      await clock.advance(500)
      return (await health(server.url)).status === 200
    })
    const outcome = await agent.request('write', {
      ...{ writeId: writeIdOf.parse('w1'), path: workspacePath.parse('a.ts'), base: null },
      ...{ content: asText('one\n'), executable: false },
    })
    expect(outcome).toMatchObject({ outcome: 'accepted', head: { rev: 1 } })
    expect(await textOf(agent, 'a.ts')).toBe('one\n')
  })
})
