import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { DocumentLog } from '../../../server/documents/document-log.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Storage } from '../../../server/storage/storage.js'
import { Replica } from './harness.js'

const load = (storage: Storage, id = 'd') => {
  const doc = new Y.Doc()
  return { doc, text: doc.getText('content'), ...DocumentLog.load(storage, id, doc) }
}
const updatesIn = (storage: Storage): number => [...storage.range(rowsUnder(['update', 'd']))].length

describe('the log of a document', () => {
  test('updates come back in their order; another document’s do not', async () => {
    const storage = openMemoryStorage()
    const { log } = load(storage)
    const peer = new Replica()
    for (let n = 0; n < 12; n++) await storage.commit([log.append(peer.insert(peer.text.length, `${n},`))])
    const again = load(storage)
    expect(again.existed).toBe(true)
    expect(again.text.toJSON()).toBe('0,1,2,3,4,5,6,7,8,9,10,11,')
    expect(load(storage, 'e').existed).toBe(false)
  })

  test('[SYNC-13] folded, it has no updates left, loads the same, and goes on where it was', async () => {
    const storage = openMemoryStorage()
    const { log } = load(storage)
    const peer = new Replica()
    for (const letter of 'abc') await storage.commit([log.append(peer.insert(peer.text.length, letter))])
    expect(log.isEmpty).toBe(false)
    await storage.commit(log.compact(peer.doc))
    expect(log.isEmpty).toBe(true)
    expect(updatesIn(storage)).toBe(0)
    await storage.commit([log.append(peer.insert(3, 'd'))])
    expect(updatesIn(storage)).toBe(1)
    const again = load(storage)
    expect(again.text.toJSON()).toBe('abcd')
    await storage.commit([again.log.append(peer.insert(4, 'e'))])
    expect(load(storage).text.toJSON()).toBe('abcde')
  })

  test('one commit may append and fold at once', async () => {
    const storage = openMemoryStorage()
    const { log } = load(storage)
    const peer = new Replica()
    const row = log.append(peer.insert(0, 'abc'))
    await storage.commit([row, ...log.compact(peer.doc)])
    expect(updatesIn(storage)).toBe(0)
    expect(load(storage).text.toJSON()).toBe('abc')
  })

  test('it is long after many updates, or after large ones', () => {
    const many = load(openMemoryStorage()).log
    const peer = new Replica()
    for (let n = 0; n <= 500; n++) many.append(peer.insert(0, 'x'))
    expect(many.isLong).toBe(true)
    const large = load(openMemoryStorage()).log
    expect(large.isLong).toBe(false)
    large.append(peer.insert(0, 'x'.repeat(1024 * 1024)))
    expect(large.isLong).toBe(true)
  })
})
