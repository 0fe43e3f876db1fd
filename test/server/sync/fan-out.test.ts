/** How a room hands out: on a clock that the test moves, to members that each cost a given time. */
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import type { Batch } from '../../../server/sync/batch.js'
import type { Member, Room } from '../../../server/sync/room.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { at, CLAUDE, openStore, write } from '../documents/harness.js'
import { awareness, decodeAwareness, parse } from './raw.js'
import { StockPeer } from './stock-peer.js'

const defer = (run: () => void): void => void setImmediate(run)

class Watcher implements Member {
  readonly batches: Batch[] = []
  readonly #spend: () => void

  constructor(spend: () => void) {
    this.#spend = spend
  }

  get turns(): number[] {
    return this.batches.flatMap(({ frames }) => frames.flatMap(({ told }) => (told === undefined ? [] : [told.turn])))
  }

  deliver(batch: Batch): void {
    this.batches.push(batch)
    this.#spend()
  }

  expel(): void {
    throw new Error('nobody is expelled here')
  }
}

async function open() {
  const storage = new FailingStorage()
  const clock = new ManualClock()
  const store = openStore(storage, { clock })
  let spent = 0
  const free = new FreeDocuments({ storage, queue: store.queue, serverClient: 9, defer })
  const rooms = new Rooms({
    ...{ files: store.files, free, defer },
    elapsed: () => clock.elapsed() + spent,
    timers: clock.timers,
  })
  await write(store.files, 'a.ts', 'one\n')
  const watchers = [0, 1].map(() => new Watcher(() => (spent += 0.5)))
  const room = await rooms.open({ kind: 'file', path: at('a.ts') }, (found: Room) => {
    for (const watcher of watchers) found.enter(watcher)
    return found
  })
  const { live } = room.document
  await live.flushed()
  await clock.advance(20)
  for (const { batches } of watchers) batches.length = 0 // of how the document began
  const type = (): void => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'x')
    const update = Y.encodeStateAsUpdate(doc)
    const sight = { kind: 'live', seen: room.document.steps } as const
    const sender = { source: doc, client: doc.clientID, isAnswer: false, sight }
    room.document.apply(update, CLAUDE, sender, Y.decodeUpdate(update))
  }
  const edit = async (): Promise<void> => {
    type()
    await live.flushed()
  }
  return { storage, rooms, room, live, clock, watchers, type, edit }
}

describe('handing out', () => {
  test('[SYNC-6] a lone edit leaves as soon as it is durable; what comes soon after it goes out together, once', async () => {
    const { clock, watchers, edit } = await open()
    const [one, two] = watchers
    await edit()
    expect(one?.batches).toHaveLength(1) // which took a millisecond
    for (let n = 0; n < 5; n++) await edit()
    expect(one?.batches).toHaveLength(1)
    expect(clock.waiting).toEqual([10])
    await clock.advance(9)
    expect(one?.batches).toHaveLength(1)
    await clock.advance(1)
    expect(one?.batches).toHaveLength(2)
    expect(one?.batches[1]?.frames).toHaveLength(5)
    expect(two?.batches).toEqual(one?.batches)
    expect(two?.batches[1]).toBe(one?.batches[1])
    expect(two?.batches[1]?.wire()).toBe(one?.batches[1]?.wire()) // and so are its bytes
    expect(one?.turns).toEqual([...(one?.turns ?? [])].sort((a, b) => a - b))
    expect(new Set(one?.turns).size).toBe(6)
    await clock.advance(15)
    await edit()
    expect(one?.batches).toHaveLength(3)
  })

  test('[SYNC-6] what is typed before it could be told is stored once, when it can be, and leaves at once; also where all have gone', async () => {
    const { storage, room, live, clock, watchers, type, edit } = await open()
    const [one, two] = watchers
    if (one === undefined || two === undefined) throw new Error('two watchers')
    await edit() // telling it took a millisecond
    const stored = storage.tries.length
    for (let n = 0; n < 3; n++) {
      type()
      await clock.advance(3)
    }
    expect(storage.tries).toHaveLength(stored)
    await clock.advance(1)
    expect(storage.tries).toHaveLength(stored + 1)
    expect(one.batches.map(({ frames }) => frames.length)).toEqual([1, 1])
    storage.hold()
    await clock.advance(20)
    type()
    await clock.advance(1)
    type() // while that is being stored
    await clock.advance(1)
    storage.releaseAll()
    await clock.advance(9)
    expect(storage.tries).toHaveLength(stored + 2)
    await clock.advance(2)
    expect(one.batches.map(({ frames }) => frames.length)).toEqual([1, 1, 1, 1])
    type()
    await clock.advance(1)
    for (const watcher of watchers) room.leave(watcher)
    expect(live.settled).toBe(false)
    await clock.advance(9)
    expect(live.settled).toBe(true)
    expect(storage.tries).toHaveLength(stored + 4)
  })

  test('[SYNC-1] what gathers is durable: of what waits for the disk nothing is handed out', async () => {
    const { storage, clock, watchers, edit } = await open()
    storage.hold()
    const editing = edit()
    await clock.advance(100)
    expect(watchers[0]?.batches).toEqual([])
    storage.releaseAll()
    await editing
    expect(watchers[0]?.batches).toHaveLength(1)
  })

  test('[SYNC-6] awareness gathers in the same way, and leaves with the updates', async () => {
    const { room, clock, watchers, edit } = await open()
    await edit()
    const [member] = watchers
    if (member === undefined) throw new Error('two watchers')
    room.acceptAwareness(member, awareness([7, 1, { at: 1 }]))
    room.acceptAwareness(member, awareness([7, 2, { at: 2 }]))
    await edit()
    await clock.advance(15)
    expect(member.batches).toHaveLength(2)
    expect(member.batches[1]?.frames.map(({ told }) => told !== undefined)).toEqual([true, false])
  })

  test('[SYNC-6] those who merely say that they are still there are told of together, after two seconds', async () => {
    const { rooms, room, clock, watchers } = await open()
    const [one, two] = watchers
    if (one === undefined || two === undefined) throw new Error('two watchers')
    room.acceptAwareness(one, awareness([7, 1, { at: 1 }]))
    room.acceptAwareness(two, awareness([8, 1, { at: 8 }]))
    await clock.advance(1_000)
    one.batches.length = 0
    const told = () =>
      one.batches.flatMap(({ frames }) => frames.flatMap(({ payload }) => decodeAwareness(parse(payload).bytes)))
    room.acceptAwareness(one, awareness([7, 2, { at: 1 }]))
    await clock.advance(1_000)
    room.acceptAwareness(two, awareness([8, 2, { at: 8 }]))
    expect(decodeAwareness(parse(room.awarenessFrame()).bytes).map(({ clock: of }) => of)).toEqual([2, 2])
    await clock.advance(900)
    expect(told()).toEqual([])
    room.acceptAwareness(one, awareness([7, 3, { at: 3 }])) // it has moved: that is told at once
    await clock.advance(20)
    expect(told()).toEqual([{ id: 7, clock: 3, state: { at: 3 } }])
    await clock.advance(100)
    expect(told().slice(1)).toEqual([{ id: 8, clock: 2, state: { at: 8 } }])
    expect(clock.waiting).toEqual([])
    room.acceptAwareness(one, awareness([7, 4, { at: 3 }]))
    for (const watcher of watchers) room.leave(watcher)
    expect([clock.waiting, rooms.size]).toEqual([[], 0])
  })

  test('[SYNC-5] who joins while something gathers has it with its answer, and not once more', async () => {
    const { rooms, live, clock, edit } = await open()
    await edit()
    await edit() // gathers
    const peer = new StockPeer(11, CLAUDE)
    await peer.connect(rooms, 'a.ts', false)
    peer.give()
    await turn()
    let frames = 0
    const read = (): void => {
      for (; peer.hasMail; frames++) peer.take()
    }
    read()
    const joined = frames
    expect(peer.text.toJSON()).toBe(live.doc.getText('content').toJSON())
    await clock.advance(15)
    read()
    expect(frames).toBe(joined)
    await edit()
    await clock.advance(15)
    read()
    expect(frames).toBe(joined + 1)
    expect(peer.text.toJSON()).toBe(live.doc.getText('content').toJSON())
  })

  test('[SYNC-15] a room that ends while something gathers leaves no timer', async () => {
    const { rooms, room, clock, watchers, edit } = await open()
    await edit()
    await edit()
    expect(clock.waiting).toEqual([10])
    for (const watcher of watchers) room.leave(watcher)
    expect(clock.waiting).toEqual([])
    expect(rooms.size).toBe(0)
  })
})
