/** The shared context through a real server: read and added to over HTTP and the agent socket, and by live peers. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONTEXT_ROOTS, sharedContext, type SharedContext } from '../../../protocol/context.js'
import { SharedDocument } from '../../../client/sdk/document.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { writeId } from '../../../protocol/ids.js'
import { at } from '../documents/harness.js'
import { ask } from '../http/http.js'

const storage = openMemoryStorage()
let server: TestServer
beforeEach(async () => {
  server = await startServer({ storage })
})
afterEach(() => server.stop())

const get = async (): Promise<SharedContext> => sharedContext.parse((await ask(server, '/api/context')).json)

test('[CONTEXT-1, CONTEXT-2] tells the task, agents, locks, changes, and what was decided; the same again adds nothing', async () => {
  const agent = await server.connectAs('CLAUDE-a')
  await agent.request('task', {
    writeId: writeId.parse('t'),
    create: { title: 'Checkout', mode: 'SOLO', agents: [], subtasks: [] },
  })
  await agent.request('lock', {
    ...{ wants: [{ path: at('src/a.ts'), region: { kind: 'file' }, type: 'EXCLUSIVE' }], ttl: 300, wait: 0 },
  })
  const add = { kind: 'decision', text: 'Prices are integers.', writeId: writeId.parse('d1') } as const
  const first = await agent.request('addContext', add)
  expect(await agent.request('addContext', add)).toEqual(first)
  const { events } = await agent.request('recent', { since: 0 })
  expect(events.filter(({ type }) => type === 'context:update')).toMatchObject([
    { agent_id: 'CLAUDE-a', data: { id: 'd1' } },
  ])
  const fact = { kind: 'fact', id: 'db', writeId: writeId.parse('f1') } as const
  await agent.request('addContext', { ...fact, text: 'Postgres 16' })
  await agent.request('addContext', { ...fact, text: 'Postgres 17' })
  await until(async () => (await get()).recent_changes.length > 0, 'the file of the task')
  const context = await get()
  expect(await agent.request('context', {})).toEqual(context)
  expect(context).toMatchObject({
    task: { title: 'Checkout', status: 'ACTIVE', mode: 'SOLO' },
    active_agents: [{ agent_id: 'CLAUDE-a', agent_type: 'CLAUDE', partition: null }],
    locks: { 'src/a.ts': { agent_id: 'CLAUDE-a', lock_type: 'EXCLUSIVE' } },
    recent_changes: [{ file: 'task.md', agent_id: 'CLAUDE-a', change_type: 'created' }],
    decisions: [{ id: 'd1', text: 'Prices are integers.', by: 'CLAUDE-a' }],
    facts: [{ id: 'db', text: 'Postgres 17' }],
  })
})

test('[CONTEXT-2, CONTEXT-3] is there after a restart; of what peers write only entries are shown', async () => {
  expect((await get()).decisions.map(({ id }) => id)).toEqual(['d1'])
  const peer = await server.connect()
  const document = new SharedDocument(peer, '~context')
  await document.synced()
  const notes = document.doc.getMap(CONTEXT_ROOTS.note)
  notes.set('n1', { text: 'By hand', by: 'PEER', time: 5 })
  notes.set('n2', 'no entry')
  await until(async () => (await get()).notes.length === 1, 'the note')
  expect((await get()).notes).toEqual([{ id: 'n1', text: 'By hand', by: 'PEER', time: 5 }])
  document.close()
})
