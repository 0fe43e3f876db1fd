import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { agentId, agentRole, writeId } from '../../../protocol/ids.js'
import { EventLog } from '../../../server/events/event-log.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { atOnce, cutSockets } from '../../support/cut-socket.js'
import { parseAgent, startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { openRawAgent } from './raw.js'
import { put } from './seed.js'

let server: TestServer
let ids = 0
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

function heardBy(connection: Connection): WorkspaceEvent[] {
  const events: WorkspaceEvent[] = []
  connection.onMessage((message) => {
    if (message.type === 'event') events.push(message.event)
  })
  return events
}

const say = async (connection: Connection, text: string, to?: object): Promise<WorkspaceEvent> => {
  const id = writeId.parse(`w${++ids}`)
  const params = { writeId: id, type: 'broadcast', data: { text }, ...(to && { to }) }
  return (await connection.request('publish', params as never)).event
}
const texts = (events: readonly WorkspaceEvent[]) =>
  events.flatMap((event) => (event.type === 'broadcast' ? [event.data['text']] : []))
const reached = (heard: readonly WorkspaceEvent[], { seq }: WorkspaceEvent) =>
  until(() => heard.some((event) => event.seq === seq), `event ${seq}`)

describe('who hears what', () => {
  test('[EVENT-5] an agent hears what is for all, for it, its type and its roles; an observer everything', async () => {
    const roles = [agentRole.parse('reviewer')]
    const codex = heardBy(await server.connect({ agent: { ...parseAgent('CODEX-review'), roles } }))
    const gemini = heardBy(await server.connectAs('GEMINI-plan'))
    const observer = heardBy(await server.connect())
    const claude = await server.connectAs('CLAUDE-backend')
    const own = heardBy(claude)
    await say(claude, 'agent', { agent: 'CODEX-review' })
    await say(claude, 'role', { role: 'reviewer' })
    await say(claude, 'type', { role: 'GEMINI' })
    const last = await say(claude, 'all')
    for (const heard of [codex, gemini, observer, own]) await reached(heard, last)
    expect(texts(codex)).toEqual(['agent', 'role', 'all'])
    expect(texts(gemini)).toEqual(['type', 'all'])
    expect(texts(observer)).toEqual(['agent', 'role', 'type', 'all'])
    expect(texts(own)).toEqual(['agent', 'role', 'type', 'all'])
  })

  test('[EVENT-4] a filter by type and path, from the hello on, and another one later', async () => {
    const connection = await server.connect({
      events: { types: ['file:changed', 'broadcast'], paths: ['src/auth/**'] },
    })
    const heard = heardBy(connection)
    const writer = await server.connectAs('CLAUDE-backend')
    await put(writer, 'src/auth/login.ts', 'one\n')
    await put(writer, 'src/a.ts', 'one\n')
    await say(writer, 'about no path')
    await put(writer, 'src/auth/x/y.ts', 'one\n')
    await until(() => heard.length === 2, 'two changes')
    expect(heard.map((event) => event.type === 'file:changed' && event.data.file)).toEqual([
      'src/auth/login.ts',
      'src/auth/x/y.ts',
    ])
    await connection.subscribe({ types: ['agent:*', 'broadcast'] })
    await put(writer, 'src/auth/login.ts', 'two\n')
    await reached(heard, await say(writer, 'heard'))
    await server.connectAs('CODEX-x')
    await until(() => heard.length === 4, 'two more')
    expect(heard.slice(2).map(({ type }) => type)).toEqual(['broadcast', 'agent:joined'])
  })

  test('[EVENT-4] a type or a glob that is none is refused by name, and the filter stays', async () => {
    const connection = await server.connect({ events: { types: ['broadcast'] } })
    await expect(connection.request('subscribe', { types: ['lock:invented'] })).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
      message: expect.stringMatching(/"lock:invented" is no type of event; there are agent:joined/) as unknown,
    })
    await expect(connection.request('subscribe', { paths: ['/etc/**'] })).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
      message: expect.stringMatching(/"\/etc\/\*\*" is no glob/) as unknown,
    })
    const heard = heardBy(connection)
    await reached(heard, await say(connection, 'still heard'))
  })

  test('[EVENT-8] an agent that was away finds in its inbox what was said meanwhile, and says that it got it', async () => {
    const away = await server.connectAs('CODEX-review')
    await away.request('leave', {})
    const claude = await server.connectAs('CLAUDE-backend')
    await say(claude, 'one')
    const last = await say(claude, 'two', { agent: 'CODEX-review' })
    await say(claude, 'three', { agent: 'GEMINI-plan' })
    const back = await server.connectAs('CODEX-review')
    const { messages } = await back.request('inbox', { take: true })
    expect(texts(messages)).toEqual(['one', 'two'])
    expect(await back.request('receipt', { through: last.seq })).toEqual({ waiting: 0 })
    await back.request('acknowledge', { seq: last.seq })
    const shown = await claude.request('event', { seq: last.seq })
    expect(shown.acknowledged.map(({ agentId: who }) => who)).toEqual([agentId.parse('CODEX-review')])
    await expect((await server.connect()).request('inbox', {})).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  })
})

test('[EVENT-2, MSG-7] a subscriber whose line breaks a hundred times misses none and gets none twice', async () => {
  const writer = await server.connectAs('CLAUDE-backend')
  const first = await say(writer, 'first')
  const line = { cuts: 0 }
  const subscriber = await server.connect({
    feeds: ['events'],
    openSocket: cutSockets(
      () => 1 + Math.floor(Math.random() * 6),
      () => line.cuts++,
    ),
    after: atOnce,
  })
  const heard = heardBy(subscriber)
  while (line.cuts < 100) {
    const said = await say(writer, 'x')
    if (said.seq % 7 === 0) await put(writer, 'a.ts', `${said.seq}\n`)
  }
  const { seq } = await say(writer, 'last')
  await until(() => heard.at(-1)?.seq === seq, 'the last event')
  expect(heard.map((event) => event.seq)).toEqual(Array.from({ length: seq - first.seq }, (_, n) => first.seq + 1 + n))
})

test('[MSG-8] who hears of events alone gets all that it missed, however much that is', async () => {
  const storage = openMemoryStorage()
  const log = new EventLog(storage, Date.now)
  for (let n = 0; n < 12_000; n++) await storage.commit(log.append('broadcast', undefined, { n }).rows)
  const filled = await startServer({ storage })
  try {
    const since = { workspaceId: filled.workspaceId, seq: 100 }
    const agent = await openRawAgent(filled.url)
    expect((await agent.welcomed({ feeds: ['events'], since })).seq).toBe(100)
    await until(() => agent.of('event').length === 11_900, 'all that was missed')
    expect(agent.of('event').every(({ event }, place) => event.seq === 101 + place)).toBe(true)
    const both = await openRawAgent(filled.url)
    expect((await both.welcomed({ feeds: ['events', 'heads'], since })).seq).toBe(12_000)
  } finally {
    await filled.stop()
  }
})

test('[MSG-8, EVENT-6] what is forgotten while someone is told what it missed is no gap: it is asked to connect again', async () => {
  const inner = openMemoryStorage()
  const log = new EventLog(inner, Date.now)
  for (let n = 0; n < 1_000; n++) await inner.commit(log.append('broadcast', undefined, { n }).rows)
  let slices = 0
  const range: typeof inner.range = (query) => {
    if (query.limit === 250 && ++slices === 3) void inner.commit([{ deleteFrom: ['event', 0], to: ['event', 900] }])
    return inner.range(query)
  }
  const filled = await startServer({ storage: { ...inner, range } })
  try {
    const since = { workspaceId: filled.workspaceId, seq: 100 }
    const agent = await openRawAgent(filled.url)
    await agent.welcomed({ feeds: ['events'], since })
    await until(() => agent.of('refused').length === 1, 'the end')
    expect(agent.of('refused')).toMatchObject([{ error: { code: 'E_SLOW_READER', retry: true } }])
    expect(agent.of('event').map(({ event }) => event.seq)).toEqual(Array.from({ length: 750 }, (_, n) => 101 + n))
    const again = await openRawAgent(filled.url)
    expect((await again.welcomed({ feeds: ['events'], since: { ...since, seq: 850 } })).seq).toBe(1_000)
  } finally {
    await filled.stop()
  }
})
