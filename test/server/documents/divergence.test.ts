import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { FileId } from '../../../protocol/ids.js'
import type { Divergence } from '../../../server/documents/divergence.js'
import { diff } from '../../../protocol/text/diff.js'
import { decideWrite } from '../../../server/documents/decide-write.js'
import type { DecideAside } from '../../../server/documents/write-decider.js'
import { hashOf } from '../../../server/documents/content.js'
import { LiveDocument } from '../../../server/documents/live-document.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import { asText, at, CLAUDE, CODEX, newWriteId, openStore, textOf, write, type Opened } from './harness.js'

const PATH = at('a.ts')
const hash = (text: string) => hashOf(Buffer.from(text))

/** The document of a file in which an edit is stored that is in no revision. */
async function damaged(later: string | null = null): Promise<FailingStorage> {
  const storage = new FailingStorage()
  const { files, queue } = openStore(storage)
  const { head } = await write(files, 'a.ts', 'one\n')
  if (later !== null) await write(files, 'a.ts', later, head)
  const document = await files.open(PATH)
  const typed = new Y.Doc()
  Y.applyUpdate(typed, Y.encodeStateAsUpdate(document.live.doc))
  typed.getText('content').insert(0, 'two\n')
  files.release(document)
  await files.close()
  await strangeEdit(storage, queue, head.id, Y.encodeStateAsUpdate(typed))
  return storage
}

async function strangeEdit(
  storage: FailingStorage,
  queue: Opened['queue'],
  id: FileId,
  update: Uint8Array,
): Promise<void> {
  const live = new LiveDocument({ storage, queue, id, serverClient: 9, defer: (run) => void setImmediate(run) })
  live.apply(update, CODEX)
  await live.flushed()
  live.destroy()
}

describe('[SYNC-2] a document that is loaded and differs from its head', () => {
  test('is told with both hashes, and the head follows it, as a revision: once', async () => {
    const storage = await damaged()
    const found: Divergence[] = []
    const { files, commits } = openStore(storage, { onDivergence: (one) => found.push(one) })
    expect(files.head(PATH)?.hash).toBe(hash('one\n'))
    const document = await files.open(PATH)
    expect(found).toEqual([{ path: PATH, rev: 1, headHash: hash('one\n'), documentHash: hash('two\none\n') }])
    await document.live.flushed()
    await turn()
    expect(files.head(PATH)).toMatchObject({ rev: 2, hash: hash('two\none\n'), author: 'DISK' })
    expect(commits).toMatchObject([{ head: { rev: 2 }, edits: [{ at: 0, removed: '', added: 'two\n' }] }])
    expect([document.textAt(1), document.text]).toEqual(['one\n', 'two\none\n'])
    files.release(document)
    await files.close()
    const again = openStore(storage)
    expect(await textOf(again.files, 'a.ts')).toBe('two\none\n')
    again.files.release(await again.files.open(PATH))
  })

  test('takes a write that was merged with the head elsewhere: the file is as was decided, and the document’s text a revision before it', async () => {
    const storage = await damaged('one\n\nend\n')
    const decideAside: DecideAside = ({ head, base, written, rules }) =>
      Promise.resolve({ ...decideWrite(head, base, written, rules), fromHead: diff('one\n\nend\n', 'ONE\n\nend\n') })
    const { files } = openStore(storage, { onDivergence: () => undefined, decideAside })
    const base = { rev: 1, hash: hash('one\n') }
    await files.write({ writeId: newWriteId(), path: PATH, base, content: asText('ONE\n'), executable: false }, CLAUDE)
    const document = await files.open(PATH)
    const texts = [1, 2, 3, 4].map((rev) => document.textAt(rev))
    const written = 'ONE\n\nend\n'
    expect(texts).toEqual(['one\n', 'one\n\nend\n', 'two\none\n\nend\n', written])
    expect(files.head(PATH)).toMatchObject({ rev: 4, hash: hash(written) })
  })

  test('of a deleted file is told, and the file stays deleted', async () => {
    const storage = new FailingStorage()
    const { files, queue } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    files.release(await files.open(PATH))
    await files.delete({ writeId: newWriteId(), path: PATH, base: { rev: head.rev, hash: head.hash } }, CLAUDE)
    await files.close()
    const typed = new Y.Doc()
    typed.getText('content').insert(0, 'back\n')
    await strangeEdit(storage, queue, head.id, Y.encodeStateAsUpdate(typed))
    const found: Divergence[] = []
    const again = openStore(storage, { onDivergence: (one) => found.push(one) })
    const document = await again.files.open(PATH)
    await document.live.flushed()
    expect(found).toMatchObject([{ rev: 2, documentHash: hash('back\n') }])
    expect([again.files.head(PATH)?.rev, again.files.head(PATH)?.deleted]).toEqual([2, true])
  })
})
