import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { writeId } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openPeer } from '../../support/peer.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

let server: TestServer
afterEach(() => server.stop())

const path = workspacePath.parse('src/a.ts')
const text = (value: string) => ({ kind: 'text', text: value, bom: false, eol: 'lf' }) as const
const newWrite = () => writeId.parse(randomUUID())

test('a write reaches a stock peer, and the peer’s edit reaches the head', async () => {
  server = await startServer()
  const agent = await server.connectAs('CLAUDE-frontend')
  const created = await agent.request('write', {
    ...{ writeId: newWrite(), path, base: null, content: text('one\ntwo\nthree\n'), executable: false },
  })
  expect(created.outcome).toBe('accepted')
  const peer = openPeer(server.url, 'src/a.ts')
  await peer.synced()
  expect(peer.text.toJSON()).toBe('one\ntwo\nthree\n')
  peer.text.insert(0, 'zero\n')
  const head = await until(async () => {
    const { head } = await agent.request('stat', { path })
    return head?.rev === 2 ? head : undefined
  })
  expect(head.author).toBe('PEER')
  if (created.outcome === 'need-base') throw new Error('unexpected')
  const second = await agent.request('write', {
    writeId: newWrite(),
    path,
    base: { rev: created.head.rev, hash: created.head.hash },
    content: text('one\ntwo\nTHREE\n'),
    executable: false,
  })
  expect(second).toMatchObject({ outcome: 'merged', applied: 1, held: 0 })
  await until(() => peer.text.toJSON() === 'zero\none\ntwo\nTHREE\n')
  const tree = openPeer(server.url, '~workspace')
  await tree.synced()
  await until(() => tree.doc.getMap('tree').has('src/a.ts'))
  tree.close()
  peer.close()
})
