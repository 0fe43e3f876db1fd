import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../support/manual-clock.js'
import { openPeer, type Peer } from '../../support/peer.js'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { agentNamed, awarenessFrame, decodeAwareness, frame, openRawAgent, openRawPeer, type RawPeer } from './raw.js'
import { put } from './seed.js'

const PATH = 'a.ts'

let server: TestServer
const peers: Peer[] = []
const clock = new ManualClock(Date.now())
beforeEach(async () => {
  server = await startServer({ now: clock.now, timers: clock.timers })
  await put(await server.connect(), PATH, 'one\n')
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  await server.stop()
})

function peerNamed(name: string): Peer {
  const peer = openPeer(server.url, PATH)
  peer.provider.awareness.setLocalStateField('user', { name })
  peers.push(peer)
  return peer
}
const namesSeenBy = ({ provider }: Peer): string[] =>
  [...provider.awareness.getStates().values()].map((state) => (state['user'] as { name: string }).name).sort()

/** The states that were sent to a raw peer, in order. */
const statesTo = (peer: RawPeer) =>
  peer.messages.filter(({ type }) => type === 'awareness').flatMap(({ bytes }) => decodeAwareness(bytes))

describe('awareness', () => {
  test('[SYNC-9] everybody sees everybody, and who joins later sees who is there', async () => {
    const [one, two] = [peerNamed('one'), peerNamed('two')]
    await until(() => namesSeenBy(one).length === 2 && namesSeenBy(two).length === 2)
    const three = peerNamed('three')
    await until(() => namesSeenBy(three).join() === 'one,three,two')
    one.provider.awareness.setLocalStateField('user', { name: 'renamed' })
    await until(() => namesSeenBy(three).includes('renamed'))
  })

  test.each([
    [
      'closes',
      (peer: RawPeer) => {
        peer.ws.close(1000)
      },
    ],
    [
      'is cut off',
      (peer: RawPeer) => {
        peer.end()
      },
    ],
  ])('[SYNC-9] when a connection %s its cursor is gone for the others at once', async (_, end) => {
    const watcher = await (await openRawPeer(server.url, PATH)).synced()
    const leaver = await (await openRawPeer(server.url, PATH)).synced()
    leaver.send(awarenessFrame([5, 3, { user: { name: 'leaver' } }]))
    await until(() => statesTo(watcher).some(({ id }) => id === 5))
    const started = clock.now()
    end(leaver)
    // No clock moves: it is the end of the connection itself that tells.
    const gone = await until(() => statesTo(watcher).find(({ id, state }) => id === 5 && state === null))
    expect(clock.now()).toBe(started)
    expect(gone.clock).toBe(3) // so that what it says when it is back is newer
    watcher.end()
  })

  test('[SYNC-9] a removal reaches everybody, also when somebody asks or joins in the same moment', async () => {
    const watchers = await Promise.all(
      Array.from({ length: 3 }, async () => (await openRawPeer(server.url, PATH)).synced()),
    )
    for (let round = 0; round < 20; round++) {
      const leaver = await (await openRawPeer(server.url, PATH)).synced()
      leaver.send(awarenessFrame([100 + round, 1, {}]))
      await until(() => watchers.every((peer) => statesTo(peer).some(({ id }) => id === 100 + round)))
      leaver.send(awarenessFrame([100 + round, 2, null]))
      leaver.send(new Uint8Array([3]))
      for (const watcher of watchers) watcher.send(new Uint8Array([3]))
      await until(() =>
        watchers.every((peer) => statesTo(peer).some(({ id, state }) => id === 100 + round && state === null)),
      )
      leaver.end()
    }
    for (const watcher of watchers) watcher.end()
  })

  test('[SYNC-9] what somebody says of another’s client id is dropped, and gets nobody closed', async () => {
    const [owner, forger] = await Promise.all([openRawPeer(server.url, PATH), openRawPeer(server.url, PATH)])
    await Promise.all([owner.synced(), forger.synced()])
    owner.send(awarenessFrame([5, 1, { user: { name: 'owner' } }]))
    await until(() => statesTo(forger).some(({ id }) => id === 5))
    forger.send(awarenessFrame([5, 9, { user: { name: 'forged' } }], [6, 1, { user: { name: 'own' } }]))
    forger.send(awarenessFrame([5, 10, null]))
    await until(() => statesTo(owner).some(({ id }) => id === 6))
    await owner.roundTrip()
    expect(statesTo(owner).filter(({ id }) => id === 5)).toEqual(
      statesTo(owner).filter(({ id, clock: at }) => id === 5 && at === 1),
    )
    expect(forger.closed).toBeUndefined()
    owner.end()
    forger.end()
  })

  test('a client id is free again when its connection has ended', async () => {
    const watcher = await (await openRawPeer(server.url, PATH)).synced()
    for (let round = 1; round <= 3; round++) {
      const peer = await (await openRawPeer(server.url, PATH)).synced()
      peer.send(awarenessFrame([5, round, { round }]))
      await until(() =>
        statesTo(watcher).some(({ id, clock: at, state }) => id === 5 && at === round && state !== null),
      )
      peer.end()
      await until(() =>
        statesTo(watcher).some(({ id, clock: at, state }) => id === 5 && at === round && state === null),
      )
    }
    watcher.end()
  })

  test('[SYNC-6] every 15 seconds each peer gets all live states, its own included, also when there are none', async () => {
    const one = await (await openRawPeer(server.url, PATH)).synced()
    const lonely = await (await openRawPeer(server.url, '~alone')).synced()
    one.send(awarenessFrame([5, 1, { user: 'one' }]))
    await until(() => statesTo(one).some(({ id }) => id === 5))
    await Promise.all([one.roundTrip(), lonely.roundTrip()])
    const [before, alone] = [one.frames.length, lonely.frames.length]
    await clock.advance(15_000)
    await until(() => one.frames.length === before + 1 && lonely.frames.length === alone + 1)
    expect(decodeAwareness(one.messages.at(-1)?.bytes ?? new Uint8Array())).toEqual([
      { id: 5, clock: 1, state: { user: 'one' } },
    ])
    expect(decodeAwareness(lonely.messages.at(-1)?.bytes ?? new Uint8Array())).toEqual([])
    one.end()
    lonely.end()
  })

  test('[SYNC-9] a connection that answers no ping is ended, and its cursor with it', async () => {
    const watcher = await (await openRawPeer(server.url, PATH)).synced()
    const dead = await openRawPeer(server.url, PATH)
    await dead.synced()
    dead.send(awarenessFrame([5, 1, {}]))
    await until(() => statesTo(watcher).some(({ id }) => id === 5))
    await dead.roundTrip()
    dead.ws.pause() // reads nothing, answers nothing
    const isGone = (): boolean => statesTo(watcher).some(({ id, state }) => id === 5 && state === null)
    await until(async () => {
      await watcher.roundTrip()
      await clock.advance(15_000)
      await watcher.roundTrip()
      return isGone()
    })
    expect(watcher.closed).toBeUndefined()
    dead.end()
    watcher.end()
  })

  test('an agent that comes back with its secret frees the awareness of its old socket', async () => {
    const watcher = await (await openRawPeer(server.url, PATH)).synced()
    const old = await openRawAgent(server.url)
    const { secret } = await old.welcomed(agentNamed('CLAUDE', 'a'))
    const opened = await old.ask('open', { document: PATH })
    if (opened.type !== 'reply') throw new Error('it opens')
    old.send(new Uint8Array([0, 1, ...frame(0, 0, new Uint8Array([0]))]))
    old.send(new Uint8Array([0, 1, ...awarenessFrame([5, 1, {}])]))
    await until(() => statesTo(watcher).some(({ id }) => id === 5))
    const back = await openRawAgent(server.url)
    await back.welcomed(agentNamed('CLAUDE', 'a', secret ?? ''))
    await until(() => statesTo(watcher).some(({ id, state }) => id === 5 && state === null))
    expect((await old.close()).code).toBe(4410)
    back.end()
    watcher.end()
  })
})
