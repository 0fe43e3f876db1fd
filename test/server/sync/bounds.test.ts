import { afterEach, describe, expect, test } from 'vitest'
import { methods } from '../../../protocol/messages.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { awarenessFrame, openRawAgent, openRawPeer } from './raw.js'
import { put, textOf } from './seed.js'

const MB = 1024 * 1024

let server: TestServer
afterEach(() => server.stop())

const metric = async (name: string): Promise<number> => {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

describe('bounds', () => {
  test('[SYNC-7] a reader that stays too slow is closed with 1013, and the others get everything', async () => {
    server = await startServer({ config: { limits: { outboundBytes: MB } } })
    const agent = await server.connect()
    await put(agent, 'a.ts', '')
    const [slow, writer, reader] = await Promise.all(
      ['a.ts', 'a.ts', 'a.ts'].map((name) => openRawPeer(server.url, name)),
    )
    if (slow === undefined || writer === undefined || reader === undefined) throw new Error('three peers')
    await Promise.all([slow.synced(), writer.synced(), reader.synced()])
    slow.ws.pause()
    let round = 0
    await until(async () => {
      writer.edit((text) => {
        text.insert(0, `${round++}${'x'.repeat(256 * 1024)}\n`)
      })
      await writer.roundTrip()
      return server.status().connections.peers === 2
    })
    slow.ws.resume()
    expect((await slow.close()).code).toBe(1013)
    await until(() => reader.text.length === writer.doc.getText('content').length)
    expect(reader.closed).toBeUndefined()
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
    const storage = new FailingStorage()
    server = await startServer({ storage })
    const agent = await server.connect()
    storage.hold()
    const writing = put(agent, 'a.ts', 'one\n')
    await until(() => storage.held > 0)
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
