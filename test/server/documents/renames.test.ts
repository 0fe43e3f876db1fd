import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { FileHead } from '../../../protocol/files.js'
import type { Author } from '../../../protocol/ids.js'
import { asidePath } from '../../../server/documents/aside.js'
import type { FileStore } from '../../../server/documents/file-store.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import { turn } from '../../support/manual-clock.js'
import {
  asBytes,
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
  type Opened,
} from './harness.js'

async function rename(files: FileStore, head: FileHead, to: string, author: Author = CLAUDE, path = head.path) {
  return outcomeOf(await files.rename({ writeId: newWriteId(), id: head.id, path, to: at(to) }, author))
}

const baseOf = ({ rev, hash, id }: FileHead) => ({ rev, hash, id })

/** Path → text of every file. */
async function tree(files: FileStore): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {}
  for (const { path, deleted } of [...files.heads()]) if (!deleted) found[path] = await textOf(files, path)
  return found
}

function nodes({ files }: Opened): Record<string, string> {
  const found: Record<string, string> = {}
  files.tree.live.doc.getMap<{ id: string }>('tree').forEach(({ id }, path) => {
    found[path] = id
  })
  return found
}

/** As it is after the storage alone. */
async function same(opened: Opened, storage: ReturnType<typeof openMemoryStorage>): Promise<void> {
  await turn()
  await opened.files.tree.live.flushed()
  const again = openStore(storage)
  expect(await tree(again.files)).toEqual(await tree(opened.files))
  expect(nodes(again)).toEqual(nodes(opened))
}

describe('renaming', () => {
  it('[RENAME-1] keeps id, text and history, and is a revision with its author and event', async () => {
    const storage = openMemoryStorage()
    const opened = openStore(storage)
    const { files, commits } = opened
    const { head } = await write(files, 'a.ts', 'one\n')
    const renamed = await rename(files, head, 'dir/b.ts', CODEX)
    expect(renamed).toMatchObject({ outcome: 'accepted', applied: 1, held: 0, conflicts: [], edits: [] })
    expect(renamed.head).toMatchObject({ id: head.id, path: 'dir/b.ts', rev: 2, hash: head.hash, author: CODEX })
    expect(files.head(at('a.ts'))).toBeUndefined()
    expect(commits.at(-1)).toMatchObject({ revised: true, edits: [] })
    expect(commits.at(-1)?.events.map(({ data }) => data)).toMatchObject([
      { file: 'dir/b.ts', renamed_from: 'a.ts', change_type: 'renamed', author: CODEX, lines_added: 0 },
    ])
    await turn()
    expect(nodes(opened)).toEqual({ 'dir/b.ts': head.id })
    const edited = await write(files, 'dir/b.ts', 'one\ntwo\n', renamed.head)
    expect(edited).toMatchObject({ outcome: 'accepted', head: { id: head.id, rev: 3 } })
    await same(opened, storage)
  })

  it('[RENAME-1] is carried out once, also after a restart', async () => {
    const storage = openMemoryStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    const command = { writeId: newWriteId(), id: head.id, path: head.path, to: at('b.ts') }
    const first = await files.rename(command, CLAUDE)
    expect(await openStore(storage).files.rename(command, CLAUDE)).toEqual({ ...first, edits: null })
    expect(await rename(files, outcomeOf(first).head, 'b.ts', CODEX)).toMatchObject({ outcome: 'unchanged' })
  })

  it('[RENAME-1] keeps the document that peers have open, with its epoch, and what they write goes to the renamed file', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    const { epoch } = document
    const peer = new Replica(document)
    const paths: string[] = []
    document.onMoved((path) => paths.push(path))
    await rename(files, head, 'b.ts')
    expect([document.path, document.epoch, paths]).toEqual(['b.ts', epoch, ['b.ts']])
    expect(await files.open(at('b.ts'))).toBe(document)
    document.apply(peer.insert(0, 'zero\n'), CODEX)
    await document.live.flushed()
    expect(await tree(files)).toEqual({ 'b.ts': 'zero\none\n' })
  })

  it('[RENAME-1] keeps open conflicts, which are then those of the new path, and can be decided', async () => {
    const storage = openMemoryStorage()
    const opened = openStore(storage)
    const { files } = opened
    const { head } = await write(files, 'a.ts', 'x\n')
    await write(files, 'a.ts', 'ours\n', head)
    const { conflicts } = await write(files, 'a.ts', 'theirs\n', head, CODEX)
    await rename(files, files.head(at('a.ts'))!, 'b.ts')
    const [conflict] = await files.conflicts.list({ path: at('b.ts') })
    expect(conflict).toMatchObject({ id: conflicts[0], path: 'b.ts', state: 'open' })
    expect(await openStore(storage).files.conflicts.list({})).toMatchObject([{ path: 'b.ts' }])
    const choice = { kind: 'theirs' } as const
    const decided = await files.conflicts.resolve({ id: conflicts[0]!, writeId: newWriteId(), choice }, CLAUDE)
    expect(decided.head.path).toBe('b.ts')
    expect(await tree(files)).toEqual({ 'b.ts': 'theirs\n' })
    expect(await files.conflicts.list({ path: at('b.ts'), state: 'all' })).toHaveLength(1)
  })

  it('[RENAME-1] works for bytes, and for what was never opened', async () => {
    const storage = openMemoryStorage()
    const opened = openStore(storage)
    const { files } = opened
    const bytes = await write(files, 'a.bin', asBytes(0, 1, 255))
    const { head } = await rename(files, bytes.head, 'b.bin')
    expect(await files.read(head.id)).toMatchObject({ content: { kind: 'binary', bytes: Uint8Array.of(0, 1, 255) } })
    const text = await write(files, 'a.ts', 'one\n')
    await rename(files, text.head, 'b.ts')
    expect(files.openDocuments).toBe(0)
    await same(opened, storage)
    expect(await textOf(openStore(storage).files, 'b.ts')).toBe('one\n')
  })

  it('[RENAME-2] of two names the first stays, and the other one is told', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await rename(files, head, 'b.ts')
    const second = await rename(files, head, 'c.ts', CODEX)
    expect(second).toMatchObject({ outcome: 'unchanged', applied: 0, head: { path: 'b.ts', rev: 2 } })
    expect(await tree(files)).toEqual({ 'b.ts': 'one\n' })
  })

  it.each(['b.ts', 'b.ts/in', 'dir'])('[RENAME-2] a path that is not free is not taken: %s', async (to) => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await write(files, 'b.ts', 'two\n')
    await write(files, 'dir/c.ts', 'three\n')
    const before = await tree(files)
    expect(await rename(files, head, to)).toMatchObject({ outcome: 'unchanged', head: { path: 'a.ts', rev: 1 } })
    expect(await tree(files)).toEqual(before)
  })

  it('[RENAME-2] a file goes into a folder of its own name, and a folder’s only file takes its place', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a', 'one\n')
    const inside = await rename(files, head, 'a/b')
    expect(await tree(files)).toEqual({ 'a/b': 'one\n' })
    await rename(files, inside.head, 'a')
    expect(await tree(files)).toEqual({ a: 'one\n' })
  })

  it('[RENAME-3] an edit of the old path lands in the renamed file, in either order, with or without its id', async () => {
    for (const withId of [true, false]) {
      const { files } = openStore()
      const { head } = await write(files, 'a.ts', '1\n2\n3\n4\n5\n')
      await rename(files, head, 'b.ts')
      const base = withId ? baseOf(head) : { rev: head.rev, hash: head.hash }
      const edited = await write(files, 'a.ts', 'one\n2\n3\n4\n5\n', base, CODEX)
      expect(edited.head).toMatchObject({ id: head.id, path: 'b.ts' })
      const again = await write(files, 'a.ts', '1\n2\n3\n4\nfive\n', base, CODEX)
      expect(again.head.path).toBe('b.ts')
      expect(await tree(files)).toEqual({ 'b.ts': 'one\n2\n3\n4\nfive\n' })
    }
  })

  it('[RENAME-3] an edit of the old path finds its file behind a new one that was made there', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await rename(files, head, 'b.ts')
    const made = await write(files, 'a.ts', 'new\n')
    expect(made.head.id).not.toBe(head.id)
    const base = { rev: head.rev, hash: head.hash }
    expect((await write(files, 'a.ts', 'one\ntwo\n', base, CODEX)).head.path).toBe('b.ts')
    expect((await write(files, 'a.ts', 'new\nmore\n', made.head, CODEX)).head.path).toBe('a.ts')
    expect(await tree(files)).toEqual({ 'a.ts': 'new\nmore\n', 'b.ts': 'one\ntwo\n' })
  })

  it('[RENAME-3] a name and a deletion at once: the file stays under its new name, and a record tells, in either order', async () => {
    for (const isFirst of [true, false]) {
      const { files } = openStore()
      const { head } = await write(files, 'a.ts', 'one\n')
      if (isFirst) await rename(files, head, 'b.ts')
      const removed = await remove(files, 'a.ts', head, CODEX)
      expect(removed.outcome).toBe(isFirst ? 'conflict' : 'accepted')
      if (!isFirst) expect(await rename(files, head, 'b.ts')).toMatchObject({ outcome: 'conflict' })
      expect(await tree(files)).toEqual({ 'b.ts': 'one\n' })
      expect(files.openConflicts).toMatchObject([{ reason: 'delete', path: 'b.ts', fileId: head.id }])
    }
  })

  it('[RENAME-4] an old path leads to the renamed file, until there is a new one, which is another file', async () => {
    const storage = openMemoryStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    await rename(files, head, 'b.ts')
    expect((await files.open(at('a.ts'))).path).toBe('b.ts')
    expect(openStore(storage).files.headMeantBy(at('a.ts'))?.path).toBe('b.ts')
    const made = await write(files, 'a.ts', 'new\n')
    expect(made.head.id).not.toBe(head.id)
    expect((await files.open(at('a.ts'))).path).toBe('a.ts')
    expect(openStore(storage).files.headMeantBy(at('a.ts'))?.id).toBe(made.head.id)
  })

  it('[RENAME-4] whoever had opened a path without a file gets the document of the file that came there', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    const unborn = await files.open(at('b.ts'))
    await rename(files, head, 'b.ts')
    expect(unborn.live.expelled).toMatchObject({ code: 'E_STARTING', retry: true })
    expect((await files.open(at('b.ts'))).text).toBe('one\n')
  })

  it('a file that was deleted at the new path stays deleted, and goes on where the renamed one leaves the path again', async () => {
    const storage = openMemoryStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    const old = await write(files, 'b.ts', 'old\n')
    await remove(files, 'b.ts', old.head)
    const { head: renamed } = await rename(files, head, 'b.ts')
    expect(await textOf(openStore(storage).files, 'b.ts')).toBe('one\n')
    await rename(files, renamed, 'c.ts')
    for (const store of [files, openStore(storage).files]) {
      expect(store.head(at('b.ts'))).toMatchObject({ id: old.head.id, deleted: true })
      expect(await tree(store)).toEqual({ 'c.ts': 'one\n' })
    }
  })

  it('[RENAME-2] who comes second with a name, or wants one that is taken, is told, and so is everyone', async () => {
    const { files, commits } = openStore()
    const { head } = await write(files, 'a.ts', 'one\ntwo\n')
    await write(files, 'taken.ts', 'other\n')
    await rename(files, head, 'first.ts', CODEX)
    const second = await rename(files, head, 'second.ts', CLAUDE)
    expect(second).toMatchObject({ outcome: 'unchanged', head: { path: 'first.ts' } })
    expect(await rename(files, second.head, 'taken.ts', CLAUDE)).toMatchObject({ outcome: 'unchanged' })
    expect(await rename(files, head, 'first.ts', CLAUDE)).toMatchObject({ outcome: 'unchanged' }) // the same name
    const told = commits.flatMap(({ events }) => events.filter(({ type }) => type === 'rename:refused'))
    expect(told.map(({ data }) => data)).toEqual([
      { file: 'first.ts', file_id: head.id, to: 'second.ts', author: CLAUDE, reason: 'renamed' },
      { file: 'first.ts', file_id: head.id, to: 'taken.ts', author: CLAUDE, reason: 'taken' },
    ])
  })

  it('[RENAME-4] who has a file open that was deleted where another comes to is asked to connect again', async () => {
    const { files } = openStore()
    const deleted = await write(files, 'b.ts', 'gone\n')
    const before = await files.open(at('b.ts'))
    const peer = new Replica(before)
    await remove(files, 'b.ts', deleted.head)
    const { head } = await write(files, 'a.ts', 'one\n')
    await rename(files, head, 'b.ts')
    expect(before.live.expelled).toMatchObject({ code: 'E_STARTING', retry: true })
    const after = await files.open(at('b.ts'))
    expect([after.id, after.text]).toEqual([head.id, 'one\n'])
    expect(() => before.apply(peer.insert(0, 'late\n'), CODEX)).toThrow(expect.objectContaining({ code: 'E_STARTING' }))
  })

  it('[RENAME-2] a file that was deleted comes back by what someone types in the moment of a rename to its path', async () => {
    const storage = openMemoryStorage()
    const opened = openStore(storage)
    const { files } = opened
    const deleted = await write(files, 'b.ts', 'gone\n')
    const document = await files.open(at('b.ts'))
    const peer = new Replica(document)
    document.live.onUpdate((update) => {
      Y.applyUpdate(peer.doc, update)
    })
    await remove(files, 'b.ts', deleted.head)
    const { head } = await write(files, 'a.ts', 'one\n')
    document.apply(peer.insert(0, 'typed\n'), CODEX)
    expect(await rename(files, head, 'b.ts')).toMatchObject({ outcome: 'unchanged', head: { path: 'a.ts' } })
    expect(await tree(files)).toEqual({ 'a.ts': 'one\n', 'b.ts': 'typed\n' })
    await same(opened, storage)
  })
})

describe('files and folders of one name', () => {
  it('[PATH-6] what is made below a file, or above files, stands beside', async () => {
    const storage = openMemoryStorage()
    const opened = openStore(storage)
    const { files } = opened
    await write(files, 'f', 'a file\n')
    expect((await write(files, 'f/x', 'x\n', null, CODEX)).head.path).toBe('f~CODEX-b/x')
    expect((await write(files, 'f/y', 'y\n', null, CODEX)).head.path).toBe('f~CODEX-b/y')
    expect((await write(files, 'f~CODEX-b', 'z\n', null, CODEX)).head.path).toBe('f~CODEX-b~CODEX-b')
    await write(files, 'd/x', 'x\n')
    expect((await write(files, 'd', asBytes(0), null, CODEX)).head.path).toBe('d~CODEX-b')
    await same(opened, storage)
  })

  it('[PATH-6] a deleted file that comes back where a folder is by now comes back beside it', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'f', 'a file\n')
    await remove(files, 'f', head)
    await write(files, 'f/x', 'x\n')
    const back = await write(files, 'f', 'a file\nedited\n', head, CODEX)
    expect(back).toMatchObject({ outcome: 'conflict', head: { id: head.id, path: 'f~CODEX-b' } })
    expect(await tree(files)).toEqual({ 'f/x': 'x\n', 'f~CODEX-b': 'a file\nedited\n' })
  })

  it('[PATH-6] what a live peer makes of a path where a folder is by now stands beside it, in the same document', async () => {
    const { files } = openStore()
    const document = await files.open(at('f'))
    await write(files, 'f/x', 'x\n')
    document.apply(new Replica(document).insert(0, 'live\n'), CODEX)
    await document.live.flushed()
    expect(document.path).toBe('f~CODEX-b')
    expect(await tree(files)).toEqual({ 'f/x': 'x\n', 'f~CODEX-b': 'live\n' })
  })

  it('stands beside under a name that is short enough, and free', () => {
    const long = at(`${'d/'.repeat(300)}${'n'.repeat(250)}`)
    expect(asidePath(long, CODEX, undefined, () => true)).toBe(`${'n'.repeat(30)}~CODEX-b`)
    const taken = new Set(['f~CODEX-b', 'f~CODEX-b-2'])
    expect(asidePath(at('f'), CODEX, undefined, (path) => !taken.has(path))).toBe('f~CODEX-b-3')
    expect(asidePath(at('a/f/x/y'), CODEX, 'a/f', () => true)).toBe('a/f~CODEX-b/x/y')
  })
})
