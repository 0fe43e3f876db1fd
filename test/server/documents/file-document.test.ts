import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { EPOCH_ROOT } from '../../../protocol/document.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import { MAX_TEXT_BYTES } from '../../../protocol/text/encoding.js'
import type { FileDocument } from '../../../server/documents/file-document.js'
import { hashOf } from '../../../server/documents/content.js'
import { FileJournal } from '../../../server/documents/file-journal.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import { asBytes, at, by, CLAUDE, CODEX, openStore, remove, Replica, textOf, write } from './harness.js'

const PEER = by('PEER')

/** What a fresh peer gets when it joins. */
const joined = (document: FileDocument): Y.Doc => new Replica(document).doc
const firstClients = (document: FileDocument): number[] => [
  ...Y.decodeStateVector(Y.encodeStateVector(document.live.doc)).keys(),
]

describe('the document of a file', () => {
  test('[DOC-4] its first struct is its epoch’s, in an empty file too, and the map says whose', async () => {
    for (const text of ['one\ntwo\n', '']) {
      const { files } = openStore()
      await write(files, 'a.ts', text)
      const document = await files.open(at('a.ts'))
      const { epoch } = document
      expect(epoch).not.toBeNull()
      expect(firstClients(document)).toEqual([epoch])
      expect(joined(document).getMap(EPOCH_ROOT).get('client')).toBe(epoch)
      expect(joined(document).getText('content').toJSON()).toBe(text)
    }
  })

  test('[SYNC-2] it is seeded once: after a restart it is the same history, not the same text again', async () => {
    const storage = new FailingStorage()
    const first = openStore(storage)
    await write(first.files, 'a.ts', 'one\ntwo\nthree\n')
    const document = await first.files.open(at('a.ts'))
    await document.live.flushed()
    const peer = new Replica(document)
    const again = openStore(storage)
    const reloaded = await again.files.open(at('a.ts'))
    expect(reloaded.epoch).toBe(document.epoch)
    Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(reloaded.live.doc))
    expect(peer.text.toJSON()).toBe('one\ntwo\nthree\n')
  })

  test('[SYNC-14] a live edit is one revision with its author and the text that it removed and added, in one commit', async () => {
    const storage = new FailingStorage()
    const { files, commits } = openStore(storage)
    await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    document.apply(
      peer.edit((text) => {
        text.delete(0, 3)
        text.insert(0, 'ONE')
      }),
      CODEX,
    )
    await document.live.flushed()
    const tables = storage.tries.at(-1)?.flatMap((row) => ('put' in row ? [row.put[0]] : []))
    expect(tables?.sort()).toEqual(['event', 'file', 'revision', 'step', 'update'])
    expect(document.entry(2)).toMatchObject({ rev: 2, author: CODEX, change: 'modified' })
    expect(document.textAt(1)).toBe('one\n')
    expect(document.textAt(2)).toBe('ONE\n')
    expect(commits.at(-1)).toMatchObject({
      revised: true,
      head: { rev: 2, author: CODEX },
      edits: [{ at: 0, removed: 'one', added: 'ONE' }],
    })
    expect(await textOf(files, 'a.ts')).toBe('ONE\n')
  })

  test('what two authors do in one turn is two revisions', async () => {
    const { files, commits } = openStore()
    await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    document.apply(new Replica(document).insert(0, 'A'), CLAUDE)
    document.apply(new Replica(document).insert(0, 'B'), CODEX)
    await document.live.flushed()
    expect(commits.map(({ head }) => [head.rev, head.author])).toEqual([
      [1, CLAUDE],
      [2, CLAUDE],
      [3, CODEX],
    ])
  })

  test('an edit that is taken back in its own turn is no revision', async () => {
    const { files, commits } = openStore()
    await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    document.apply(peer.insert(0, 'x'), CLAUDE)
    document.apply(
      peer.edit((text) => {
        text.delete(0, 1)
      }),
      CLAUDE,
    )
    await document.live.flushed()
    expect(commits).toHaveLength(1)
    expect(document.head?.rev).toBe(1)
  })

  test('[DOC-6] a path that never was a file becomes one with its first change, and not before', async () => {
    const storage = new FailingStorage()
    const { files, commits } = openStore(storage)
    const document = await files.open(at('new.ts'))
    expect(document.head).toBeNull()
    expect(document.epoch).toBeNull()
    expect(files.head(at('new.ts'))).toBeUndefined()
    document.apply(new Replica().insert(0, 'born\n'), PEER)
    await document.live.flushed()
    expect(commits).toHaveLength(1)
    expect(commits[0]).toMatchObject({ head: { path: 'new.ts', rev: 1, author: 'PEER', deleted: false } })
    expect(document.epoch).not.toBeNull()
    const again = openStore(storage)
    expect(await textOf(again.files, 'new.ts')).toBe('born\n')
    expect((await again.files.open(at('new.ts'))).epoch).toBe(document.epoch)
  })

  test('[DOC-6] one that nobody changed leaves nothing', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const document = await files.open(at('new.ts'))
    files.release(document)
    expect(files.openDocuments).toBe(0)
    await turn()
    expect(storage.tries).toEqual([])
  })

  test('a write to a path that peers have open before it is a file lands in their document', async () => {
    const { files } = openStore()
    const document = await files.open(at('new.ts'))
    const { head } = await write(files, 'new.ts', 'written\n')
    expect(joined(document).getText('content').toJSON()).toBe('written\n')
    expect(document.id).toBe(head.id)
    expect(document.head?.rev).toBe(1)
  })

  test('bytes written to such a path end that document: there is one file of one path', async () => {
    const { files } = openStore()
    const document = await files.open(at('new.bin'))
    const reasons: string[] = []
    document.live.onExpelled(({ code }) => reasons.push(code))
    await write(files, 'new.bin', asBytes(1, 0, 2))
    expect(reasons).toEqual(['E_NOT_TEXT'])
    expect(() => document.apply(new Replica().insert(0, 'late'), PEER)).toThrow()
    expect([...files.heads()]).toHaveLength(1)
    expect(files.count).toBe(1)
  })

  test.each([
    ['an embed', (text: Y.Text) => text.insertEmbed(1, { image: 'x' })],
    ['a type', (text: Y.Text) => text.insertEmbed(1, new Y.Map())],
    ['a NUL', (text: Y.Text) => text.insert(1, '\0')],
    [
      'an array’s members',
      (_: Y.Text, doc: Y.Doc) => {
        // A peer that takes the root for an array: Yjs lets it, and its members count as characters.
        const other = new Y.Doc()
        Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
        other.getArray('content').insert(0, [1, 2, 3])
        Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
      },
    ],
  ])('[DOC-3] %s is taken out of the text in the same turn', async (_, put) => {
    const { files, commits } = openStore()
    await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    peer.text.insert(0, 'X')
    put(peer.text, peer.doc)
    document.apply(Y.encodeStateAsUpdate(peer.doc), CLAUDE)
    await document.live.flushed()
    expect(document.text).toBe('Xone\n')
    expect(document.live.doc.getText('content').length).toBe('Xone\n'.length)
    const last = commits.at(-1)
    expect(last?.head.rev).toBe(2)
    expect(applyEdits('one\n', last?.edits ?? [])).toBe('Xone\n')
    Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(document.live.doc))
    expect(peer.text.toJSON()).toBe('Xone\n')
    // Offsets still mean characters: a write lands where it should.
    await write(files, 'a.ts', 'Xone\ntwo\n', document.head)
    expect(document.live.doc.getText('content').toJSON()).toBe('Xone\ntwo\n')
  })

  test.each([
    ['the first half of a character is deleted', (text: Y.Text) => text.delete(1, 1)],
    ['its second half is deleted, the last of the text', (text: Y.Text) => text.delete(4, 1)],
    ['something is put into the middle of it', (text: Y.Text) => text.insert(2, 'x')],
    ['its first half is made bold', (text: Y.Text) => text.format(1, 1, { bold: true })],
    [
      'something is put into the middle of it, and taken out again',
      (text: Y.Text) => {
        text.insert(2, 'x')
        text.delete(2, 1)
      },
    ],
  ])('[DOC-3] the text stays what Yjs makes of it where %s', async (_, split) => {
    const { files, commits } = openStore()
    await write(files, 'a.ts', 'a🙂🙂')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    split(peer.text)
    document.apply(Y.encodeStateAsUpdate(peer.doc), CLAUDE)
    await document.live.flushed()
    expect(document.text).toBe(document.live.doc.getText('content').toJSON())
    expect(applyEdits('a🙂🙂', commits.at(-1)?.edits ?? [])).toBe(document.text)
  })

  test('[BRIDGE-1] a write beside the sign for a broken character becomes the head as it is, and the revision tells it', async () => {
    const { files, commits } = openStore()
    const first = await write(files, 'a.ts', 'a\uFFFDb\uFFFD\n')
    const { head } = await write(files, 'a.ts', 'a new\uFFFDb\n', first.head)
    expect(await textOf(files, 'a.ts')).toBe('a new\uFFFDb\n')
    expect(head).toMatchObject({ rev: 2, hash: hashOf(Buffer.from('a new\uFFFDb\n')) })
    expect(applyEdits('a\uFFFDb\uFFFD\n', commits.at(-1)?.edits ?? [])).toBe('a new\uFFFDb\n')
  })

  test('[SYNC-7] a text does not grow over what is still text on disk', async () => {
    const { files } = openStore()
    await write(files, 'a.ts', 'x'.repeat(MAX_TEXT_BYTES - 10))
    const document = await files.open(at('a.ts'))
    const update = new Replica(document).insert(0, 'more than ten letters')
    expect(() => document.apply(update, CLAUDE)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }))
    expect(document.text.length).toBe(MAX_TEXT_BYTES - 10)
  })

  test('[DOC-9] a path that is deleted and made again goes on in its document, which follows both', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    const gone = await remove(files, 'a.ts', head)
    expect(gone.head).toMatchObject({ deleted: true, rev: 2 })
    expect(files.count).toBe(0)
    const back = await write(files, 'a.ts', 'two\n')
    expect(back.head).toMatchObject({ id: head.id, rev: 3, deleted: false })
    Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(document.live.doc))
    expect(peer.text.toJSON()).toBe('two\n')
    expect(await files.open(at('a.ts'))).toBe(document)
  })

  test('[DOC-9] a deletion empties the live document, and whoever opens it later finds nothing of the old text', async () => {
    const { files, clock } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    document.live.onUpdate((update) => Y.applyUpdate(peer.doc, update))
    await remove(files, 'a.ts', head)
    expect(peer.text.toJSON()).toBe('')
    await clock.advance(2_000)
    document.apply(new Replica(document).insert(0, 'new\n'), CODEX)
    await document.live.flushed()
    expect(files.head(at('a.ts'))).toMatchObject({ rev: 3, deleted: false, author: CODEX })
    expect(document.entry(3)?.change).toBe('created')
    expect(document.text).toBe('new\n')
    expect(await files.conflicts.list({})).toEqual([])
    expect([1, 2, 3].map((rev) => document.textAt(rev))).toEqual(['one\n', '', 'new\n'])
  })

  test('[CONFLICT-5] an edit that did not know of the deletion brings the file back, with what was around it', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\nthree\n', null, CLAUDE)
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    const seen = document.steps
    await remove(files, 'a.ts', head, CLAUDE)
    const update = peer.edit((text) => {
      text.insert(4, 'two\n')
      text.delete(0, 1)
      text.insert(0, 'O')
    })
    document.apply(update, CODEX, peer.seeing(seen))
    await document.live.flushed()
    expect(document.text).toBe('One\ntwo\nthree\n')
    expect(files.head(at('a.ts'))).toMatchObject({ rev: 3, deleted: false, author: CODEX })
    expect(await files.conflicts.list({})).toMatchObject([
      { reason: 'delete', theirs: null, baseRev: 1, rev: 3, authors: { ours: CODEX, theirs: CLAUDE }, writeId: null },
    ])
    Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(document.live.doc))
    expect(peer.text.toJSON()).toBe(document.text)
    // Once it is back, it is a file as any other.
    await write(files, 'a.ts', 'four\n', document.head)
    document.apply(peer.insert(0, 'zero\n'), CODEX)
    expect(document.text).toContain('zero\n')
    expect(document.text).not.toContain('three')
  })

  test.each([
    ['before it heard of that', (peer: Replica, seen: number) => peer.seeing(seen), 'one\ntwo\n'],
    ['when it comes back', (peer: Replica) => peer.returning(), 'one\ntwo\n'],
    ['after it has heard', (peer: Replica, seen: number) => peer.seeing(seen + 1), 'two\n'],
  ])('[CONFLICT-5] a line added at the end of a deleted file %s', async (_, sender, text) => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    const seen = document.steps
    await remove(files, 'a.ts', head)
    const back = sender(peer, seen)
    document.apply(peer.insert(4, 'two\n'), CODEX, back)
    await document.live.flushed()
    expect(document.text).toBe(text)
  })

  test('[CONFLICT-5] a write upon what was deleted is merged with what was deleted', async () => {
    const { files } = openStore()
    const one = await write(files, 'a.ts', 'one\ntwo\nthree\n')
    const two = await write(files, 'a.ts', 'ONE\ntwo\nthree\n', one.head)
    await remove(files, 'a.ts', two.head)
    const back = await write(files, 'a.ts', 'one\ntwo\nTHREE\n', one.head, CODEX)
    expect(back).toMatchObject({ outcome: 'conflict', head: { deleted: false } })
    expect(await textOf(files, 'a.ts')).toBe('ONE\ntwo\nTHREE\n')
    expect(await files.conflicts.list({})).toMatchObject([{ reason: 'delete' }])
  })

  test('a peer’s edit of a deleted file of bytes makes it a file of text, and what it holds is kept', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.dat', asBytes(0, 1))
    await remove(files, 'a.dat', head)
    const document = await files.open(at('a.dat'))
    document.apply(new Replica(document).insert(0, 'text\n'), CODEX)
    await document.live.flushed()
    expect(files.head(at('a.dat'))).toMatchObject({ rev: 3, kind: 'text', deleted: false })
    expect(await textOf(openStore(storage).files, 'a.dat')).toBe('text\n')
  })

  test('text, then bytes, then text: one history, and nobody is left in the document of a binary file', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const one = await write(files, 'a.dat', 'text\n')
    const document = await files.open(at('a.dat'))
    document.apply(new Replica(document).insert(0, 'more '), CODEX)
    await document.live.flushed()
    const left: string[] = []
    document.live.onExpelled(({ code }) => left.push(code))
    const two = await write(files, 'a.dat', asBytes(0, 1), document.head)
    expect(left).toEqual(['E_NOT_TEXT'])
    await expect(files.open(at('a.dat'))).rejects.toMatchObject({ code: 'E_NOT_TEXT' }) // [DOC-8]
    const three = await write(files, 'a.dat', 'text again\n', two.head)
    expect(three.head).toMatchObject({ id: one.head.id, rev: 4, kind: 'text' })
    const again = await openStore(storage).files.open(at('a.dat'))
    expect(again.text).toBe('text again\n')
    expect(again.epoch).toBe(document.epoch)
    expect(again.textAt(4)).toBe('text again\n')
    const journal = new FileJournal(storage)
    expect([1, 2, 3, 4].map((rev) => journal.text(one.head.id, rev))).toEqual([
      ...['text\n', 'more text\n', undefined, 'text again\n'],
    ])
  })

  test('the text is stored whole now and then, so that nobody replays a long journal', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', '')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    for (let n = 0; n < 450; n++) {
      document.apply(peer.insert(peer.text.length, 'x'), CLAUDE)
      await document.live.flushed()
    }
    const stored = storage.get(['text', head.id]) as { rev: number; text: string }
    expect(stored.rev).toBeGreaterThan(300)
    expect(new FileJournal(storage).text(head.id, 451)).toBe('x'.repeat(450))
    expect(new FileJournal(storage).text(head.id, 17)).toBe('x'.repeat(16))
  })

  test('[SYNC-16] a peer that has confirmed nothing of very much is told to come anew, one that knows it all is not', async () => {
    const { files } = openStore()
    await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const [many, late] = [new Replica(document), new Replica(document)]
    const seen = document.steps
    for (let i = 0; i < 20; i++) {
      const update = many.edit((text) => {
        text.delete(0, text.length)
        text.insert(0, String(i % 10).repeat(2_000_000))
      })
      document.apply(update, CODEX, many.seeing(seen)) // it confirms nothing either, but all of it is its own
      await document.live.flushed()
    }
    const update = late.edit((text) => {
      text.insert(0, 'late')
    })
    expect(() => document.apply(update, CLAUDE, late.seeing(seen))).toThrow(
      expect.objectContaining({ code: 'E_SLOW_READER', retry: true }),
    )
    expect(document.text.startsWith('9')).toBe(true)
    expect(document.apply(update, CLAUDE, late.seeing(document.steps))).toBe(true)
  })

  test('[SYNC-16] nor does one that joined and never confirms it go on for ever: its answer is taken, however much that is', async () => {
    const { files } = openStore()
    await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const [other, silent] = [new Replica(document), new Replica(document)]
    const joined = document.steps
    for (let n = 0; n < 10_001; n++) document.apply(other.insert(0, 'x'), CODEX, other.seeing(document.steps))
    await document.live.flushed()
    const answer = silent.insert(4, 'answer\n')
    const after = silent.insert(11, 'after\n')
    expect(document.apply(answer, CLAUDE, silent.returning())).toBe(true)
    expect(() => document.apply(after, CLAUDE, silent.returning(null, joined))).toThrow(
      expect.objectContaining({ code: 'E_SLOW_READER', retry: true }),
    )
    expect(document.apply(after, CLAUDE, silent.returning(null, document.steps))).toBe(true)
    await document.live.flushed()
    expect(document.text.endsWith('one\nanswer\nafter\n')).toBe(true)
  })
})
