/** Peers that come, go, type, and read now and then: whatever happens, everybody ends with the same document. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocumentName } from '../../../protocol/document.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { CLAUDE, openStore, resetIds, write } from '../documents/harness.js'
import { StockPeer } from './stock-peer.js'

const defer = (run: () => void): void => void setImmediate(run)
/** Of which four are too many. */
const HEAVY = 300 * 1024

type Step =
  | { readonly kind: 'connect' | 'cut' | 'give' | 'take' | 'stall' | 'recover'; readonly who: number }
  | { readonly kind: 'type'; readonly who: number; readonly at: number; readonly put: string; readonly remove: number }
  | { readonly kind: 'turn' }
  | { readonly kind: 'advance'; readonly ms: number }

const PEERS = 4
const who = fc.nat({ max: PEERS - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('connect', 'cut', 'recover'), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('stall' as const), who }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('give', 'take'), who }) },
  {
    weight: 10,
    arbitrary: fc.record({
      ...{ kind: fc.constant('type' as const), who, at: fc.nat({ max: 20 }) },
      ...{ put: fc.string({ maxLength: 3 }), remove: fc.nat({ max: 2 }) },
    }),
  },
  { weight: 8, arbitrary: fc.constant({ kind: 'turn' } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }) },
)

async function world(document: string) {
  resetIds()
  const storage = new FailingStorage()
  const clock = new ManualClock()
  const store = openStore(storage, { clock })
  let spent = 0
  let resyncs = 0
  const free = new FreeDocuments({ storage, queue: store.queue, serverClient: 9, defer })
  const rooms = new Rooms({
    ...{ files: store.files, free, defer, timers: clock.timers },
    elapsed: () => clock.elapsed() + (spent += 0.2), // so that each telling takes a time
    onResync: () => resyncs++,
  })
  if (!document.startsWith('~')) await write(store.files, document, 'one\n')
  const peers = Array.from({ length: PEERS }, (_, n) => new StockPeer(100 + n, CLAUDE))
  const serverText = (): Promise<string> =>
    rooms.open(parseDocumentName(document), (room) => room.document.live.doc.getText('content').toJSON())
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; quiet++) {
      await clock.advance(30)
      for (const peer of peers) {
        while (peer.hasPost || peer.hasMail) {
          quiet = 0
          if (peer.hasPost) peer.give()
          if (peer.hasMail) peer.take()
        }
      }
    }
  }
  const run = async (one: Step): Promise<void> => {
    if (one.kind === 'turn') return await turn()
    if (one.kind === 'advance') return await clock.advance(one.ms)
    const peer = peers[one.who]
    if (peer === undefined) throw new Error('there are so many peers')
    switch (one.kind) {
      case 'connect':
        if (!peer.isConnected) await peer.connect(rooms, document)
        return
      case 'cut':
        peer.cut()
        return
      case 'give':
        peer.give()
        return
      case 'take':
        if (peer.frameWeight === 0) peer.take()
        return
      case 'stall':
        peer.frameWeight = HEAVY
        return
      case 'recover':
        while (peer.hasMail) peer.take()
        peer.frameWeight = 0
        return
      case 'type': {
        const at = Math.min(one.at, peer.text.length)
        peer.doc.transact(() => {
          peer.text.delete(at, Math.min(one.remove, peer.text.length - at))
          peer.text.insert(at, one.put)
        })
        if (peer.hasPost) peer.give()
      }
    }
  }
  return { rooms, peers, clock, run, settle, serverText, resyncs: () => resyncs }
}

describe('slow readers', () => {
  test.each(['a.ts', '~notes'])(
    '[SYNC-7, SYNC-6, SYNC-5] whoever comes, goes, stalls and types in %s: all end equal, and nothing is told twice',
    async (document) => {
      let resyncs = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120 }), async (steps) => {
          const all = await world(document)
          for (let n = 0; n < PEERS; n++) await all.run({ kind: 'connect', who: n })
          await all.settle()
          for (const one of steps) await all.run(one)
          for (const peer of all.peers) peer.frameWeight = 0
          for (let n = 0; n < PEERS; n++) await all.run({ kind: 'connect', who: n })
          await all.settle()
          const text = await all.serverText()
          expect(all.peers.map((peer) => peer.text.toJSON())).toEqual(all.peers.map(() => text))
          expect(all.peers.flatMap(({ faults }) => faults)).toEqual([])
          expect(all.peers.every(({ closed }) => closed === undefined)).toBe(true)
          resyncs += all.resyncs()
          for (const peer of all.peers) peer.cut()
          expect(all.rooms.size).toBe(0)
        }),
        { numRuns: 120 },
      )
      expect(resyncs).toBeGreaterThan(50)
    },
    60_000,
  )
})
