import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { lacksGround } from '../../../server/sync/ground.js'
import { behind, gone, rooted, updateOf } from './updates.js'

const many = (count: number, structOf: (n: number) => ReturnType<typeof gone>, clock = 0) =>
  updateOf(Array.from({ length: count }, (_, n) => ({ client: count - n, clock, structs: [structOf(count - n)] })))

/** Whether Yjs takes it, or holds it back; some that contradict what is there it breaks upon. */
function isTaken(doc: Y.Doc, update: Uint8Array): boolean {
  try {
    Y.applyUpdate(doc, update)
    return true
  } catch {
    return false
  }
}

describe('whether an update of many clients has its ground', () => {
  test.each([
    [
      'each upon the next, the last upon the root',
      false,
      many(2_000, (n) => (n === 2_000 ? rooted('x') : behind(n + 1, 0, 'x'))),
    ],
    [
      'each upon the one before, the first upon the root',
      false,
      many(2_000, (n) => (n === 1 ? rooted('x') : behind(n - 1, 0, 'x'))),
    ],
    ['in a circle', true, many(2_000, (n) => behind(n === 2_000 ? 1 : n + 1, 0, 'x'))],
    ['upon one that nobody knows', true, many(2_000, () => behind(9_999, 0, 'x'))],
    ['not from their beginning', true, many(2_000, () => gone(1), 5)],
    ['of few it is not looked at', false, many(20, () => gone(1), 5)],
  ])('[SYNC-8] %s: lacking %s', (_, lacks, update) => {
    expect(lacksGround(Y.decodeUpdate(update), new Y.Doc())).toBe(lacks)
  })

  test('[SYNC-8] it is as Yjs finds it, whatever builds upon what', () => {
    const id = fc.integer({ min: 1, max: 6 })
    const clock = fc.integer({ min: 0, max: 4 })
    const structOf = (own: number) =>
      fc.oneof(
        fc.constant(rooted('ab')),
        fc.constant(gone(2)),
        fc.tuple(id, clock).map(([other, at]) => (other === own ? gone(2) : behind(other, at, 'ab'))), // upon itself is refused before
      )
    const clientOf = (client: number) =>
      fc.record({
        client: fc.constant(client),
        clock: fc.constantFrom(0, 0, 0, 0, 1),
        structs: fc.array(structOf(client), { minLength: 1, maxLength: 3 }),
      })
    const clients = fc.uniqueArray(id.chain(clientOf), { minLength: 1, selector: ({ client }) => client })
    fc.assert(
      fc.property(clients, clients, (first, then) => {
        const doc = new Y.Doc()
        Y.applyUpdate(doc, updateOf(first))
        doc.store.pendingStructs = null
        // What is there already is repeated as it is: what contradicts it, Yjs takes in an order of its own.
        const known = first.filter(({ client }) => Y.getState(doc.store, client) > 0)
        const update = updateOf(
          then.map((more) => {
            const before = known.find(({ client }) => client === more.client)
            return before === undefined ? more : { ...before, structs: [...before.structs, ...more.structs] }
          }),
        )
        const decoded = Y.decodeUpdate(update)
        const lacks = lacksGround(decoded, doc, 0)
        fc.pre(isTaken(doc, update))
        expect(lacks).toBe(doc.store.pendingStructs !== null)
      }),
      { numRuns: 500 },
    )
  })
})
