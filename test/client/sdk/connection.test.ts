import { afterEach, beforeEach, expect, test } from 'vitest'
import { Connection, type SocketLike } from '../../../client/sdk/connection.js'
import { ManualClock } from '../../support/manual-clock.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

test('a wrong token ends the connection for good, with the code that the server gave', async () => {
  await expect(server.connect({ token: 'another' })).rejects.toMatchObject({ code: 'E_UNAUTHORIZED', retry: false })
})

test('a refused hello ends it with the server’s error, hint and data included', async () => {
  await server.connectAs('CLAUDE-one')
  await expect(server.connectAs('CODEX-one')).rejects.toMatchObject({
    code: 'E_AGENT_TAKEN',
    data: { agentId: 'CLAUDE-one' },
  })
  await expect(server.connectAs('NOBODY-two')).rejects.toMatchObject({ code: 'E_AGENT_TYPE' })
})

test('the same agent takes its own place with its secret, and the connection it left is over', async () => {
  let secret = ''
  const first = await server.connectAs('CLAUDE-one', { onSecret: (given) => (secret = given) })
  const second = await server.connectAs('CLAUDE-one', { secret })
  expect(second.state.kind).toBe('live')
  await until(() => first.state.kind === 'closed')
  await expect(first.live()).rejects.toMatchObject({ code: 'E_REPLACED' })
})

test('requests while there is no connection are refused at once, and can be repeated', async () => {
  const connection = await server.connect()
  await connection.close()
  await expect(connection.request('status', {})).rejects.toMatchObject({ code: 'E_UNREACHABLE', retry: true })
})

test('a line on which nothing comes for 30 seconds is dead, and one on which something comes is not', async () => {
  const clock = new ManualClock()
  const sockets: SocketLike[] = []
  const connection = new Connection({
    ...{ url: 'ws://nobody', token: '', client: 'test', agent: null, feeds: [], random: () => 0 },
    elapsed: clock.elapsed,
    after: (milliseconds, run) => {
      const timer = clock.timers.setTimeout(run, milliseconds)
      return () => clock.timers.clearTimeout(timer)
    },
    openSocket: () => {
      const socket = { binaryType: '', onopen: null, onmessage: null, onclose: null, onerror: null, bufferedAmount: 0 }
      sockets.push({ ...socket, send: () => undefined, close: () => undefined })
      return sockets.at(-1)!
    },
  })
  connection.start()
  const [first] = sockets
  const welcome = { type: 'welcome', workspaceId: 'w', seq: 0, secret: null }
  first?.onmessage?.({ data: JSON.stringify(welcome) })
  await clock.advance(20_000)
  first?.onmessage?.({ data: JSON.stringify({ type: 'tick', time: clock.now(), seq: 0 }) })
  clock.set(-120_000)
  await clock.advance(10_000)
  clock.set(240_000) // the wall clock tells nothing of how long it was
  await clock.advance(19_999)
  expect(connection.state.kind).toBe('live')
  await clock.advance(1)
  expect(connection.state).toMatchObject({ kind: 'waiting', error: { code: 'E_UNREACHABLE' } })
  await connection.close()
  expect(clock.waiting).toEqual([])
})
