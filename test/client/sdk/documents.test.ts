import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { EnsembleClient } from '../../../client/node/client.js'
import { openFileStore } from '../../../client/node/file-store.js'
import { openMemoryStore, type ClientStore } from '../../../client/sdk/store.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Storage } from '../../../server/storage/storage.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

const clients: EnsembleClient[] = []
const servers: TestServer[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  for (const server of servers.splice(0)) await server.stop()
})

async function serve(storage: Storage = openMemoryStorage(), port = 0): Promise<TestServer> {
  const server = await startServer({ storage, port })
  servers.push(server)
  return server
}
async function connected(agentId: string, { url }: TestServer, store: ClientStore = openMemoryStore()) {
  const client = new EnsembleClient(agentId, agentId.split('-')[0] ?? '', { token: TOKEN, store, random: () => 0 })
  clients.push(client)
  await client.connect(url)
  return client
}
const written = async (client: EnsembleClient, path: string, text: string): Promise<void> => {
  await client.readFile(path)
  await (
    await client.writeFile(path, text)
  ).done
}
const textOf = async (client: EnsembleClient, path: string) => (await client.readFile(path))?.text
const documentRows = (rows: ReadonlyMap<string, string>) =>
  [...rows.keys()].filter((key) => key.startsWith('document/'))

/** CLAUDE-one has `a.ts` open, and the server is gone. */
async function offline(store: ClientStore, text = 'one\ntwo\nthree\n') {
  const storage = openMemoryStorage()
  const first = await serve(storage)
  const client = await connected('CLAUDE-one', first, store)
  await written(client, 'a.ts', text)
  const file = await client.open('a.ts')
  await first.stop()
  await until(() => client.state.kind === 'waiting')
  return { storage, first, client, file }
}

test('[CLIENT-5] what was edited without a connection outlives the process, can be edited on, and merges', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ensemble-documents-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, 'store.jsonl')
  const { storage, first, client, file } = await offline(await openFileStore(path))
  file.text.insert(0, 'zero\n')
  file.text.insert(file.text.length, 'four\n')
  expect(client.waiting).toBe(1)
  await client.close()

  const again = await connected('CLAUDE-one', first, await openFileStore(path))
  expect(again.state.kind).toBe('waiting')
  const { text } = await again.open('a.ts')
  expect(text.toJSON()).toBe('zero\none\ntwo\nthree\nfour\n')
  text.insert(text.length, 'five\n')
  const between = await serve(storage) // where CLAUDE-one does not look for it
  await written(await connected('CODEX-two', between), 'a.ts', 'one\nTWO\nthree\n')
  await between.stop()
  const second = await serve(storage, first.port)
  await again.flushed()
  expect(await textOf(await connected('GEMINI-three', second), 'a.ts')).toBe('zero\none\nTWO\nthree\nfour\nfive\n')
  await until(() => text.toJSON() === 'zero\none\nTWO\nthree\nfour\nfive\n')
  expect(again.waiting).toBe(0)
})

test('[CLIENT-5] it is sent by the next process though that does not open the file, and after a crash', async () => {
  const rows = new Map<string, string>()
  const { storage, first, file } = await offline(openMemoryStore(rows))
  for (const letter of 'abc') file.text.insert(0, letter)
  const left = new Map(rows) // as the disk of a process that is killed now
  expect(documentRows(left)).toHaveLength(3)
  const second = await serve(storage)
  const again = await connected('CLAUDE-one', second, openMemoryStore(left))
  await again.flushed()
  expect(await textOf(again, 'a.ts')).toBe('cbaone\ntwo\nthree\n')
  await until(() => documentRows(left).length === 0)
  expect((await again.history('a.ts')).entries[0]).toMatchObject({ author: 'CLAUDE-one' })
  expect(first.port).not.toBe(second.port)
})

test('[CLIENT-5] what the server has stored is not kept; what is closed while it is under way is sent', async () => {
  const rows = new Map<string, string>()
  const server = await serve()
  const client = await connected('CLAUDE-one', server, openMemoryStore(rows))
  const file = await client.open('new.ts')
  file.text.insert(0, 'made\n')
  file.close()
  await client.flushed()
  expect(await textOf(client, 'new.ts')).toBe('made\n')
  expect(documentRows(rows)).toEqual([])
  const [one, two] = [await client.open('new.ts'), await client.open('new.ts')]
  expect(one.doc).toBe(two.doc)
  one.close()
  two.text.insert(0, 'still ')
  await client.flushed()
  expect(await textOf(client, 'new.ts')).toBe('still made\n')
})

test('[CLIENT-5] an edit of a history that the server no longer has goes in as a text, where the file is now', async () => {
  const rows = new Map<string, string>()
  const { storage, file } = await offline(openMemoryStore(rows))
  file.text.insert(0, 'zero\n')
  const left = new Map(rows)
  const between = await serve(storage)
  const other = await connected('CODEX-two', between)
  await other.renameFile('a.ts', 'b.ts')
  await (
    await other.writeFile('a.ts', 'another file\n')
  ).done
  const again = await connected('CLAUDE-one', between, openMemoryStore(left))
  await again.flushed()
  await until(async () => (await textOf(other, 'b.ts')) === 'zero\none\ntwo\nthree\n')
  expect(await textOf(other, 'a.ts')).toBe('another file\n')
  expect(documentRows(left)).toEqual([])
})

test('[CLIENT-4] edits that wait for one workspace never go to another one', async () => {
  const rows = new Map<string, string>()
  const { first, file } = await offline(openMemoryStore(rows))
  file.text.insert(0, 'for the first one\n')
  const left = new Map(rows)
  const server = await serve(openMemoryStorage(), first.port)
  const again = new EnsembleClient('CLAUDE-one', 'CLAUDE', { token: TOKEN, store: openMemoryStore(left) })
  clients.push(again)
  await expect(again.connect(server.url)).rejects.toMatchObject({ code: 'E_WORKSPACE' })
  expect(again.waiting).toBe(1)
  expect(server.status().files).toBe(0)
})

test('[CLIENT-5] an edit that the server does not store in time is kept here until it does', async () => {
  const rows = new Map<string, string>()
  const storage = new FailingStorage()
  const server = await serve(storage)
  const client = await connected('CLAUDE-one', server, openMemoryStore(rows))
  const file = await client.open('new.ts')
  storage.hold()
  file.text.insert(0, 'slow\n')
  await until(() => documentRows(rows).length === 1)
  storage.releaseAll()
  await client.flushed()
  expect(documentRows(rows)).toEqual([])
  expect(await textOf(client, 'new.ts')).toBe('slow\n')
})

test('[CLIENT-5] who has a document open hears why it ended, and can open it anew', async () => {
  const server = await serve()
  const client = await connected('CLAUDE-one', server)
  await written(client, 'a.ts', 'one\n')
  const file = await client.open('a.ts')
  const other = await connected('CODEX-two', server)
  await other.readFile('a.ts')
  await (
    await other.writeFile('a.ts', Uint8Array.of(0, 1, 2))
  ).done
  expect(await file.ended).toMatchObject({ code: 'E_NOT_TEXT' })
  await (
    await other.writeFile('a.ts', 'text again\n')
  ).done
  const again = await client.open('a.ts')
  expect(again.text.toJSON()).toBe('text again\n')
  expect(again.doc).not.toBe(file.doc)
})
