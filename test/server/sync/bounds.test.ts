import { afterEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { FrameEncoder } from '../../../protocol/frames.js'
import { methods } from '../../../protocol/messages.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import {
  awarenessFrame,
  decodeAwareness,
  frame,
  openRawAgent,
  openRawPeer,
  parse,
  type RawAgent,
  type RawPeer,
} from './raw.js'
import { put, textOf } from './seed.js'

const MB = 1024 * 1024

let server: TestServer
afterEach(() => server.stop())

const metric = async (name: string): Promise<number> => {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

const peersOf = async (path: string): Promise<[RawPeer, RawPeer, RawPeer]> => {
  const one = async (): Promise<RawPeer> => (await openRawPeer(server.url, path)).synced()
  return [await one(), await one(), await one()]
}

/** The states that were sent to a raw peer, in order. */
const statesTo = (peer: RawPeer) =>
  peer.messages.filter(({ type }) => type === 'awareness').flatMap(({ bytes }) => decodeAwareness(bytes))

const openDocument = async (agent: RawAgent, document: string): Promise<{ number: number; doc: Y.Doc }> => {
  const answer = await agent.ask('open', { document })
  if (answer.type === 'failed') throw new Error(answer.error.message)
  const { number } = answer.result as { number: number }
  const doc = new Y.Doc()
  const payload = frame(0, 0, Y.encodeStateVector(doc))
  for (const piece of new FrameEncoder().encode({ kind: 'document', number, payload })) agent.send(piece)
  return { number, doc }
}

const messagesOf = (agent: RawAgent, number: number) =>
  agent.documents.filter((one) => one.number === number).map(({ payload }) => parse(payload))

/** A server whose storage holds back the first writing of a.ts, by `agent`. */
async function startHeld() {
  const storage = new FailingStorage()
  server = await startServer({ storage })
  const agent = await server.connect()
  storage.hold()
  const writing = put(agent, 'a.ts', 'one\n')
  await until(() => storage.held > 0)
  return { storage, agent, writing }
}

/** The text grows little; what flows past its readers is much. */
function insertAndDelete(writer: RawPeer, round: number): void {
  writer.edit((text) => {
    text.insert(0, `${round}${'x'.repeat(256 * 1024)}\n`)
  })
  writer.edit((text) => {
    text.delete(100, 256 * 1024 - 200)
  })
}

describe('bounds', () => {
  test('[SYNC-7] a reader that is slow for a while is sent nothing more, and then all that it lacks at once', async () => {
    server = await startServer()
    const agent = await server.connect()
    await put(agent, 'a.ts', '')
    const [slow, writer, reader] = await peersOf('a.ts')
    reader.send(awarenessFrame([7, 1, { name: 'leaves' }]))
    writer.send(awarenessFrame([8, 1, { name: 'stays' }]))
    await until(() => statesTo(slow).length === 2)
    slow.ws.pause()
    const rounds = 60
    for (let round = 0; round < rounds; round++) {
      insertAndDelete(writer, round)
      await writer.roundTrip()
    }
    reader.end() // which the slow one does not hear of now
    await until(() => server.status().connections.peers === 2)
    const before = slow.frames.length
    slow.ws.resume()
    await until(() => slow.text === writer.doc.getText('content').toJSON())
    await until(() => statesTo(slow).some(({ id, state }) => id === 7 && state === null))
    expect(statesTo(slow).findLast(({ id }) => id === 8)).toEqual({ id: 8, clock: 1, state: { name: 'stays' } })
    expect(slow.frames.length - before).toBeLessThan(rounds)
    expect(await metric('ensemble_resyncs_total')).toBeGreaterThan(0)
    expect(slow.closed).toBeUndefined()
  })

  test('[SYNC-7] the same of documents on an agent’s socket: each is told whole, and messages go on', async () => {
    server = await startServer()
    const agent = await server.connect()
    await put(agent, 'a.ts', '')
    await put(agent, 'b.ts', '')
    const slow = await openRawAgent(server.url)
    await slow.welcomed()
    const copies = [await openDocument(slow, 'a.ts'), await openDocument(slow, 'b.ts')]
    const writers = await Promise.all(
      ['a.ts', 'b.ts'].map(async (name) => (await openRawPeer(server.url, name)).synced()),
    )
    await until(() => copies.every(({ number }) => messagesOf(slow, number).some(({ type }) => type === 'step2')))
    slow.ws.pause()
    for (let round = 0; round < 40; round++) {
      for (const writer of writers) {
        insertAndDelete(writer, round)
        await writer.roundTrip()
      }
    }
    slow.ws.resume()
    expect((await slow.ask('status')).type).toBe('reply')
    for (const [n, { number, doc }] of copies.entries()) {
      await until(() => {
        for (const { type, bytes } of messagesOf(slow, number)) {
          if (type === 'step2' || type === 'update') Y.applyUpdate(doc, bytes)
        }
        return doc.getText('content').toJSON() === writers[n]?.doc.getText('content').toJSON()
      })
    }
    expect(await metric('ensemble_resyncs_total')).toBeGreaterThan(1)
  })

  test('[SYNC-5] between the parts of a large answer messages pass, and what is typed meanwhile comes behind it', async () => {
    server = await startServer()
    await put(await server.connect(), 'a.ts', 'x'.repeat(16 * MB))
    const writer = await (await openRawPeer(server.url, 'a.ts')).synced()
    const slow = await openRawAgent(server.url)
    await slow.welcomed()
    const { number, doc } = await openDocument(slow, 'a.ts')
    const isWhole = (): boolean => messagesOf(slow, number).some(({ type }) => type === 'step2')
    slow.ws.pause()
    slow.send(JSON.stringify({ type: 'request', id: 999, method: 'status', params: {} }))
    for (let round = 0; round < 5; round++) {
      writer.edit((text) => {
        text.insert(0, `${round}\n`)
      })
      await writer.roundTrip()
    }
    expect(isWhole()).toBe(false)
    slow.ws.resume()
    await until(() => slow.frames.some((one) => typeof one === 'string' && one.includes('"id":999')))
    expect(isWhole()).toBe(false)
    await until(() => {
      for (const { type, bytes } of messagesOf(slow, number).splice(0)) {
        if (type === 'step2' || type === 'update') Y.applyUpdate(doc, bytes)
      }
      return doc.getText('content').toJSON() === writer.text
    })
    expect(messagesOf(slow, number).filter(({ type }) => type === 'step2' || type === 'update')).toHaveLength(2)
  })

  test('[SYNC-7] a reader that stays too slow is closed with 1013, and the others get everything', async () => {
    const clock = new ManualClock(Date.now())
    server = await startServer({
      config: { limits: { slowReaderSeconds: 10 } },
      ...{ now: clock.now, timers: clock.timers },
    })
    const agent = await server.connect()
    await put(agent, 'a.ts', '')
    const [slow, writer, reader] = await peersOf('a.ts')
    slow.ws.pause()
    for (let round = 0; round < 40; round++) {
      writer.edit((text) => {
        text.insert(0, `${round}${'x'.repeat(256 * 1024)}\n`)
      })
      await writer.roundTrip()
    }
    await until(() => reader.text.length === writer.doc.getText('content').length)
    expect(server.status().connections.peers).toBe(3)
    await clock.advance(10_000)
    await until(() => server.status().connections.peers === 2)
    slow.ws.resume()
    expect((await slow.close()).code).toBe(1013)
    expect(reader.closed).toBeUndefined()
  })

  test('[SYNC-7] who leaves more unread than a connection may hold is closed with 1013 at once', async () => {
    server = await startServer({ config: { limits: { outboundBytes: MB } } })
    const agent = await server.connect()
    const text = 'x'.repeat(3 * MB)
    await put(agent, 'a.ts', text)
    const slow = await openRawPeer(server.url, 'a.ts')
    slow.ws.pause()
    for (let n = 0; n < 8; n++) slow.step1()
    await until(() => server.status().connections.peers === 0)
    slow.ws.resume()
    expect((await slow.close()).code).toBe(1013)
  })

  test('[SYNC-7] a document may be larger than what a connection may leave unread: who comes to it gets it', async () => {
    server = await startServer({ config: { limits: { outboundBytes: MB } } })
    const writer = await (await openRawPeer(server.url, '~large')).synced()
    writer.edit((text) => {
      text.insert(0, 'x'.repeat(20 * MB))
    })
    await until(() => writer.messages.some(({ type }) => type === 'update')) // its own, which is as large
    const reader = await openRawPeer(server.url, '~large')
    reader.ws.pause()
    reader.step1()
    await writer.roundTrip()
    reader.ws.resume()
    await until(() => reader.text.length === 20 * MB)
    await reader.roundTrip()
    expect([writer.closed, reader.closed]).toEqual([undefined, undefined])
  })

  test('[SYNC-7] one answer may be larger than what a connection may leave unread', async () => {
    server = await startServer({ config: { limits: { outboundBytes: MB } } })
    const agent = await server.connect()
    const base64 = Buffer.alloc(6 * MB).toString('base64')
    const { head } = await put(agent, 'large.bin', { kind: 'binary', base64 })
    const raw = await openRawAgent(server.url)
    await raw.welcomed({ feeds: ['agents', 'heads', 'events'] })
    const answers = await Promise.all([1, 2, 3].map(() => raw.ask('read', { ids: [head.id] })))
    for (const answer of answers) {
      expect(answer).toMatchObject({ type: 'reply', result: { files: [{ content: { kind: 'binary', base64 } }] } })
    }
    expect(raw.closed).toBeUndefined()
  })

  test('[SYNC-7] more frames than allowed: 4529, which may be retried; the others go on', async () => {
    const clock = new ManualClock(Date.now())
    server = await startServer({
      config: { limits: { messagesPerSecond: 5 } },
      now: clock.now,
      timers: clock.timers,
    })
    const agent = await server.connect()
    await put(agent, 'a.ts', 'one\n')
    const flooder = await (await openRawPeer(server.url, 'a.ts')).synced()
    for (let n = 0; n < 60; n++) flooder.send(awarenessFrame([5, n, {}]))
    expect((await flooder.close()).code).toBe(4529)
    const polite = await (await openRawPeer(server.url, 'a.ts')).synced()
    for (let second = 0; second < 15; second++) {
      for (let n = 0; n < 5; n++) polite.send(awarenessFrame([6, second * 5 + n, {}]))
      await polite.roundTrip()
      await clock.advance(1_000)
    }
    expect(polite.closed).toBeUndefined()
  })

  test('a wall clock that is set back closes no connection, and the server has not been up for less than no time', async () => {
    const clock = new ManualClock(Date.now())
    server = await startServer({ now: clock.now, elapsed: clock.elapsed, timers: clock.timers })
    const peer = await (await openRawPeer(server.url, '~free')).synced()
    await clock.advance(1_000)
    clock.set(-120_000)
    peer.send(awarenessFrame([5, 1, {}]))
    await peer.roundTrip()
    expect(peer.closed).toBeUndefined()
    expect(server.status().uptimeSeconds).toBe(1)
  })

  test('[SYNC-7] a socket carries so many documents, also when they are opened all at once', async () => {
    server = await startServer({ config: { limits: { documentsPerSocket: 3 } } })
    const raw = await openRawAgent(server.url)
    await raw.welcomed()
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => raw.ask('open', { document: `~d${n}` })))
    expect(answers.filter(({ type }) => type === 'reply')).toHaveLength(3)
    expect(answers.flatMap((answer) => (answer.type === 'failed' ? [answer.error.code] : []))).toEqual([
      'E_LIMIT',
      'E_LIMIT',
    ])
    await raw.ask('close', { number: 1 })
    expect((await raw.ask('open', { document: '~d6' })).type).toBe('reply')
  })

  test('[SYNC-15] a thousand documents opened and closed leave nothing but the few kept for the next write', async () => {
    server = await startServer({ config: { limits: { documentsPerSocket: 1000 } } })
    const agent = await server.connect()
    const names = Array.from({ length: 1_000 }, (_, n) => (n % 4 === 0 ? `~free-${n}` : `src/${n}.ts`))
    const present = names.filter((name, n) => n % 2 === 0 && !name.startsWith('~'))
    await Promise.all(present.map((name) => put(agent, name, 'x\n')))
    const raw = await openRawAgent(server.url)
    await raw.welcomed()
    for (let from = 0; from < names.length; from += 100) {
      const numbers = await Promise.all(
        names.slice(from, from + 100).map(async (document) => {
          const answer = await raw.ask('open', { document })
          return answer.type === 'reply' ? (answer.result as { number: number }).number : 0
        }),
      )
      expect(numbers).not.toContain(0)
      await Promise.all(numbers.map((number) => raw.ask('close', { number })))
    }
    await until(() => server.status().documents.open <= 64)
    expect(await metric('ensemble_rooms')).toBe(0)
    await raw.ask('leave')
  })

  test('[SYNC-15] sockets that come and go at once leave no room and no document', async () => {
    server = await startServer()
    for (let n = 0; n < 50; n++) {
      const raw = await openRawPeer(server.url, n % 2 === 0 ? `new-${n}.ts` : '~workspace')
      if (n % 3 === 0) raw.step1()
      raw.end()
    }
    await until(() => server.status().connections.peers === 0)
    await until(() => server.status().documents.open === 0)
    expect(await metric('ensemble_rooms')).toBe(0)
  })

  test('[SYNC-15] nor do those that go before their document is loaded', async () => {
    const { storage, agent, writing } = await startHeld()
    const raw = await openRawPeer(server.url, 'a.ts')
    const session = await openRawAgent(server.url)
    await session.welcomed()
    void session.ask('open', { document: 'a.ts' }).catch(() => undefined)
    await Promise.all([raw.roundTrip(), session.roundTrip()])
    raw.end()
    session.end()
    await until(() => server.status().connections.peers === 0 && server.status().connections.observers === 1)
    storage.releaseAll()
    await writing
    expect((await put(agent, 'a.ts', 'two\n', (await writing).head)).outcome).toBe('accepted')
    expect(await metric('ensemble_rooms')).toBe(0)
  })

  test('[SYNC-4] a peer that comes while another leaves finds the document whole', async () => {
    server = await startServer()
    const agent = await server.connect()
    await put(agent, 'a.ts', '')
    for (let n = 0; n < 30; n++) {
      const one = await (await openRawPeer(server.url, 'a.ts')).synced()
      one.edit((text) => {
        text.insert(0, `${n}\n`)
      })
      await until(() => one.messages.some(({ type }) => type === 'update'))
      one.end()
      const two = await (await openRawPeer(server.url, 'a.ts')).synced()
      expect(two.text.split('\n')[0]).toBe(String(n))
      two.end()
    }
    expect((await textOf(agent, 'a.ts'))?.split('\n')).toHaveLength(31)
  })

  test('[SYNC-7] before its document is loaded 64 frames of a peer are kept, one more closes it', async () => {
    const { storage, writing } = await startHeld()
    const [fits, greedy] = await Promise.all([openRawPeer(server.url, 'a.ts'), openRawPeer(server.url, 'a.ts')])
    fits.step1()
    for (let n = 0; n < 63; n++) fits.send(new Uint8Array([3]))
    for (let n = 0; n < 65; n++) greedy.send(new Uint8Array([3]))
    expect((await greedy.close()).code).toBe(4529)
    storage.releaseAll()
    await writing
    await until(() => fits.text === 'one\n')
    expect(fits.closed).toBeUndefined()
  })

  test('[SYNC-7] a thousand requests of a socket may be under way, one more is refused', async () => {
    const storage = new FailingStorage()
    server = await startServer({ storage })
    const raw = await openRawAgent(server.url)
    await raw.welcomed()
    storage.hold()
    for (let id = 1; id <= 1_001; id++) {
      const content = { kind: 'text', text: `${id}\n`, bom: false, eol: 'lf' }
      const params = { writeId: `w-${id}`, path: `${id}.ts`, base: null, content, executable: false }
      raw.say({ type: 'request', id, method: 'write', params })
    }
    await until(() => raw.of('failed').length > 0, 'the refusal')
    storage.releaseAll()
    await until(() => raw.of('reply').length === 1_000, 'the answers')
    expect(raw.of('failed').map(({ id, error }) => [id, error.code])).toEqual([[1_001, 'E_LIMIT']])
  })

  test('[SYNC-7] a file over limits.fileBytes is refused for good, whoever brings it', async () => {
    server = await startServer({ config: { limits: { fileBytes: 1000 } } })
    const agent = await server.connectAs('CLAUDE-frontend')
    const write = (path: string, content: unknown) => {
      const command = { writeId: path.replace('.', '-'), path, base: null, content, executable: false }
      return agent.request('write', methods.write.params.parse(command))
    }
    const text = (length: number) => ({ kind: 'text', text: 'x'.repeat(length), bom: false, eol: 'lf' })
    await expect(write('large.txt', text(1003))).rejects.toMatchObject({ code: 'E_TOO_LARGE', retry: false })
    const bytes = { kind: 'binary', base64: Buffer.alloc(1005).toString('base64') }
    await expect(write('large.bin', bytes)).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    expect(await write('fits.txt', text(1000))).toMatchObject({ outcome: 'accepted' })
    expect((await agent.request('tree', {})).files).toHaveLength(1)
  })
})
