import { afterEach, expect, test } from 'vitest'
import { status as statusSchema } from '../../../protocol/status.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { ask } from '../http/http.js'
import { put } from '../sync/seed.js'

let server: TestServer
afterEach(() => server.stop())

test('[TASK-13] the status names files that cannot be read as a task, until they can', async () => {
  server = await startServer()
  const agent = await server.connectAs('CLAUDE-a')
  const faults = async () => statusSchema.parse((await ask(server, '/api/status')).json).taskFaults
  const { head } = await put(agent, 'task.md', '---\ntask_id: T-1\n')
  await until(async () => (await faults()).length === 1, 'the fault')
  expect(await faults()).toMatchObject([{ file: 'task.md', message: expect.stringContaining('---') as string }])
  await put(agent, 'task.md', '---\ntask_id: T-1\n---\n# Title\n', head)
  await until(async () => (await faults()).length === 0, 'no fault')
})
