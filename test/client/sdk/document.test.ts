import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { SharedDocument } from '../../../client/sdk/document.js'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { openPeer } from '../../support/peer.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { put } from '../../server/sync/seed.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

const path = workspacePath.parse('a.ts')
const textOf = (document: SharedDocument): string => document.doc.getText(CONTENT_ROOT).toJSON()

test('many documents share one socket, and each converges with a stock peer', async () => {
  const connection = await server.connectAs('CLAUDE-one')
  const names = ['a.ts', 'b.ts', '~context', '~notes']
  const documents = names.map((name) => new SharedDocument(connection, name))
  await Promise.all(documents.map((document) => document.synced()))
  documents.forEach((document, i) => {
    document.doc.getText(CONTENT_ROOT).insert(0, `hello ${i}`)
  })
  for (const [i, name] of names.entries()) {
    const peer = openPeer(server.url, name)
    await until(() => peer.text.toJSON() === `hello ${i}`)
    peer.text.insert(0, 'well, ')
    const document = documents[i]
    await until(() => document !== undefined && textOf(document) === `well, hello ${i}`)
    peer.close()
  }
  for (const document of documents) document.close()
})

test('the author of what an agent’s document writes is the agent', async () => {
  const connection = await server.connectAs('CODEX-two')
  const document = new SharedDocument(connection, 'a.ts')
  await document.synced()
  document.doc.getText(CONTENT_ROOT).insert(0, 'mine\n')
  const head = await until(async () => (await connection.request('stat', { path })).head)
  expect(head).toMatchObject({ author: 'CODEX-two', rev: 1, deleted: false })
  document.close()
})

test('edits made while the connection is broken arrive when it is back', async () => {
  const storage = openMemoryStorage()
  const first = await startServer({ storage })
  const connection = await first.connectAs('CLAUDE-one', { random: () => 0 })
  const document = new SharedDocument(connection, 'a.ts')
  await document.synced()
  document.doc.getText(CONTENT_ROOT).insert(0, 'before\n')
  await until(async () => (await connection.request('stat', { path })).head)
  await first.close(1000)
  await until(() => connection.state.kind === 'waiting')
  document.doc.getText(CONTENT_ROOT).insert(0, 'offline\n')
  const second = await startServer({ storage, port: first.port })
  await connection.live()
  await until(async () => (await connection.request('stat', { path })).head?.rev === 2)
  expect(textOf(document)).toBe('offline\nbefore\n')
  document.close()
  await connection.close()
  await second.stop()
})

test('[SYNC-17] what was typed while the connection was broken is merged with what others wrote meanwhile', async () => {
  const storage = openMemoryStorage()
  const first = await startServer({ storage })
  const connection = await first.connectAs('CLAUDE-one', { random: () => 0 })
  const { head } = await put(connection, 'a.ts', 'one\ntwo\nthree\nfour\n')
  const document = new SharedDocument(connection, 'a.ts')
  await document.synced()
  await first.close(1000)
  await until(() => connection.state.kind === 'waiting')
  const text = document.doc.getText(CONTENT_ROOT)
  text.delete(0, 3)
  text.insert(0, 'ONE')
  text.insert(text.length, 'five\n')
  const between = await startServer({ storage }) // where it does not look for it
  await put(await between.connectAs('CODEX-two'), 'a.ts', '1\ntwo\nthree\nfour\n', head)
  await between.stop()
  const second = await startServer({ storage, port: first.port })
  await until(() => textOf(document) === '1\ntwo\nthree\nfour\nfive\n')
  const { conflicts } = await connection.request('conflicts', {})
  expect(conflicts).toMatchObject([
    { base: 'one\n', ours: '1\n', theirs: 'ONE\n', authors: { ours: 'CODEX-two', theirs: 'CLAUDE-one' } },
  ])
  document.close()
  await connection.close()
  await second.stop()
})

test('a binary file has no document, and says so', async () => {
  const connection = await server.connectAs('CLAUDE-one')
  const content = { kind: 'binary', base64: 'AAEC' } as const
  const id = writeId.parse(randomUUID())
  await connection.request('write', { writeId: id, path, base: null, content, executable: false })
  const document = new SharedDocument(connection, 'a.ts')
  await expect(document.synced()).rejects.toMatchObject({ code: 'E_NOT_TEXT' })
  document.close()
})

test('[CLIENT-5] where the server can’t open it just now, it is opened later, over the same connection', async () => {
  const storage = new FailingStorage()
  const degraded = await startServer({ storage })
  onTestFinished(() => degraded.stop())
  const connection = await degraded.connectAs('CLAUDE-one')
  await put(connection, 'a.ts', 'one\n')
  storage.fail()
  put(connection, 'b.ts', 'waits\n').catch(() => undefined)
  await until(() =>
    put(connection, 'c.ts', 'refused\n').then(
      () => false,
      () => true,
    ),
  )
  const request = vi.spyOn(connection, 'request')
  const document = new SharedDocument(connection, 'a.ts')
  await expect(request.mock.results[0]?.value).rejects.toMatchObject({ retry: true })
  storage.heal()
  await document.synced()
  expect(textOf(document)).toBe('one\n')
  document.close()
})

test('one that is left while it is being opened is closed on the server, too', async () => {
  const connection = await server.connectAs('CLAUDE-one')
  const request = vi.spyOn(connection, 'request')
  const document = new SharedDocument(connection, 'a.ts')
  document.close()
  const opened: unknown = await request.mock.results[0]?.value
  await until(() => request.mock.calls.some(([method]) => method === 'close'))
  expect(request).toHaveBeenLastCalledWith('close', opened)
})
