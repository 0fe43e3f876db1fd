import { afterEach, beforeEach, expect, test } from 'vitest'
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
