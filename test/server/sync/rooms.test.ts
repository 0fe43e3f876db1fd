import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { parseDocumentName } from '../../../protocol/document.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { collectGarbage } from '../../../server/garbage.js'
import type { ShownLocks } from '../../../server/sync/lock-state.js'
import type { Member, Room } from '../../../server/sync/room.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { stillTime, turn } from '../../support/manual-clock.js'
import { awareness, decodeAwareness, parse } from './raw.js'
import { at, CLAUDE, newWriteId, openStore, write } from '../documents/harness.js'
import { StockPeer } from './stock-peer.js'

const defer = (run: () => void): void => void setImmediate(run)

function open(locks?: ShownLocks) {
  const storage = new FailingStorage()
  const store = openStore(storage)
  const free = new FreeDocuments({ storage, queue: store.queue, serverClient: 9, defer })
  return { ...store, rooms: new Rooms({ files: store.files, free, defer, ...stillTime(), ...(locks && { locks }) }) }
}

class Guest implements Member {
  readonly expelled: string[] = []
  deliver(): void {
    // nothing of it is looked at here
  }
  expel({ code }: EnsembleError): void {
    this.expelled.push(code)
  }
}

const enter = (guest: Guest) => (room: Room) => {
  room.enter(guest)
  return room
}

describe('rooms', () => {
  test('[SYNC-15] of who wrote to a document nothing stays with it', async () => {
    const { files, rooms } = open()
    await write(files, 'a.ts', 'one\n')
    const leftOf = async (): Promise<WeakRef<Room>> => {
      const peer = new StockPeer(11, CLAUDE)
      await peer.connect(rooms, 'a.ts')
      while (peer.hasPost) peer.give()
      await turn()
      while (peer.hasMail) peer.take()
      peer.text.insert(0, 'two\n')
      while (peer.hasPost) peer.give()
      await turn()
      const room = await rooms.open({ kind: 'file', path: at('a.ts') }, (found) => new WeakRef(found))
      peer.cut()
      return room
    }
    const room = await leftOf()
    for (let n = 0; n < 3; n++) await turn()
    collectGarbage()
    expect(files.openDocuments).toBe(1)
    expect(rooms.size).toBe(0)
    expect(room.deref()).toBeUndefined()
  })

  test('[SYNC-15] a room that ends takes all its listeners with it', async () => {
    const { files, rooms } = open()
    const { live } = files.tree
    let listeners = 0
    const counted = (dispose: () => void) => {
      listeners++
      return () => {
        listeners--
        dispose()
      }
    }
    const onUpdate = live.onUpdate.bind(live)
    const onExpelled = live.onExpelled.bind(live)
    vi.spyOn(live, 'onUpdate').mockImplementation((listener) => counted(onUpdate(listener)))
    vi.spyOn(live, 'onExpelled').mockImplementation((listener) => counted(onExpelled(listener)))
    for (let n = 0; n < 100; n++) {
      const guest = new Guest()
      const room = await rooms.open({ kind: 'workspace' }, enter(guest))
      room.leave(guest)
    }
    expect(listeners).toBe(0)
    expect(rooms.size).toBe(0)
  })

  test('[SYNC-4] however many come at once, there is one room; who does not enter leaves none', async () => {
    const { files, rooms } = open()
    await write(files, 'a.ts', 'one\n')
    const name = parseDocumentName('a.ts')
    const guests = Array.from({ length: 10 }, () => new Guest())
    const entered = await Promise.all(guests.map((guest) => rooms.open(name, enter(guest))))
    expect(new Set(entered).size).toBe(1)
    for (const guest of guests) entered[0]?.leave(guest)
    await Promise.all([1, 2, 3].map(() => rooms.open(name, () => undefined)))
    await expect(
      rooms.open(name, () => {
        throw new EnsembleError('E_BAD_FRAME', 'at the door')
      }),
    ).rejects.toThrow('at the door')
    expect(rooms.size).toBe(0)
    await files.close()
    expect(files.openDocuments).toBe(0) // none was opened once more for a room that nobody is in
  })

  test('[SYNC-6] the states of all are encoded once for everybody who gets them, until one changes', async () => {
    const { rooms } = open()
    const guest = new Guest()
    const room = await rooms.open({ kind: 'context' }, enter(guest))
    room.acceptAwareness(guest, awareness([1, 1, {}]))
    const frame = room.awarenessFrame()
    expect(room.awarenessFrame()).toBe(frame)
    room.acceptAwareness(guest, awareness([1, 2, { moved: true }]))
    expect(room.awarenessFrame()).not.toEqual(frame)
    room.leave(guest)
    expect(room.awarenessFrame()).toEqual(new Uint8Array([1, 1, 0]))
  })

  test('[SYNC-6] so is the server’s own state among them', async () => {
    const { rooms } = open({ list: () => ({ locks: [], waiting: [] }), onChange: () => undefined, newClient: () => 7 })
    const room = await rooms.open(parseDocumentName('a.ts'), enter(new Guest()))
    const states = (): unknown[] =>
      decodeAwareness(parse(room.awarenessFrame()).bytes).map(({ id, state }) => [id, state])
    expect(states()).toEqual([])
    room.show({ locks: 1 })
    expect(states()).toEqual([[7, { locks: 1 }]])
    room.show(null)
    expect(states()).toEqual([])
  })

  test('[SYNC-5] the whole state is encoded, and framed for sockets, once a version for all who join', async () => {
    const { rooms } = open()
    const room = await rooms.open({ kind: 'context' }, enter(new Guest()))
    const { live } = room.document
    const nothing = Y.encodeStateVector(new Y.Doc())
    const type = (text: string): void => {
      live.transact(CLAUDE, (doc) => {
        doc.getText('content').insert(0, text)
      })
    }
    type('one')
    const first = room.answer(nothing, true)
    expect(room.answer(nothing, true)).toBe(first)
    expect(first.wire()).toBe(first.wire())
    expect(first.wire(3)).toBe(first.wire(3))
    type('two ')
    const second = room.answer(nothing, true)
    const [frame] = second.frames
    const doc = new Y.Doc()
    if (frame !== undefined) Y.applyUpdate(doc, parse(frame.payload).bytes)
    expect(doc.getText('content').toJSON()).toBe('two one')
  })

  test('[SYNC-12] when a document ends before its time its members are told, and the next one gets a new room', async () => {
    const { files, rooms } = open()
    await write(files, 'a.ts', 'one\n')
    const name = parseDocumentName('a.ts')
    const guest = new Guest()
    const first = await rooms.open(name, enter(guest))
    const document = await files.open(at('a.ts'))
    document.live.expel(new EnsembleError('E_INTERNAL', 'broken'))
    const second = await rooms.open(name, enter(new Guest()))
    expect(second).not.toBe(first)
    await turn()
    expect(guest.expelled).toEqual(['E_INTERNAL'])
    first.leave(guest)
    expect(rooms.size).toBe(1)
  })

  test('[RENAME-4] a room goes where its file goes: the old name and the new one lead to it, until there is a new file', async () => {
    const { files, rooms } = open()
    const { head } = await write(files, 'a.ts', 'one\n')
    const room = await rooms.open(parseDocumentName('a.ts'), enter(new Guest()))
    await files.rename({ writeId: newWriteId(), id: head.id, path: at('a.ts'), to: at('dir/b.ts') }, CLAUDE)
    const guest = new Guest()
    for (const name of ['a.ts', 'dir/b.ts']) expect(await rooms.open(parseDocumentName(name), enter(guest))).toBe(room)
    await write(files, 'a.ts', 'new\n')
    expect(await rooms.open(parseDocumentName('dir/b.ts'), enter(guest))).toBe(room)
    const other = await rooms.open(parseDocumentName('a.ts'), enter(new Guest()))
    expect([other === room, rooms.size, guest.expelled]).toEqual([false, 2, []])
  })
})
