import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Conflict } from '../../../protocol/conflicts.js'
import { contentHash } from '../../../protocol/ids.js'
import { applyEdits } from '../../../protocol/text/edits.js'
import type { FileStore } from '../../../server/documents/file-store.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { diskFull, FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import {
  asBytes,
  blobOf,
  asText,
  at,
  CLAUDE,
  CODEX,
  newWriteId,
  openStore,
  outcomeOf,
  remove,
  Replica,
  textOf,
  write,
  writing,
} from './harness.js'

const hashOf = (text: string) => contentHash.parse(createHash('sha256').update(text).digest('hex'))

/** What stands where a conflict points now. */
function textAt(conflict: Conflict, doc: Y.Doc): string {
  if (conflict.reason !== 'overlap') throw new Error('only an overlap has a range')
  const offset = (position: unknown): number =>
    Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), doc)?.index ?? -1
  return doc.getText('content').toJSON().slice(offset(conflict.range.start), offset(conflict.range.end))
}

describe('whole-file writes', () => {
  test('[WRITE-1] a base that is no longer the head is merged, whatever happened since', async () => {
    const { files } = openStore()
    const first = await write(files, 'a.ts', 'one\ntwo\nthree\n')
    await write(files, 'a.ts', 'ONE\ntwo\nthree\n', first.head, CODEX)
    const merged = await write(files, 'a.ts', 'one\ntwo\nTHREE\n', first.head)
    expect(merged).toMatchObject({ outcome: 'merged', applied: 1, held: 0, head: { rev: 3 } })
    expect(await textOf(files, 'a.ts')).toBe('ONE\ntwo\nTHREE\n')
    expect(applyEdits('one\ntwo\nTHREE\n', merged.edits ?? [])).toBe('ONE\ntwo\nTHREE\n') // [WRITE-6]
  })

  test('[WRITE-1] an old base is found while live edits go on, loaded or not', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\ntwo\nthree\n')
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    for (let n = 0; n < 5; n++) {
      document.apply(peer.insert(0, `live ${n}\n`), CODEX)
      await document.live.flushed()
    }
    document.apply(peer.insert(0, 'not yet committed\n'), CODEX)
    const merged = await write(files, 'a.ts', 'one\ntwo\nTHREE\n', head)
    expect(merged.outcome).toBe('merged')
    expect(document.text).toBe('not yet committed\nlive 4\nlive 3\nlive 2\nlive 1\nlive 0\none\ntwo\nTHREE\n')
    const again = openStore(storage).files
    const later = await write(again, 'a.ts', 'one\nTWO\nthree\n', head)
    expect(later.outcome).toBe('merged')
    expect(await textOf(again, 'a.ts')).toMatch(/^not yet committed\n[^]*one\nTWO\nTHREE\n$/)
  })

  test('[WRITE-2] a base that nobody here knows is asked for, and nothing has changed', async () => {
    const { files, commits } = openStore()
    await write(files, 'a.ts', 'one\ntwo\nthree\n')
    const base = { rev: 9, hash: hashOf('one\ntwo\n') }
    const command = writing('a.ts', 'one\ntwo\nmine\n', base)
    expect(await files.write(command, CLAUDE)).toEqual({ outcome: 'need-base' })
    expect(commits).toHaveLength(1)
    const repeated = outcomeOf(await files.write({ ...command, base: { ...base, text: 'one\ntwo\n' } }, CLAUDE))
    expect(repeated.outcome).toBe('merged')
    expect(await textOf(files, 'a.ts')).toBe('one\ntwo\nthree\nmine\n')
  })

  test('[WRITE-2] a base with the right number and another text is not known', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'two\n', head)
    const result = await files.write(writing('a.ts', 'three\n', { rev: 1, hash: hashOf('other\n') }), CLAUDE)
    expect(result.outcome).toBe('need-base')
  })

  test('[WRITE-4] a write repeated after others changed the file returns its first outcome and does nothing', async () => {
    const storage = new FailingStorage()
    const { files, commits } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    const command = writing('a.ts', 'two\n', head)
    const first = outcomeOf(await files.write(command, CLAUDE))
    await write(files, 'a.ts', 'three\n', first.head, CODEX)
    const expected = { ...first, edits: null }
    expect(await files.write(command, CLAUDE)).toEqual(expected)
    expect(await openStore(storage).files.write(command, CLAUDE)).toEqual(expected)
    expect(commits).toHaveLength(3)
    expect(await textOf(files, 'a.ts')).toBe('three\n')
  })

  test('[WRITE-4] so does one that changed nothing: repeated, it raises no conflict that nobody made', async () => {
    const { files } = openStore()
    const one = await write(files, 'a.ts', 'one\n')
    const two = await write(files, 'a.ts', 'two\n', one.head, CODEX)
    const command = writing('a.ts', 'two\n', one.head)
    expect((await files.write(command, CLAUDE)).outcome).toBe('unchanged')
    await write(files, 'a.ts', 'three\n', two.head, CODEX)
    expect((await files.write(command, CLAUDE)).outcome).toBe('unchanged')
    expect(files.openConflicts).toEqual([])
  })

  test('[WRITE-4] twins that are under way at once are one write', async () => {
    const storage = new FailingStorage()
    const { files, commits } = openStore(storage)
    storage.hold()
    const command = writing('a.ts', 'one\n')
    const both = Promise.all([files.write(command, CLAUDE), files.write(command, CLAUDE)])
    await turn()
    const third = files.write(command, CLAUDE)
    storage.releaseAll()
    const [first, second] = await both
    expect(second).toEqual(first)
    expect(await third).toEqual(first)
    expect(commits).toHaveLength(1)
  })

  test('[WRITE-5] the answer comes after the commit, which holds revision, update, conflict and outcome together', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const one = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'two\n', one.head, CODEX)
    await turn()
    storage.hold()
    const command = writing('a.ts', 'uno\n', one.head)
    let answered = false
    const writing2 = files.write(command, CLAUDE).then((result) => {
      answered = true
      return outcomeOf(result)
    })
    await turn()
    expect(answered).toBe(false)
    const rows = storage.tries.at(-1) ?? []
    const tables = new Set(rows.flatMap((row) => ('put' in row ? [row.put[0]] : [])))
    expect([...tables].sort()).toEqual(['conflict', 'event', 'text', 'write', 'write-time'])
    storage.releaseAll()
    const { outcome, conflicts, head } = await writing2
    expect(outcome).toBe('conflict')
    expect(head.rev).toBe(2) // [WRITE-8] nothing of it went in
    expect(files.openConflicts.map(({ id }) => id)).toEqual(conflicts)
  })

  test('[WRITE-8] a committed change raises rev by one; what changes nothing makes no revision and no event', async () => {
    const { files, events, commits } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    const same = await write(files, 'a.ts', 'one\n', head)
    expect(same).toMatchObject({ outcome: 'unchanged', head: { rev: 1 } })
    expect(events.seq).toBe(1)
    const bit = await write(files, 'a.ts', 'one\n', head, CLAUDE, { executable: true })
    expect(bit).toMatchObject({ outcome: 'accepted', head: { rev: 2, executable: true } })
    expect(commits.map((commit) => commit.head.rev)).toEqual([1, 2])
  })

  test('an executable bit that another set is not taken back by a writer who started before', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.sh', 'one\n')
    await write(files, 'a.sh', 'one\n', head, CODEX, { executable: true })
    const { head: after } = await write(files, 'a.sh', 'one\ntwo\n', head)
    expect(after.executable).toBe(true)
  })

  test('[BRIDGE-13] line ends and byte-order mark are the file’s form, not its text', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', asText('one\ntwo\n', { bom: true, eol: 'crlf' }))
    expect(head).toMatchObject({ bom: true, eol: 'crlf', hash: hashOf('\uFEFFone\r\ntwo\r\n'), size: 13 })
    const { head: after } = await write(files, 'a.ts', asText('one\ntwo\n'), head)
    expect(after).toMatchObject({ rev: 2, bom: false, eol: 'lf', hash: hashOf('one\ntwo\n') })
  })

  test('what calls itself text and would not be read as text again is kept as bytes', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'nul.txt', 'a\0b')
    expect(head.kind).toBe('binary')
    const half = await write(files, 'half.txt', 'a\ud800b')
    expect(half.head.hash).toBe(hashOf('a\ufffdb'))
    expect(await textOf(files, 'half.txt')).toBe('a\ufffdb')
  })

  test('[WRITE-2] a version of a file that the server never had is asked for, and with its text made', async () => {
    const { files } = openStore()
    const { hash } = (await write(files, 'other.ts', 'one\n')).head
    const command = writing('a.ts', 'two\n', { rev: 3, hash })
    expect(await files.write(command, CLAUDE)).toEqual({ outcome: 'need-base' })
    expect(files.head(at('a.ts'))).toBeUndefined()
    const given = await files.write({ ...command, base: { rev: 3, hash, text: 'one\n' } }, CLAUDE)
    expect(given).toMatchObject({ outcome: 'accepted', head: { rev: 1 } })
    expect(await textOf(files, 'a.ts')).toBe('two\n')
  })

  test('[WRITE-4] a write id that was used for another write is refused, now and after a restart', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const first = writing('a.ts', 'one\n')
    const others = [
      { ...writing('b.ts', 'one\n'), writeId: first.writeId },
      { ...writing('a.ts', 'two\n'), writeId: first.writeId },
      { ...first, executable: true },
    ]
    const writes = [files.write(first, CLAUDE), ...others.map((other) => files.write(other, CODEX))]
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'rejected', 'rejected'],
    ])
    const { files: again } = openStore(storage)
    for (const other of others) {
      await expect(again.write(other, CODEX)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    }
    expect(again.head(at('b.ts'))).toBeUndefined()
    expect(await again.write(first, CLAUDE)).toMatchObject({ outcome: 'accepted', head: { rev: 1 } })
    expect(again.count).toBe(1)
  })

  test('[WRITE-10] many writes at once wait for room, and none of them leaves a file without content', async () => {
    const { files } = openStore()
    const text = 'x'.repeat(1_000_000)
    await Promise.all(Array.from({ length: 60 }, (_, i) => write(files, `f${i}.txt`, `${i} ${text}`)))
    expect(files.count).toBe(60)
    for (let i = 0; i < 60; i++) expect(await textOf(files, `f${i}.txt`)).toBe(`${i} ${text}`)
  })

  test('[WRITE-9] a file that is still the deleter’s base is deleted, and its head stays as a fact', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    const gone = await remove(files, 'a.ts', head)
    expect(gone).toMatchObject({ outcome: 'accepted', head: { deleted: true, rev: 2, size: 0 } })
    expect(await files.read(head.id)).toBeUndefined()
    expect(openStore(storage).files.head(at('a.ts'))).toEqual(gone.head)
    const again = await remove(files, 'a.ts', gone.head)
    expect(again.outcome).toBe('unchanged')
    const { rev, hash } = head
    const elsewhere = { writeId: newWriteId(), path: at('b.ts'), base: { rev, hash } }
    await expect(files.delete(elsewhere, CLAUDE)).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    })
  })

  test('[WRITE-9] of a file that changed since, the change stays, and a record tells of the deletion', async () => {
    const { files, commits } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'two\n', head, CODEX)
    const held = await remove(files, 'a.ts', head)
    expect(held).toMatchObject({ outcome: 'conflict', applied: 0, held: 1, head: { deleted: false, rev: 2 } })
    expect(files.openConflicts).toMatchObject([
      { reason: 'delete', theirs: null, authors: { ours: CODEX, theirs: CLAUDE }, first: 'ours', baseRev: 1, rev: 2 },
    ])
    expect(commits.at(-1)).toMatchObject({ revised: false, edits: null })
  })

  test('[CONFLICT-5] an edit of a file that was deleted meanwhile brings it back; the deletion is on record', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await remove(files, 'a.ts', head, CODEX)
    const back = await write(files, 'a.ts', 'two\n', head)
    expect(back).toMatchObject({ outcome: 'conflict', head: { deleted: false, rev: 3 } })
    expect(files.openConflicts).toMatchObject([
      { reason: 'delete', authors: { ours: CLAUDE, theirs: CODEX }, first: 'theirs' },
    ])
    expect(await textOf(files, 'a.ts')).toBe('two\n')
  })

  test('a write that changes nothing leaves a deleted file deleted', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await remove(files, 'a.ts', head, CODEX)
    expect((await write(files, 'a.ts', 'one\n', head)).outcome).toBe('unchanged')
    expect(files.head(at('a.ts'))?.deleted).toBe(true)
  })

  test('a conflict over bytes that leaves the head as it is makes no revision', async () => {
    const { files, commits } = openStore()
    const { head } = await write(files, 'a.bin', asBytes(0, 1), null, CODEX)
    const twice = await write(files, 'a.bin', asBytes(0, 2), null, CLAUDE)
    expect(twice).toMatchObject({ outcome: 'conflict', applied: 0, held: 1, head })
    expect(commits.filter(({ revised }) => revised)).toHaveLength(1)
    const two = await write(files, 'a.bin', asBytes(0, 3), head, CODEX)
    const stale = await remove(files, 'a.bin', head)
    expect(stale).toMatchObject({ outcome: 'conflict', head: two.head })
    expect(files.openConflicts.map(({ reason }) => reason)).toEqual(['create', 'delete'])
  })

  test('[CONFLICT-7] bytes that both changed: the last is the head, the other is held whole', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.bin', asBytes(0, 1))
    await write(files, 'a.bin', asBytes(0, 2), head, CODEX)
    const last = await write(files, 'a.bin', asBytes(0, 3), head)
    expect(last).toMatchObject({ outcome: 'conflict', head: { rev: 3 } })
    expect((await files.read(head.id))?.content).toEqual({ kind: 'binary', bytes: new Uint8Array([0, 3]) })
    expect(files.openConflicts).toMatchObject([
      { reason: 'binary', theirs: blobOf(0, 2), authors: { ours: CLAUDE, theirs: CODEX }, first: 'theirs' },
    ])
  })

  test('bytes written while a live edit is under way: no revision number is given twice, nothing is lost', async () => {
    const storage = new FailingStorage()
    const { files, commits } = openStore(storage)
    const { head } = await write(files, 'a.dat', 'one\n')
    const document = await files.open(at('a.dat'))
    await document.live.flushed()
    storage.hold()
    document.apply(new Replica(document).insert(0, 'live '), CODEX)
    await turn()
    document.apply(new Replica(document).insert(0, 'later '), CODEX)
    const bytes = write(files, 'a.dat', asBytes(0, 1), head)
    await turn()
    storage.releaseAll()
    expect(await bytes).toMatchObject({ outcome: 'conflict', head: { rev: 4, kind: 'binary' } })
    expect(commits.map((commit) => commit.head.rev)).toEqual([1, 2, 3, 4])
    expect(files.openConflicts).toMatchObject([{ reason: 'binary', theirs: asText('later live one\n') }])
  })
})

describe('conflict records', () => {
  test('[CONFLICT-4] the range points to the incumbent’s text, also after edits around it and after a restart', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const one = await write(files, 'a.ts', 'a\nb\nc\nd\ne\nf\ng\nh\ni\n')
    await write(files, 'a.ts', 'a\nb\nC incumbent\nd\ne\nf\ng\nh\ni\n', one.head, CODEX)
    const held = await write(files, 'a.ts', 'a\nb\nC writer\nd\ne\nf\ng\nh\nI\n', one.head)
    expect(held).toMatchObject({ outcome: 'conflict', applied: 1, held: 1 })
    const [conflict] = files.openConflicts
    if (conflict === undefined) throw new Error('a record is expected')
    expect(conflict).toMatchObject({
      reason: 'overlap',
      base: 'c\n',
      ours: 'C incumbent\n',
      theirs: 'C writer\n',
      authors: { ours: CODEX, theirs: CLAUDE },
      path: 'a.ts',
      baseRev: 1,
      rev: 3,
    })
    const document = await files.open(at('a.ts'))
    expect(textAt(conflict, document.live.doc)).toBe('C incumbent\n')
    const peer = new Replica(document)
    document.apply(peer.insert(0, 'new first line\n'), CODEX)
    document.apply(peer.insert(peer.text.toJSON().indexOf('d\n'), 'between\n'), CODEX)
    await document.live.flushed()
    expect(textAt(conflict, document.live.doc)).toBe('C incumbent\n')
    const again = openStore(storage)
    const [stored] = again.files.openConflicts
    expect(stored).toEqual(JSON.parse(JSON.stringify(conflict)))
    const reloaded = await again.files.open(at('a.ts'))
    if (stored !== undefined) expect(textAt(stored, reloaded.live.doc)).toBe('C incumbent\n')
  })

  test('[CONFLICT-3] no marker ever stands in the text', async () => {
    const { files } = openStore()
    const one = await write(files, 'a.ts', 'a\n')
    await write(files, 'a.ts', 'b\n', one.head, CODEX)
    await write(files, 'a.ts', 'c\n', one.head)
    expect(await textOf(files, 'a.ts')).toBe('b\n')
  })
})

describe('order and restarts', () => {
  test('[MSG-7] commits are heard of in the order of seq, of open and of closed files alike, without a gap', async () => {
    const { files, commits, events } = openStore()
    for (let n = 0; n < 6; n++) await write(files, `${n}.ts`, `${n}\n`)
    const documents = await Promise.all([0, 2, 4].map((n) => files.open(at(`${n}.ts`))))
    const work: Promise<unknown>[] = []
    for (let round = 0; round < 30; round++) {
      const path = `${round % 8}.ts`
      const document = documents[round % 3]
      if (round % 4 === 0) document?.apply(new Replica(document).insert(0, `${round} `), CODEX)
      work.push(write(files, path, `${round}\n`, files.head(at(path)) ?? null))
      if (round % 5 === 0) work.push(write(files, `${round}.bin`, asBytes(0, round)))
      if (round % 7 === 0) await turn()
    }
    await Promise.all(work)
    for (const document of documents) await document.live.flushed()
    const seqs = commits.flatMap((commit) => commit.events.map(({ seq }) => seq))
    expect(seqs).toEqual(Array.from({ length: events.seq }, (_, n) => n + 1))
    const heads = commits.filter(({ revised }) => revised).map(({ head }) => head.seq)
    expect(heads).toEqual([...heads].sort((a, b) => a - b))
  })

  test('a restart gives the same heads, texts, conflicts and revisions', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const one = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'two\n', one.head, CODEX)
    await write(files, 'a.ts', 'three\n', one.head)
    await write(files, 'b.bin', asBytes(0, 1))
    await remove(files, 'b.bin', outcomeOf(await files.write(writing('b.bin', asBytes(0, 1)), CLAUDE)).head)
    const again = openStore(storage)
    const sorted = (store: FileStore) => [...store.heads()].sort((a, b) => a.path.localeCompare(b.path))
    expect(sorted(again.files)).toEqual(sorted(files))
    expect(again.files.count).toBe(1)
    expect(await textOf(again.files, 'a.ts')).toBe('two\n')
    expect(again.files.conflictCount).toBe(1)
    expect(again.events.seq).toBe(openStore(storage).events.seq)
  })
})

describe('a storage that fails', () => {
  test('[WRITE-10] a write is refused while it does, has had no effect, and may be repeated with the same id', async () => {
    const storage = new FailingStorage()
    const { files, clock, queue } = openStore(storage)
    await write(files, 'a.ts', 'one\n')
    storage.fail(diskFull())
    const underWay = writing('b.ts', 'taken before anyone knew\n')
    const first = files.write(underWay, CLAUDE)
    await clock.advance(1_000)
    expect(queue.state).not.toBe('ok')
    const refused = writing('c.ts', 'refused\n')
    await expect(files.write(refused, CLAUDE)).rejects.toMatchObject({ code: 'E_STORAGE_FULL', retry: true })
    expect(files.head(at('c.ts'))).toBeUndefined()
    storage.heal()
    await clock.advance(10_000)
    expect((await first).outcome).toBe('accepted')
    expect((await files.write(refused, CLAUDE)).outcome).toBe('accepted')
    expect(await textOf(files, 'b.ts')).toBe('taken before anyone knew\n')
    expect(await textOf(openStore(storage).files, 'c.ts')).toBe('refused\n')
  })

  test('[SYNC-3] an answer of the disk that was lost repeats the commit, and doubles nothing', async () => {
    const storage = new FailingStorage()
    const { files, clock, commits } = openStore(storage)
    storage.loseAnswerOnce()
    const first = write(files, 'a.ts', 'one\n')
    await clock.advance(1_000)
    await first
    expect(commits).toHaveLength(1)
    expect(await textOf(openStore(storage).files, 'a.ts')).toBe('one\n')
  })
})

test('[WRITE-4] outcomes are kept for a week, and then forgotten little by little', async () => {
  const storage = new FailingStorage()
  const { files, clock } = openStore(storage)
  const old = writing('a.ts', 'one\n')
  await files.write(old, CLAUDE)
  await clock.advance(6 * 24 * 3600 * 1000)
  for (let n = 0; n < 600; n++) await write(files, `${n}.ts`, `${n}\n`)
  expect(storage.get(['write', old.writeId])).toBeDefined()
  await clock.advance(2 * 24 * 3600 * 1000)
  for (let n = 0; n < 600; n++) await write(files, `more/${n}.ts`, `${n}\n`)
  expect(storage.get(['write', old.writeId])).toBeUndefined()
  const times = [...storage.range(rowsUnder(['write-time']))].length
  expect([...storage.range(rowsUnder(['write']))]).toHaveLength(times)
})

test('the tree document follows what is made and deleted, and catches up after a crash between the two', async () => {
  const storage = new FailingStorage()
  const { files } = openStore(storage)
  const tree = (store: FileStore) => Object.keys(store.tree.live.doc.getMap('tree').toJSON()).sort()
  const { head } = await write(files, 'a.ts', 'one\n')
  await write(files, 'b/c.bin', asBytes(0))
  await turn()
  await files.tree.live.flushed()
  expect(tree(files)).toEqual(['a.ts', 'b/c.bin'])
  expect(files.tree.live.doc.getMap('tree').get('b/c.bin')).toMatchObject({ kind: 'binary', executable: false })
  await remove(files, 'a.ts', head)
  await turn()
  expect(tree(files)).toEqual(['b/c.bin'])
  const crashed = new FailingStorage()
  const before = openStore(crashed)
  await write(before.files, 'a.ts', 'one\n')
  // No turn has passed: the tree's own commit is not there yet.
  expect(tree(openStore(crashed).files)).toEqual(['a.ts'])
})
