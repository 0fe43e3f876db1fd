import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import { ManualClock } from '../../support/manual-clock.js'
import { openPeer, type Peer } from '../../support/peer.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { lockedBy, putText } from '../locks/lock-doors.js'
import { awarenessFrame, openRawPeer } from './raw.js'

const PATH = 'a.ts'
const LINES = { region: { kind: 'lines', from: 2, to: 3 } }

let server: TestServer
const peers: Peer[] = []
const clock = new ManualClock(Date.now())
beforeEach(async () => {
  server = await startServer({ now: clock.now, elapsed: clock.elapsed, timers: clock.timers })
  await putText(server, PATH, 'one\ntwo\nthree\nfour\n')
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  await server.stop()
})

const open = (path = PATH): Peer => {
  const peer = openPeer(server.url, path)
  peers.push(peer)
  return peer
}
interface Shown {
  readonly client: number
  readonly locks: readonly { readonly holder: string; readonly lines: object | null; readonly expiresAt: number }[]
  readonly waiting: readonly { readonly agent: string }[]
}
const shownTo = ({ provider }: Peer): Shown | undefined =>
  [...provider.awareness.getStates()].flatMap(([client, state]) =>
    'locks' in state ? [{ ...(state as Omit<Shown, 'client'>), client }] : [],
  )[0]

describe('the locks of a file, to a stock provider in its document', () => {
  it('[LOCK-16] are in its awareness from grant to release, for who comes later too', async () => {
    const watcher = open()
    await until(() => watcher.provider.synced)
    expect(shownTo(watcher)).toBeUndefined()
    const ada = await server.connectAs('CLAUDE-ada')
    await lockedBy(ada, PATH, LINES)
    const [lock] = (await until(() => shownTo(watcher))).locks
    expect(lock).toMatchObject({ holder: 'CLAUDE-ada', type: 'EXCLUSIVE', ...LINES, lines: { from: 2, to: 3 } })
    expect(lock).not.toHaveProperty('token')
    const late = open()
    await until(() => shownTo(late))
    await ada.request('unlock', { path: PATH as never })
    await until(() => shownTo(watcher) === undefined && shownTo(late) === undefined)
    await lockedBy(ada, PATH)
    await until(() => shownTo(watcher)?.locks[0]?.lines === null && shownTo(late) !== undefined)
  })

  it('[LOCK-16] tell who waits, and where a region has gone, and end with their time', async () => {
    const watcher = open()
    const ada = await server.connectAs('CLAUDE-ada')
    const bob = await server.connectAs('CODEX-bob')
    await lockedBy(ada, PATH, LINES, { ttl: 10 })
    const waits = lockedBy(bob, PATH, LINES, { ttl: 10, wait: 60 })
    await until(() => shownTo(watcher)?.waiting[0]?.agent === 'CODEX-bob')
    await until(() => watcher.provider.synced)
    watcher.doc.getText(CONTENT_ROOT).insert(0, 'zero\n')
    await until(() => JSON.stringify(shownTo(watcher)?.locks[0]?.lines) === '{"from":3,"to":4}')
    await clock.advance(10_000)
    await waits
    await until(() => shownTo(watcher)?.locks[0]?.holder === 'CODEX-bob' && shownTo(watcher)?.waiting.length === 0)
    await clock.advance(10_000)
    await until(() => shownTo(watcher) === undefined)
  })

  it('[LOCK-16] go along with a file that is renamed', async () => {
    const watcher = open()
    const ada = await server.connectAs('CLAUDE-ada')
    await lockedBy(ada, PATH)
    await until(() => shownTo(watcher))
    const { files } = await ada.request('tree', {})
    const id = files.find(({ path }) => path === PATH)!.id
    await ada.request('rename', { writeId: 'w-1' as never, id, path: PATH as never, to: 'b.ts' as never })
    const late = open('b.ts')
    await until(() => shownTo(late)?.locks[0]?.holder === 'CLAUDE-ada')
    await ada.request('unlock', { path: 'b.ts' as never })
    await until(() => shownTo(late) === undefined)
  })

  it('[LOCK-16] are the server’s alone to tell', async () => {
    const watcher = open()
    const ada = await server.connectAs('CLAUDE-ada')
    await lockedBy(ada, PATH)
    const { client } = await until(() => shownTo(watcher))
    const forger = await (await openRawPeer(server.url, PATH)).synced()
    forger.send(awarenessFrame([client, 1000, null], [client, 1001, { locks: [] }], [7, 1, { name: 'forger' }]))
    await until(() => watcher.provider.awareness.getStates().has(7))
    expect(shownTo(watcher)).toMatchObject({ client, locks: [{ holder: 'CLAUDE-ada' }] })
    await ada.request('unlock', { path: PATH as never })
    await until(() => shownTo(watcher) === undefined)
    forger.send(awarenessFrame([client, 2000, { locks: ['mine'] }], [7, 2, { name: 'still' }]))
    await until(() => watcher.provider.awareness.getStates().get(7)?.['name'] === 'still')
    expect(shownTo(watcher)).toBeUndefined()
    forger.end()
  })
})
