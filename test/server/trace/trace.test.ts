/** The way of an update through a real server: from a socket, a request and a folder to storage and out again. */
import { afterEach, expect, test } from 'vitest'
import { trace, type Trace } from '../../../protocol/trace.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { openRawPeer } from '../sync/raw.js'
import { headOf, put } from '../sync/seed.js'

let server: TestServer
afterEach(() => server.stop())

async function traceOf(path: string, rev: number): Promise<Trace> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  const response = await fetch(`${server.url}/api/trace/${path}?rev=${rev}`, { headers })
  return trace.parse(await response.json())
}

test('[TRACE-1] a write of an agent, and what a peer types, each with its steps in their order', async () => {
  server = await startServer()
  const agent = await server.connectAs('CLAUDE-a')
  await put(agent, 'a.ts', 'one\n')
  const written = await traceOf('a.ts', 1)
  expect(written).toMatchObject({ path: 'a.ts', rev: 1, author: 'CLAUDE-a' })
  expect(written.steps).toMatchObject({
    arrivals: [{ update: written.writeId, via: 'agent', author: 'CLAUDE-a', bytes: null }],
    stored: { attempt: 1 },
    ...{ sent: null, told: { sessions: 1 } },
  })

  const [typing, reading] = await Promise.all([openRawPeer(server.url, 'a.ts'), openRawPeer(server.url, 'a.ts')])
  await Promise.all([typing.synced(), reading.synced()])
  typing.edit((text) => {
    text.insert(0, 'zero\n')
  })
  await typing.roundTrip()
  const { steps, writeId } = await until(async () => {
    const found = (await headOf(agent, 'a.ts'))?.rev === 2 ? await traceOf('a.ts', 2) : undefined
    return found?.steps?.told == null ? undefined : found
  })
  if (steps === null) throw new Error('its steps are known')
  expect(writeId).toBeNull()
  expect(steps).toMatchObject({ arrivals: [{ via: 'sync', author: 'PEER' }], arrived: 1, sent: { peers: 2 } })
  expect(steps.arrivals[0]?.update).toBe(`${steps.arrivals[0]?.socket ?? 0}.1`)
  const order = [0, steps.merged.after, steps.stored?.after, steps.sent?.after, steps.told?.after]
  expect(order).toEqual(order.toSorted((a, b) => (a ?? 0) - (b ?? 0)))
  expect(steps.stored?.rows).toBeGreaterThan(0)
})

test('[TRACE-1] a request over HTTP is traced by the id that it gave itself', async () => {
  server = await startServer()
  const headers = { authorization: `Bearer ${TOKEN}`, 'idempotency-key': 'mine_1', 'x-ensemble-agent': 'CODEX-b' }
  await fetch(`${server.url}/api/files/a.ts`, { method: 'PUT', headers, body: 'one\n' })
  expect((await traceOf('a.ts', 1)).steps?.arrivals).toMatchObject([
    { update: 'mine_1', via: 'http', socket: null, author: 'CODEX-b' },
  ])
})
