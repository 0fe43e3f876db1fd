import { request, type IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import { workspaceEvent, type WorkspaceEvent } from '../../../protocol/events.js'
import { writeId } from '../../../protocol/ids.js'
import { link, pageSession } from '../../../protocol/links.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Storage } from '../../../server/storage/storage.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { put } from '../sync/seed.js'
import { ask } from './http.js'

let server: TestServer
let storage: Storage
const clock = new ManualClock(Date.now())
let ids = 0
beforeEach(async () => {
  storage = openMemoryStorage()
  server = await startServer({ storage, now: clock.now, timers: clock.timers })
})
afterEach(() => server.stop())

const say = async (connection: Connection, text: string): Promise<number> => {
  const params = { writeId: writeId.parse(`w${++ids}`), type: 'broadcast', data: { text } }
  return (await connection.request('publish', params)).event.seq
}

/** As a browser reads it: whole frames, and the id of the last one, which an empty frame carries on, too. */
class Stream {
  readonly events: WorkspaceEvent[] = []
  readonly comments: string[] = []
  lastId = ''
  status = 0
  text = ''
  isOpen = true
  readonly #ending: () => void
  #response: IncomingMessage | undefined

  constructor(
    query: string,
    lastId: string,
    headers: Record<string, string> = {},
    onBytes: (stream: Stream) => void = () => undefined,
  ) {
    this.lastId = lastId
    const asked = request(`${server.url}/api/events${query}`, {
      headers: {
        authorization: `Bearer ${TOKEN}`,
        accept: 'text/event-stream',
        ...(lastId !== '' && { 'last-event-id': lastId }),
        ...headers,
      },
    })
    const closed = (): void => void (this.isOpen = false)
    asked.on('error', closed)
    asked.on('close', closed)
    asked.on('response', (response: IncomingMessage) => {
      this.status = response.statusCode ?? 0
      this.#response = response
      response.setEncoding('utf8')
      response.on('error', closed)
      response.on('data', (text: string) => {
        this.#take(text)
        onBytes(this)
      })
    })
    asked.end()
    this.#ending = () => asked.destroy()
  }

  #take(text: string): void {
    this.text += text
    for (let end = this.text.indexOf('\n\n'); end !== -1; end = this.text.indexOf('\n\n')) {
      const fields = this.text.slice(0, end).split('\n')
      this.text = this.text.slice(end + 2)
      for (const field of fields) {
        if (field.startsWith(': ')) this.comments.push(field.slice(2))
        if (field.startsWith('id: ')) this.lastId = field.slice(4)
        if (field.startsWith('data: ')) this.events.push(workspaceEvent.parse(JSON.parse(field.slice(6))))
      }
    }
  }

  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  end(): void {
    this.#ending()
  }
}

describe('events as they come, over HTTP', () => {
  test('[EVENT-10] begin behind `since`, go on, and carry number and type', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const first = await say(writer, 'one')
    const stream = new Stream(`?since=${first - 1}`, '')
    await until(() => stream.events.length === 1, 'what is past')
    expect(stream.lastId).toBe(String(first))
    const second = await say(writer, 'two')
    await until(() => stream.events.length === 2, 'what comes')
    expect(stream.events.map(({ seq }) => seq)).toEqual([first, second])
    stream.end()
  })

  test('[EVENT-4, EVENT-5, EVENT-10] bring what was asked for; a sign of life carries how far was looked', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const stream = new Stream('?types=file:changed&paths=src/**', '', { 'x-ensemble-agent': 'CODEX-x' })
    await until(() => stream.status === 200, 'the stream')
    await put(writer, 'a.ts', 'one\n')
    await put(writer, 'src/a.ts', 'one\n')
    await until(() => stream.events.length === 1, 'the change')
    const last = await say(writer, 'not for a filter')
    await clock.advance(10_000)
    await until(() => stream.lastId === String(last), 'a sign of life')
    expect(stream.events).toHaveLength(1)
    stream.end()
  })

  test('[EVENT-6] what cannot be told is refused before anything is sent', async () => {
    const headers = { accept: 'text/event-stream' }
    expect(await ask(server, '/api/events?since=99', { headers })).toMatchObject({ status: 410 })
    expect(await ask(server, '/api/events', { headers: { ...headers, 'last-event-id': 'x' } })).toMatchObject({
      status: 400,
    })
    expect(await ask(server, '/api/events?types=nothing', { headers })).toMatchObject({ status: 400 })
  })

  test('[SYNC-15] that are closed leave no timer and no listener', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const before = clock.waiting.length
    const streams = Array.from({ length: 20 }, () => new Stream('', ''))
    await until(() => streams.every(({ status }) => status === 200), 'the streams')
    expect(clock.waiting.length).toBe(before + 20)
    for (const stream of streams) stream.end()
    await until(() => clock.waiting.length === before, 'the streams to be gone')
    await say(writer, 'to nobody')
  })

  test('[EVENT-10] a reader who stops reading is cut off past its bound, and goes on where it was; nobody else waits', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const first = await say(writer, 'first')
    const slow = new Stream('', String(first))
    const reader = new Stream('', String(first))
    await until(() => slow.status === 200 && reader.status === 200, 'the streams')
    await say(writer, 'read')
    await until(() => slow.events.length === 1, 'the first event')
    slow.pause()
    let last = 0
    const timers = clock.waiting.length
    // What the kernel holds for it is many times its bound.
    while (clock.waiting.length === timers) last = await say(writer, 'x'.repeat(60_000))
    await until(() => reader.lastId === String(last), 'the other reader')
    slow.resume()
    await until(() => !slow.isOpen, 'the end of the slow one')
    expect(Number(slow.lastId)).toBeLessThan(last)
    const again = new Stream('', slow.lastId)
    await until(() => again.lastId === String(last), 'the last event')
    const heard = [...slow.events, ...again.events].map(({ seq }) => seq)
    expect(heard).toEqual(Array.from({ length: last - first }, (_, n) => first + 1 + n))
    again.end()
    reader.end()
  })

  test('[EVENT-10] a reader who stops while it is told what is past takes no place for ever, hears why, and goes on where it was', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const first = await say(writer, 'first')
    let last = 0
    for (let n = 0; n < 300; n++) last = await say(writer, 'x'.repeat(60_000)) // more than the kernel holds for it
    const timers = clock.waiting.length
    let isPaused = true
    const stalled = new Stream('', String(first), {}, (own) => {
      if (isPaused) own.pause()
    })
    await until(() => clock.waiting.includes(60_000), 'the server to wait for it')
    expect(clock.waiting.length).toBe(timers + 2)
    await clock.advance(60_000)
    expect(clock.waiting).toContain(60_000) // until its socket is given up, too
    expect(clock.waiting.length).toBe(timers + 1)
    isPaused = false
    stalled.resume()
    await until(() => !stalled.isOpen, 'the end of the stalled one')
    expect(stalled.comments.at(-1)).toContain('connect again with Last-Event-ID')
    expect(clock.waiting.length).toBe(timers)
    expect(Number(stalled.lastId)).toBeLessThan(last)
    const again = new Stream('', stalled.lastId)
    await until(() => again.lastId === String(last), 'the last event')
    const heard = [...stalled.events, ...again.events].map(({ seq }) => seq)
    expect(heard).toEqual(Array.from({ length: last - first }, (_, n) => first + 1 + n))
    again.end()
  })

  test('[EVENT-10, AUTH-9] a session that ends while its reader stands still ends the stream once, and the server goes on', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const first = await say(writer, 'first')
    for (let n = 0; n < 300; n++) await say(writer, 'x'.repeat(60_000)) // more than the kernel holds for it
    const { code } = link.parse((await ask(server, '/api/links', { method: 'POST', body: '{"access":"read"}' })).json)
    const { token } = pageSession.parse(
      (await ask(server, '/api/links/use', { method: 'POST', body: JSON.stringify({ code }) })).json,
    )
    const stalled = new Stream('', String(first), { authorization: `Bearer ${token}` }, (own) => {
      own.pause()
    })
    await until(() => clock.waiting.includes(60_000), 'the server to wait for it')
    clock.set(8 * 24 * 60 * 60_000)
    await clock.advance(10_000) // the session is found to have ended
    await clock.advance(50_000) // it has not read in time
    await clock.advance(10_000) // it has not found out why in time
    expect(await ask(server, '/healthz')).toMatchObject({ status: 200 })
    stalled.end()
  })

  test('[EVENT-10] what is forgotten while it is told ends the stream before the gap; whoever goes on there is told that it is gone', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const first = await say(writer, 'first')
    for (let n = 0; n < 300; n++) await say(writer, 'x'.repeat(60_000))
    let isPaused = true
    const slow = new Stream('', String(first), {}, (own) => {
      if (isPaused) own.pause()
    })
    await until(() => clock.waiting.includes(60_000), 'the server to wait for it')
    await storage.commit([{ deleteFrom: ['event', 0], to: ['event', first + 290] }])
    isPaused = false
    slow.resume()
    await until(() => !slow.isOpen, 'the end')
    const heard = slow.events.map(({ seq }) => seq)
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, n) => first + 1 + n))
    expect(slow.comments.at(-1)).toContain('were forgotten')
    expect(
      await ask(server, '/api/events', { headers: { accept: 'text/event-stream', 'last-event-id': slow.lastId } }),
    ).toMatchObject({ status: 410 })
  })

  test('[EVENT-10] a reader whose line breaks a hundred times, anywhere, misses none and gets none twice', async () => {
    const writer = await server.connectAs('CLAUDE-backend')
    const first = await say(writer, 'first')
    const heard: number[] = []
    let lastId = String(first)
    let left = 0
    for (let cuts = 0; cuts < 100; cuts++) {
      const bytes = 1 + Math.floor(Math.random() * 2_000)
      let got = 0
      const stream = new Stream('', lastId, {}, (own) => {
        got = own.events.reduce((sum, event) => sum + JSON.stringify(event).length, own.text.length)
        if (got >= bytes) own.end()
      })
      while (stream.isOpen) {
        await say(writer, 'x'.repeat(1 + (left++ % 300)))
        if (stream.status !== 0 && Math.random() < 0.2) stream.end()
        await until(() => !stream.isOpen || stream.status !== 0, 'the stream')
      }
      heard.push(...stream.events.map(({ seq }) => seq))
      ;({ lastId } = stream)
    }
    const last = await say(writer, 'last')
    const stream = new Stream('', lastId)
    await until(() => stream.lastId === String(last), 'the last event')
    heard.push(...stream.events.map(({ seq }) => seq))
    stream.end()
    expect(heard).toEqual(Array.from({ length: last - first }, (_, n) => first + 1 + n))
  })
})
