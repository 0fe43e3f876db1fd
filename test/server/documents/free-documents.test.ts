import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { CommitQueue } from '../../../server/storage/commit-queue.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { CLAUDE } from './harness.js'

function open(storage = new FailingStorage()) {
  const { now, timers } = new ManualClock()
  const queue = new CommitQueue({ storage, elapsed: now, timers, random: () => 0.5 })
  const free = new FreeDocuments({ storage, queue, serverClient: 9, defer: (run) => void setImmediate(run) })
  return { storage, free }
}

const note = (key: string): Uint8Array => {
  const doc = new Y.Doc()
  doc.getMap('notes').set(key, true)
  return Y.encodeStateAsUpdate(doc)
}

describe('free documents', () => {
  test('they are kept over restarts, each by itself', async () => {
    const { storage, free } = open()
    const context = await free.open('~context')
    context.apply(note('decided'), CLAUDE)
    await context.live.flushed()
    const again = open(storage).free
    expect((await again.open('~context')).live.doc.getMap('notes').toJSON()).toEqual({ decided: true })
    expect((await again.open('~free:other')).live.doc.getMap('notes').toJSON()).toEqual({})
  })

  test('[SYNC-4] one in memory however often it is opened, and none when nobody has it open', async () => {
    const { free } = open()
    const [one, two] = [await free.open('~context'), await free.open('~context')]
    expect(two.live).toBe(one.live)
    one.release()
    await turn()
    expect((await free.open('~context')).live).toBe(two.live)
    two.release()
    ;(await free.open('~context')).release()
  })

  test('[SYNC-3] what is not stored keeps it loaded; whoever comes then gets the same one', async () => {
    const { storage, free } = open()
    const first = await free.open('~context')
    storage.hold()
    first.apply(note('unsaved'), CLAUDE)
    first.release()
    await turn()
    const second = await free.open('~context')
    expect(second.live).toBe(first.live)
    second.release()
    storage.releaseAll()
    await turn()
    await turn()
    const third = await free.open('~context')
    expect(third.live).not.toBe(first.live)
    expect(third.live.doc.getMap('notes').toJSON()).toEqual({ unsaved: true })
  })
  test('[SYNC-3] one that broke is loaded anew when all that came before is stored, and nothing of that is written over', async () => {
    const { storage, free } = open()
    const broken = await free.open('~context')
    storage.hold()
    broken.apply(note('before'), CLAUDE)
    await turn()
    expect(() => broken.apply(new Uint8Array([0, 1, 9, 1, 0, 0]), CLAUDE)).toThrow('cannot be applied')
    const opening = free.open('~context').then((again) => {
      again.apply(note('after'), CLAUDE)
    })
    await turn()
    storage.releaseAll()
    await opening
    await free.close()
    const { live } = await open(storage).free.open('~context')
    expect(live.doc.getMap('notes').toJSON()).toEqual({ before: true, after: true })
  })
})
