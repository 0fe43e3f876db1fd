/** Whose a live edit is (rule SYNC-14): the connection's that brings it, whoever's Yjs client its structs are of. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Connection } from '../../../client/sdk/connection.js'
import { SharedDocument } from '../../../client/sdk/document.js'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import { workspacePath } from '../../../protocol/paths.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { lockedBy } from '../locks/lock-doors.js'
import { frame, openRawPeer, type RawPeer } from './raw.js'
import { put, textOf } from './seed.js'

const PATH = workspacePath.parse('a.ts')

let server: TestServer
let watcher: Connection
beforeEach(async () => {
  server = await startServer()
  watcher = await server.connect()
  await put(watcher, PATH, 'one\n')
})
afterEach(() => server.stop())

/** @param doc of an earlier life of the same Yjs client */
async function peerOf(agent: string | null, doc?: Y.Doc): Promise<RawPeer> {
  const peer = await openRawPeer(server.url, PATH, { query: agent === null ? '' : `agent=${agent}` })
  if (doc === undefined) return await peer.synced()
  Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(doc))
  await peer.synced()
  peer.doc.clientID = doc.clientID
  return peer
}

/** Of all revisions, oldest first. */
async function authors(): Promise<string[]> {
  const { entries } = await watcher.request('history', { path: PATH })
  return entries.map(({ author }) => author).reverse()
}

const written = (text: string): Promise<unknown> => until(async () => (await textOf(watcher, PATH)) === text, text)

/** Of Ada's Yjs client, which the server knows already. */
async function typedOffline(): Promise<Y.Doc> {
  const peer = await peerOf('CLAUDE-ada')
  peer.edit((text) => {
    text.insert(0, '!')
  })
  await written('!one\n')
  peer.end()
  peer.doc.getText(CONTENT_ROOT).insert(0, 'ada\n')
  return peer.doc
}

describe('what somebody typed offline, and another brings', () => {
  test('[SYNC-14] over /sync it is the bringer’s, and not once more when its writer comes with it', async () => {
    const ada = await typedOffline()
    const bob = await peerOf('CODEX-bob')
    Y.applyUpdate(bob.doc, Y.encodeStateAsUpdate(ada))
    bob.send(frame(0, 1, Y.encodeStateAsUpdate(bob.doc)))
    await written('ada\n!one\n')
    const back = await peerOf('CLAUDE-ada', ada)
    back.send(frame(0, 1, Y.encodeStateAsUpdate(back.doc)))
    await back.roundTrip()
    expect(await authors()).toEqual(['PEER', 'CLAUDE-ada', 'CODEX-bob'])
    back.edit((text) => {
      text.insert(0, 'more\n')
    })
    await written('more\nada\n!one\n')
    expect(await authors()).toEqual(['PEER', 'CLAUDE-ada', 'CODEX-bob', 'CLAUDE-ada'])
  })

  test('[SYNC-14] over an agent’s socket too', async () => {
    const ada = await typedOffline()
    const document = new SharedDocument(await server.connectAs('CODEX-bob'), PATH)
    await document.synced()
    Y.applyUpdate(document.doc, Y.encodeStateAsUpdate(ada))
    await written('ada\n!one\n')
    expect(await authors()).toEqual(['PEER', 'CLAUDE-ada', 'CODEX-bob'])
    document.close()
  })

  test('[SYNC-14] providers that met in a BroadcastChannel: who types upon it is asked for it, and brings both', async () => {
    const ada = await typedOffline()
    const bob = await peerOf('CODEX-bob')
    const asked = () => bob.messages.filter(({ type }) => type === 'step1')
    await until(() => asked().length === 1, 'the first question')
    Y.applyUpdate(bob.doc, Y.encodeStateAsUpdate(ada)) // a provider sends nothing of what came over the channel
    bob.edit((text) => {
      text.insert(3, ', bob')
    })
    const { bytes } = await until(() => asked()[1], 'the question for what it builds upon')
    bob.send(frame(0, 1, Y.encodeStateAsUpdate(bob.doc, bytes)))
    await written('ada, bob\n!one\n')
    const [, , ...those] = await authors()
    expect(new Set(those)).toEqual(new Set(['CODEX-bob']))
  })
})

test('[SYNC-14] an agent’s second connection is the same author; one that names nobody is not, whatever client it writes as', async () => {
  const document = new SharedDocument(await server.connectAs('CLAUDE-ada'), PATH)
  await document.synced()
  document.doc.getText(CONTENT_ROOT).insert(0, 'socket\n')
  await written('socket\none\n')
  const editor = await peerOf('CLAUDE-ada')
  editor.edit((text) => {
    text.insert(0, 'editor\n')
  })
  await written('editor\nsocket\none\n')
  editor.end()
  const nobody = await peerOf(null, editor.doc)
  nobody.doc.getText(CONTENT_ROOT).insert(0, 'nobody\n')
  nobody.send(frame(0, 1, Y.encodeStateAsUpdate(nobody.doc)))
  await written('nobody\neditor\nsocket\none\n')
  expect(await authors()).toEqual(['PEER', 'CLAUDE-ada', 'CLAUDE-ada', 'PEER'])
  document.close()
})

describe('who writes as another’s Yjs client', () => {
  /** Bob writes with the client that Ada announced and wrote with, and that is connected. */
  async function forged(at: number): Promise<void> {
    const ada = await peerOf('CLAUDE-ada')
    ada.edit((text) => {
      text.insert(text.length, 'ada\n')
    })
    await written('one\nada\n')
    const bob = await peerOf('CODEX-bob')
    bob.doc.clientID = ada.doc.clientID
    bob.edit((text) => {
      text.insert(at, 'forged ')
    })
    await bob.roundTrip()
  }

  test('[SYNC-14] puts nothing under another’s name', async () => {
    await forged(0)
    await written('forged one\nada\n')
    expect(await authors()).toEqual(['PEER', 'CLAUDE-ada', 'CODEX-bob'])
    const { lines } = await watcher.request('blame', { path: PATH })
    expect(lines.map(({ author }) => author)).toEqual(['CODEX-bob', 'CLAUDE-ada'])
  })

  test('[SYNC-14, LOCK-13] gets past no lock of theirs', async () => {
    await lockedBy(await server.connectAs('CLAUDE-ada'), PATH)
    await forged(4)
    const { conflicts } = await watcher.request('conflicts', {})
    expect(conflicts).toMatchObject([{ reason: 'lock', authors: { theirs: 'CODEX-bob' } }])
    await written('one\nada\n')
  })
})
