import { expect, test } from 'vitest'
import * as Y from 'yjs'
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
