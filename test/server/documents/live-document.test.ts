import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { DEFAULT_CONFIG } from '../../../protocol/config.js'
import type { Author } from '../../../protocol/ids.js'
import { LiveDocument, type LiveDocumentOptions } from '../../../server/documents/live-document.js'
import { CommitQueue } from '../../../server/storage/commit-queue.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { FailingStorage, diskFull } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { CLAUDE, CODEX, Replica } from './harness.js'

const SERVER = 77

function open(own: Partial<LiveDocumentOptions> & { storage?: FailingStorage; maxPendingRows?: number } = {}) {
  const maxPendingBytes = 4 * DEFAULT_CONFIG.limits.documentBytes
  const { storage = new FailingStorage(), maxPendingRows, ...rest } = own
  const clock = new ManualClock()
  const queue = new CommitQueue({
    ...{ storage, elapsed: clock.now, timers: clock.timers, random: () => 0.5, maxPendingBytes },
    ...(maxPendingRows === undefined ? {} : { maxPendingRows }),
  })
  const deferred: (() => void)[] = []
  const authors: Author[] = []
  const live = new LiveDocument({
    ...{ id: 'd', storage, queue, serverClient: SERVER, defer: (run) => void deferred.push(run) },
    ledger: (author) => {
      authors.push(author)
      return { rows: [], through: authors.length, committed: () => undefined }
    },
    ...rest,
  })
  const heard: Uint8Array[] = []
  live.onUpdate((update) => heard.push(update))
  const endTurn = (): void => {
    for (const run of deferred.splice(0)) run()
  }
  return { storage, clock, queue, live, authors, heard, endTurn }
}

/** The text of a replica that has nothing but these updates. */
function textFrom(...updates: Uint8Array[]): string {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc.getText('content').toJSON()
}

describe('a live document', () => {
  test('[SYNC-6] what comes in one run of the event loop is one update and one commit', async () => {
    const { storage, live, heard, endTurn } = open()
    const peer = new Replica()
    for (const letter of 'abc') live.apply(peer.insert(peer.text.length, letter), CLAUDE)
    expect(storage.tries).toHaveLength(0)
    endTurn()
    await live.flushed()
    expect(storage.tries).toHaveLength(1)
    expect(heard).toHaveLength(1)
    expect(textFrom(...heard)).toBe('abc')
  })

  test('[SYNC-12] types stand in each other 256 deep at most: deeper ones break whoever deletes them, and are stored by nobody', async () => {
    const nested = (depth: number): Uint8Array => {
      const doc = new Y.Doc()
      let map = doc.getMap('content')
      for (let level = 0; level < depth; level++) map = map.set('in', new Y.Map())
      return Y.encodeStateAsUpdate(doc)
    }
    const { live, storage, endTurn } = open()
    expect(live.apply(nested(256), CLAUDE)).toBe(true)
    endTurn()
    await live.flushed()
    const tries = storage.tries.length
    expect(() => live.apply(nested(257), CLAUDE)).toThrow(expect.objectContaining({ code: 'E_BAD_FRAME' }))
    endTurn()
    expect(live.expelled?.retry).toBe(true)
    expect(storage.tries).toHaveLength(tries)
  })

  test('[SYNC-14] a turn has one author: another’s change begins the next turn', async () => {
    const { live, authors, heard, endTurn } = open()
    const [one, two] = [new Replica(), new Replica()]
    live.apply(one.insert(0, 'a'), CLAUDE)
    live.apply(two.insert(0, 'b'), CODEX)
    live.apply(one.insert(1, 'c'), CLAUDE)
    endTurn()
    await live.flushed()
    expect(authors).toEqual([CLAUDE, CODEX, CLAUDE])
    expect(heard).toHaveLength(3)
  })

  test('[SYNC-1] nobody hears of a change before it is stored, and all do in the order of the changes', async () => {
    const { storage, live, heard, endTurn } = open()
    storage.hold()
    const peer = new Replica()
    live.apply(peer.insert(0, 'a'), CLAUDE)
    endTurn()
    await turn()
    live.apply(peer.insert(1, 'b'), CLAUDE)
    endTurn()
    await turn()
    expect(heard).toEqual([])
    storage.release()
    await turn()
    expect(textFrom(...heard)).toBe('a')
    storage.releaseAll()
    await live.flushed()
    expect(heard).toHaveLength(2)
    expect(textFrom(...heard)).toBe('ab')
  })

  test('[SYNC-6] what comes while a turn is being stored is one turn of its author, and no later for it', async () => {
    const { storage, live, authors, heard, endTurn } = open()
    storage.hold()
    const peer = new Replica()
    const type = (letter: string, author = CLAUDE): void => {
      live.apply(peer.insert(peer.text.length, letter), author)
      endTurn()
    }
    type('a')
    await turn()
    for (const letter of 'bc') type(letter)
    type('d', CODEX)
    type('e', CODEX)
    await turn()
    expect(authors).toEqual([CLAUDE, CLAUDE]) // the other author’s are not mixed in
    storage.releaseAll()
    await live.flushed()
    expect(authors).toEqual([CLAUDE, CLAUDE, CODEX])
    expect(heard.map((_, n) => textFrom(...heard.slice(0, n + 1)))).toEqual(['a', 'abc', 'abcde'])
    expect(live.settled).toBe(true)
  })

  test('[SYNC-6] turns in quick succession gather for some milliseconds; one after a pause does not, and none is left behind', async () => {
    const { storage, clock, live, heard, endTurn } = open()
    const peer = new Replica()
    const type = async (letter: string): Promise<void> => {
      live.apply(peer.insert(peer.text.length, letter), CLAUDE)
      endTurn()
      await turn()
    }
    const storeIn = async (ms: number): Promise<void> => {
      await clock.advance(ms)
      storage.release()
      await turn()
    }
    storage.hold()
    await type('a')
    await storeIn(1)
    for (const letter of 'bcd') await type(letter)
    expect(storage.tries).toHaveLength(1)
    await clock.advance(4)
    expect(storage.tries).toHaveLength(2)
    await storeIn(1)
    await clock.advance(20)
    await type('e')
    expect(storage.tries).toHaveLength(3)
    await storeIn(1)
    await type('f')
    storage.releaseAll()
    await live.flushed() // whoever waits for it does not wait for the clock
    expect(heard.map((_, n) => textFrom(...heard.slice(0, n + 1)))).toEqual(['a', 'abcd', 'abcde', 'abcdef'])
    storage.hold()
    await type('g')
    await storeIn(1)
    await type('h')
    live.destroy()
    await clock.advance(20)
    expect(storage.tries).toHaveLength(5)
  })

  test('[SYNC-6] however long a commit took, the next turn gathers no longer than 5 ms', async () => {
    const { storage, clock, live, endTurn } = open()
    const peer = new Replica()
    storage.hold()
    const type = async (letter: string): Promise<void> => {
      live.apply(peer.insert(peer.text.length, letter), CLAUDE)
      endTurn()
      await turn()
    }
    await type('a')
    await clock.advance(200)
    storage.release()
    await turn()
    await type('b')
    await clock.advance(4)
    expect(storage.tries).toHaveLength(1)
    await clock.advance(1)
    expect(storage.tries).toHaveLength(2)
    live.destroy()
  })

  test('[SYNC-6] a turn waits until it could be told; not where somebody waits for it, nor where much has gathered', async () => {
    const { storage, clock, live, heard, endTurn } = open()
    let rest = 7
    live.onUpdate(
      () => undefined,
      () => rest,
    )
    const peer = new Replica()
    const type = async (text: string): Promise<void> => {
      live.apply(peer.insert(peer.text.length, text), CLAUDE)
      endTurn()
      await turn()
    }
    await type('a')
    await clock.advance(6)
    await type('b')
    expect(storage.tries).toHaveLength(0)
    await clock.advance(1)
    expect(storage.tries).toHaveLength(1)
    await type('c')
    await live.flushed()
    expect(storage.tries).toHaveLength(2)
    await clock.advance(20)
    await type('d'.repeat(70_000))
    expect(storage.tries).toHaveLength(3)
    rest = 0
    await clock.advance(20)
    await type('e')
    expect(storage.tries).toHaveLength(4)
    expect(textFrom(...heard)).toBe(`abc${'d'.repeat(70_000)}e`)
    rest = 7
    await type('f')
    live.destroy()
    expect(clock.waiting).toEqual([])
  })

  test('[SYNC-3] but it is no way around the bound: where much has gathered it is handed to storage', async () => {
    const { storage, queue, live, endTurn } = open()
    storage.fail(diskFull())
    const peer = new Replica()
    for (let n = 0; n < 20; n++) {
      live.apply(peer.insert(0, 'x'.repeat(32 * 1024)), CLAUDE)
      endTurn()
    }
    await turn()
    expect(queue.pending.bytes).toBeGreaterThan(16 * 32 * 1024)
  })

  test('[SYNC-3] a failing store delays a change and loses nothing of it', async () => {
    const { storage, clock, live, heard, endTurn } = open()
    storage.fail(diskFull())
    live.apply(new Replica().insert(0, 'kept'), CLAUDE)
    endTurn()
    await clock.advance(60_000)
    expect(heard).toEqual([])
    expect(live.settled).toBe(false)
    storage.heal()
    await clock.advance(5_000)
    expect(live.settled).toBe(true)
    expect(textFrom(...heard)).toBe('kept')
  })

  test('[SYNC-3] what waits is bounded: beyond it updates are refused with the reason, and the document is unharmed', async () => {
    const { storage, clock, queue, live, endTurn } = open()
    storage.fail(diskFull())
    live.apply(new Replica().insert(0, 'first'), CLAUDE)
    endTurn()
    await clock.advance(1_000)
    void queue.enqueue(Array.from({ length: 50_000 }, (_, n) => ({ put: ['x', n], value: n }) as const))
    const refused = new Replica().insert(0, 'second')
    expect(() => live.apply(refused, CLAUDE)).toThrow(expect.objectContaining({ code: 'E_STORAGE_FULL', retry: true }))
    expect(live.doc.getText('content').toJSON()).toBe('first')
    storage.heal()
    await clock.advance(5_000)
    expect(live.apply(refused, CLAUDE)).toBe(true)
  })

  test('it is loaded as it was left, with a client id of the server’s own', async () => {
    const { storage, live, endTurn } = open()
    live.apply(new Replica().insert(0, 'text'), CLAUDE)
    endTurn()
    await live.flushed()
    const again = open({ storage })
    expect(again.live.existed).toBe(true)
    expect(again.live.doc.getText('content').toJSON()).toBe('text')
    expect(again.live.doc.clientID).toBe(SERVER)
    expect(open({ storage, id: 'other' }).live.existed).toBe(false)
  })

  test('[SYNC-8] an update whose ground is missing leaves nothing behind, and its sender is told', async () => {
    const { storage, live, heard, endTurn } = open()
    const peer = new Replica()
    const first = peer.insert(0, 'one ')
    const second = peer.insert(4, 'two')
    expect(live.apply(second, CLAUDE)).toBe(false)
    endTurn()
    await live.flushed()
    expect(Y.encodeStateAsUpdate(live.doc)).toEqual(Y.encodeStateAsUpdate(new Y.Doc()))
    expect(live.apply(first, CLAUDE)).toBe(true)
    expect(live.doc.getText('content').toJSON()).toBe('one ')
    expect(live.apply(Y.encodeStateAsUpdate(peer.doc), CLAUDE)).toBe(true)
    endTurn()
    await live.flushed()
    expect(textFrom(...heard)).toBe('one two')
    expect(open({ storage }).live.doc.getText('content').toJSON()).toBe('one two')
  })

  test('[SYNC-12] an update that breaks in the middle ends the document in memory, and storage never saw it', async () => {
    const { storage, live, heard, endTurn } = open()
    const good = new Replica()
    live.apply(good.insert(0, 'good'), CLAUDE)
    endTurn()
    await live.flushed()
    live.apply(good.insert(4, ', and typed in the same turn'), CODEX)
    const reasons: string[] = []
    live.onExpelled(({ code }) => reasons.push(code))
    expect(() => live.apply(breaking(good.doc), CODEX)).toThrow(expect.objectContaining({ code: 'E_BAD_FRAME' }))
    expect(reasons).toEqual(['E_INTERNAL'])
    expect(() => live.apply(good.insert(4, '!'), CLAUDE)).toThrow(expect.objectContaining({ retry: true }))
    endTurn()
    await live.flushed()
    expect(heard).toHaveLength(1)
    expect(open({ storage }).live.doc.getText('content').toJSON()).toBe('good')
  })

  test('a listener that has gone hears nothing more', async () => {
    const { live, endTurn } = open()
    let calls = 0
    const dispose = live.onUpdate(() => calls++)
    dispose()
    live.apply(new Replica().insert(0, 'a'), CLAUDE)
    endTurn()
    await live.flushed()
    expect(calls).toBe(0)
  })

  test('[SYNC-13] a long log is folded into one state, and what is loaded stays the same', async () => {
    const { storage, live, endTurn } = open()
    const peer = new Replica()
    for (let i = 0; i < 700; i++) {
      live.apply(peer.insert(peer.text.length, 'x'), CLAUDE)
      endTurn()
      await live.flushed() // else they gather, and the log is short
    }
    expect([...storage.range(rowsUnder(['update', 'd']))].length).toBeLessThan(300)
    expect(open({ storage }).live.doc.getText('content').toJSON()).toBe('x'.repeat(700))
  })
})

/** An update that Yjs decodes and then fails to apply: it deletes nothing, of a client that it does not know. */
function breaking(doc: Y.Doc): Uint8Array {
  const ranges = [9, 1, 0, 0]
  const update = new Uint8Array([0, 1, ...ranges])
  Y.decodeUpdate(update)
  const probe = new Y.Doc()
  Y.applyUpdate(probe, Y.encodeStateAsUpdate(doc))
  expect(() => {
    Y.applyUpdate(probe, update)
  }).toThrow()
  return update
}

test('[SYNC-7] a document does not grow over what anybody who opens it can be sent, also after it was loaded again', async () => {
  const { storage, live, endTurn } = open()
  const grow = (): Uint8Array => {
    const doc = new Y.Doc()
    doc.getText('any').insert(0, 'x'.repeat((DEFAULT_CONFIG.limits.documentBytes * 5) / 8))
    return Y.encodeStateAsUpdate(doc)
  }
  expect(live.apply(grow(), 'PEER')).toBe(true)
  const refused = expect.objectContaining({ code: 'E_TOO_LARGE', retry: false }) as Error
  expect(() => live.apply(grow(), 'PEER')).toThrow(refused) // what is gathered counts
  endTurn()
  await live.flushed()
  expect(() => live.apply(grow(), 'PEER')).toThrow(refused)
  expect(() => open({ storage }).live.apply(grow(), 'PEER')).toThrow(refused)
  expect(live.expelled).toBeUndefined()
})
