import { afterEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { openPeer, type Peer } from '../../support/peer.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { openRawPeer } from './raw.js'
import { headOf, put, textOf } from './seed.js'

let servers: TestServer[] = []
let peers: Peer[] = []
afterEach(async () => {
  for (const peer of peers) peer.close()
  for (const server of servers) await server.stop()
  servers = []
  peers = []
})

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  const server = await startServer(options)
  servers.push(server)
  return server
}
function peerOf(url: string, name: string, options: Parameters<typeof openPeer>[2] = {}): Peer {
  const peer = openPeer(url, name, options)
  peers.push(peer)
  return peer
}
const closeCodes = ({ provider }: Peer): number[] => {
  const codes: number[] = []
  provider.on('connection-close', (event) => {
    if (event !== null) codes.push(event.code)
  })
  return codes
}

describe('/sync and the stock provider', () => {
  test('a write reaches a peer, the peer’s edit reaches the head, its author, and the next write merges with it', async () => {
    const { url, connectAs } = await start()
    const agent = await connectAs('CLAUDE-frontend')
    const created = await put(agent, 'src/a.ts', 'one\ntwo\nthree\n')
    const peer = peerOf(url, 'src/a.ts', { agent: 'CODEX-reviewer' })
    await peer.synced()
    expect(peer.text.toJSON()).toBe('one\ntwo\nthree\n')
    peer.text.insert(0, 'zero\n')
    const head = await until(async () => {
      const now = await headOf(agent, 'src/a.ts')
      return now?.rev === 2 ? now : undefined
    })
    expect(head.author).toBe('CODEX-reviewer') // [SYNC-14]
    const second = await put(agent, 'src/a.ts', 'one\ntwo\nTHREE\n', created.head)
    expect(second).toMatchObject({ outcome: 'merged', applied: 1, held: 0 })
    await until(() => peer.text.toJSON() === 'zero\none\ntwo\nTHREE\n')
  })

  test('two peers write at once, and end with the same text, which is the head', async () => {
    const { url, connect } = await start()
    const agent = await connect()
    await put(agent, 'a.ts', 'middle\n')
    const [one, two] = [peerOf(url, 'a.ts'), peerOf(url, 'a.ts')]
    await Promise.all([one.synced(), two.synced()])
    for (let n = 0; n < 50; n++) {
      one.text.insert(0, `one ${n}\n`)
      two.text.insert(two.text.length, `two ${n}\n`)
    }
    const isWhole = (text: string): boolean => text.includes('one 49\n') && text.includes('two 49\n')
    await until(() => isWhole(one.text.toJSON()) && one.text.toJSON() === two.text.toJSON())
    const text = one.text.toJSON()
    for (let n = 0; n < 50; n++) {
      expect(text.split(`one ${n}\n`)).toHaveLength(2)
      expect(text.split(`two ${n}\n`)).toHaveLength(2)
    }
    await until(async () => (await textOf(agent, 'a.ts')) === text)
  })

  test('[SYNC-17] a provider that was offline is merged as a text; both sides of an overlap are told', async () => {
    const { url, connectAs } = await start()
    const agent = await connectAs('CLAUDE-frontend')
    const { head } = await put(agent, 'a.ts', 'one\ntwo\nthree\n')
    const peer = peerOf(url, 'a.ts', { agent: 'CODEX-reviewer' })
    await peer.synced()
    peer.provider.disconnect()
    await until(() => !peer.provider.wsconnected)
    peer.text.delete(0, 3)
    peer.text.insert(0, 'ONE')
    peer.text.insert(peer.text.length, 'four\n')
    await put(agent, 'a.ts', '1\ntwo\nthree\n', head)
    peer.provider.connect()
    await until(() => peer.text.toJSON() === '1\ntwo\nthree\nfour\n')
    expect(await textOf(agent, 'a.ts')).toBe(peer.text.toJSON())
    const { conflicts } = await agent.request('conflicts', {})
    expect(conflicts).toMatchObject([
      { ours: '1\n', theirs: 'ONE\n', writeId: null, authors: { ours: 'CLAUDE-frontend', theirs: 'CODEX-reviewer' } },
    ])
  })

  test('[SYNC-2] nothing is sent before the peer’s state vector, then the question, the answer and who is there', async () => {
    const { url, connect } = await start()
    const agent = await connect()
    await put(agent, 'a.ts', 'one\n')
    const raw = await openRawPeer(url, 'a.ts')
    await raw.roundTrip()
    raw.send(new Uint8Array([3])) // asks for awareness, too early
    await put(agent, 'a.ts', 'two\n', await headOf(agent, 'a.ts'))
    await raw.roundTrip()
    expect(raw.frames).toEqual([])
    raw.step1()
    await until(() => raw.frames.length === 3)
    expect(raw.messages.map(({ type }) => type)).toEqual(['step1', 'step2', 'awareness'])
    expect(raw.text).toBe('two\n')
    raw.end()
  })

  test('a second step 1 is answered with what is lacking, and nothing else', async () => {
    const { url, connect } = await start()
    await put(await connect(), 'a.ts', 'one\n')
    const raw = await (await openRawPeer(url, 'a.ts')).synced()
    await until(() => raw.frames.length === 3)
    raw.step1()
    await until(() => raw.frames.length === 4)
    const last = raw.messages[3]
    expect(last?.type).toBe('step2')
    expect(Y.decodeUpdate(last?.bytes ?? new Uint8Array()).structs).toEqual([])
    raw.end()
  })

  test('[DOC-7] ~workspace can be read, a change of it is refused with 4403 and reaches nobody', async () => {
    const { url, connect } = await start()
    const agent = await connect()
    await put(agent, 'src/a.ts', 'one\n')
    const reader = peerOf(url, '~workspace')
    const codes = closeCodes(reader)
    await reader.synced()
    const tree = reader.doc.getMap('tree')
    await until(() => tree.has('src/a.ts'))
    await put(agent, 'src/b.ts', 'one\n')
    await until(() => tree.has('src/b.ts'))
    reader.provider.awareness.setLocalStateField('user', { name: 'reader' })
    const writer = peerOf(url, '~workspace')
    const refused = closeCodes(writer)
    await writer.synced()
    writer.doc.getMap('tree').set('forged.ts', { id: 'x' })
    await until(() => refused.length > 0)
    expect(refused).toEqual([4403])
    const deleter = peerOf(url, '~workspace')
    const deletions = closeCodes(deleter)
    await deleter.synced()
    deleter.doc.getMap('tree').delete('src/a.ts')
    await until(() => deletions.length > 0)
    expect(deletions).toEqual([4403])
    expect(writer.provider.shouldConnect).toBe(false)
    await put(agent, 'src/c.ts', 'one\n')
    await until(() => tree.has('src/c.ts'))
    expect(tree.has('forged.ts')).toBe(false)
    expect(tree.has('src/a.ts')).toBe(true)
    // What a stock provider says by itself does not get it closed: it may answer with what it has from here.
    const raw = await (await openRawPeer(url, '~workspace')).synced()
    raw.update(Y.encodeStateAsUpdate(raw.doc))
    await raw.roundTrip()
    expect(raw.closed).toBeUndefined()
    raw.end()
    expect(codes).toEqual([])
  })

  test('~context and free documents are kept over a restart; documents are apart', async () => {
    const storage = openMemoryStorage()
    const first = await start({ storage })
    const context = peerOf(first.url, '~context')
    const free = peerOf(first.url, '~plan-1')
    await Promise.all([context.synced(), free.synced()])
    context.doc.getMap('decisions').set('port', 9999)
    free.doc.getText('content').insert(0, 'free')
    const second = peerOf(first.url, '~context')
    await until(() => second.doc.getMap('decisions').get('port') === 9999)
    await until(() => first.status().documents.open === 0)
    for (const peer of peers.splice(0)) peer.close()
    await first.stop()
    const again = await start({ storage })
    const later = peerOf(again.url, '~context')
    const other = peerOf(again.url, '~plan-1')
    await Promise.all([later.synced(), other.synced()])
    expect(later.doc.getMap('decisions').toJSON()).toEqual({ port: 9999 })
    expect(other.doc.getText('content').toJSON()).toBe('free')
    const agent = await again.connect()
    expect((await agent.request('tree', {})).files).toEqual([])
  })

  test.each([
    ['what?.ts', 'what%3F.ts'],
    ['c#.cs', 'c%23.cs'],
    ['50%.txt', '50%25.txt'],
    ['a b/c d.txt', 'a%20b/c%20d.txt'],
    ['ñandú/日本語🙂.md', ['ñandú', '日本語🙂.md'].map(encodeURIComponent).join('/')],
    ['~notes', '%7Enotes'],
    ['~context', '%7Econtext'],
    ['a&b=c+d;e.ts', 'a%26b%3Dc%2Bd%3Be.ts'],
    ['a+b.ts', 'a+b.ts'],
  ])('[DOC-1] the file %j is /sync/%s', async (path, name) => {
    const { url, connect } = await start()
    const agent = await connect()
    await put(agent, path, 'here\n')
    const peer = peerOf(url, name)
    await peer.synced()
    expect(peer.text.toJSON()).toBe('here\n')
    peer.text.insert(0, 'and ')
    await until(async () => (await textOf(agent, path)) === 'and here\n')
  })

  test.each([
    ['~', 4404],
    ['~-a', 4404],
    ['', 4400],
    ['a/%2e%2e%2fb.ts', 4400],
    ['a%2Fb.ts', 4400],
    ['a%5Cb.ts', 4400],
    ['a%00b.ts', 4400],
    ['.git/config', 4400],
    ['.ensemble/token', 4400],
    ['%E0%A4%A.ts', 4400],
    ['a//b.ts', 4400],
  ])('[DOC-2] /sync/%s is accepted and closed with %i', async (name, code) => {
    const { url } = await start()
    const raw = await openRawPeer(url, name)
    expect((await raw.close()).code).toBe(code)
    expect(raw.frames).toEqual([])
  })

  test('[DOC-8] a file that is not text has no document: 4415', async () => {
    const { url, connect } = await start()
    await put(await connect(), 'a.bin', { kind: 'binary', base64: 'AAE=' })
    const raw = await openRawPeer(url, 'a.bin')
    expect((await raw.close()).code).toBe(4415)
  })

  test('[DOC-8] peers of a file that turns into bytes are closed with 4415', async () => {
    const { url, connect } = await start()
    const agent = await connect()
    const { head } = await put(agent, 'a.dat', 'text\n')
    const raw = await (await openRawPeer(url, 'a.dat')).synced()
    await put(agent, 'a.dat', { kind: 'binary', base64: 'AAE=' }, head)
    expect((await raw.close()).code).toBe(4415)
  })

  test('[SYNC-11] while the folder is read stock peers are told to come back: 4503', async () => {
    const server = await start({ ready: false })
    const raw = await openRawPeer(server.url, 'a.ts')
    expect((await raw.close()).code).toBe(4503)
    const peer = peerOf(server.url, 'a.ts')
    server.ready()
    await peer.synced()
  })

  test('an agent parameter that is no agent id is refused, and none may call itself the disk', async () => {
    const { url } = await start()
    for (const name of ['nobody', 'DISK', 'git', 'CLAUDE-']) {
      const raw = await openRawPeer(url, 'a.ts', { query: `agent=${name}` })
      expect((await raw.close()).code).toBe(4400)
    }
  })
})

describe('a path that is no file yet', () => {
  test('[DOC-6] what the first peer types becomes the file; both peers have it, and so has the head', async () => {
    const { url, connect } = await start()
    const agent = await connect()
    const [one, two] = [peerOf(url, 'new.ts'), peerOf(url, 'new.ts')]
    await Promise.all([one.synced(), two.synced()])
    expect(await headOf(agent, 'new.ts')).toBeNull()
    one.text.insert(0, 'born\n')
    await until(() => two.text.toJSON() === 'born\n')
    expect(await headOf(agent, 'new.ts')).toMatchObject({ rev: 1, author: 'PEER' })
    const late = peerOf(url, 'new.ts')
    await late.synced()
    expect(late.text.toJSON()).toBe('born\n')
  })

  test('[RENAME-1, RENAME-4] a peer goes on in the renamed file, and comes back to it after a break by the old name', async () => {
    const { url, connectAs } = await start()
    const agent = await connectAs('CLAUDE-frontend')
    const { head } = await put(agent, 'a.ts', 'one\n')
    const peer = peerOf(url, 'a.ts')
    await peer.synced()
    const rename = { writeId: writeId.parse('rename-1'), id: head.id, path: head.path, to: workspacePath.parse('b.ts') }
    await agent.request('rename', rename)
    peer.text.insert(0, 'zero\n')
    await until(async () => (await textOf(agent, 'b.ts')) === 'zero\none\n')
    peer.provider.disconnect()
    peer.text.insert(0, 'offline\n')
    peer.provider.connect()
    await until(async () => (await textOf(agent, 'b.ts')) === 'offline\nzero\none\n')
    expect(await headOf(agent, 'a.ts')).toBeNull()
  })

  test('[DOC-6] a peer of a file that was renamed and deleted does not bring it back under its old name', async () => {
    const { url, connectAs } = await start()
    const agent = await connectAs('CLAUDE-frontend')
    const { head } = await put(agent, 'a.ts', 'one\n')
    const peer = peerOf(url, 'a.ts')
    await peer.synced()
    peer.provider.disconnect()
    const { rev, hash, id } = head
    const to = workspacePath.parse('b.ts')
    await agent.request('rename', { writeId: writeId.parse('r'), id, path: head.path, to })
    await agent.request('delete', { writeId: writeId.parse('d'), path: to, base: { rev, hash, id } })
    const codes = closeCodes(peer)
    peer.provider.connect()
    await until(() => codes.includes(4409))
    expect(await headOf(agent, 'a.ts')).toBeNull()
  })
})
