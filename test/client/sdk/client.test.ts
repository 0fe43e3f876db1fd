import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EnsembleClient } from '../../../client/node/client.js'
import { openFileStore } from '../../../client/node/file-store.js'
import type { Refused } from '../../../client/sdk/session.js'
import { openMemoryStore, type ClientStore } from '../../../client/sdk/store.js'
import { EnsembleError } from '../../../protocol/errors.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { fileId, writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

let dir: string
let server: TestServer
const clients: EnsembleClient[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-sdk-'))
  server = await startServer()
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  await server.stop()
  await rm(dir, { recursive: true })
})

/** @param store default: one that ends with it */
function clientOf(agentId: string, store: ClientStore = openMemoryStore()): EnsembleClient {
  const client = new EnsembleClient(agentId, agentId.split('-')[0] ?? '', { token: TOKEN, store, random: () => 0 })
  clients.push(client)
  return client
}
async function connected(agentId: string, store?: ClientStore): Promise<EnsembleClient> {
  const client = clientOf(agentId, store)
  await client.connect(server.url)
  expect(client.state.kind).toBe('live')
  return client
}
const textOf = async (client: EnsembleClient, path: string): Promise<string | null | undefined> =>
  (await client.readFile(path))?.text

describe('files', () => {
  test('are read, written upon what was read, and merged with what others changed', async () => {
    const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
    await (
      await one.writeFile('src/a.ts', 'a\nb\nc\nd\ne\n')
    ).done
    expect(await until(() => textOf(other, 'src/a.ts'))).toBe('a\nb\nc\nd\ne\n')
    await (
      await one.writeFile('src/a.ts', 'A\nb\nc\nd\ne\n')
    ).done
    expect(await (await other.writeFile('src/a.ts', 'a\nb\nc\nd\nE\n')).done).toMatchObject({ outcome: 'merged' })
    await until(async () => (await textOf(one, 'src/a.ts')) === 'A\nb\nc\nd\nE\n')
    expect((await one.history('src/a.ts')).entries.map(({ author }) => author)).toEqual([
      'CODEX-other',
      'CLAUDE-one',
      'CLAUDE-one',
    ])
    expect((await one.listFiles()).map(({ path }) => path)).toEqual(['src/a.ts'])
    await (
      await one.deleteFile('src/a.ts')
    ).done
    expect(await one.readFile('src/a.ts')).toBeNull()
    await until(async () => (await other.readFile('src/a.ts')) === null)
  })

  test('bytes, a byte-order mark and line ends come back as they were written', async () => {
    const client = await connected('CLAUDE-one')
    const mixed = '\uFEFFa\r\nb\r\n'
    await (
      await client.writeFile('a.txt', mixed)
    ).done
    await (
      await client.writeFile('image', Uint8Array.of(0, 1, 255))
    ).done
    const other = await connected('CODEX-other')
    expect(await textOf(other, 'a.txt')).toBe(mixed)
    expect(await other.readFile('image')).toMatchObject({ text: null, bytes: Uint8Array.of(0, 1, 255) })
  })

  test('a file that was never read is made, and never overwritten', async () => {
    const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
    await (
      await one.writeFile('a.ts', 'mine\n')
    ).done
    expect(await (await other.writeFile('a.ts', 'other\n')).done).toMatchObject({ outcome: 'conflict' })
    expect(await textOf(one, 'a.ts')).toBe('mine\n')
    const [conflict] = await one.conflicts({ path: 'a.ts' })
    expect(conflict).toMatchObject({ reason: 'create', authors: { theirs: 'CODEX-other' } })
    const { done } = await one.resolveConflict(conflict?.id ?? '', { kind: 'theirs' })
    expect(await done).toMatchObject({ state: 'resolved' })
    await until(async () => (await textOf(one, 'a.ts')) === 'other\n')
  })

  test('bad input says what is wrong, and harms nothing', async () => {
    const client = await connected('CLAUDE-one')
    await expect(client.readFile('../a')).rejects.toMatchObject({ code: 'E_PATH' })
    await expect(client.writeFile('/a', '')).rejects.toMatchObject({ code: 'E_PATH' })
    await expect(client.deleteFile('none')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    await expect(client.conflict('a b')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    await expect(clientOf('CLAUDE-x').readFile('a')).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    expect(() => clientOf('frontend')).toThrow('is not the id of an agent')
    expect(() => new EnsembleClient('CLAUDE-a', 'CODEX')).toThrow('CODEX')
    const stranger = new EnsembleClient('CLAUDE-b', 'CLAUDE', { token: 'wrong', store: openMemoryStore() })
    await expect(stranger.connect(server.url)).rejects.toMatchObject({ code: 'E_UNAUTHORIZED' })
    expect(client.waiting).toBe(0)
  })
})

test('connect can be asked again when a token, or what is stored, was not in order; the store is free meanwhile', async () => {
  const file = join(dir, 'rows.jsonl')
  const damaged = await openFileStore(file)
  await damaged.write([{ key: 'queue/000000000001', value: '{}' }])
  await damaged.close()
  const missing = new EnsembleError('E_UNAUTHORIZED', 'No token is known.')
  let tokens = 0
  const client = new EnsembleClient('CLAUDE-one', 'CLAUDE', {
    token: () => (++tokens === 1 ? Promise.reject(missing) : Promise.resolve(TOKEN)),
    store: () => openFileStore(file),
  })
  clients.push(client)
  await expect(client.connect(server.url)).rejects.toBe(missing)
  await expect(client.connect(server.url)).rejects.toMatchObject({ code: 'E_STORAGE_DAMAGED' })
  const mended = await openFileStore(file)
  await mended.write([{ key: 'queue/000000000001', value: null }])
  await mended.close()
  await client.connect(server.url)
  expect(client.state.kind).toBe('live')
})

describe('without a connection', () => {
  test('[CLIENT-1] what is written waits in order, is seen at once, outlives the process, and is carried out once', async () => {
    const storage = openMemoryStorage()
    const first = await startServer({ storage })
    const file = join(dir, 'queue.jsonl')
    const client = clientOf('CLAUDE-one', await openFileStore(file))
    await client.connect(first.url)
    await (
      await client.writeFile('a.ts', 'one\ntwo\nthree\n')
    ).done
    await first.stop()
    await until(() => client.state.kind === 'waiting')
    await client.writeFile('a.ts', 'ONE\ntwo\nthree\n')
    await client.writeFile('a.ts', 'ONE\ntwo\nTHREE\n')
    await client.writeFile('b.ts', 'new\n')
    expect(await client.readFile('a.ts')).toMatchObject({ text: 'ONE\ntwo\nTHREE\n', isPending: true })
    expect(client.waiting).toBe(3)
    await client.close()

    const again = clientOf('CLAUDE-one', await openFileStore(file))
    const second = await startServer({ storage, port: first.port })
    await again.connect(second.url)
    await again.flushed()
    const { entries } = await again.history('a.ts')
    expect(entries.map(({ rev, author }) => [rev, author])).toEqual([3, 2, 1].map((rev) => [rev, 'CLAUDE-one']))
    expect(await again.readFile('a.ts')).toMatchObject({ text: 'ONE\ntwo\nTHREE\n', isPending: false, asOf: null })
    expect(await textOf(again, 'b.ts')).toBe('new\n')
    await again.close()
    await second.stop()
  })

  test('[CLIENT-2] what was read before can be read, as of when the server last said so', async () => {
    const store = openMemoryStore()
    const other = await connected('CODEX-other')
    await (
      await other.writeFile('a.ts', 'known\n')
    ).done
    await (
      await other.writeFile('never-read.ts', 'unknown\n')
    ).done
    const client = await connected('CLAUDE-one', store)
    const before = Date.now()
    expect(await client.readFile('a.ts')).toMatchObject({ text: 'known\n', asOf: null })
    await client.close()
    await other.close()
    await server.stop()

    const later = clientOf('CLAUDE-one', store)
    await later.connect(server.url)
    expect(later.state.kind).toBe('waiting')
    const view = await later.readFile('a.ts')
    expect(view).toMatchObject({ text: 'known\n', isPending: false })
    expect(view?.asOf).toBeGreaterThanOrEqual(before)
    expect(view?.asOf).toBeLessThanOrEqual(Date.now())
    await expect(later.readFile('never-read.ts')).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    expect((await later.listFiles()).map(({ path }) => path)).toEqual(['a.ts', 'never-read.ts'])
    await expect(later.status()).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
  })

  test('[CLIENT-3] what is refused is rolled back, with the reason and what was written', async () => {
    const own = await startServer({ config: { limits: { fileBytes: 1024 } } })
    const client = clientOf('CLAUDE-one')
    await client.connect(own.url)
    await (
      await client.writeFile('a.ts', 'small\n')
    ).done
    const refused: Refused[] = []
    client.onRefused((one) => refused.push(one))
    const { done } = await client.writeFile('a.ts', 'x'.repeat(2000))
    expect(await client.readFile('a.ts')).toMatchObject({ isPending: true })
    await expect(done).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    expect(refused).toMatchObject([
      { method: 'write', path: 'a.ts', reason: { code: 'E_TOO_LARGE' }, params: { content: { kind: 'text' } } },
    ])
    expect(await client.readFile('a.ts')).toMatchObject({ text: 'small\n', isPending: false })
    expect(await (await client.writeFile('a.ts', 'again\n')).done).toMatchObject({ outcome: 'accepted' })
    await client.close()
    await own.stop()
  })

  test('[CLIENT-4] what waits for one workspace never goes to another one', async () => {
    const store = openMemoryStore()
    const client = await connected('CLAUDE-one', store)
    await (
      await client.writeFile('a.ts', 'here\n')
    ).done
    await server.stop()
    await until(() => client.state.kind === 'waiting')
    await client.writeFile('a.ts', 'for the first one\n')
    await client.close()
    const other = await startServer({ port: server.port })
    const again = clientOf('CLAUDE-one', store)
    await expect(again.connect(other.url)).rejects.toMatchObject({ code: 'E_WORKSPACE' })
    expect(other.status().files).toBe(0)
    expect(again.waiting).toBe(1)
    await other.stop()
  })
})

test('events come to whoever asked for their type, in order; a handler that throws holds up nobody', async () => {
  const other = await connected('CODEX-other')
  const thrown: unknown[] = []
  const onError = (error: unknown): unknown => thrown.push(error)
  const one = new EnsembleClient('CLAUDE-one', 'CLAUDE', { token: TOKEN, store: openMemoryStore(), onError })
  clients.push(one)
  await one.connect(server.url)
  const fault = new Error('a handler’s own')
  one.on('file:changed', () => {
    throw fault
  })
  const files: string[] = []
  const all: number[] = []
  const stop = one.on('file:changed', ({ data }) => files.push(`${data.file} ${data.author}`))
  one.on('*', ({ seq }) => all.push(seq))
  await (
    await other.writeFile('a.ts', 'a\n')
  ).done
  await until(() => files.length === 1)
  stop()
  await (
    await other.writeFile('b.ts', 'b\n')
  ).done
  await until(() => all.length >= 2)
  expect(files).toEqual(['a.ts CODEX-other'])
  expect(thrown).toEqual([fault, fault])
  expect(all).toEqual(all.toSorted((a, b) => a - b))
})

test('a document is edited live, and the file follows', async () => {
  const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
  await (
    await one.writeFile('a.ts', 'hello\n')
  ).done
  const [mine, theirs] = [await one.open('a.ts'), await other.open('a.ts')]
  expect(mine.text.toJSON()).toBe('hello\n')
  theirs.text.insert(0, 'well, ')
  await until(() => mine.text.toJSON() === 'well, hello\n')
  await until(async () => (await textOf(one, 'a.ts')) === 'well, hello\n')
  mine.close()
  mine.close()
  theirs.close()
  await (
    await one.writeFile('image', Uint8Array.of(0, 1))
  ).done
  await expect(one.open('image')).rejects.toMatchObject({ code: 'E_NOT_TEXT' })
})

test('a renamed file takes its cached content along, and its old name is free', async () => {
  const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
  await (
    await one.writeFile('a.ts', 'hello\n')
  ).done
  expect(await until(() => textOf(other, 'a.ts'))).toBe('hello\n')
  const [head] = await one.listFiles()
  const raw = await server.connectAs('GEMINI-third')
  const [path, to] = [workspacePath.parse('a.ts'), workspacePath.parse('b.ts')]
  await raw.request('rename', { writeId: writeId.parse('rename-1'), id: fileId.parse(head?.id), path, to })
  await until(async () => (await textOf(other, 'b.ts')) === 'hello\n')
  expect(await other.readFile('a.ts')).toBeNull()
  expect((await other.listFiles()).map((file) => file.path)).toEqual(['b.ts'])
})

describe('events and locks', () => {
  test('what is said reaches whom it is for, waits without a connection, and can be acknowledged', async () => {
    const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
    const heard: WorkspaceEvent[] = []
    other.on('*', (event) => heard.push(event))
    const { done } = await one.broadcast(
      'plan:proposed',
      { plan_id: 'p1', title: 'Split it' },
      { agent: other.agentId },
    )
    expect(await done).toMatchObject({ type: 'plan:proposed', agent_id: 'CLAUDE-one', to: { agent: 'CODEX-other' } })
    const plan = await until(() => heard.find(({ type }) => type === 'plan:proposed'))
    expect(await (await other.acknowledge(plan)).done).toMatchObject({
      data: { of: plan.seq, of_type: 'plan:proposed' },
    })
    await (
      await one.broadcastChange('src/a.ts', 'modified', '-a\n+b\n')
    ).done
    await until(() => heard.some(({ type }) => type === 'code:written'))
    const wrong = one.broadcast('review:completed', { status: 'FINE' } as never)
    await expect(wrong).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    await expect(one.broadcast('no:such' as never, {} as never)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    await expect((await other.acknowledge({ seq: 9_999 })).done).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })

  test('a subscription narrows the events about files, and those alone', async () => {
    const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
    const heard: string[] = []
    one.on('file:changed', ({ data }) => heard.push(data.file))
    one.on('broadcast', ({ data }) => heard.push(data['word'] === 'hello' ? 'hello' : '?'))
    const stop = one.subscribe('src/auth/**')
    await (
      await other.writeFile('src/ui/a.ts', 'a\n')
    ).done
    await (
      await other.writeFile('src/auth/deep/a.ts', 'a\n')
    ).done
    await (
      await other.broadcast('broadcast', { word: 'hello' })
    ).done
    await until(() => heard.includes('hello'))
    expect(heard).toEqual(['src/auth/deep/a.ts', 'hello'])
    stop()
    await (
      await other.writeFile('src/ui/b.ts', 'b\n')
    ).done
    await until(() => heard.includes('src/ui/b.ts'))
    expect(() => one.subscribe('/abs')).toThrow('no glob')
  })

  test('a lock is granted, refused as a value, renewed and released', async () => {
    const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
    await (
      await one.writeFile('a.ts', 'a\nb\nc\nd\n')
    ).done
    const granted = await one.acquireLock('a.ts', { region: { kind: 'lines', from: 1, to: 2 }, ttl: 60 })
    if (granted.outcome !== 'granted') throw new Error('it is free')
    const [lock] = granted.locks
    expect(lock).toMatchObject({ holder: 'CLAUDE-one', path: 'a.ts', type: 'EXCLUSIVE', ttl: 60 })
    expect(await other.acquireLock('a.ts')).toMatchObject({
      outcome: 'refused',
      refusal: { reason: 'held', holder: 'CLAUDE-one' },
    })
    expect(await other.acquireLock('a.ts', { region: { kind: 'lines', from: 3, to: 4 } })).toMatchObject({
      outcome: 'granted',
    })
    if (lock !== undefined) expect(await one.renewLock(lock)).toMatchObject([{ id: lock.id }])
    expect((await one.locks()).locks).toHaveLength(2)
    expect(await one.releaseLock('a.ts')).toMatchObject([{ id: lock?.id }])
    await expect(one.releaseLock(lock ?? 'a.ts')).rejects.toThrow()
  })

  test('[LOCK-17] a lock is taken away from its holder, who hears by whom', async () => {
    const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
    const heard: WorkspaceEvent[] = []
    one.on('lock:released', (event) => heard.push(event))
    await one.acquireLock('a.ts')
    const [lock] = (await other.locks()).locks
    if (lock === undefined) throw new Error('it is held')
    expect(await other.breakLock(lock)).toMatchObject({ id: lock.id, holder: 'CLAUDE-one' })
    await until(() => heard.length > 0)
    expect(heard).toMatchObject([{ agent_id: 'CLAUDE-one', data: { reason: 'forced', by: 'CODEX-other' } }])
    await expect(other.breakLock(lock)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })
})

test('tasks are changed at once here, and on the server when it answers; what it refuses is given back', async () => {
  const [one, raw] = [await connected('CLAUDE-one'), await server.connectAs('CODEX-other')]
  const { task } = await raw.request('task', {
    writeId: writeId.parse('task-1'),
    create: { title: 'Checkout', mode: 'SOLO', agents: [], subtasks: [{ title: 'Form', assignee: null }] },
  })
  const { done } = await one.updateTaskState(task.id, { subtasks: { 1: { state: 'running', progress: 40 } } })
  expect((await one.tasks())[0]?.subtasks[0]).toMatchObject({ state: 'running', progress: 40 })
  expect(await done).toMatchObject({ id: task.id, progress: 40 })
  expect(await (await one.updateTaskState(task.id, { status: 'HALTED' })).done).toMatchObject({ status: 'HALTED' })
  const none = await one.updateTaskState('none', { status: 'HALTED' })
  await expect(none.done).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await expect(one.updateTaskState(task.id, {})).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
})

test('[CLIENT-2] the shared context is read, added to, and known without a connection', async () => {
  const store = openMemoryStore()
  const one = await connected('CLAUDE-one', store)
  await (
    await one.addContext({ kind: 'fact', id: 'port', text: '9999' })
  ).done
  expect(await one.getSharedContext()).toMatchObject({
    active_agents: [{ agent_id: 'CLAUDE-one' }],
    facts: [{ id: 'port', text: '9999', by: 'CLAUDE-one' }],
    asOf: null,
  })
  await one.close()
  await server.stop()
  const later = clientOf('CLAUDE-one', store)
  await later.connect(server.url)
  expect(await later.getSharedContext()).toMatchObject({ facts: [{ id: 'port' }], asOf: expect.any(Number) as number })
})

test('a file is renamed with its history; what does not go says why', async () => {
  const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
  await (
    await one.writeFile('a.ts', 'a\n')
  ).done
  await (
    await one.writeFile('b.ts', 'b\n')
  ).done
  await expect(one.renameFile('a.ts', 'b.ts')).rejects.toMatchObject({ code: 'E_CONFLICT' })
  await expect(one.renameFile('none.ts', 'c.ts')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await one.acquireLock('a.ts')
  await until(async () => (await other.readFile('a.ts')) !== null)
  await expect(other.renameFile('a.ts', 'c.ts')).rejects.toMatchObject({ code: 'E_LOCK_HELD' })
  expect(await one.renameFile('a.ts', 'src/c.ts')).toMatchObject({ path: 'src/c.ts', author: 'CLAUDE-one' })
  expect(await one.readFile('a.ts')).toBeNull()
  expect(await textOf(one, 'src/c.ts')).toBe('a\n')
  expect((await one.history('src/c.ts')).entries.map(({ change }) => change)).toEqual(['renamed', 'created'])
})

test('what was written is taken back: the newest of one’s own, a revision, or all of an author', async () => {
  const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
  await (
    await one.writeFile('a.ts', 'a\nb\nc\nd\n')
  ).done
  await until(async () => (await other.readFile('a.ts')) !== null)
  await (
    await other.writeFile('a.ts', 'a\nb\nc\nD\n')
  ).done
  expect(
    await one.revert({ kind: 'author', author: 'CODEX-other', path: null, since: null }, { dryRun: true }),
  ).toMatchObject({ dryRun: true, files: [{ path: 'a.ts', outcome: 'reverted' }] })
  expect(await other.undo()).toMatchObject({ dryRun: false, files: [{ path: 'a.ts', outcome: 'reverted' }] })
  await until(async () => (await textOf(one, 'a.ts')) === 'a\nb\nc\nd\n')
  await other.undo('a.ts')
  await until(async () => (await textOf(one, 'a.ts')) === 'a\nb\nc\nD\n')
  await expect(one.revert({ kind: 'revision', path: 'a.ts', rev: 99 })).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  await expect(one.revert({ kind: 'author', author: 'a b', path: null, since: null })).rejects.toMatchObject({
    code: 'E_BAD_REQUEST',
  })
})

test('tasks are made, claimed, given away, put in order and completed; an agent says what it does', async () => {
  const [one, other] = [await connected('CLAUDE-one'), await connected('CODEX-other')]
  const made = await one.createTask({ title: 'Checkout', mode: 'PAR-MULTI', subtasks: [{ title: 'Form' }] })
  const { id } = (await made.done).task
  expect(await (await one.claim(id)).done).toMatchObject({ subtask: '1', task: { subtasks: [{ state: 'running' }] } })
  await expect((await other.claim(id, '1')).done).rejects.toMatchObject({ code: 'E_TASK' })
  const added = await (await one.addSubtask(id, 'API', { assignee: 'CODEX-other', depends_on: ['1'] })).done
  expect(added).toMatchObject({ subtask: '2', task: { subtasks: [{}, { depends_on: ['1'] }] } })
  await (
    await one.depend(id, '2', [])
  ).done
  await (
    await one.assign(id, '2', 'CLAUDE-one')
  ).done
  await expect((await one.complete(id)).done).rejects.toMatchObject({ code: 'E_TASK' })
  for (const subtask of ['1', '2']) await (await one.complete(id, subtask)).done
  expect(await (await one.complete(id)).done).toMatchObject({ task: { status: 'COMPLETED', progress: 100 } })
  await expect(one.createTask({ title: '' })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  await expect(one.assign(id, '2', 'nobody in particular')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  expect(await one.setPresence({ state: 'testing', file: 'a.ts' })).toMatchObject({ state: 'testing', file: 'a.ts' })
  await expect(one.setPresence({ state: 'sleeping' as never })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
})
