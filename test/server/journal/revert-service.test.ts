import { describe, expect, test } from 'vitest'
import type { RevertTarget } from '../../../protocol/history.js'
import type { Author } from '../../../protocol/ids.js'
import { HistoryService } from '../../../server/journal/history-service.js'
import { RevertService } from '../../../server/journal/revert-service.js'
import { FailingStorage } from '../../support/failing-storage.js'
import {
  asBytes,
  asText,
  at,
  by,
  CLAUDE,
  CODEX,
  newWriteId,
  openStore,
  remove,
  textOf,
  write,
} from '../documents/harness.js'

const HUMAN = by('PEER')
const a = at('a.ts')

function open(storage = new FailingStorage()) {
  const opened = openStore(storage)
  const { files, queue, clock, events } = opened
  const slices = { now: clock.now, defer: (run: () => void) => void setImmediate(run) }
  const history = new HistoryService({ files, storage, queue, ...slices })
  const reverts = new RevertService({ files, history, events, ...slices })
  const revert = (
    target: RevertTarget,
    more: { dryRun?: boolean; id?: ReturnType<typeof newWriteId> } = {},
    who = HUMAN,
  ) => reverts.revert({ writeId: more.id ?? newWriteId(), target, dryRun: more.dryRun ?? false }, who)
  return { ...opened, history, revert, storage }
}

const allOf = (author: Author, path = null as typeof a | null): RevertTarget => ({
  ...{ kind: 'author', author, path, since: null },
})

describe('reverting an author', () => {
  test('[HISTORY-4] [HISTORY-6] every file that the author touched, one revision each, by whoever asked', async () => {
    const { files, revert, history, commits } = open()
    const made = await write(files, 'a.ts', 'one\ntwo\n', null, CODEX)
    const own = await write(files, 'a.ts', 'one\nclaude\ntwo\n', made.head, CLAUDE)
    await write(files, 'a.ts', 'one\nclaude\ntwo\ncodex\n', own.head, CODEX)
    await write(files, 'new.ts', 'claude alone\n', null, CLAUDE)
    await write(files, 'other.ts', 'codex alone\n', null, CODEX)
    const before = commits.length
    const result = await revert(allOf(CLAUDE))
    expect(result.files.map(({ path, outcome, deleted, lines }) => [path, outcome, deleted, lines])).toEqual([
      ['a.ts', 'reverted', false, { added: 0, removed: 1 }],
      ['new.ts', 'reverted', true, { added: 0, removed: 1 }],
    ])
    expect(commits.length).toBe(before + 2)
    expect(await textOf(files, 'a.ts')).toBe('one\ntwo\ncodex\n')
    expect(files.head(at('new.ts'))?.deleted).toBe(true)
    expect(await textOf(files, 'other.ts')).toBe('codex alone\n')
    expect((await history.history({ path: a })).entries[0]).toMatchObject({ rev: 4, author: HUMAN })
  })

  test('[HISTORY-5] what others changed since stays, is held in a record of the same commit, and the rest goes', async () => {
    const { files, revert, commits } = open()
    const made = await write(files, 'a.ts', 'x = 1\nmiddle\n', null, CODEX)
    const own = await write(files, 'a.ts', 'x = 2\nmiddle\nend\n', made.head, CLAUDE)
    await write(files, 'a.ts', 'x = 3\nmiddle\nend\n', own.head, CODEX)
    const { files: done } = await revert(allOf(CLAUDE, a))
    expect(done).toMatchObject([{ path: 'a.ts', outcome: 'conflict', held: 1, conflicts: [expect.any(String)] }])
    expect(await textOf(files, 'a.ts')).toBe('x = 3\nmiddle\n')
    expect(files.openConflicts).toMatchObject([
      {
        reason: 'overlap',
        base: 'x = 2\n',
        ours: 'x = 3\n',
        theirs: 'x = 1\n',
        authors: { ours: CODEX, theirs: HUMAN },
      },
    ])
    expect(commits.at(-1)).toMatchObject({ head: { rev: 4 }, conflicts: [{ theirs: 'x = 1\n' }] })
  })

  test('[HISTORY-5] where all of it is held the text stays, without a revision, and the record is there', async () => {
    const { files, revert } = open()
    const made = await write(files, 'a.ts', 'x = 1\n', null, CODEX)
    const own = await write(files, 'a.ts', 'x = 2\n', made.head, CLAUDE)
    await write(files, 'a.ts', 'x = 3\n', own.head, CODEX)
    const { files: done } = await revert(allOf(CLAUDE, a))
    expect(done).toMatchObject([{ outcome: 'conflict', held: 1, rev: 3 }])
    expect([await textOf(files, 'a.ts'), files.head(a)?.rev, files.conflictCount]).toEqual(['x = 3\n', 3, 1])
  })

  test('[HISTORY-5] a file that the author made is not deleted while something of others is held of it', async () => {
    const { files, revert } = open()
    let { head } = await write(files, 'a.ts', 'call', null, CLAUDE)
    ;({ head } = await write(files, 'a.ts', 'call(one,\ntwo)\n', head, CODEX))
    ;({ head } = await write(files, 'a.ts', 'call(one,\nmore,\ntwo)\n', head, CODEX))
    ;({ head } = await write(files, 'a.ts', 'call(one,\ntwo)\n', head, CLAUDE))
    await write(files, 'a.ts', 'call', head, CODEX)
    const { files: done } = await revert(allOf(CLAUDE, a))
    expect(done).toMatchObject([{ outcome: 'conflict', held: 1, deleted: false }])
    expect(await textOf(files, 'a.ts')).toBe('')
    expect(files.openConflicts).toMatchObject([{ ours: '', theirs: 'more,\n' }])
  })

  test('[HISTORY-5] [HISTORY-8] of a file that others have deleted since nothing is held, nor does a dry run say so', async () => {
    const { files, revert } = open()
    const made = await write(files, 'a.ts', 'x = 1\n', null, CODEX)
    const own = await write(files, 'a.ts', 'x = 2\n', made.head, CLAUDE)
    await remove(files, 'a.ts', own.head, CODEX)
    const dry = await revert(allOf(CLAUDE, a), { dryRun: true })
    expect(dry.files).toMatchObject([{ outcome: 'nothing', held: 0, deleted: true }])
    expect(await revert(allOf(CLAUDE, a))).toEqual({ ...dry, dryRun: false })
    expect(files.conflictCount).toBe(0)
  })

  test('[HISTORY-4] only what came since a time, or since a revision', async () => {
    const { files, revert, clock } = open()
    let { head } = await write(files, 'a.ts', 'top\n', null, CODEX)
    for (const line of ['one', 'two', 'three']) {
      await clock.advance(60_000)
      ;({ head } = await write(files, 'a.ts', `${(await textOf(files, 'a.ts')) ?? ''}${line}\n`, head, CLAUDE))
    }
    await revert({ kind: 'author', author: CLAUDE, path: a, since: { rev: 4 } })
    expect(await textOf(files, 'a.ts')).toBe('top\none\ntwo\n')
    await revert({ kind: 'author', author: CLAUDE, path: null, since: { time: clock.now() - 60_000 } })
    expect(await textOf(files, 'a.ts')).toBe('top\none\n')
  })

  test('[HISTORY-8] a dry run says what would be done, and does nothing', async () => {
    const { files, revert, commits } = open()
    const made = await write(files, 'a.ts', 'one\n', null, CODEX)
    await write(files, 'a.ts', 'one\ntwo\nthree\n', made.head, CLAUDE)
    const before = commits.length
    const { files: would } = await revert(allOf(CLAUDE), { dryRun: true })
    expect(would).toMatchObject([
      { path: 'a.ts', outcome: 'reverted', rev: 2, revisions: 1, lines: { added: 0, removed: 2 } },
    ])
    expect([commits.length, await textOf(files, 'a.ts')]).toEqual([before, 'one\ntwo\nthree\n'])
    const { files: done } = await revert(allOf(CLAUDE))
    expect(done.map(({ lines }) => lines)).toEqual(would.map(({ lines }) => lines))
  })

  test('[HISTORY-6] the same write id again is carried out once, also after a restart', async () => {
    const { files, revert, storage } = open()
    const made = await write(files, 'a.ts', 'one\n', null, CODEX)
    await write(files, 'a.ts', 'one\ntwo\n', made.head, CLAUDE)
    const id = newWriteId()
    const { files: first } = await revert(allOf(CLAUDE), { id })
    await write(files, 'a.ts', 'one\nagain\n', files.head(a) ?? null, CLAUDE)
    const again = open(storage)
    const { files: second } = await again.revert(allOf(CLAUDE), { id })
    expect(second).toMatchObject([{ path: 'a.ts', outcome: 'reverted', rev: first[0]?.rev, lines: first[0]?.lines }])
    expect(await textOf(again.files, 'a.ts')).toBe('one\nagain\n')
  })

  test('[HISTORY-4] bytes, the executable bit, line ends and a deletion go back to what they were', async () => {
    const { files, revert, history } = open()
    const versions = [asBytes(0, 1), asText('one\n'), asText('one\n', { bom: true, eol: 'crlf' })]
    let { head } = await write(files, 'a.ts', versions[0] ?? '', null, CODEX)
    ;({ head } = await write(files, 'a.ts', versions[1] ?? '', head, CODEX))
    ;({ head } = await write(files, 'a.ts', versions[2] ?? '', head, CLAUDE, { executable: true }))
    await revert(allOf(CLAUDE, a))
    expect(files.head(a)).toMatchObject({ executable: false, bom: false, eol: 'lf' })
    ;({ head } = await write(files, 'a.ts', asBytes(9), files.head(a) ?? null, CLAUDE))
    ;({ head } = await remove(files, 'a.ts', head, CLAUDE))
    await revert(allOf(CLAUDE, a))
    expect(files.head(a)).toMatchObject({ deleted: false, kind: 'text' })
    expect((await history.version({ path: a, rev: files.head(a)?.rev ?? 0 })).content).toEqual(asText('one\n'))
    const { files: rest } = await revert(
      { kind: 'author', author: CODEX, path: a, since: { rev: 2 } },
      { dryRun: true },
    )
    expect(rest).toHaveLength(1)
  })

  test('what someone deleted since stays deleted', async () => {
    const { files, revert } = open()
    const made = await write(files, 'a.ts', 'one\n', null, CODEX)
    const own = await write(files, 'a.ts', 'one\ntwo\n', made.head, CLAUDE)
    await remove(files, 'a.ts', own.head, CODEX)
    expect(await revert(allOf(CLAUDE, a))).toMatchObject({ files: [{ outcome: 'nothing', deleted: true }] })
    expect(files.head(a)).toMatchObject({ deleted: true, rev: 3 })
  })

  test.each([
    [
      'an author who never wrote',
      allOf(by('GEMINI-x')),
      'E_NOT_FOUND',
      'GEMINI-x has written nothing in this workspace',
    ],
    ['one who never wrote there', allOf(by('GEMINI-x'), a), 'E_NOT_FOUND', 'has written nothing in a.ts'],
    ['a file that never was', allOf(CODEX, at('b.ts')), 'E_NOT_FOUND', 'never was one'],
    ['a revision to come', { kind: 'revision', path: a, rev: 9 }, 'E_NOT_FOUND', 'its newest is 1'],
    ['a revision of every file', { ...allOf(CODEX), since: { rev: 1 } }, 'E_BAD_REQUEST', 'goes with a path'],
    ['the last of nobody anywhere', { kind: 'last', author: null, path: null }, 'E_BAD_REQUEST', 'Name an author'],
    [
      'the last of one who never wrote',
      { kind: 'last', author: CLAUDE, path: null },
      'E_NOT_FOUND',
      'has written nothing',
    ],
  ] as const)('%s is refused in words', async (_, target, code, words) => {
    const { files, revert } = open()
    await write(files, 'a.ts', 'one\n', null, CODEX)
    await expect(revert(target as RevertTarget)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as unknown,
    })
    expect(files.head(a)?.rev).toBe(1)
  })
})

describe('undo', () => {
  test('[HISTORY-7] takes back one revision under what came since, and undo of it brings it again', async () => {
    const { files, revert } = open()
    const made = await write(files, 'a.ts', 'one\ntwo\n', null, CODEX)
    const own = await write(files, 'a.ts', 'zero\none\ntwo\n', made.head, CLAUDE)
    await write(files, 'a.ts', 'zero\none\ntwo\nthree\n', own.head, CODEX)
    await revert({ kind: 'last', author: CLAUDE, path: null }, {}, CLAUDE)
    expect(await textOf(files, 'a.ts')).toBe('one\ntwo\nthree\n')
    const { files: redone } = await revert({ kind: 'last', author: CLAUDE, path: null }, {}, CLAUDE)
    expect(redone).toMatchObject([{ newest: 4, rev: 5 }])
    expect(await textOf(files, 'a.ts')).toBe('zero\none\ntwo\nthree\n')
  })

  test('[HISTORY-7] a rename is taken back, and given again, where the name is free', async () => {
    const { files, revert } = open()
    const b = at('b.ts')
    const { head } = await write(files, 'a.ts', 'one\n', null, CODEX)
    await files.rename({ writeId: newWriteId(), id: head.id, path: a, to: b }, CLAUDE)
    const undo = { kind: 'last', author: CLAUDE, path: null } as const
    expect(await revert(undo, { dryRun: true }, CLAUDE)).toMatchObject({
      files: [{ path: 'b.ts', outcome: 'reverted', newest: 2 }],
    })
    const id = newWriteId()
    for (let time = 0; time < 2; time++) {
      expect(await revert(undo, { id }, CLAUDE)).toMatchObject({
        files: [{ path: 'a.ts', outcome: 'reverted', rev: 3 }],
      })
    }
    expect(files.head(a)).toMatchObject({ id: head.id, deleted: false })
    expect(await revert(undo, {}, CLAUDE)).toMatchObject({ files: [{ path: 'b.ts', outcome: 'reverted', rev: 4 }] })
    await write(files, 'a.ts', 'another\n', null, CODEX)
    const here = { ...undo, path: b }
    for (const dryRun of [true, false]) {
      expect(await revert(here, { dryRun }, CLAUDE)).toMatchObject({
        files: [{ path: 'b.ts', outcome: 'nothing', rev: 4 }],
      })
    }
    expect(await textOf(files, 'b.ts')).toBe('one\n')
  })

  test('[HISTORY-7] with a path alone it is the last revision of anyone there', async () => {
    const { files, revert } = open()
    const made = await write(files, 'a.ts', 'one\n', null, CODEX)
    await write(files, 'a.ts', 'one\ntwo\n', made.head, CLAUDE)
    expect(await revert({ kind: 'last', author: null, path: a })).toMatchObject({ files: [{ newest: 2, rev: 3 }] })
    expect(await textOf(files, 'a.ts')).toBe('one\n')
  })
})
