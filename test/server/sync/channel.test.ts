/** What becomes of a line that loses frames: the clock is moved by hand, and each frame is taken, given or lost by the test. */
import { beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { at, CLAUDE, CODEX, openStore, write, type Opened } from '../documents/harness.js'
import { StockPeer } from './stock-peer.js'

const HEARTBEAT = 15_000
const defer = (run: () => void): void => void setImmediate(run)

let store: Opened
let storage: FailingStorage
let rooms: Rooms
let clock: ManualClock
let peer: StockPeer

/** A server on what is stored. */
function start(): void {
  store = openStore(storage)
  clock = new ManualClock()
  const { files, queue } = store
  const free = new FreeDocuments({ storage, queue, serverClient: 9, defer })
  rooms = new Rooms({ files, free, defer, elapsed: clock.elapsed, timers: clock.timers })
}

beforeEach(async () => {
  storage = new FailingStorage()
  start()
  await write(store.files, 'a.ts', 'one\n')
  peer = new StockPeer(11, CLAUDE)
  await peer.connect(rooms, 'a.ts')
  await settle()
})

/** Everything that is on its way arrives. */
async function settle(): Promise<void> {
  do {
    while (peer.hasPost) peer.give()
    await turn()
    while (peer.hasMail) peer.take()
  } while (peer.hasPost)
}

/** The server asks, and what the peer answers is lost. */
async function loseAnswer(): Promise<void> {
  await turn()
  while (peer.hasMail) peer.take()
  while (peer.hasPost) peer.lose()
}

/** Of two edits the first is lost. */
function typeWithoutGround(): void {
  for (const text of ['lost\n', 'without ground\n']) peer.type(text + peer.text.toJSON())
  peer.lose()
  peer.give()
}

const textOf = async (): Promise<string> => {
  const document = await store.files.open(at('a.ts'))
  store.files.release(document)
  return document.text
}

test('[SYNC-7] where much waits for a peer no heartbeat waits behind it', async () => {
  const taken = (): number => {
    let frames = 0
    for (; peer.hasMail; frames++) peer.take()
    return frames
  }
  const document = await store.files.open(at('a.ts'))
  peer.frameWeight = 2 * 1024 * 1024
  document.live.transact(CODEX, (doc) => {
    doc.getText('content').insert(0, 'zero\n')
  })
  await document.live.flushed()
  for (let n = 0; n < 3; n++) peer.heartbeat()
  expect(taken()).toBe(1)
  peer.heartbeat()
  expect(taken()).toBe(1)
  store.files.release(document)
})

test('[SYNC-7] a reader for whom over 1 MB waits is told no more; for whom just that waits, it is', async () => {
  const document = await store.files.open(at('a.ts'))
  let sent = 0
  peer.onSent = () => sent++
  peer.frameWeight = 512 * 1024 // with the ping behind the first update it is just 1 MB
  for (const line of ['two\n', 'three\n', 'four\n', 'five\n']) {
    document.live.transact(CODEX, (doc) => {
      doc.getText('content').insert(0, line)
    })
    await document.live.flushed()
    await clock.advance(20)
  }
  expect(sent).toBe(2)
  await settle()
  await settle()
  expect([sent, peer.text.toJSON()]).toEqual([3, document.text])
  store.files.release(document)
})

test('[SYNC-16] after a restart one that types on, and has not confirmed its answer yet, goes on', async () => {
  for (const line of ['two\n', 'three\n']) {
    peer.type(line + peer.text.toJSON())
    await settle()
  }
  peer.cut()
  start()
  peer.type(`offline\n${peer.text.toJSON()}`)
  await peer.connect(rooms, 'a.ts')
  while (peer.hasPost) peer.give()
  await turn()
  peer.take() // what do you have?
  peer.give()
  peer.type(`on\n${peer.text.toJSON()}`)
  peer.give()
  await settle()
  expect([peer.closed, await textOf()]).toEqual([undefined, 'on\noffline\nthree\ntwo\none\n'])
})

describe('[SYNC-8] a peer that owes what its update builds upon', () => {
  test('is asked at once, though it was asked the same when it joined, and with its answer it is done', async () => {
    expect(peer.asked).toBe(1)
    typeWithoutGround()
    await settle()
    expect([peer.asked, await textOf()]).toEqual([2, 'without ground\nlost\none\n'])
    expect(clock.waiting).toEqual([])
    await clock.advance(HEARTBEAT)
    peer.heartbeat()
    await settle()
    expect(peer.asked).toBe(2)
  })

  test('is asked once more after a second, for the same state too, and then with each heartbeat until it has answered', async () => {
    typeWithoutGround()
    await loseAnswer()
    expect(peer.asked).toBe(2)
    await clock.advance(999)
    await loseAnswer()
    expect(peer.asked).toBe(2)
    await clock.advance(1)
    await loseAnswer()
    expect([peer.asked, clock.waiting]).toEqual([3, []])
    await clock.advance(HEARTBEAT)
    await loseAnswer()
    expect(peer.asked).toBe(3)
    for (const asked of [4, 5]) {
      peer.heartbeat()
      await loseAnswer()
      expect([peer.asked, clock.waiting]).toEqual([asked, []])
    }
    peer.heartbeat()
    await settle()
    expect([peer.asked, await textOf()]).toEqual([6, 'without ground\nlost\none\n'])
    peer.heartbeat()
    await settle()
    expect(peer.asked).toBe(6)
  })

  test('is asked once, however many more come before it answers; those that come after the answer are a new debt', async () => {
    typeWithoutGround()
    for (let n = 0; n < 20; n++) {
      peer.type(`${n}\n${peer.text.toJSON()}`)
      peer.give()
    }
    await settle()
    expect(peer.asked).toBe(2)
    peer.type(`gone\n${peer.text.toJSON()}`)
    peer.lose()
    peer.type(`and on\n${peer.text.toJSON()}`)
    await settle()
    expect([peer.asked, await textOf()]).toEqual([3, peer.text.toJSON()])
  })

  test('joins with a history of its own and its first answer is lost: asked once more after a second', async () => {
    peer.cut()
    peer.type('offline\none\n')
    await peer.connect(rooms, 'a.ts')
    peer.give() // its state vector
    await turn() // the server has asked, and the peer has not heard it yet
    peer.type('typed before its answer\noffline\none\n')
    while (peer.hasPost) peer.give()
    await loseAnswer()
    expect([peer.asked, await textOf()]).toEqual([1, 'one\n'])
    await clock.advance(1_000)
    await settle()
    expect([peer.asked, await textOf()]).toEqual([2, 'typed before its answer\noffline\none\n'])
  })

  test('is asked at once and after a second anew, when others have written meanwhile', async () => {
    typeWithoutGround()
    await loseAnswer()
    await clock.advance(1_000)
    await loseAnswer()
    expect([peer.asked, clock.waiting]).toEqual([3, []])
    const document = await store.files.open(at('a.ts'))
    const other = new Y.Doc()
    other.getText('content').insert(0, 'of another\n')
    document.apply(Y.encodeStateAsUpdate(other), CODEX)
    peer.type(`on\n${peer.text.toJSON()}`)
    peer.give()
    await loseAnswer()
    expect([peer.asked, clock.waiting]).toEqual([4, [1_000]])
    await clock.advance(1_000)
    await settle()
    expect([peer.asked, document.text]).toEqual([5, peer.text.toJSON()])
    expect(document.text).toMatch(/on\nwithout ground\nlost\none\n/)
    store.files.release(document)
  })

  test('[SYNC-15] leaves no timer behind when its line breaks, nor when what it sent comes in only after that', async () => {
    typeWithoutGround()
    expect(clock.waiting).toEqual([1_000])
    peer.cut()
    expect(clock.waiting).toEqual([])
    await peer.connect(rooms, 'a.ts')
    await settle()
    const document = await store.files.open(at('a.ts'))
    let free = (): void => undefined
    const held = document.live.hold(new Promise<void>((resolve) => (free = resolve)), () => undefined)
    typeWithoutGround()
    peer.cut()
    free()
    await held
    await turn()
    expect(clock.waiting).toEqual([])
  })
})
