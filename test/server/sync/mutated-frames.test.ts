/** Every message of y-protocols, cut short and changed at every byte: closed with a code, or taken; nobody else is touched. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { awarenessFrame, frame, openRawPeer, type RawPeer } from './raw.js'
import { put } from './seed.js'

/** Refused for good, sent away from a document that is loaded anew, or too much. */
const CODES = [4400, 4403, 4409, 4413, 4500, 4529]

let server: TestServer
let neighbour: RawPeer
beforeEach(async () => {
  server = await startServer()
  await put(await server.connect(), 'a.ts', 'one\ntwo\n')
  await put(await server.connect(), 'b.ts', 'mine\n')
  neighbour = await (await openRawPeer(server.url, 'b.ts')).synced()
})
afterEach(() => server.stop())

function update(change: (text: Y.Text) => void): Uint8Array {
  const doc = new Y.Doc()
  const text = doc.getText('content')
  text.insert(0, 'abc')
  const before = Y.encodeStateVector(doc)
  change(text)
  return Y.encodeStateAsUpdate(doc, before)
}

const vector = Y.encodeStateVectorFromUpdate(update((text) => text.insert(1, 'x')))
const messages: readonly (readonly [string, Uint8Array])[] = [
  ['a state vector', frame(0, 0, vector)],
  [
    'an answer',
    frame(
      0,
      1,
      update((text) => text.insert(0, 'answer')),
    ),
  ],
  [
    'an update',
    frame(
      0,
      2,
      update((text) => text.insert(0, 'update')),
    ),
  ],
  [
    'an update that deletes',
    frame(
      0,
      2,
      update((text) => text.delete(0, 2)),
    ),
  ],
  ['awareness', awarenessFrame([77, 3, { user: { name: 'ä' }, cursor: null }])],
  ['a question for awareness', new Uint8Array([3])],
  ['an answer about permission', new Uint8Array([2, 0, 1, 65])],
]

function* mutations(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length)
  for (let at = 0; at < bytes.length; at++) {
    const was = bytes[at] ?? 0
    for (const byte of new Set([0, 0x7f, 0x80, 0xff, was ^ 1, (was + 1) & 0xff])) {
      if (byte === was) continue
      const changed = bytes.slice()
      changed[at] = byte
      yield changed
    }
  }
  yield Uint8Array.from([...bytes, 0])
  yield Uint8Array.from([...bytes, ...bytes])
}

describe('frames that are not what they should be', () => {
  test.each(messages)('[SYNC-12, FRAME-4] %s, at every byte', async (_, good) => {
    const codes = new Set<number>()
    let peer = await (await openRawPeer(server.url, 'a.ts')).synced()
    for (const bad of mutations(good)) {
      peer.send(bad)
      await peer.roundTrip()
      if (peer.closed === undefined) continue
      codes.add(peer.closed.code)
      peer = await (await openRawPeer(server.url, 'a.ts')).synced()
    }
    expect([...codes].filter((code) => !CODES.includes(code))).toEqual([])
    // Whoever is in another document never noticed, and those who come to this one find it whole.
    const frames = neighbour.frames.length
    neighbour.edit((text) => {
      text.insert(0, 'still ')
    })
    await until(() => neighbour.frames.length > frames, 'the echo')
    expect([neighbour.closed, neighbour.text]).toEqual([undefined, 'still mine\n'])
    const mark = 'all the same\n'
    const writer = await (await openRawPeer(server.url, 'a.ts')).synced()
    const reader = await (await openRawPeer(server.url, 'a.ts')).synced()
    writer.edit((text) => {
      text.insert(0, mark)
    })
    await until(() => reader.text.startsWith(mark), 'the others’ edit')
    expect(reader.doc.store.pendingStructs).toBeNull()
  })
})
