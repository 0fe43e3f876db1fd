/** What is written past `ws` to a socket, as the other end reads it. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket as Line } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws'
import { EnsembleError } from '../../../protocol/errors.js'
import { Batch } from '../../../server/sync/batch.js'
import { Socket } from '../../../server/sync/socket.js'
import { ManualClock } from '../../support/manual-clock.js'
import { until } from '../../support/wait.js'

const MB = 1024 * 1024

let server: Server
const clock = new ManualClock()
afterEach(() => server.close())

async function connect(options: ClientOptions = {}): Promise<{
  socket: Socket
  ws: WebSocket
  /** What `ws` writes to. */
  upgraded: Promise<Line>
  heard: string[]
  ended: () => string | undefined
  line: Duplex
}> {
  server = createServer()
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const opened = new Promise<{ socket: Socket; line: Duplex }>((resolve) => {
    server.on('upgrade', (request, stream, head) => {
      wss.handleUpgrade(request, stream, head, (ws) => {
        const limits = { messagesPerSecond: 100, outboundBytes: 64 * MB, slowReaderSeconds: 30 }
        const handlers = { onMessage: () => undefined, onClose: () => undefined, onError: () => undefined }
        resolve({ socket: new Socket(ws, stream, limits, clock.timers, clock.elapsed, handlers), line: stream })
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ws = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options)
  const upgraded = once(ws, 'upgrade').then(([response]) => (response as IncomingMessage).socket)
  const heard: string[] = []
  let ended: string | undefined
  ws.on('message', (data: Buffer, isBinary) =>
    heard.push(isBinary ? `${data.length}:${data[0] ?? ''}` : data.toString()),
  )
  ws.on('ping', (data) => heard.push(`ping ${data.length > 0}`))
  const isOpen = once(ws, 'open')
  ws.on('close', (code) => (ended = `closed ${code}`))
  await isOpen
  return { ...(await opened), ws, upgraded, heard, ended: () => ended }
}

const batch = (...sizes: readonly number[]): Batch =>
  new Batch(sizes.map((size, n) => ({ payload: new Uint8Array(size).fill(n + 1) })))

describe('a socket', () => {
  test('[SYNC-6] frames built once are read as they are meant, whatever their length', async () => {
    const { socket, heard } = await connect()
    const sizes = [1, 125, 126, 65_535, 65_536, MB / 4, MB / 4 + 1, MB / 2, 3 * MB]
    socket.write(batch(...sizes).wire())
    await until(() => heard.length === sizes.length)
    expect(heard).toEqual(sizes.map((size, n) => `${size}:${n + 1}`))
  })

  test('they keep their order with what goes through ws: messages, pings, and the close', async () => {
    const { socket, heard, ended } = await connect()
    const received: string[] = []
    const large = 2 * MB // more than the line takes at once
    const expected: string[] = []
    for (let round = 0; round < 20; round++) {
      const shared = batch(large / 16, round + 1)
      socket.send(`m${round}`)
      socket.write(shared.wire())
      socket.whenReceived(() => received.push(`a${round}`))
      socket.write(batch(7).wire(), () => received.push(`b${round}`))
      socket.send(new Uint8Array(large / 8).fill(9))
      expected.push(`m${round}`, `${large / 16}:1`, `${round + 1}:2`, 'ping true', '7:1', 'ping true', `${large / 8}:9`)
    }
    await until(() => received.length === 40)
    socket.write(batch(3).wire())
    socket.close(new EnsembleError('E_STOPPING', 'It ends here.'))
    socket.write(batch(4).wire())
    await until(ended)
    expect(heard).toEqual([...expected, '3:1'])
    expect(received).toEqual(Array.from({ length: 20 }, (_, round) => [`a${round}`, `b${round}`]).flat())
  })

  test('one frame with a ping goes to many sockets, and each tells for itself that it has it', async () => {
    const one = await connect()
    const first = server
    const two = await connect()
    const { socket } = one
    const received: string[] = []
    const shared = batch(5)
    two.socket.whenReceived(() => received.push('before'))
    two.socket.write(shared.wire(), () => received.push('two'))
    socket.write(shared.wire(), () => received.push('one'))
    await until(() => received.length === 3)
    expect(received.indexOf('before')).toBeLessThan(received.indexOf('two'))
    first.close()
  })

  test('[SYNC-7] one whose line is full has the time of a slow reader to answer a ping, and is closed with 1013 after it', async () => {
    const { socket, ws, ended, line } = await connect()
    ws.pause()
    socket.write(batch(30 * MB).wire())
    await clock.advance(15_000) // its ping stands behind all that
    await clock.advance(29_000)
    expect(line.destroyed).toBe(false)
    ws.resume()
    await until(() => !line.writableNeedDrain)
    await clock.advance(1_000) // in time: nothing is held against it
    expect(line.destroyed).toBe(false)

    ws.pause()
    socket.write(batch(30 * MB).wire())
    await clock.advance(45_000)
    ws.resume()
    await until(ended)
    expect(ended()).toBe('closed 1013')
  })

  test('[SYNC-7] one that reads, however slowly, is kept; only where nothing moves for that long is it closed', async () => {
    const { socket, ws, heard, ended, line } = await connect()
    ws.pause()
    socket.write(batch(40 * MB).wire())
    await until(() => line.writableNeedDrain)
    for (let rest = socket.unsent; rest > 8 * MB; rest = socket.unsent) {
      await clock.advance(15_000)
      ws.resume()
      await until(() => socket.unsent < rest - 2 * MB)
      ws.pause()
      await clock.advance(14_000)
      expect(line.destroyed).toBe(false)
    }
    expect(heard).toContain('ping false') // between the fragments of the message that is under way
    await clock.advance(30_000)
    ws.resume()
    await until(ended)
    expect(ended()).toBe('closed 1013')
    expect(heard.at(-1)).toBe(`${40 * MB}:1`)
  })

  test('what is confirmed as received is so with all that was sent before, its fragments too', async () => {
    const { socket, ws, heard } = await connect()
    const received: string[] = []
    ws.pause()
    socket.write(batch(8 * MB).wire())
    socket.whenReceived(() => received.push(heard.join()))
    socket.write(batch(8 * MB).wire(), () => received.push(heard.join()))
    socket.send('behind')
    ws.resume()
    await until(() => received.length === 2)
    expect(heard).toEqual([`${8 * MB}:1`, 'ping true', `${8 * MB}:1`, 'ping true', 'behind'])
    expect(received[0]?.startsWith(`${8 * MB}:1,ping true`)).toBe(true)
    expect(received[1]?.startsWith(`${8 * MB}:1,ping true,${8 * MB}:1,ping true`)).toBe(true)
  })

  test('a ping that stood behind much counts from when it leaves', async () => {
    const { socket, ws, ended, line } = await connect({ autoPong: false })
    ws.pause()
    socket.write(batch(30 * MB).wire())
    await clock.advance(15_000)
    ws.resume()
    await until(() => socket.unsent === 0)
    await clock.advance(15_000)
    expect(line.destroyed).toBe(false)
    await clock.advance(15_000)
    expect(line.destroyed).toBe(true)
    await until(ended)
  })

  test('[SYNC-7] one that sends something large is alive while that comes in, though its pongs stand behind it', async () => {
    const { ws, upgraded, ended, line } = await connect({ autoPong: false })
    const up = await upgraded
    const size = MB
    const mask = [0, 0, 0, 0]
    up.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, size >> 16, 0, 0, ...mask]))
    for (let sent = 0; sent < size / 2; sent += size / 16) {
      const before = (line as Line).bytesRead
      up.write(Buffer.alloc(size / 16))
      await until(() => (line as Line).bytesRead > before)
      await clock.advance(15_000)
      expect(line.destroyed).toBe(false)
    }
    await clock.advance(15_000)
    expect(line.destroyed).toBe(true)
    ws.terminate()
    await until(ended)
  })

  test('one that has nothing to read, and answers no ping, is ended with the next', async () => {
    const { ws, ended, line } = await connect()
    ws.pause()
    await clock.advance(15_000)
    expect(line.destroyed).toBe(false)
    await clock.advance(15_000)
    expect(line.destroyed).toBe(true)
    ws.resume()
    await until(ended)
    expect(ended()).toBe('closed 1006')
  })
})
