/** Who means ill, from outside: others write and hear meanwhile, memory stays bounded, and each limit holds exactly. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { awarenessFrame, decodeAwareness, frame, openRawAgent, openRawPeer, type RawPeer } from './raw.js'
import { put } from './seed.js'

let server: TestServer
let writer: RawPeer
let reader: RawPeer
const lines: Socket[] = []
afterEach(async () => {
  for (const line of lines.splice(0)) line.destroy()
  await server.stop()
})

async function start(options: Parameters<typeof startServer>[0] = {}): Promise<void> {
  server = await startServer(options)
  await put(await server.connect(), 'a.ts', 'one\n')
  writer = await (await openRawPeer(server.url, 'a.ts')).synced()
  reader = await (await openRawPeer(server.url, 'a.ts')).synced()
}

async function othersGoOn(): Promise<void> {
  const mark = `${randomBytes(4).toString('hex')}\n`
  writer.edit((text) => {
    text.insert(0, mark)
  })
  await until(() => reader.text.startsWith(mark), 'the others’ edit')
  expect([writer.closed, reader.closed]).toEqual([undefined, undefined])
}

async function line(bytes: string | Uint8Array): Promise<Socket> {
  const made = connect(server.port, '127.0.0.1')
  lines.push(made)
  made.on('error', () => undefined)
  await once(made, 'connect')
  made.write(bytes)
  return made
}

/** @param headers lines, each as it stands */
const upgrade = (path: string, ...headers: readonly string[]): string =>
  [
    `GET ${path}${path.includes('?') ? '&' : '?'}token=${TOKEN} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
    '',
    '',
  ].join('\r\n')

/** A frame as a client sends it, masked with zeros. */
function wsFrame(opcode: number, payload: Uint8Array, { fin = true, length = payload.length } = {}): Uint8Array {
  const head = [(fin ? 0x80 : 0) | opcode]
  if (length < 126) head.push(0x80 | length)
  else if (length < 65_536) head.push(0x80 | 126, length >> 8, length & 255)
  else head.push(0x80 | 127, 0, 0, 0, 0, (length >>> 24) & 255, (length >> 16) & 255, (length >> 8) & 255, length & 255)
  return Uint8Array.from([...head, 0, 0, 0, 0, ...payload])
}

async function opened(
  path: string,
  ...headers: readonly string[]
): Promise<{ readonly made: Socket; readonly said: () => Buffer }> {
  const made = await line(Buffer.from(upgrade(path, ...headers), 'latin1'))
  const parts: Buffer[] = []
  made.on('data', (part: Buffer) => parts.push(part))
  await until(() => Buffer.concat(parts).includes('\r\n\r\n'), 'the upgrade')
  const head = Buffer.concat(parts).indexOf('\r\n\r\n') + 4
  return { made, said: () => Buffer.concat(parts).subarray(head) }
}

/** The code of the close frame that came last. */
async function closeOf({ made, said }: { readonly made: Socket; readonly said: () => Buffer }): Promise<number> {
  await until(() => made.closed || said().includes(0x88), 'a close frame')
  const at = said().lastIndexOf(0x88)
  return said().readUInt16BE(at + 2)
}

describe('clients that mean ill', () => {
  test('[SYNC-12] half-open handshakes and headers that never end take nobody’s place', async () => {
    await start()
    for (let n = 0; n < 100; n++) {
      await line(
        n % 3 === 0
          ? ''
          : n % 3 === 1
            ? 'GET /sync/a.ts HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '
            : upgrade('/agent').slice(0, -2),
      )
    }
    await othersGoOn()
    expect(server.server.headersTimeout).toBeGreaterThan(0)
    expect(server.server.requestTimeout).toBeGreaterThan(0)
    expect(server.status().connections).toMatchObject({ peers: 2 })
  })

  test('[SYNC-12, AUTH-3] an origin of many characters that take two bytes is refused like any other', async () => {
    await start()
    for (const origin of [`http://${'é'.repeat(200)}`, `http://${'é'.repeat(7_000)}`]) {
      expect(await closeOf(await opened('/sync/a.ts', `Origin: ${origin}`))).toBe(4403)
    }
    await othersGoOn()
  })

  test('[SYNC-7, AUTH-1] whoever is refused sends no message of more than 64 KB: its line ends, and nothing of it is gathered', async () => {
    await start()
    const refused = await line(upgrade('/agent').replace(TOKEN, 'none'))
    refused.write(wsFrame(2, new Uint8Array(10), { length: 1024 * 1024 }))
    refused.resume()
    await until(() => refused.closed, 'the end of its line')
    await othersGoOn()
  })

  test('[SYNC-7, FRAME-4] garbage instead of frames, a length of 2 GB, a message of too many pieces: closed, each with its code', async () => {
    await start({ config: { limits: { frameBytes: 64 * 1024 } } })
    const garbage = await opened('/sync/a.ts')
    garbage.made.write(randomBytes(64).fill(0xff, 0, 2))
    expect(await closeOf(garbage)).toBe(4400)
    const huge = await opened('/sync/a.ts')
    huge.made.write(wsFrame(2, new Uint8Array(10), { length: 2 ** 31 - 1 }))
    expect(await closeOf(huge)).toBe(4413)
    const pieces = await opened('/sync/a.ts')
    pieces.made.write(wsFrame(2, new Uint8Array(1), { fin: false }))
    const more = Buffer.concat(Array.from({ length: 70_000 }, () => wsFrame(0, new Uint8Array(1), { fin: false })))
    pieces.made.write(more)
    expect([4400, 4413, 1008]).toContain(await closeOf(pieces))
    const unfinished = await opened('/sync/a.ts')
    unfinished.made.write(wsFrame(2, new Uint8Array(100), { fin: false }))
    await othersGoOn()
  })

  test('[SYNC-7] pings count as frames do: a flood of them is closed with 4529, or cut off', async () => {
    const clock = new ManualClock(Date.now())
    await start({ config: { limits: { messagesPerSecond: 20 } }, elapsed: clock.elapsed })
    const flooder = await opened('/sync/a.ts')
    const pongs = (): number => flooder.said().toString('latin1').split('\x8a\x04').length - 1
    for (let sent = 0; sent < 200; sent += 50) {
      flooder.made.write(Buffer.concat(Array.from({ length: 50 }, () => wsFrame(9, new Uint8Array(4)))))
      await until(() => pongs() === sent + 50, 'the answers')
    }
    flooder.made.write(wsFrame(9, new Uint8Array(4)))
    expect(await closeOf(flooder)).toBe(4529)
    const heap = await opened('/sync/a.ts')
    heap.made.write(Buffer.concat(Array.from({ length: 10_000 }, () => wsFrame(9, new Uint8Array(100)))))
    await until(() => heap.made.closed, 'the end of who sends a heap of them')
    await othersGoOn()
  })

  test('[SYNC-7] who opens ten thousand documents gets as many as a socket carries, and they go with it', async () => {
    await start()
    const greedy = await openRawAgent(server.url)
    await greedy.welcomed()
    for (let id = 1; id <= 10_000; id++) {
      greedy.say({ type: 'request', id, method: 'open', params: { document: `~greedy-${id}` } })
    }
    await until(() => greedy.of('reply').length + greedy.of('failed').length === 10_000, 'all answers')
    expect(greedy.of('reply')).toHaveLength(256)
    expect(new Set(greedy.of('failed').map(({ error }) => error.code))).toEqual(new Set(['E_LIMIT']))
    await othersGoOn()
    greedy.end()
    await until(() => server.status().connections.observers === 1, 'it to be gone')
    const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
    expect(await response.text()).toContain('\nensemble_rooms 1\n')
  })

  test('[SYNC-9, SYNC-7] a flood of awareness reaches others gathered; a forged state of another does not', async () => {
    await start()
    writer.send(awarenessFrame([7, 1, { name: 'writer' }]))
    await until(() => reader.messages.some(({ type }) => type === 'awareness'), 'the writer to be seen')
    const flooder = await (await openRawPeer(server.url, 'a.ts')).synced()
    for (let n = 0; n < 2_000; n++) {
      flooder.send(awarenessFrame([8, n, { n, padding: 'x'.repeat(500) }]))
      flooder.send(awarenessFrame([7, 1_000 + n, { name: 'forged' }]))
    }
    await flooder.roundTrip()
    await othersGoOn()
    const heard = reader.messages
      .filter(({ type }) => type === 'awareness')
      .flatMap(({ bytes }) => decodeAwareness(bytes))
    await until(
      () =>
        reader.messages.some(
          ({ type, bytes }) => type === 'awareness' && decodeAwareness(bytes).some(({ id }) => id === 8),
        ),
      'the flooder’s last',
    )
    expect(heard.filter(({ id }) => id === 7).map(({ state }) => state)).not.toContainEqual({ name: 'forged' })
    expect(reader.messages.filter(({ type }) => type === 'awareness').length).toBeLessThan(1_000)
  })

  test('[SYNC-7] who never reads, and asks for all again and again, is closed; memory stays', async () => {
    const MB = 1024 * 1024
    await start({ config: { limits: { outboundBytes: MB } } })
    writer.edit((text) => {
      text.insert(0, `${'x'.repeat(MB / 2)}\n`)
    })
    await until(() => reader.text.length > MB / 2, 'the text')
    const stalled = await opened('/sync/a.ts')
    stalled.made.pause()
    const before = process.memoryUsage().arrayBuffers
    for (let n = 0; n < 400; n++) stalled.made.write(wsFrame(2, frame(0, 0, new Uint8Array([0]))))
    await until(() => server.status().connections.peers === 2, 'the stalled one to be gone')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MB)
    await othersGoOn()
  })
})

describe('limits, exactly', () => {
  const KB = 1024

  test('[SYNC-7] limits.frameBytes: a frame of that size is taken, one byte more is not', async () => {
    await start({ config: { limits: { frameBytes: 64 * KB } } })
    const fits = await (await openRawPeer(server.url, '~free')).synced()
    fits.send(new Uint8Array(64 * KB).fill(2, 0, 1)) // of a type that is ignored
    await fits.roundTrip()
    expect(fits.closed).toBeUndefined()
    fits.send(new Uint8Array(64 * KB + 1).fill(2, 0, 1))
    expect((await fits.close()).code).toBe(4413)
    await othersGoOn()
  })

  test('[SYNC-7] limits.messageBytes: a message of that size in parts is taken, one byte more is not', async () => {
    const LIMIT = 300 * KB
    await start({ config: { limits: { messageBytes: LIMIT, fileBytes: 100 * KB } } })
    const inParts = (bytes: number): Uint8Array[] => {
      const text = new TextEncoder().encode(
        JSON.stringify({ type: 'request', id: 1, method: 'tree', params: {} }).padEnd(bytes),
      )
      const parts = [text.subarray(0, 256 * KB), text.subarray(256 * KB)]
      return parts.map((part, n) => Uint8Array.from([1, 0, 0, n === 1 ? 1 : 0, ...part]))
    }
    const fits = await openRawAgent(server.url)
    await fits.welcomed()
    for (const part of inParts(LIMIT)) fits.send(part)
    await until(() => fits.of('reply').length === 1, 'the answer')
    for (const part of inParts(LIMIT + 1)) fits.send(part)
    expect((await fits.close()).code).toBe(4413)
    await othersGoOn()
  })

  test.each(['~free', 'large.txt'])(
    '[SYNC-7] limits.documentBytes: %s is full with its history, whoever goes on is refused, and others have all before it',
    async (name) => {
      await start({ config: { limits: { documentBytes: 1024 * KB } } })
      if (name === 'large.txt') await put(await server.connect(), name, '')
      const writer = await (await openRawPeer(server.url, name)).synced()
      const reader = await (await openRawPeer(server.url, name)).synced()
      const letters = 'x'.repeat(400 * KB)
      const type = (): void => {
        writer.edit((text) => {
          text.insert(text.length, letters)
        })
      }
      type()
      writer.edit((text) => {
        text.delete(0, text.length)
        text.insert(0, letters)
      })
      await until(() => reader.text === letters, 'what fits')
      expect(writer.closed).toBeUndefined()
      type()
      type()
      expect((await writer.close()).code).toBe(4413)
      const late = await (await openRawPeer(server.url, name)).synced()
      expect(reader.text).toBe(late.text)
      expect(late.text.length).toBeGreaterThanOrEqual(letters.length)
      await othersGoOn()
    },
  )

  test('[SYNC-7] limits.messagesPerSecond: ten seconds’ worth at once is taken, one more is not', async () => {
    const clock = new ManualClock(Date.now())
    await start({ config: { limits: { messagesPerSecond: 10 } }, elapsed: clock.elapsed })
    const peer = await openRawPeer(server.url, '~free')
    for (let n = 0; n < 99; n++) peer.send(new Uint8Array([3]))
    await peer.roundTrip() // its ping is the hundredth
    expect(peer.closed).toBeUndefined()
    peer.send(new Uint8Array([3]))
    expect((await peer.close()).code).toBe(4529)
  })
})
