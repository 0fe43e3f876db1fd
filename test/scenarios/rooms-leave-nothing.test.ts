/** What a server still holds when everybody is gone: the objects of the heap are counted, by class. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { queryObjects } from 'node:v8'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { Room } from '../../server/sync/room.js'
import { startServer, TOKEN, type TestServer } from '../support/server.js'
import { until } from '../support/wait.js'
import { awarenessFrame, frame, openRawPeer } from '../server/sync/raw.js'
import { put } from '../server/sync/seed.js'

let server: TestServer
afterEach(() => server.stop())

/**
 * To count a class costs half a second, and these speak for the others: each FileDocument and LiveDocument holds its Doc,
 * each Channel its Room, each Session and Socket its WebSocket.
 */
const CLASSES = { Doc: Y.Doc, Room, WebSocket }

/** Of what is in reach of anything; what is not is collected first. */
function census(): Record<string, number> {
  const counts = Object.entries(CLASSES).map(([name, made]) => [name, queryObjects(made, { format: 'count' })] as const)
  const resources = process.getActiveResourcesInfo()
  const open = ['Timeout', 'TCPSocketWrap'].map(
    (kind) => [kind, resources.filter((one) => one === kind).length] as const,
  )
  const listeners = server.server.eventNames().map((name) => server.server.listenerCount(name))
  return { ...Object.fromEntries([...counts, ...open]), listeners: listeners.reduce((sum, count) => sum + count, 0) }
}

/** Opens a room, writes to it, shows itself, and goes: politely, by a cut line, or before it is answered. */
async function visit(document: string, n: number): Promise<void> {
  const url = `${server.url.replace('http', 'ws')}/sync/${document}?token=${TOKEN}`
  const ws = new WebSocket(url)
  ws.on('error', () => undefined)
  let answered = false
  ws.on('message', () => (answered = true))
  await until(() => ws.readyState === WebSocket.OPEN, 'the socket')
  ws.send(frame(0, 0, new Uint8Array([0])))
  ws.send(awarenessFrame([n + 1, 1, { n }]))
  if (n % 3 > 0) {
    await until(() => answered, 'an answer')
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'visited\n')
    ws.send(frame(0, 2, Y.encodeStateAsUpdate(doc)))
    doc.destroy()
  }
  if (n % 3 === 1) ws.close()
  else ws.terminate()
  await until(() => ws.readyState === WebSocket.CLOSED, 'its end')
}

async function round(name: string, rooms: number): Promise<void> {
  for (let from = 0; from < rooms; from += 50) {
    const some = Array.from({ length: Math.min(50, rooms - from) }, (_, n) => from + n)
    await Promise.all(some.map((n) => visit(n % 2 === 0 ? `~${name}-${n}` : `${name}/${n}.ts`, n)))
  }
  await until(() => server.status().connections.peers === 0, 'all to be gone')
  await until(() => server.status().documents.open <= 64, 'documents to be unloaded')
}

test('[SYNC-15] a thousand rooms opened and closed leave no document, room, channel, socket, timer or listener', async () => {
  server = await startServer()
  await round('before', 200) // so that the few documents that are kept for the next write are there
  const before = census()
  await round('then', 1_000)
  const isNoMore = ([name, count]: [string, number]): boolean => count <= (before[name] ?? 0)
  await until(() => Object.entries(census()).every(isNoMore), `no more than ${JSON.stringify(before)}`, 60_000)
})

test('[SYNC-15, SYNC-1] five hundred drop and come back at once, three times: all in step, nothing lost, nothing left', async () => {
  const CLIENTS = 500
  const DOCUMENTS = 25
  server = await startServer()
  const agent = await server.connect()
  const names = Array.from({ length: DOCUMENTS }, (_, n) => (n % 2 === 0 ? `~storm-${n}` : `storm/${n}.ts`))
  for (const name of names) if (!name.startsWith('~')) await put(agent, name, '')
  const open = (n: number) => openRawPeer(server.url, names[n % DOCUMENTS] ?? '')
  let peers = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => open(n)))
  await Promise.all(peers.map((peer) => peer.synced()))
  const written = names.map((): string[] => [])
  const loop = monitorEventLoopDelay({ resolution: 5 })
  loop.enable()
  for (let storm = 0; storm < 3; storm++) {
    // One in each document writes, and hears that it is stored, while the others come and go.
    await Promise.all(
      peers.slice(0, DOCUMENTS).map(async (peer, n) => {
        const line = `${storm} of ${n}\n`
        peer.edit((text) => {
          text.insert(text.length, line)
        })
        await until(() => peer.text.includes(line) && peer.messages.some(({ type }) => type === 'update'), 'the echo')
        written[n]?.push(line)
      }),
    )
    for (const peer of peers) peer.end()
    peers = await Promise.all(peers.map((_, n) => open(n)))
    await Promise.all(peers.map((peer) => peer.synced()))
    for (const [n, peer] of peers.entries()) {
      expect(peer.text).toBe(written[n % DOCUMENTS]?.join(''))
      expect(peer.closed).toBeUndefined()
    }
  }
  loop.disable()
  const longest = Math.round(loop.max / 1e6)
  process.stdout.write(`the event loop's longest turn in the storms, server and clients in one: ${longest} ms\n`)
  await until(() => server.status().connections.peers === CLIENTS, 'the old ones to be gone')
  for (const peer of peers) peer.end()
  peers = []
  await until(() => server.status().connections.peers === 0, 'all to be gone')
  await until(() => queryObjects(Room, { format: 'count' }) === 0, 'no room, and so no channel')
})
