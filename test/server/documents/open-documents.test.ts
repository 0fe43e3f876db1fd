import { describe, expect, test } from 'vitest'
import { lostOf } from '../../../server/documents/lost.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import { at, CLAUDE, openStore, Replica, textOf, write } from './harness.js'

const LOADED = 64

describe('the documents in memory', () => {
  test('[SYNC-4] however many attach at once, there is one document', async () => {
    const { files } = openStore()
    await write(files, 'a.ts', 'one\n')
    const opened = await Promise.all(Array.from({ length: 20 }, () => files.open(at('a.ts'))))
    expect(new Set(opened).size).toBe(1)
    const unborn = await Promise.all(Array.from({ length: 20 }, () => files.open(at('new.ts'))))
    expect(new Set(unborn).size).toBe(1)
  })

  test('[SYNC-4] attaching while the file’s first commit is under way waits for it', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    storage.hold()
    const writing = write(files, 'a.ts', 'one\n')
    await turn()
    const opening = files.open(at('a.ts'))
    let opened = false
    void opening.then(() => (opened = true))
    await turn()
    expect(opened).toBe(false)
    storage.releaseAll()
    await writing
    expect((await opening).text).toBe('one\n')
  })

  test('[SYNC-15] a thousand files opened and closed leave a bounded number of documents', async () => {
    const { files } = openStore()
    for (let n = 0; n < 1_000; n++) await write(files, `src/${n}.ts`, `file ${n}\n`)
    for (let n = 0; n < 1_000; n++) {
      const document = await files.open(at(`src/${n}.ts`))
      await document.live.flushed()
      files.release(document)
    }
    expect(files.openDocuments).toBeLessThanOrEqual(LOADED)
    expect(await textOf(files, 'src/3.ts')).toBe('file 3\n')
  })

  test('[SYNC-3] what is not stored yet is not unloaded', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    for (let n = 0; n <= LOADED + 1; n++) await write(files, `${n}.ts`, `${n}\n`)
    const edited = await files.open(at('0.ts'))
    await edited.live.flushed()
    storage.hold()
    edited.apply(new Replica(edited).insert(0, 'unsaved '), CLAUDE)
    files.release(edited)
    await turn()
    const others = await Promise.all(Array.from({ length: LOADED + 1 }, (_, n) => files.open(at(`${n + 1}.ts`))))
    for (const document of others) files.release(document)
    await turn()
    expect(await files.open(at('0.ts'))).toBe(edited)
    expect(edited.text).toBe('unsaved 0\n')
    storage.releaseAll()
    await edited.live.flushed()
    expect(await textOf(files, '0.ts')).toBe('unsaved 0\n')
  })

  test('[SYNC-4] whoever attaches while it unloads gets it whole: the same text, the same history', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    for (let n = 0; n <= LOADED + 5; n++) await write(files, `${n}.ts`, `${n}\n`)
    const first = await files.open(at('0.ts'))
    first.apply(new Replica(first).insert(0, 'kept '), CLAUDE)
    await first.live.flushed()
    files.release(first)
    storage.hold()
    for (let n = 1; n <= LOADED + 5; n++) {
      const document = await files.open(at(`${n}.ts`))
      await turn()
      files.release(document)
    }
    storage.releaseAll()
    await turn()
    for (let n = 1; n <= LOADED + 5; n++) files.release(await files.open(at(`${n}.ts`)))
    await turn()
    const again = await files.open(at('0.ts'))
    expect(again).not.toBe(first)
    expect(again.text).toBe('kept 0\n')
    expect(again.epoch).toBe(first.epoch)
    expect(again.head?.rev).toBe(2)
  })

  test('[SYNC-12] a document that broke is loaded anew from what is stored, with what was under way', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    await write(files, 'a.ts', 'one\n')
    const broken = await files.open(at('a.ts'))
    await broken.live.flushed()
    storage.hold()
    const peer = new Replica(broken)
    broken.apply(peer.insert(0, 'under way '), CLAUDE)
    void broken.live.flushed()
    await turn()
    expect(() => broken.apply(new Uint8Array([0, 1, 9, 1, 0, 0]), CLAUDE)).toThrow()
    const opening = files.open(at('a.ts'))
    await turn()
    storage.releaseAll()
    const fresh = await opening
    expect(fresh).not.toBe(broken)
    expect(fresh.text).toBe('under way one\n')
    expect(fresh.head?.rev).toBe(2)
    expect(fresh.apply(peer.insert(0, 'and on '), CLAUDE)).toBe(true)
    await fresh.live.flushed()
    expect(await textOf(files, 'a.ts')).toBe('and on under way one\n')
  })

  test('[SYNC-3] what gathers in many of them while storage fails is named at the end, of each', async () => {
    const storage = new FailingStorage()
    const { files, queue, clock } = openStore(storage)
    const paths = ['a.ts', 'b.ts', 'c.ts']
    for (const path of paths) await write(files, path, 'one\n')
    const documents = await Promise.all(paths.map((path) => files.open(at(path))))
    await clock.advance(10)
    storage.fail()
    for (const document of documents) {
      document.apply(new Replica(document).insert(0, 'two\n'), CLAUDE)
      await turn()
    }
    void files.close()
    const closing = queue.close({ deadline: 1000 })
    await clock.advance(1000)
    expect(lostOf(await closing, files.heads()).documents).toEqual(paths)
  })
})
