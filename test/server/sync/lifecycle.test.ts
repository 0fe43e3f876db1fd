/**
 * Documents that open, change and close in every order, on a disk that is slow: one loader, whoever attaches while it unloads keeps it,
 * nothing is unloaded that is not durable, and nothing stays.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type * as Y from 'yjs'
import type { FreeDocument } from '../../../server/documents/free-documents.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import type { FileDocument } from '../../../server/documents/file-document.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { randomFrom } from '../../support/random.js'
import { turn } from '../../support/manual-clock.js'
import { at, CLAUDE, openStore, write } from '../documents/harness.js'

const defer = (run: () => void): void => void setImmediate(run)

interface Held {
  readonly name: string
  readonly doc: Y.Doc
  readonly text: () => string
  readonly add: (text: string) => void
  readonly release: () => void
}

async function play(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const storage = new FailingStorage()
  const { files, queue } = openStore(storage)
  const free = new FreeDocuments({ storage, queue, serverClient: 9, defer })
  const names = ['~free:a', '~free:b', 'a.ts', 'b.ts']
  for (const path of ['a.ts', 'b.ts']) await write(files, path, '')
  const holding = (name: string, { live }: FreeDocument | FileDocument, release: () => void): Held => ({
    ...{ name, doc: live.doc, release },
    text: () => live.doc.getText('content').toJSON(),
    add: (text) => {
      live.transact(CLAUDE, (doc) => {
        doc.getText('content').insert(0, text)
      })
    },
  })
  /** What was put into each, the newest first: what every opening has to find. */
  const texts = new Map(names.map((name) => [name, '']))
  const held: Held[] = []
  const docs = new Set<Y.Doc>()
  const opening: Promise<void>[] = []
  let isHolding = false
  for (let n = 0; n < 120; n++) {
    const what = random.below(100)
    if (what < 30) {
      const name = random.one(names)
      const open = name.startsWith('~')
        ? free.open(name).then((document) =>
            holding(name, document, () => {
              document.release()
            }),
          )
        : files.open(at(name)).then((document) =>
            holding(name, document, () => {
              files.release(document)
            }),
          )
      opening.push(
        open.then((one) => {
          docs.add(one.doc)
          held.push(one)
          expect(one.text()).toBe(texts.get(name))
          for (const other of held) if (other.name === name) expect(other.doc).toBe(one.doc)
        }),
      )
    } else if (what < 50 && held.length > 0) {
      const one = random.one(held)
      const text = `${n}\n`
      one.add(text)
      texts.set(one.name, text + (texts.get(one.name) ?? ''))
    } else if (what < 75 && held.length > 0) held.splice(random.below(held.length), 1)[0]?.release()
    else if (what < 80)
      opening.push(files.close()) // stores all, and unloads what nobody has open
    else if (what < 85) {
      if (isHolding) storage.releaseAll()
      else storage.hold()
      isHolding = !isHolding
    } else if (what < 90 && storage.held > 0) storage.release()
    else await turn()
    for (const one of held) expect([one.doc.isDestroyed, one.text()]).toEqual([false, texts.get(one.name)])
  }
  storage.releaseAll()
  await Promise.all(opening)
  for (const one of held.splice(0)) one.release()
  await files.close()
  await queue.idle()
  for (let n = 0; n < 5; n++) await turn()
  expect(files.openDocuments).toBe(0)
  expect([...docs].filter((doc) => !doc.isDestroyed)).toEqual([])
  const again = openStore(storage)
  const freeAgain = new FreeDocuments({ storage, queue: again.queue, serverClient: 10, defer })
  for (const name of names) {
    const found = name.startsWith('~') ? await freeAgain.open(name) : await again.files.open(at(name))
    expect(found.live.doc.getText('content').toJSON()).toBe(texts.get(name))
  }
}

test('[SYNC-4, SYNC-3, SYNC-15] whatever opens, changes and closes meanwhile, documents are whole, one each, and gone at the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 2 ** 31 }), (seed) => play(seed)),
    { numRuns: Number(process.env['ENSEMBLE_TRIALS'] ?? 60) },
  )
})
