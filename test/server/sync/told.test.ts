import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connection } from '../../../client/sdk/connection.js'
import type { FileHead, WriteOutcome } from '../../../protocol/files.js'
import { conflictId, writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { raisedIn } from '../../../server/sync/told.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { agentNamed, openRawAgent } from './raw.js'

let server: TestServer
beforeEach(async () => {
  server = await startServer()
})
afterEach(() => server.stop())

const PATH = workspacePath.parse('a.ts')
let writes = 0
async function write(agent: Connection, text: string, base: FileHead | null): Promise<WriteOutcome> {
  const outcome = await agent.request('write', {
    ...{ writeId: writeId.parse(`w${++writes}`), path: PATH, executable: false },
    base: base === null ? null : { rev: base.rev, hash: base.hash },
    content: { kind: 'text', text, bom: false, eol: 'lf' },
  })
  if (outcome.outcome === 'need-base') throw new Error('the base is known')
  return outcome
}

const LINES = ['a\n', 'b\n', 'c\n', 'd\n', 'e\n']
const lines = (third: string): string => LINES.with(2, third).join('')

async function collide(ours: Connection, theirs: Connection): Promise<FileHead> {
  const { head } = await write(ours, lines('c\n'), null)
  await write(ours, lines('by the first\n'), head)
  return (await write(theirs, lines('by the second\n'), head)).head
}

async function openCount(): Promise<number> {
  return (await (await server.connect()).request('conflicts', {})).conflicts.length
}

describe('[CONFLICT-10] an agent knows of a conflict', () => {
  test('when its connection has confirmed the event: what it then writes over the place closes it', async () => {
    const codex = await server.connectAs('CODEX-b')
    const claude = await server.connectAs('CLAUDE-a')
    const heard: string[] = []
    codex.onMessage((message) => {
      if (message.type === 'event') heard.push(message.event.type)
    })
    const head = await collide(codex, claude)
    await until(() => heard.includes('conflict:raised'), 'the event')
    await codex.request('status', {}) // what was confirmed before is read before
    await write(codex, lines('by both\n'), head)
    await until(() => heard.includes('conflict:resolved'), 'the end')
    expect(await openCount()).toBe(0)
  })

  test('not while it has not answered: a write that was under way closes nothing', async () => {
    const codex = await server.connectAs('CODEX-b')
    const raw = await openRawAgent(server.url, { autoPong: false })
    await raw.welcomed({ ...agentNamed('GEMINI', 'c'), feeds: ['events'] })
    const head = await collide(codex, await server.connectAs('CLAUDE-a'))
    await until(() => raw.of('event').some(({ event }) => event.type === 'conflict:raised'), 'the event')
    const answer = await raw.ask('write', {
      ...{ writeId: 'raw', path: PATH, executable: false, base: { rev: head.rev, hash: head.hash } },
      content: { kind: 'text', text: lines('by the third\n'), bom: false, eol: 'lf' },
    })
    expect(answer).toMatchObject({ type: 'reply', result: { outcome: 'accepted' } })
    expect(await openCount()).toBe(1)
  })

  test('not where it asked for no events', async () => {
    const codex = await server.connectAs('CODEX-b', { feeds: ['heads'] })
    const head = await collide(codex, await server.connectAs('CLAUDE-a'))
    await codex.request('status', {})
    await write(codex, lines('by both\n'), head)
    expect(await openCount()).toBe(1)
  })
})

test('conflicts are found in events and in what was missed, and in nothing else', () => {
  const data = {
    ...{ conflict_id: 'c1', file: 'a.ts', ours: 'CLAUDE-a', theirs: 'CODEX-b' },
    ...{ reason: 'overlap', lines: null, preview: '' },
  }
  const raised = { type: 'event', event: { seq: 1, type: 'conflict:raised', timestamp: '2026-01-01T00:00:00Z', data } }
  const c1 = conflictId.parse('c1')
  expect(raisedIn(JSON.stringify(raised))).toEqual([c1])
  expect(raisedIn(JSON.stringify({ type: 'missed', messages: [raised, raised] }))).toEqual([c1, c1])
  expect(raisedIn(JSON.stringify({ type: 'tick', time: 1, seq: 1 }))).toEqual([])
  expect(raisedIn(JSON.stringify({ type: 'reply', id: 1, result: raised }))).toEqual([])
})
