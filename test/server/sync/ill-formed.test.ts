import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { startServer, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { awarenessFrame, frame, openRawAgent, openRawPeer, type RawPeer } from './raw.js'
import { put } from './seed.js'
import { gone, rooted, updateOf } from './updates.js'

const FRAME_BYTES = 64 * 1024
const PATH = 'a.ts'

let server: TestServer
let witness: RawPeer
beforeEach(async () => {
  server = await startServer({ config: { limits: { frameBytes: FRAME_BYTES } } })
  await put(await server.connect(), PATH, 'one\n')
  witness = await (await openRawPeer(server.url, PATH)).synced()
})
afterEach(async () => {
  await server.stop()
})

/** Others in the same document still write and hear. */
async function othersGoOn(): Promise<void> {
  const mark = `still ${witness.frames.length}\n`
  witness.edit((text) => {
    text.insert(0, mark)
  })
  const other = await openRawPeer(server.url, PATH)
  other.step1()
  await until(() => other.text.includes(mark), 'the others’ edit')
  other.end()
  expect(witness.closed).toBeUndefined()
}

const update = (change: (doc: Y.Doc) => void): Uint8Array => {
  const doc = new Y.Doc()
  change(doc)
  return Y.encodeStateAsUpdate(doc)
}
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

const cases: readonly (readonly [string, number, readonly (Uint8Array | string)[]])[] = [
  ['a text frame', 4400, ['{}']],
  ['nothing at all', 4400, [new Uint8Array()]],
  ['an unknown type', 4400, [new Uint8Array([9, 0, 0])]],
  ['an unknown sync step', 4400, [new Uint8Array([0, 7, 0])]],
  ['a length beyond its end', 4400, [new Uint8Array([0, 2, 200, 1])]],
  ['a state vector that is none', 4400, [frame(0, 0, new Uint8Array([5, 1]))]],
  ['bytes that are no update', 4400, [frame(0, 2, new Uint8Array([200, 200, 200]))]],
  ['half an update', 4400, [frame(0, 2, update((doc) => doc.getText('content').insert(0, 'x')).subarray(0, 6))]],
  ['an update that decodes and cannot be applied', 4400, [frame(0, 2, new Uint8Array([0, 1, 9, 1, 0, 0]))]],
  [
    'ids beyond 2^53, which Yjs writes and cannot read',
    4400,
    [frame(0, 2, updateOf([{ client: 5, clock: 0, structs: [gone(2 ** 53 - 1), gone(2 ** 53 - 1), gone(1)] }]))],
  ],
  ['a client beyond 2^53', 4400, [frame(0, 2, updateOf([{ client: 2 ** 53, clock: 0, structs: [rooted('x')] }]))]],
  ['a deletion beyond 2^53', 4400, [frame(0, 2, updateOf([], [[5, 2 ** 53 - 1, 1]]))]],
  ['an awareness state that is no JSON', 4400, [new Uint8Array([1, 6, 1, 5, 1, 2, 123, 123])]],
  ['an awareness state nested a thousand deep', 4413, [awarenessFrame([5, 1, nested(1_000)])]],
  [
    'sixty-five awareness clients',
    4529,
    [awarenessFrame(...Array.from({ length: 65 }, (_, id) => [id, 1, {}] as const))],
  ],
  ['a frame over the limit', 4413, [new Uint8Array(FRAME_BYTES + 1)]],
]

describe('a peer that sends what it should not', () => {
  test.each(cases)('[SYNC-12] %s closes its socket with %i, and no other one', async (_, code, frames) => {
    const peer = await (await openRawPeer(server.url, PATH)).synced()
    for (const one of frames) peer.send(one)
    expect((await peer.close()).code).toBe(code)
    await othersGoOn()
  })

  test('[SYNC-2] an update before the state vector is refused', async () => {
    const peer = await openRawPeer(server.url, PATH)
    peer.update(update((doc) => doc.getText('content').insert(0, 'x')))
    expect((await peer.close()).code).toBe(4400)
    await othersGoOn()
  })

  test('[SYNC-12] whatever bytes come, the server and the others go on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 10 }), async (frames) => {
        const peer = await openRawPeer(server.url, PATH)
        peer.step1()
        for (const one of frames) peer.send(one)
        await peer.roundTrip()
        peer.end()
        await othersGoOn()
      }),
      { numRuns: 40 },
    )
  })

  test('[SYNC-12] an update with one of its bytes turned over does not stop the others', async () => {
    const honest = new Y.Doc()
    Y.applyUpdate(honest, Y.encodeStateAsUpdate(witness.doc))
    const before = Y.encodeStateVector(honest)
    honest.getText('content').insert(2, 'typed\n')
    const good = Y.encodeStateAsUpdate(honest, before)
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
        const bad = good.slice()
        bad[at] = byte
        const peer = await openRawPeer(server.url, PATH)
        peer.step1()
        peer.update(bad)
        await peer.roundTrip()
        peer.end()
        // In a document that it broke the others are sent away, to come back.
        if (witness.closed?.code === 4500) witness = await (await openRawPeer(server.url, PATH)).synced()
        await othersGoOn()
      }),
      { numRuns: 60 },
    )
  })
})

describe('[SYNC-8] a peer whose update has no ground here', () => {
  const answerTo = (peer: RawPeer, stateVector: Uint8Array): Uint8Array => Y.encodeStateAsUpdate(peer.doc, stateVector)
  const questions = (peer: RawPeer) => peer.messages.filter(({ type }) => type === 'step1')

  test('is asked for all that is lacking, and with its answer everybody has it', async () => {
    const peer = await (await openRawPeer(server.url, PATH)).synced()
    await until(() => questions(peer).length === 1)
    peer.doc.getText('content').insert(0, 'lost on the way\n')
    const between = Y.encodeStateVector(peer.doc)
    peer.doc.getText('content').insert(0, 'arrived\n')
    witness.edit((text) => {
      text.insert(text.length, 'others write\n')
    })
    await until(() => peer.messages.some(({ type }) => type === 'update'))
    peer.update(Y.encodeStateAsUpdate(peer.doc, between))
    await until(() => questions(peer).length === 2)
    const question = questions(peer)[1]
    peer.send(frame(0, 1, answerTo(peer, question?.bytes ?? new Uint8Array())))
    await until(() => witness.text.includes('arrived\nlost on the way\n'))
    peer.end()
  })

  test('of whom thousands of clients lack theirs is asked for all, and nothing of it goes in meanwhile', async () => {
    const peer = await (await openRawPeer(server.url, PATH)).synced()
    await until(() => questions(peer).length === 1)
    const groundless = Array.from({ length: 2_000 }, (_, n) => ({ client: 9_000 - n, clock: 5, structs: [gone(1)] }))
    peer.update(updateOf([{ client: 9_999, clock: 0, structs: [rooted('grounded\n')] }, ...groundless]))
    await until(() => questions(peer).length === 2, 'the question')
    const joiner = await (await openRawPeer(server.url, PATH)).synced()
    expect(joiner.text).toBe('one\n')
  })

  test('is not asked over and over, and what it sent is not shown to others', async () => {
    const peer = await (await openRawPeer(server.url, PATH)).synced()
    await until(() => questions(peer).length === 1)
    peer.doc.getText('content').insert(0, 'lost\n')
    const between = Y.encodeStateVector(peer.doc)
    peer.doc.getText('content').insert(0, 'groundless\n')
    const groundless = Y.encodeStateAsUpdate(peer.doc, between)
    for (let n = 0; n < 20; n++) peer.update(groundless)
    await peer.roundTrip()
    expect(questions(peer).length).toBeLessThanOrEqual(2)
    const joiner = await (await openRawPeer(server.url, PATH)).synced()
    expect(Y.encodeStateAsUpdate(joiner.doc)).toEqual(Y.encodeStateAsUpdate(witness.doc))
    expect(joiner.doc.store.pendingStructs).toBeNull()
    peer.end()
  })
})

describe('an agent that sends what it should not', () => {
  test.each([
    ['bytes that are no frame', new Uint8Array([7, 7, 7]), 'E_BAD_FRAME', 4400],
    ['an empty binary frame', new Uint8Array(), 'E_BAD_FRAME', 4400],
    ['a part that is not full', new Uint8Array([1, 0, 0, 0, 65]), 'E_BAD_FRAME', 4400],
    ['text that is no JSON', 'hello?', 'E_BAD_FRAME', 4400],
    ['half of an object', '{', 'E_BAD_FRAME', 4400],
    ['an empty text frame', '', 'E_BAD_FRAME', 4400],
    ['JSON that is no message', '[]', 'E_BAD_FRAME', 4400],
    ['a message of an unknown type', '{"type":"bye"}', 'E_BAD_FRAME', 4400],
    ['a request without a number', '{"type":"request","method":"tree","params":{}}', 'E_BAD_REQUEST', 4400],
  ])('[FRAME-4, MSG-4] %s: refused, closed, and nobody else is harmed', async (_, bad, code, close) => {
    const agent = await openRawAgent(server.url)
    await agent.welcomed()
    agent.send(bad)
    expect((await agent.close()).code).toBe(close)
    expect(agent.of('refused')[0]?.error.code).toBe(code)
    await othersGoOn()
  })

  test('[FRAME-3] a frame over the limit: 4413', async () => {
    const agent = await openRawAgent(server.url)
    await agent.welcomed()
    agent.send('x'.repeat(FRAME_BYTES + 1))
    expect((await agent.close()).code).toBe(4413)
    await othersGoOn()
  })
})
