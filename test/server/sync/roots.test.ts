import { afterEach, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { agentNamed, frame, openRawAgent, openRawPeer, type RawPeer } from './raw.js'
import { put, textOf } from './seed.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
  await put(await server.connect(), 'a.ts', 'one\n')
})
afterEach(() => server.stop())

const join = async (name: string): Promise<RawPeer> => (await openRawPeer(server.url, name)).synced()

/** What `change` makes of a peer's replica, as an update. */
function changed({ doc }: RawPeer, change: (doc: Y.Doc) => void): Uint8Array {
  let update = new Uint8Array()
  doc.once('update', (made: Uint8Array) => (update = Uint8Array.from(made)))
  doc.transact(() => {
    change(doc)
  })
  return update
}

test.each([
  ['a map', (doc: Y.Doc) => void doc.getMap('notes').set('large', 'x'.repeat(10_000))],
  ['a text', (doc: Y.Doc) => doc.getText('codemirror').insert(0, 'x')],
  [
    'both its text and a list',
    (doc: Y.Doc) => {
      doc.getText('content').insert(0, 'x')
      doc.getArray('list').push([1])
    },
  ],
])('[DOC-3] %s in a root of its own is refused by name: 4400; the file stays as it is', async (_, change) => {
  const peer = await join('a.ts')
  peer.update(changed(peer, change))
  const { code, reason } = await peer.close()
  expect(code).toBe(4400)
  expect(reason).toContain('E_BAD_REQUEST')
  expect(reason).toContain('this writes to "')
  const agent = await server.connect()
  expect(await textOf(agent, 'a.ts')).toBe('one\n')
  const next = await join('a.ts')
  expect([...next.doc.share.keys()].sort()).toEqual(['content', 'epoch'])
})

test('[DOC-3] one that writes to another root of a mistyped path makes no file', async () => {
  const agent = await openRawAgent(server.url)
  await agent.welcomed(agentNamed('CLAUDE', 'a'))
  await agent.ask('open', { document: 'mistyped' })
  agent.send(new Uint8Array([0, 1, ...frame(0, 0, new Uint8Array([0]))]))
  const doc = new Y.Doc()
  doc.getMap('notes').set('a', 1)
  agent.send(new Uint8Array([0, 1, ...frame(0, 2, Y.encodeStateAsUpdate(doc))]))
  await until(() => agent.of('closed').length === 1)
  expect(agent.of('closed')).toMatchObject([{ number: 1, error: { code: 'E_BAD_REQUEST', retry: false } }])
  expect(server.status().files).toBe(1)
})

test.each([
  ['sets', (doc: Y.Doc) => void doc.getMap('epoch').set('client', 5)],
  ['adds to', (doc: Y.Doc) => void doc.getMap('epoch').set('more', 5)],
  ['deletes', (doc: Y.Doc) => doc.getMap('epoch').delete('client')],
])('[DOC-4] a peer that %s the epoch is closed with 4403, and the epoch stays', async (_, change) => {
  const peer = await join('a.ts')
  const epoch = peer.doc.getMap('epoch').get('client')
  peer.update(changed(peer, change))
  expect((await peer.close()).code).toBe(4403)
  const next = await join('a.ts')
  expect(next.doc.getMap('epoch').toJSON()).toEqual({ client: epoch })
})

test('what a peer merely has, or repeats whole, is no reason to close it', async () => {
  const peer = await join('a.ts')
  peer.doc.getMap('settings') // a root that holds nothing is nothing
  peer.edit((text) => {
    text.delete(0, 1)
    text.insert(0, 'O')
  })
  peer.update(Y.encodeStateAsUpdate(peer.doc))
  await peer.roundTrip()
  expect(peer.closed).toBeUndefined()
  const agent = await server.connect()
  await until(async () => (await textOf(agent, 'a.ts')) === 'One\n')
  const fresh = await join('new.ts')
  fresh.edit((text) => {
    text.insert(0, 'new\n')
  })
  await until(async () => (await textOf(agent, 'new.ts')) === 'new\n')
})

test('a free document holds whatever peers put into it', async () => {
  const peer = await join('~notes')
  peer.update(changed(peer, (doc) => void doc.getMap('epoch').set('client', 5)))
  peer.update(changed(peer, (doc) => doc.getArray('list').push([1])))
  await peer.roundTrip()
  expect(peer.closed).toBeUndefined()
})
