/** Everything that HTTP offers is an operation, is described in OpenAPI 3.1, and answers as it is described. */
import { Validator } from '@seriousme/openapi-schema-validator'
import type { Express } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressOf } from '../../../server/http/operation.js'
import { startServer, type TestServer } from '../../support/server.js'
import { Contract, type Asker } from './contract/asker.js'
import { agents } from './contract/agents.js'
import { conflicts } from './contract/conflicts.js'
import { events } from './contract/events.js'
import { context } from './contract/context.js'
import { files } from './contract/files.js'
import { history } from './contract/history.js'
import { links } from './contract/links.js'
import { locks } from './contract/locks.js'
import { status } from './contract/status.js'
import { tasks } from './contract/tasks.js'
import { ask } from './http.js'

/** One a file of server/http/routes/: asks each of its operations, for each success and for what may go wrong. */
const ASKED: Readonly<Record<string, (asker: Asker) => Promise<void>>> = {
  status,
  agents,
  events,
  files,
  conflicts,
  history,
  links,
  locks,
  tasks,
  context,
}

const start = (): Promise<TestServer> => startServer({ config: { limits: { fileBytes: 64 * 1024 } } })
let server: TestServer
let contract: Contract
beforeAll(async () => {
  server = await start()
  contract = new Contract((await ask(server, '/api/openapi.json')).json)
})
afterAll(() => server.stop())

test('[HTTP-1] the description is valid OpenAPI 3.1', async () => {
  const given = (await ask(server, '/api/openapi.json')).json as Record<string, unknown>
  expect(await new Validator().validate(given)).toEqual({ valid: true })
  expect(given).toMatchObject({ openapi: '3.1.0', info: { version: 'test' } })
})

describe('[HTTP-2] each operation answers as it is described', () => {
  test.each(Object.keys(ASKED))('%s', async (noun) => {
    const own = await start()
    try {
      await ASKED[noun]?.(contract.asker(own))
    } finally {
      await own.stop()
    }
  })

  test('none is left out: each was asked for every success, and for an error', () => {
    for (const [id, { statuses }] of contract.operations) {
      const seen = contract.seen.get(id) ?? new Set()
      expect([id, ...statuses.filter((one) => Number(one) < 400 && !seen.has(one))]).toEqual([id])
      expect([id, [...seen].some((one) => Number(one) >= 400)]).toEqual([id, true])
    }
  })
})

test('[HTTP-1] whatever is offered is an operation, but for the health, the metrics and the dashboard', () => {
  const known = [...contract.operations.values()].map(({ method, path }) => `${method} ${String(addressOf(path))}`)
  const others = ['get /healthz', 'get /metrics', 'get /.*/']
  const app = server.server.listeners('request')[0] as Express
  const layers = app.router.stack
  const offered = layers.flatMap(({ route }) =>
    route === undefined ? [] : route.stack.map(({ method }) => `${method} ${route.path}`),
  )
  expect(new Set(offered)).toEqual(new Set([...known, ...others]))
  expect(layers.filter(({ name }) => name === 'router')).toEqual([])
})
