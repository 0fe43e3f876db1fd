import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { publishCommand } from '../../../protocol/event-requests.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { agentInstance } from '../../../protocol/ids.js'
import { lockCommand } from '../../../protocol/locks.js'
import { methods } from '../../../protocol/messages.js'
import { taskCommand } from '../../../protocol/tasks.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { PROTOCOL_VERSION } from '../../../protocol/version.js'
import { EventLog } from '../../../server/events/event-log.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Row } from '../../../server/storage/storage.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { agentNamed, frame, openRawAgent, openRawPeer, type RawAgent } from './raw.js'
import { headOf, newWrite, put, textOf } from './seed.js'

let server: TestServer
const clock = new ManualClock(Date.now())
beforeEach(async () => {
  server = await startServer({ now: clock.now, timers: clock.timers })
})
afterEach(() => server.stop())

const open = (): Promise<RawAgent> => openRawAgent(server.url)
const refusal = async (agent: RawAgent) => {
  const { code } = await agent.close()
  return { close: code, code: agent.of('refused')[0]?.error.code, data: agent.of('refused')[0]?.error.data }
}

test('[MSG-15] someone who has just come is told of what was before, and of whom', async () => {
  const agent = await server.connectAs('CLAUDE-frontend')
  await put(agent, 'a.ts', 'one\n')
  await agent.request('leave', {})
  const observer = await server.connect()
  const recent = await observer.request('recent', { since: clock.now() - 60_000 })
  expect(recent.agents).toEqual([{ agentId: 'CLAUDE-frontend', order: 1 }])
  expect(recent.events.map(({ type }) => type)).toEqual(['agent:joined', 'file:changed', 'agent:left'])
  expect((await observer.request('recent', { since: clock.now() + 1 })).events).toEqual([])
})

test('the end of the server is no event of an agent', async () => {
  const storage = openMemoryStorage()
  const first = await startServer({ storage })
  const agent = await first.connectAs('CLAUDE-frontend')
  const messages: string[] = []
  agent.onMessage((message) => messages.push(message.type))
  await first.close(2_000)
  await first.stop()
  expect(messages).not.toContain('event')
  const second = await startServer({ storage })
  const { events } = await (await second.connect()).request('recent', { since: 0 })
  await second.stop()
  expect(events.map(({ type }) => type)).toEqual(['agent:joined'])
})

describe('hello', () => {
  test('[MSG-1] nothing comes before the welcome, which says who and where one is', async () => {
    const agent = await open()
    await put(await server.connect(), 'a.ts', 'one\n')
    await agent.roundTrip()
    expect(agent.frames).toEqual([])
    const welcome = await agent.welcomed(agentNamed('CLAUDE', 'frontend'))
    expect(welcome).toMatchObject({
      protocol: PROTOCOL_VERSION,
      server: 'test',
      workspace: 'workspace',
      workspaceId: server.workspaceId,
      agentId: 'CLAUDE-frontend',
    })
    expect(agent.messages[0]).toBe(welcome)
    const observer = await open()
    expect(await observer.welcomed()).toMatchObject({ agentId: null, secret: null })
  })

  test('[MSG-2] another protocol is refused: 4426', async () => {
    const agent = await open()
    agent.hello({ protocol: PROTOCOL_VERSION + 1 })
    expect(await refusal(agent)).toMatchObject({ close: 4426, code: 'E_PROTOCOL_VERSION' })
  })

  test('[MSG-1] a request before the hello, or a second hello, is refused: 4400', async () => {
    const early = await open()
    early.say({ type: 'request', id: 1, method: 'tree', params: {} })
    expect(await refusal(early)).toMatchObject({ close: 4400, code: 'E_BAD_REQUEST' })
    const twice = await open()
    await twice.welcomed()
    twice.hello()
    expect(await refusal(twice)).toMatchObject({ close: 4400, code: 'E_BAD_REQUEST' })
  })

  test('[MSG-5] fields that nobody knows are ignored', async () => {
    const agent = await open()
    await agent.welcomed({ colour: 'green', ...agentNamed('CLAUDE', 'a') })
    expect((await agent.ask('tree', { colour: 'green' })).type).toBe('reply')
  })

  test('a type that is not configured is refused by name; nobody becomes the disk', async () => {
    for (const type of ['MISTRAL', 'DISK']) {
      const agent = await open()
      agent.hello(agentNamed(type, 'x', 'guessed'))
      expect(await refusal(agent)).toMatchObject({ close: 4400, code: 'E_AGENT_TYPE' })
    }
    expect(server.status().connections).toMatchObject({ agents: 0, observers: 0 })
  })
})

describe('a person with a name', () => {
  const anna = { person: agentInstance.parse('anna') }

  test('[MSG-17, AUTH-7] all that comes over its socket is by it, documents too; it is in no roster, and may be here twice', async () => {
    const agent = await server.connectAs('CLAUDE-a')
    const [one, two] = [await server.connect(anna), await server.connect(anna)]
    const heard: WorkspaceEvent[] = []
    one.onMessage((message) => {
      if (message.type === 'event') heard.push(message.event)
    })
    const theirs = await agent.request('lock', lockCommand.parse({ wants: [{ path: 'b.ts' }], ttl: 60, wait: 0 }))
    const ids = theirs.outcome === 'granted' ? theirs.locks.map(({ id }) => id) : []
    expect((await put(one, 'a.ts', 'one\n')).head.author).toBe('PERSON-anna')
    await one.request('lock', lockCommand.parse({ wants: [{ path: 'a.ts' }], ttl: 60, wait: 0 }))
    for (const id of ids) await one.request('breakLock', { id })
    await one.request('task', taskCommand.parse({ writeId: 'p1', create: { title: 'Shop' } }))
    const said = { writeId: newWrite(), type: 'broadcast', data: { text: 'hi' } }
    await one.request('publish', publishCommand.parse({ ...said, to: { agent: 'CLAUDE-a' } }))

    expect((await agent.request('locks', {})).locks.map(({ holder }) => holder)).toEqual(['PERSON-anna'])
    expect((await agent.request('tasks', {})).tasks).toMatchObject([{ by: 'PERSON-anna' }])
    await until(() => heard.some(({ type }) => type === 'broadcast'), 'what was said')
    expect(heard.find(({ type }) => type === 'broadcast')?.agent_id).toBe('PERSON-anna')
    expect(heard.find(({ type }) => type === 'lock:released')?.data).toMatchObject({ by: 'PERSON-anna' })
    // [EVENT-5] What others say to each other, too.
    const other = { writeId: newWrite(), type: 'broadcast', data: { text: 'yes' }, to: { agent: 'CODEX-b' } }
    const { event } = await agent.request('publish', publishCommand.parse(other))
    await until(() => heard.some(({ seq }) => seq === event.seq), 'what an agent said to another')

    const { number } = await two.request('open', { document: 'typed.ts' })
    const typed = new Y.Doc()
    typed.getText('content').insert(0, 'typed')
    two.sendDocument(number, frame(0, 0, new Uint8Array([0])))
    two.sendDocument(number, frame(0, 2, Y.encodeStateAsUpdate(typed)))
    await until(async () => (await headOf(agent, 'typed.ts')) !== null, 'what was typed')
    expect((await headOf(agent, 'typed.ts'))?.author).toBe('PERSON-anna')
    expect(server.status().agents.map(({ agentId }) => agentId)).toEqual(['CLAUDE-a'])
  })

  test.each([
    ['a name that is not valid', { person: 'Anna B.' }, 'instance name'],
    ['a name beside an agent', { ...anna, ...agentNamed('CLAUDE', 'x') }, 'not both'],
  ])('[MSG-17] %s is refused: 4400', async (_, hello, words) => {
    const socket = await open()
    socket.hello(hello)
    expect(await refusal(socket)).toMatchObject({ close: 4400, code: 'E_BAD_REQUEST' })
    expect(socket.of('refused')[0]?.error.message).toContain(words)
  })
})

describe('who an agent is', () => {
  test('[MSG-10] a connected instance name is refused to others, of whatever type', async () => {
    const first = await open()
    await first.welcomed(agentNamed('CLAUDE', 'frontend'))
    for (const type of ['CLAUDE', 'CODEX']) {
      const second = await open()
      second.hello(agentNamed(type, 'frontend', 'guessed'))
      expect(await refusal(second)).toMatchObject({
        close: 4423,
        code: 'E_AGENT_TAKEN',
        data: { agentId: 'CLAUDE-frontend' },
      })
    }
    expect(first.closed).toBeUndefined()
  })

  test('[MSG-10] the secret takes the place of the old socket at once, which is closed with 4410; each secret once', async () => {
    const watcher = await open()
    await watcher.welcomed({ feeds: ['events'] })
    const first = await open()
    const one = await first.welcomed(agentNamed('CLAUDE', 'frontend'))
    const second = await open()
    const two = await second.welcomed(agentNamed('CLAUDE', 'frontend', one.secret ?? ''))
    expect(await refusal(first)).toMatchObject({ close: 4410, code: 'E_REPLACED' })
    expect(two.secret).not.toBe(one.secret)
    expect(server.status().agents.map(({ agentId }) => agentId)).toEqual(['CLAUDE-frontend'])
    const third = await open()
    third.hello(agentNamed('CLAUDE', 'frontend', one.secret ?? ''))
    expect(await refusal(third)).toMatchObject({ code: 'E_AGENT_TAKEN' })
    await watcher.roundTrip()
    expect(watcher.of('event').map(({ event }) => event.type)).toEqual(['agent:joined']) // it never left
  })

  test('[MSG-14, AGENT-4] leave shows it gone at once and ends its secret; a lost line shows as lost', async () => {
    const watcher = await open()
    await watcher.welcomed({ feeds: ['events', 'agents'] })
    const one = await open()
    await one.welcomed(agentNamed('CLAUDE', 'a'))
    const two = await open()
    await two.welcomed(agentNamed('CODEX', 'b'))
    await until(() => watcher.of('agents').at(-1)?.agents.length === 2)
    expect(await one.ask('leave')).toMatchObject({ type: 'reply' })
    expect(server.status().agents.map(({ agentId }) => agentId)).toEqual(['CODEX-b'])
    expect(await one.ask('tree')).toMatchObject({ type: 'failed', error: { code: 'E_BAD_REQUEST' } })
    const again = await open()
    await again.welcomed(agentNamed('GEMINI', 'a'))
    two.end()
    await until(() => watcher.of('event').length === 5)
    expect(watcher.of('event').map(({ event }) => [event.type, event.agent_id, event.data])).toMatchObject([
      ['agent:joined', 'CLAUDE-a', { agent_type: 'CLAUDE', instance: 'a' }],
      ['agent:joined', 'CODEX-b', {}],
      ['agent:left', 'CLAUDE-a', { reason: 'left' }],
      ['agent:joined', 'GEMINI-a', {}],
      ['agent:left', 'CODEX-b', { reason: 'lost' }],
    ])
    one.end()
    await one.close()
    expect(server.status().agents.map(({ agentId }) => agentId)).toEqual(['GEMINI-a'])
  })
})

describe('requests', () => {
  test('[MSG-4] an unknown method and ill-typed parameters fail by name, and harm nothing else', async () => {
    const agent = await open()
    await agent.welcomed()
    expect(await agent.ask('toString')).toMatchObject({ type: 'failed', error: { code: 'E_BAD_REQUEST' } })
    const failed = await agent.ask('write', { writeId: 'w', path: '../a.ts', base: null, executable: 'yes' })
    if (failed.type !== 'failed') throw new Error('it is ill-typed')
    expect(failed.error.code).toBe('E_BAD_REQUEST')
    for (const name of ['path', 'content', 'executable']) expect(failed.error.message).toContain(name)
    expect(failed.error.message).toContain('".."')
    expect((await agent.ask('tree')).type).toBe('reply')
  })

  test('[MSG-3] each request has one answer, with its own id and of its method’s schema', async () => {
    const agent = await open()
    await agent.welcomed(agentNamed('CLAUDE', 'a'))
    const content = { kind: 'text', text: 'one\n', bom: false, eol: 'lf' }
    const write = { writeId: 'w1', path: 'a.ts', base: null, content, executable: false }
    const asked = [
      ['write', write],
      ['stat', { path: 'a.ts' }],
      ['tree', {}],
      ['conflicts', {}],
      ['status', {}],
      ['open', { document: 'a.ts' }],
      ['close', { number: 1 }],
      ['delete', { writeId: 'w2', path: 'a.ts', base: { rev: 1, hash: '0'.repeat(64) } }],
    ] as const
    for (const [method, params] of asked) {
      const answer = await agent.ask(method, params)
      if (answer.type !== 'reply') throw new Error(`${method}: ${answer.error.message}`)
      expect(methods[method].result.safeParse(answer.result).error).toBeUndefined()
    }
    const tree = methods.tree.result.parse(await treeOf(agent))
    const read = await agent.ask('read', { ids: tree.files.map(({ id }) => id) })
    expect(read.type === 'reply' && methods.read.result.safeParse(read.result).success).toBe(true)
    const ids = agent.of('reply').map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('answers to requests of a socket that has gone trouble nobody', async () => {
    const agent = await open()
    await agent.welcomed()
    for (let id = 1; id <= 50; id++) agent.say({ type: 'request', id, method: 'tree', params: {} })
    agent.end()
    const other = await open()
    await other.welcomed()
    expect((await other.ask('tree')).type).toBe('reply')
  })

  test('read gives as much as fits, in order, and names the rest', async () => {
    const connection = await server.connect()
    const text = 'x'.repeat(3 * 1024 * 1024)
    for (const name of ['a', 'b', 'c']) await put(connection, name, `${name}${text}`)
    const { files } = await connection.request('tree', {})
    const ids = files.map(({ id }) => id)
    const first = await connection.request('read', { ids })
    expect(first.files.map(({ head }) => head.id)).toEqual(ids.slice(0, 2))
    expect(first.rest).toEqual(ids.slice(2))
  })
})

async function treeOf(agent: RawAgent): Promise<unknown> {
  const answer = await agent.ask('tree')
  return answer.type === 'reply' ? answer.result : undefined
}

describe('feeds', () => {
  test('[MSG-6] a connection hears what it named, and nothing else', async () => {
    const quiet = await open()
    await quiet.welcomed()
    const heads = await open()
    await heads.welcomed({ feeds: ['heads'] })
    const connection = await server.connectAs('CLAUDE-a')
    await put(connection, 'a.ts', 'one\n')
    await until(() => heads.of('head').length === 1)
    await quiet.roundTrip()
    expect(quiet.messages.map(({ type }) => type)).toEqual(['welcome'])
    expect(heads.messages.map(({ type }) => type)).toEqual(['welcome', 'head'])
  })

  test('[MSG-7, MSG-9] heads come in the order of seq; their edits lead from each revision to the next', async () => {
    const connection = await server.connectAs('CLAUDE-a')
    const paths = ['a.ts', 'b.ts', 'c.ts']
    const texts = new Map<string, { rev: number; text: string }>()
    const made = await Promise.all(paths.map((path) => put(connection, path, '')))
    for (const { head } of made) texts.set(head.path, { rev: 1, text: '' })
    const watcher = await open()
    await watcher.welcomed({ feeds: ['heads', 'events'] })
    const peer = await (await openRawPeer(server.url, 'a.ts')).synced()
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const path = paths[n % 3] ?? ''
        if (path === 'a.ts') {
          peer.edit((text) => {
            text.insert(0, `${n}\n`)
          })
        } else await put(connection, path, `${n}\n`, made[n % 3]?.head)
      }),
    )
    await peer.roundTrip()
    await put(connection, 'last.ts', 'end\n')
    await until(() => watcher.of('head').some(({ head }) => head.path === 'last.ts'))
    const seqs = watcher.of('head').map(({ head }) => head.seq)
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
    const events = watcher.of('event').map(({ event }) => event.seq)
    expect(events).toEqual(Array.from({ length: events.length }, (_, n) => n + (events[0] ?? 0)))
    for (const { head, edits } of watcher.of('head')) {
      const before = texts.get(head.path)
      if (before === undefined) continue
      expect(head.rev).toBe(before.rev + 1)
      texts.set(head.path, { rev: head.rev, text: applyEdits(before.text, edits ?? []) })
    }
    for (const path of paths) expect(await textOf(connection, path)).toBe(texts.get(path)?.text)
  })

  test('[MSG-7] events go on where they were over fifty breaks, without a gap and without a double', async () => {
    const connection = await server.connectAs('CLAUDE-a')
    const first = await open()
    const start = await first.welcomed({ feeds: ['events'] })
    first.end()
    let seq = start.seq
    const seen: number[] = []
    let written = 0
    for (let round = 0; round < 50; round++) {
      const writes = [put(connection, `${written++}.ts`, 'x\n'), put(connection, `${written++}.ts`, 'x\n')]
      const agent = await open()
      const { seq: begins } = await agent.welcomed({
        feeds: ['events'],
        since: { workspaceId: server.workspaceId, seq },
      })
      expect(begins).toBe(seq)
      if (round % 2 === 0) await Promise.all(writes)
      await agent.roundTrip()
      agent.end()
      seen.push(...agent.of('event').map(({ event }) => event.seq))
      seq = seen.at(-1) ?? seq
    }
    await until(() => server.status().files === written)
    const last = await open()
    await last.welcomed({ feeds: ['events'], since: { workspaceId: server.workspaceId, seq } })
    await until(() => (last.of('event').at(-1)?.event.seq ?? seq) === server.status().seq)
    seen.push(...last.of('event').map(({ event }) => event.seq))
    expect(seen).toEqual(Array.from({ length: server.status().seq - start.seq }, (_, n) => start.seq + 1 + n))
  })

  test('[MSG-7] with events the missed heads come too: the newest of each file, to be read', async () => {
    const connection = await server.connectAs('CLAUDE-a')
    const agent = await open()
    const { seq } = await agent.welcomed({ feeds: ['heads', 'events'] })
    agent.end()
    const one = await put(connection, 'a.ts', 'one\n')
    const two = await put(connection, 'a.ts', 'two\n', one.head)
    const three = await put(connection, 'b.ts', 'three\n')
    const back = await open()
    await back.welcomed({ feeds: ['heads', 'events'], since: { workspaceId: server.workspaceId, seq } })
    await until(() => back.of('head').length === 2)
    expect(back.of('head')).toEqual([
      { type: 'head', head: two.head, edits: null },
      { type: 'head', head: three.head, edits: null },
    ])
  })

  test('[MSG-7] thousands of missed events come in few frames and many turns, and what happens meanwhile comes once, behind', async () => {
    const storage = openMemoryStorage()
    const log = new EventLog(storage, clock.now)
    const rows: Row[] = []
    for (let n = 0; n < 9_000; n++) rows.push(...log.append('agent:left', undefined, { reason: 'left' }).rows)
    await storage.commit(rows)
    const large = await startServer({ storage })
    const since = { workspaceId: large.workspaceId, seq: 0 }
    const agents = await Promise.all(Array.from({ length: 5 }, () => openRawAgent(large.url)))
    let turns = 0
    let isDone = false
    const count = (): void => {
      turns++
      if (!isDone) setImmediate(count)
    }
    count()
    for (const agent of agents) agent.hello({ feeds: ['heads', 'events'], since })
    const writer = await large.connect({ feeds: [] })
    const { head } = await put(writer, 'meanwhile.ts', 'x\n')
    await until(() => agents.every((agent) => agent.of('head').length > 0))
    await put(writer, 'after.ts', 'x\n')
    await until(() => agents.every((agent) => agent.of('head').length > 1))
    isDone = true
    expect(turns).toBeGreaterThan((5 * 9_000) / 500)
    for (const agent of agents) {
      expect(agent.of('event').map(({ event }) => event.seq)).toEqual(Array.from({ length: 9_002 }, (_, n) => n + 1))
      expect(agent.of('head')[0]?.head.seq).toBe(head.seq)
      expect(agent.frames.length).toBeLessThan(100)
    }
    await large.stop()
  })

  test('[MSG-8] since of another store, or of the future, begins now', async () => {
    const connection = await server.connectAs('CLAUDE-a')
    await put(connection, 'a.ts', 'one\n')
    for (const since of [
      { workspaceId: 'another', seq: 0 },
      { workspaceId: server.workspaceId, seq: 1_000 },
    ]) {
      const agent = await open()
      const { seq } = await agent.welcomed({ feeds: ['events'], since })
      expect(seq).toBe(server.status().seq)
      await agent.roundTrip()
      expect(agent.of('event')).toEqual([])
    }
  })

  test('[MSG-11] whatever a connection is fed, it hears something every ten seconds', async () => {
    const [nothing, events, agents] = [await open(), await open(), await open()]
    await nothing.welcomed()
    await events.welcomed({ feeds: ['events', 'heads'] })
    await agents.welcomed({ feeds: ['agents'] })
    for (let round = 1; round <= 3; round++) {
      await clock.advance(10_000)
      await until(() => nothing.of('tick').length >= round && events.of('tick').length >= round)
      await until(() => agents.of('tick').length >= 10 * round)
    }
    expect(agents.of('tick')).toHaveLength(30)
    expect(nothing.of('tick').length).toBeLessThanOrEqual(4)
  })

  test('[LOCK-20] the tick counts what becomes of locks, whether an event tells of it or not', async () => {
    const observer = await open()
    await observer.welcomed({ feeds: ['agents'] })
    const [holder, waiter] = [await server.connectAs('CLAUDE-a'), await server.connectAs('CODEX-b')]
    const counted = async (): Promise<number> => {
      const before = observer.of('tick').length
      await clock.advance(1_000)
      await until(() => observer.of('tick').length > before)
      return observer.of('tick').at(-1)?.locks ?? NaN
    }
    const ask = (wait: number) => lockCommand.parse({ wants: [{ path: 'a.ts' }], wait })
    const none = await counted()
    const result = await holder.request('lock', ask(0))
    const held = await counted()
    expect(held).toBeGreaterThan(none)
    await holder.request('renewLocks', { ids: result.outcome === 'granted' ? result.locks.map(({ id }) => id) : [] })
    const renewed = await counted()
    expect(renewed).toBeGreaterThan(held)
    waiter.request('lock', ask(60)).catch(() => undefined)
    await until(async () => (await waiter.request('locks', {})).waiting.length === 1)
    expect(await counted()).toBeGreaterThan(renewed)
    expect(await counted()).toBe(observer.of('tick').at(-2)?.locks)
  })

  test('[MSG-9] edits that are very large are left out of a head, and the file is read instead', async () => {
    const watcher = await open()
    await watcher.welcomed({ feeds: ['heads'] })
    const connection = await server.connect()
    await put(connection, 'a.ts', 'x'.repeat(100_000))
    const [message] = await until(() => (watcher.of('head').length > 0 ? watcher.of('head') : undefined))
    expect(message?.edits).toBeNull()
    expect(await textOf(connection, 'a.ts')).toBe('x'.repeat(100_000))
  })
})

describe('documents by number', () => {
  const step1 = (number: number) => new Uint8Array([0, number, ...frame(0, 0, new Uint8Array([0]))])

  test('several travel over one socket, apart, until they are closed; numbers are not given again', async () => {
    const connection = await server.connect()
    await put(connection, 'a.ts', 'a\n')
    await put(connection, 'b.ts', 'b\n')
    const agent = await open()
    await agent.welcomed()
    expect(await agent.ask('open', { document: 'a.ts' })).toMatchObject({ result: { number: 1 } })
    expect(await agent.ask('open', { document: 'b.ts' })).toMatchObject({ result: { number: 2 } })
    expect(agent.documents).toEqual([]) // [SYNC-2]
    agent.send(step1(1))
    agent.send(step1(2))
    await until(() => agent.documents.length === 6)
    expect(agent.documents.filter(({ number }) => number === 1)).toHaveLength(3)
    await agent.ask('close', { number: 1 })
    expect(await agent.ask('open', { document: 'a.ts' })).toMatchObject({ result: { number: 3 } })
    const before = agent.documents.length
    await put(connection, 'b.ts', 'b2\n', (await put(connection, 'b.ts', 'b\n')).head)
    await until(() => agent.documents.length > before)
    expect(agent.documents.at(-1)?.number).toBe(2)
  })

  test('[MSG-13] a frame of a number that has ended is dropped; one that was never given is refused', async () => {
    const agent = await open()
    await agent.welcomed()
    await agent.ask('open', { document: '~a' })
    await agent.ask('close', { number: 1 })
    agent.send(step1(1))
    expect((await agent.ask('tree')).type).toBe('reply')
    expect(agent.closed).toBeUndefined()
    agent.send(step1(99))
    expect(await refusal(agent)).toMatchObject({ close: 4404, code: 'E_UNKNOWN_DOCUMENT' })
  })

  test('[MSG-14] who left writes nothing more, also not into the documents that were open', async () => {
    await put(await server.connect(), 'a.ts', 'one\n')
    const agent = await open()
    await agent.welcomed(agentNamed('CLAUDE', 'a'))
    await agent.ask('open', { document: 'a.ts' })
    agent.send(step1(1))
    await until(() => agent.documents.length === 3)
    const other = await (await openRawPeer(server.url, 'a.ts')).synced()
    const before = Y.encodeStateVector(other.doc)
    other.doc.getText('content').insert(0, 'late\n')
    const update = Y.encodeStateAsUpdate(other.doc, before)
    void agent.ask('leave')
    agent.send(new Uint8Array([0, 1, ...frame(0, 2, update)]))
    await agent.roundTrip()
    expect(await textOf(await server.connect(), 'a.ts')).toBe('one\n')
    expect(agent.closed).toBeUndefined()
  })

  test('[SYNC-12] an error in one document ends that number, and nothing else', async () => {
    const agent = await open()
    await agent.welcomed()
    await agent.ask('open', { document: '~a' })
    await agent.ask('open', { document: '~b' })
    agent.send(new Uint8Array([0, 1, 9, 9, 9]))
    await until(() => agent.of('closed').length === 1)
    expect(agent.of('closed')).toMatchObject([{ number: 1, error: { code: 'E_BAD_FRAME' } }])
    agent.send(step1(2))
    await until(() => agent.documents.some(({ number }) => number === 2))
  })

  test('[DOC-5] an older history of a file: the number is closed with E_EPOCH', async () => {
    await put(await server.connect(), 'a.ts', 'one\n')
    const agent = await open()
    await agent.welcomed()
    await agent.ask('open', { document: 'a.ts' })
    agent.send(new Uint8Array([0, 1, ...frame(0, 0, new Uint8Array([1, 42, 7]))]))
    await until(() => agent.of('closed').length === 1)
    expect(agent.of('closed')).toMatchObject([{ number: 1, error: { code: 'E_EPOCH', retry: false } }])
    expect(agent.documents).toEqual([])
  })

  test('[DOC-2] a name of no document fails; the socket lives', async () => {
    const agent = await open()
    await agent.welcomed()
    expect(await agent.ask('open', { document: '~-' })).toMatchObject({ error: { code: 'E_UNKNOWN_DOCUMENT' } })
    expect(await agent.ask('open', { document: '../a' })).toMatchObject({ error: { code: 'E_PATH' } })
    expect(agent.closed).toBeUndefined()
  })

  test('[SYNC-5] a large document travels in parts', async () => {
    await put(await server.connect(), 'a.ts', 'x'.repeat(2 * 1024 * 1024))
    const agent = await open()
    await agent.welcomed()
    await agent.ask('open', { document: 'a.ts' })
    agent.send(step1(1))
    await until(() => agent.documents.length === 3)
    const parts = agent.frames.filter((one) => typeof one !== 'string' && one[0] === 1)
    expect(parts.length).toBeGreaterThanOrEqual(8)
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(256 * 1024 + 16)
  })
})
