/** Conflicts from their raising to their end, on a store of their own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conflict, ConflictChoice, Overlap } from '../../../protocol/conflicts.js'
import { conflictId, type Author } from '../../../protocol/ids.js'
import type { FileStore } from '../../../server/documents/file-store.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import {
  asBytes,
  blobOf,
  asText,
  at,
  by,
  CLAUDE,
  CODEX,
  newWriteId,
  openStore,
  remove,
  Replica,
  textOf,
  write,
} from './harness.js'

const GEMINI = by('GEMINI-c')
const LINES = ['a\n', 'b\n', 'c\n', 'd\n', 'e\n', 'f\n', 'g\n']
/** The seven lines, with some of them replaced. */
const lines = (replaced: Readonly<Record<number, string>> = {}) =>
  LINES.map((line, number) => replaced[number] ?? line).join('')

/** CODEX has line 2, CLAUDE's is held. */
async function collide(files: FileStore, ours = 'C of codex\n', theirs = 'C of claude\n'): Promise<Overlap> {
  const { head } = await write(files, 'a.ts', lines())
  await write(files, 'a.ts', lines({ 2: ours }), head, CODEX)
  await write(files, 'a.ts', lines({ 2: theirs }), head, CLAUDE)
  return only(files.openConflicts)
}

function only(conflicts: readonly Conflict[]): Overlap {
  const [conflict, ...others] = conflicts
  if (conflict?.reason !== 'overlap' || others.length > 0) throw new Error('one overlap is expected')
  return conflict
}

function resolve(
  files: FileStore,
  { id }: Pick<Conflict, 'id'>,
  kind: 'ours' | 'theirs' | 'both',
  author: Author = GEMINI,
) {
  return files.conflicts.resolve({ id, writeId: newWriteId(), choice: { kind } }, author)
}

function withText(files: FileStore, { id }: Conflict, content: ReturnType<typeof asText> | ReturnType<typeof asBytes>) {
  return files.conflicts.resolve({ id, writeId: newWriteId(), choice: { kind: 'text', content } }, GEMINI)
}

describe('[CONFLICT-8] a conflict is decided', () => {
  test.each([
    ['ours', 'C of codex\n', 2],
    ['theirs', 'C of claude\n', 3],
    ['both', 'C of codex\nC of claude\n', 3],
  ] as const)('as %s', async (kind, expected, rev) => {
    const { files, commits } = openStore()
    const conflict = await collide(files)
    const { conflict: closed, head } = await resolve(files, conflict, kind)
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: expected }))
    expect(head).toMatchObject({ rev, author: kind === 'ours' ? CODEX : GEMINI })
    expect(closed).toMatchObject({ state: 'resolved', resolution: { outcome: kind, by: GEMINI, rev } })
    expect(closed).toMatchObject({ ours: 'C of codex\n', theirs: 'C of claude\n' })
    expect(files.openConflicts).toEqual([])
    const events = commits.at(-1)?.events.map(({ type }) => type)
    expect(events).toEqual(kind === 'ours' ? ['conflict:resolved'] : ['file:changed', 'conflict:resolved'])
    expect(commits.at(-1)?.events.at(-1)).toMatchObject({
      agent_id: GEMINI,
      data: { conflict_id: conflict.id, file: 'a.ts', ours: CODEX, theirs: CLAUDE, outcome: kind, by: GEMINI, rev },
    })
  })

  test('with a text of the resolver’s own', async () => {
    const { files } = openStore()
    await withText(files, await collide(files), asText('C of both\nand more\n'))
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of both\nand more\n' }))
  })

  test('once: the same write id gives the first outcome, also after a restart', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { id } = await collide(files)
    const command = { id, writeId: newWriteId(), choice: { kind: 'theirs' } as const }
    const [first, second] = await Promise.all([
      files.conflicts.resolve(command, GEMINI),
      files.conflicts.resolve(command, GEMINI),
    ])
    expect(second).toEqual(first)
    const again = openStore(storage).files
    expect(await again.conflicts.resolve(command, GEMINI)).toEqual(JSON.parse(JSON.stringify(first)))
    expect(again.head(at('a.ts'))?.rev).toBe(3)
  })

  test('by one of two who decide at once; the other is told who, and how', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    const [first, second] = await Promise.allSettled([
      resolve(files, conflict, 'theirs', CLAUDE),
      resolve(files, conflict, 'both', CODEX),
    ])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ reason: { code: 'E_CONFLICT_CLOSED', data: { outcome: 'theirs', by: CLAUDE } } })
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of claude\n' }))
  })

  test('never, where nobody knows it', async () => {
    const { files } = openStore()
    const unknown = { id: conflictId.parse('nothing') }
    await expect(resolve(files, unknown, 'ours')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })

  test('after a restart as before it, and a closed one stays closed', async () => {
    const storage = new FailingStorage()
    const conflict = await collide(openStore(storage).files)
    const restarted = openStore(storage).files
    await resolve(restarted, conflict, 'theirs')
    expect(await textOf(restarted, 'a.ts')).toBe(lines({ 2: 'C of claude\n' }))
    const { files } = openStore(storage)
    expect(files.openConflicts).toEqual([])
    expect(files.conflicts.table.list({ state: 'all' })).toMatchObject([{ state: 'resolved', theirs: 'C of claude\n' }])
    await expect(resolve(files, conflict, 'ours')).rejects.toMatchObject({ code: 'E_CONFLICT_CLOSED' })
  })

  test('all or nothing: what a kill keeps from the disk leaves it open, with its text', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const conflict = await collide(files)
    storage.hold()
    void resolve(files, conflict, 'theirs')
    await turn()
    const { files: restarted } = openStore(storage)
    expect(restarted.openConflicts.map(({ id }) => id)).toEqual([conflict.id])
    expect(await textOf(restarted, 'a.ts')).toBe(lines({ 2: 'C of codex\n' }))
    storage.releaseAll()
  })
})

describe('[CONFLICT-9] upon the head as it is', () => {
  test('the region is found where its characters are, and everything outside of it stays', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    document.apply(peer.insert(0, 'new first\n'), CODEX)
    document.apply(peer.insert(peer.text.toJSON().indexOf('d\n'), 'between\n'), CODEX)
    await document.live.flushed()
    const shown = await files.conflicts.show(conflict.id)
    expect(shown.now).toEqual({ text: 'C of codex\n', lines: { from: 4, to: 4 } })
    await resolve(files, conflict, 'theirs')
    expect(await textOf(files, 'a.ts')).toBe(`new first\n${lines({ 2: 'C of claude\n', 3: 'between\nd\n' })}`)
    expect(peer.text.toJSON()).not.toContain('claude')
  })

  test('lines that were deleted and came back are found by what stood there', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    const gone = await write(files, 'a.ts', lines({ 1: '', 2: '', 3: '' }), files.head(at('a.ts')) ?? null, CODEX)
    await write(files, 'a.ts', lines({ 2: 'C of codex\n', 6: 'G\n' }), gone.head, CODEX)
    await resolve(files, conflict, 'theirs')
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of claude\n', 6: 'G\n' }))
  })

  test('what others wrote there since is not overwritten; keeping it always goes', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    await write(files, 'a.ts', lines({ 2: 'C of someone else\n' }), files.head(at('a.ts')) ?? null, CODEX)
    await expect(resolve(files, conflict, 'theirs')).rejects.toMatchObject({ code: 'E_CONFLICT_MOVED' })
    expect(files.openConflicts).toHaveLength(1)
    const { conflict: closed } = await resolve(files, conflict, 'ours')
    expect(closed.state).toBe('resolved')
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of someone else\n' }))
  })

  test('both can stand, also where what stood there was changed since', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    await write(files, 'a.ts', lines({ 2: 'C of someone else\n' }), files.head(at('a.ts')) ?? null, CODEX)
    await resolve(files, conflict, 'both')
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of someone else\nC of claude\n' }))
  })

  test('what is held is not put beside lines that someone brought back there: both may hold the same', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'a\nb\nkeep\nshared')
    await write(files, 'a.ts', 'c\nd\ne\nkeep', head, CODEX)
    const { conflicts } = await write(files, 'a.ts', 'a\nb\nkeep\nclaude\nshared', head)
    const now = 'a\nb\nkeep\nshared\ncodex'
    await write(files, 'a.ts', now, files.head(at('a.ts')) ?? null, CODEX)
    await expect(resolve(files, { id: conflicts[0]! }, 'theirs')).rejects.toMatchObject({ code: 'E_CONFLICT_MOVED' })
    expect(await textOf(files, 'a.ts')).toBe(now)
  })

  test('of a file that was deleted since, only what stands can be kept: nothing', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    await remove(files, 'a.ts', files.head(at('a.ts'))!, CODEX)
    await expect(resolve(files, conflict, 'theirs')).rejects.toMatchObject({ code: 'E_CONFLICT_MOVED' })
    await resolve(files, conflict, 'ours')
    expect(files.head(at('a.ts'))?.deleted).toBe(true)
  })
})

describe('conflicts of whole files', () => {
  test.each([
    ['ours', 'by codex\n'],
    ['theirs', 'by claude\n'],
    ['both', 'by codex\nby claude\n'],
  ] as const)('[CONFLICT-6] two made it: %s', async (kind, expected) => {
    const { files } = openStore()
    await write(files, 'a.ts', 'by codex\n', null, CODEX)
    const { conflicts } = await write(files, 'a.ts', 'by claude\n', null, CLAUDE)
    await resolve(files, { id: conflicts[0]! }, kind)
    expect(await textOf(files, 'a.ts')).toBe(expected)
  })

  test.each([
    ['ours', 'changed\n'],
    ['theirs', undefined],
  ] as const)('[CONFLICT-5] changed by one, deleted by another: %s', async (kind, expected) => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'changed\n', head, CODEX)
    const { conflicts } = await remove(files, 'a.ts', head)
    const [id] = conflicts
    await expect(resolve(files, { id: id! }, 'both')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    await resolve(files, { id: id! }, kind)
    expect(await textOf(files, 'a.ts')).toBe(expected)
    expect(files.openConflicts).toEqual([])
  })

  test('a held deletion is not carried out upon changes that came after it', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'changed\n', head, CODEX)
    const { conflicts } = await remove(files, 'a.ts', head)
    await write(files, 'a.ts', 'changed again\n', files.head(at('a.ts')) ?? null, CODEX)
    await expect(resolve(files, { id: conflicts[0]! }, 'theirs')).rejects.toMatchObject({ code: 'E_CONFLICT_MOVED' })
    expect(await textOf(files, 'a.ts')).toBe('changed again\n')
  })

  test.each([
    ['ours', [0, 3]],
    ['theirs', [0, 2]],
  ] as const)('[CONFLICT-7] bytes: %s', async (kind, expected) => {
    const { files } = openStore()
    const { head } = await write(files, 'a.bin', asBytes(0, 1))
    await write(files, 'a.bin', asBytes(0, 2), head, CODEX)
    const { conflicts } = await write(files, 'a.bin', asBytes(0, 3), head)
    await expect(resolve(files, { id: conflicts[0]! }, 'both')).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    await resolve(files, { id: conflicts[0]! }, kind)
    expect((await files.read(head.id))?.content).toEqual({ kind: 'binary', bytes: new Uint8Array(expected) })
    expect(files.openConflicts).toEqual([])
  })

  test('[CONFLICT-16] bytes are on record by their hash; whoever looks gets them, and they can be put in place', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.bin', asBytes(0, 1))
    const { conflicts } = await write(files, 'a.bin', asBytes(0, 2), null, CODEX)
    expect(files.openConflicts).toMatchObject([{ reason: 'create', theirs: blobOf(0, 2) }])
    const again = openStore(storage).files
    expect((await again.conflicts.show(conflicts[0]!)).held).toEqual(asBytes(0, 2))
    await resolve(again, { id: conflicts[0]! }, 'theirs')
    expect((await again.read(head.id))?.content).toEqual({ kind: 'binary', bytes: new Uint8Array([0, 2]) })
  })

  test('bytes that are held in a file which someone has open are decided as soon as they are stored', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', 'one\n')
    const document = await files.open(at('a.ts'))
    storage.hold()
    const written = write(files, 'a.ts', asBytes(0, 2), null, CODEX)
    await turn()
    const [conflict] = files.openConflicts
    const shown = files.conflicts.show(conflict!.id)
    const decided = resolve(files, conflict!, 'theirs')
    await turn()
    storage.heal()
    storage.releaseAll()
    expect((await shown).held).toEqual(asBytes(0, 2))
    await Promise.all([written, decided])
    expect((await files.read(head.id))?.content).toEqual({ kind: 'binary', bytes: new Uint8Array([0, 2]) })
    files.release(document)
  })

  test('bytes, with a file that the resolver brings', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.bin', asBytes(0, 1))
    await write(files, 'a.bin', asBytes(0, 2), head, CODEX)
    await write(files, 'a.bin', asBytes(0, 3), head)
    const [conflict] = files.openConflicts
    await withText(files, conflict!, asBytes(0, 9))
    expect((await files.read(head.id))?.content).toEqual({ kind: 'binary', bytes: new Uint8Array([0, 9]) })
  })
})

describe('[CONFLICT-11] markers on request', () => {
  const BLOCK = '<<<<<<< CODEX-b\nC of codex\n=======\nC of claude\n>>>>>>> CLAUDE-a\n'

  test('stand in the text with the authors’ names, and are decided as before', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    const { head } = await files.conflicts.materialize({ id: conflict.id, writeId: newWriteId() }, CLAUDE)
    expect(head).toMatchObject({ rev: 3, author: CLAUDE })
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: BLOCK }))
    await expect(files.conflicts.materialize({ id: conflict.id, writeId: newWriteId() }, CLAUDE)).rejects.toMatchObject(
      {
        code: 'E_BAD_REQUEST',
      },
    )
    await resolve(files, conflict, 'ours')
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of codex\n' }))
  })

  test('are taken out by whoever edits them, and the conflict is closed with the last', async () => {
    const { files } = openStore()
    const conflict = await collide(files)
    const { head } = await files.conflicts.materialize({ id: conflict.id, writeId: newWriteId() }, CLAUDE)
    const half = await write(files, 'a.ts', lines({ 2: BLOCK.replace('=======\n', '') }), head, CODEX)
    expect(files.openConflicts).toHaveLength(1)
    await write(files, 'a.ts', lines({ 2: 'C of codex\n' }), half.head, CODEX)
    expect(files.openConflicts).toEqual([])
    expect(files.conflicts.table.find(conflict.id)).toMatchObject({ state: 'superseded', resolution: { by: CODEX } })
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of codex\n' }))
  })

  test('are not for whole files', async () => {
    const { files } = openStore()
    await write(files, 'a.ts', 'one\n')
    const { conflicts } = await write(files, 'a.ts', 'two\n', null, CODEX)
    const asked = files.conflicts.materialize({ id: conflicts[0]!, writeId: newWriteId() }, CLAUDE)
    await expect(asked).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  })
})

describe('[CONFLICT-13] three at one place', () => {
  test('what is decided for one is what the other one’s text is held against', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', lines())
    await write(files, 'a.ts', lines({ 2: 'C of codex\n' }), head, CODEX)
    const [second] = (await write(files, 'a.ts', lines({ 2: 'C of claude\n' }), head, CLAUDE)).conflicts
    const [third] = (await write(files, 'a.ts', lines({ 2: 'C of gemini\n' }), head, GEMINI)).conflicts
    const [same] = (await write(files, 'a.ts', lines({ 2: 'C of claude\n' }), head, by('CODEX-z'))).conflicts
    await resolve(files, { id: second! }, 'theirs', CLAUDE)
    expect(files.conflicts.table.find(same!).state).toBe('superseded')
    expect(only(files.openConflicts)).toMatchObject({ id: third, ours: 'C of claude\n', authors: { ours: CLAUDE } })
    await resolve(files, { id: third! }, 'theirs')
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of gemini\n' }))
    expect(files.openConflicts).toEqual([])
  })
})

test('the workspace document lists the ids of open conflicts by path, also after a crash between the two', async () => {
  const storage = new FailingStorage()
  const { files } = openStore(storage)
  const listed = (store: FileStore) => store.tree.live.doc.getMap('conflicts').toJSON()
  const { id } = await collide(files)
  await turn()
  expect(listed(files)).toEqual({ 'a.ts': [id] })
  await files.tree.live.flushed()
  await resolve(files, { id }, 'both')
  const crashed = openStore(storage).files
  await turn()
  expect(listed(crashed)).toEqual({})
  await turn()
  expect(listed(files)).toEqual({})
})

describe('[CONFLICT-12] events', () => {
  test('a raised conflict says where it is, whose, and how what is held begins', async () => {
    const { files, commits } = openStore()
    const conflict = await collide(files, 'C of codex\nand more\n', '\n    C of claude\n')
    expect(commits.at(-1)?.events).toMatchObject([
      {
        type: 'conflict:raised',
        data: {
          ...{ conflict_id: conflict.id, file: 'a.ts', ours: CODEX, theirs: CLAUDE, reason: 'overlap' },
          ...{ lines: { from: 3, to: 4 }, preview: 'C of claude' },
        },
      },
    ])
  })
})

describe('[CONFLICT-10] written over', () => {
  const told = { isTold: (author: Author) => author === CLAUDE || author === CODEX }

  test('by one who was told, upon the conflict: it is superseded, and both sides stay on record', async () => {
    const { files, commits } = openStore(undefined, told)
    const conflict = await collide(files)
    const { head } = await write(files, 'a.ts', lines({ 2: 'C of both\n' }), files.head(at('a.ts')) ?? null, CLAUDE)
    expect(files.openConflicts).toEqual([])
    expect(files.conflicts.table.find(conflict.id)).toMatchObject({
      ...{ state: 'superseded', ours: 'C of codex\n', theirs: 'C of claude\n' },
      resolution: { outcome: 'superseded', by: CLAUDE, rev: head.rev },
    })
    expect(commits.at(-1)?.events.map(({ type }) => type)).toEqual(['file:changed', 'conflict:resolved'])
    await expect(resolve(files, conflict, 'theirs')).rejects.toMatchObject({ code: 'E_CONFLICT_CLOSED' })
  })

  test('by one who was not told: it stays open', async () => {
    const { files } = openStore(undefined, told)
    await collide(files)
    await write(files, 'a.ts', lines({ 2: 'C of both\n' }), files.head(at('a.ts')) ?? null, GEMINI)
    expect(files.openConflicts).toHaveLength(1)
  })

  test('upon an older version by one who was told: it stays open', async () => {
    const { files } = openStore(undefined, told)
    const { head } = await write(files, 'a.ts', lines())
    const two = await write(files, 'a.ts', lines({ 2: 'C of codex\n' }), head, CODEX)
    await write(files, 'a.ts', lines({ 2: 'C of claude\n', 5: 'F\n' }), head, CLAUDE)
    const before = only(files.openConflicts)
    expect(before.rev).toBe(3)
    await write(files, 'a.ts', lines({ 2: 'C of codex, again\n' }), two.head, CODEX)
    expect(only(files.openConflicts).id).toBe(before.id)
  })

  test('elsewhere, or only in part: it stays open', async () => {
    const { files } = openStore(undefined, told)
    const conflict = await collide(files, 'one of codex\ntwo of codex\n')
    const stands = 'one of codex\ntwo of codex\n'
    const one = await write(files, 'a.ts', lines({ 0: 'A\n', 2: stands }), files.head(at('a.ts')) ?? null, CLAUDE)
    await write(files, 'a.ts', lines({ 0: 'A\n', 2: 'ONE\ntwo of codex\n' }), one.head, CLAUDE)
    expect(only(files.openConflicts).id).toBe(conflict.id)
  })

  test('live: letters change nothing, but whoever clears the place and knew of it closes it', async () => {
    const { files } = openStore(undefined, told)
    const conflict = await collide(files)
    const document = await files.open(at('a.ts'))
    const peer = new Replica(document)
    const start = peer.text.toJSON().indexOf('C of codex')
    document.apply(
      peer.edit((text) => text.delete(start, 4)),
      CODEX,
    )
    await document.live.flushed()
    expect(files.openConflicts).toHaveLength(1)
    document.apply(
      peer.edit((text) => text.delete(start, 'C of codex\n'.length - 4)),
      CODEX,
    )
    await document.live.flushed()
    expect(files.conflicts.table.find(conflict.id)).toMatchObject({
      ...{ state: 'superseded', resolution: { by: CODEX, writeId: null } },
    })
  })

  test('live, by a peer that names no one: it stays open', async () => {
    const { files } = openStore(undefined, told)
    await collide(files)
    const document = await files.open(at('a.ts'))
    document.apply(
      new Replica(document).edit((text) => text.delete(0, text.length)),
      by('PEER'),
    )
    await document.live.flushed()
    expect(files.openConflicts).toHaveLength(1)
  })

  test('a held deletion is done by deleting the file', async () => {
    const { files } = openStore(undefined, told)
    const { head } = await write(files, 'a.ts', 'one\n')
    await write(files, 'a.ts', 'changed\n', head, CODEX)
    await remove(files, 'a.ts', head, CLAUDE)
    await remove(files, 'a.ts', files.head(at('a.ts'))!, CLAUDE)
    expect(files.openConflicts).toEqual([])
  })
})

test('[CONFLICT-9] whatever is decided, each region is the chosen side and nothing else has changed', async () => {
  const line = fc.constantFrom('x\n', 'y\n', '\n', 'export const port = 1\n', '😀 é\n')
  const side = fc.array(line, { maxLength: 3 }).map((all) => all.join(''))
  const choice = fc.constantFrom<ConflictChoice['kind']>('ours', 'theirs', 'both', 'text')
  const place = fc.record({ ours: side, theirs: side, choice })
  await fc.assert(
    fc.asyncProperty(fc.array(place, { minLength: 1, maxLength: 3 }), fc.boolean(), async (places, isTyping) => {
      const build = (own: (place: (typeof places)[number], number: number) => string): string =>
        places
          .map((one, number) => `head ${number}\nkeep ${number}\n${own(one, number)}foot ${number}\nend ${number}\n`)
          .join('')
      const storage = new FailingStorage()
      const { files } = openStore(storage)
      const { head } = await write(
        files,
        'a.ts',
        build((_, number) => `base ${number}\n`),
      )
      await write(
        files,
        'a.ts',
        build((one, number) => `${one.ours}ours ${number}\n`),
        head,
        CODEX,
      )
      const { conflicts } = await write(
        files,
        'a.ts',
        build((one, number) => `${one.theirs}theirs ${number}\n`),
        head,
      )
      fc.pre(conflicts.length === places.length)
      let text = (await textOf(files, 'a.ts')) ?? ''
      const document = await files.open(at('a.ts'))
      if (isTyping) {
        document.apply(new Replica(document).insert(0, 'typed\n'), CODEX)
        text = `typed\n${text}`
      }
      await document.live.flushed()
      const { files: restarted } = openStore(storage)
      for (const [number, one] of places.entries()) {
        const { id } = (restarted.openConflicts as Overlap[]).find(({ theirs }) =>
          theirs.includes(`theirs ${number}\n`),
        )!
        const record = restarted.conflicts.table.find(id) as Overlap
        const own = `own ${number}\n`
        const kind = one.choice
        const asked: ConflictChoice = kind === 'text' ? { kind, content: asText(own) } : { kind }
        const command = { id, writeId: newWriteId(), choice: asked }
        await restarted.conflicts.resolve(command, GEMINI)
        await restarted.conflicts.resolve(command, GEMINI)
        const chosen = { ours: record.ours, theirs: record.theirs, both: record.ours + record.theirs, text: own }[kind]
        expect(text.split(record.ours)).toHaveLength(2)
        text = text.replace(record.ours, () => chosen)
        expect(await textOf(restarted, 'a.ts')).toBe(text)
        expect(restarted.conflicts.table.find(id)).toMatchObject({
          base: record.base,
          ours: record.ours,
          theirs: record.theirs,
        })
      }
      expect(restarted.openConflicts).toEqual([])
    }),
    { numRuns: 60 },
  )
})

describe('[CONFLICT-4] a region whose end was deleted', () => {
  const typed = async (files: FileStore, change: (peer: Replica) => Uint8Array): Promise<void> => {
    const document = await files.open(at('a.ts'))
    document.apply(change(new Replica(document)), GEMINI)
    await document.live.flushed()
    files.release(document)
  }

  test.each([
    ['the whole of it', 'C of codex\n', 0],
    ['its beginning', 'C of', 0],
    ['its end', 'codex\n', 5],
  ])('holds what is put back: %s', async (_, piece, offset) => {
    const { files } = openStore()
    const conflict = await collide(files)
    const from = 4 + offset
    await typed(files, (peer) =>
      peer.edit((text) => {
        text.delete(from, piece.length)
      }),
    )
    await typed(files, (peer) => peer.insert(from, piece))
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of codex\n' }))
    expect((await files.conflicts.show(conflict.id)).now).toEqual({
      text: 'C of codex\n',
      lines: { from: 3, to: 3 },
    })
    await resolve(files, conflict, 'theirs')
    expect(await textOf(files, 'a.ts')).toBe(lines({ 2: 'C of claude\n' }))
  })
})
