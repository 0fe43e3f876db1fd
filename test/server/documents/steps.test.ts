import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Key } from '../../../server/storage/storage.js'
import { Steps } from '../../../server/documents/steps.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'

const LONG = 10_000_000

test('[SYNC-16] what long steps deleted is kept in memory for the newest alone, and for all that are not stored yet', async () => {
  const storage = openMemoryStorage()
  const steps = new Steps(storage, 'file')
  const doc = new Y.Doc()
  const content = doc.getText('content')
  const source = {}
  doc.on('afterTransaction', (transaction) => steps.note(transaction, content, 0, { source, client: 1 }))
  const replace = (letter: string): void => {
    doc.transact(() => {
      content.delete(0, content.length)
      content.insert(0, letter.repeat(LONG))
    })
  }
  const inMemory = (): number[] => [...steps.backwards()].filter((step) => step.source === source).map(({ n }) => n)

  for (const letter of 'abcdef') replace(letter)
  const rows = steps.seal()
  expect(inMemory()).toEqual([6, 5, 4, 3, 2, 1])
  await storage.commit(rows)
  steps.committed(6)
  expect(inMemory()).toEqual([6])
  const all = [...steps.backwards()].map(({ n, deleted }) => [n, deleted.map(([, , text]) => text[0]).join('')])
  expect(all).toEqual([[6, 'e'], [5, 'd'], [4, 'c'], [3, 'b'], [2, 'a'], [1, '']]) // prettier-ignore
})

test('[SYNC-16] what was deleted at some length is read from storage once it is there, and what was deleted is known without that', async () => {
  const storage = openMemoryStorage()
  let reads = 0
  const counted = {
    ...storage,
    get: (key: Key) => {
      reads++
      return storage.get(key)
    },
  }
  const steps = new Steps(counted, 'file')
  const doc = new Y.Doc()
  const content = doc.getText('content')
  const source = {}
  doc.on('afterTransaction', (transaction) => steps.note(transaction, content, 0, { source, client: 1 }))
  const texts = (): string[] => [...steps.backwards()].map(({ deleted }) => deleted.map(([, , text]) => text).join())
  content.insert(0, 'short')
  content.delete(0, 5)
  content.insert(0, 'long'.repeat(1_000))
  content.delete(0, 4_000)
  const all = ['long'.repeat(1_000), '', 'short', '']
  const rows = steps.seal()
  expect([texts(), reads]).toEqual([all, 0])

  await storage.commit(rows)
  content.insert(0, 'more'.repeat(1_000))
  content.delete(0, 4_000)
  steps.committed(4)
  expect(steps.since(0, {}).deleted.map(([, from, to]) => to - from)).toEqual([4_000, 4_000, 5])
  expect(reads).toBe(0)
  expect([texts(), reads]).toEqual([['more'.repeat(1_000), '', ...all], 1])
  expect(steps.seal().length).toBe(2)
})

describe('[SYNC-16] what others did behind a step', () => {
  const doc = new Y.Doc()
  const content = doc.getText('content')
  const storage = openMemoryStorage()
  const steps = new Steps(storage, 'file')
  const [peer, other] = [{}, {}]
  let source = other
  doc.on('afterTransaction', (transaction) => steps.note(transaction, content, 0, { source, client: 1 }))
  const type = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) content.insert(content.length, 'x')
    await storage.commit(steps.seal())
    steps.committed(steps.last)
  }

  test('is known of many thousands, beyond those that are kept whole, and then of the newest alone', async () => {
    await type(20_000)
    expect([...steps.backwards()].filter((step) => step.source === null).length).toBeGreaterThan(0) // read from storage
    expect(steps.remembers(0)).toBe(true)
    const since = steps.since(10_000, peer)
    expect([9_999, 10_000].map((clock) => since.inserted(doc.clientID, clock))).toEqual([false, true])

    await type(50_000)
    expect(steps.remembers(0)).toBe(false)
    expect(steps.remembers(steps.last - 32_000)).toBe(true)
    const late = steps.since(steps.last - 1, peer)
    expect([69_998, 69_999].map((clock) => late.inserted(doc.clientID, clock))).toEqual([false, true])
  })

  test('is nothing where all of it is of one source', async () => {
    const before = steps.last
    expect(steps.hasOthers(before, { source: peer })).toBe(false)
    source = peer
    await type(2)
    expect([before - 1, before].map((n) => steps.hasOthers(n, { source: peer }))).toEqual([true, false])
    source = other
    await type(1)
    source = peer
    await type(1)
    expect([before, before + 3].map((n) => steps.hasOthers(n, { source: peer }))).toEqual([true, false])
    expect(steps.hasOthers(before + 3, { source: other })).toBe(true)
  })
})
