/** What a writer is told, and what of it is stored when. */
import { describe, expect, test } from 'vitest'
import { applyEdits } from '../../../protocol/text/edits.js'
import { hashOf } from '../../../server/documents/content.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import { asBytes, CLAUDE, CODEX, openStore, outcomeOf, textOf, write, writing } from './harness.js'

const BASE = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n'
const OURS = 'ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n'
/** Its first line overlaps, its fourth is new, its last is what the incumbent wrote as well. */
const THEIRS = 'uno\ntwo\nthree\nFOUR\nfive\nsix\nSEVEN\n'
const MERGED = 'ONE\ntwo\nthree\nFOUR\nfive\nsix\nSEVEN\n'

describe('the answer to a write', () => {
  test('[WRITE-6] leads from the written text to the head’s, whatever the outcome', async () => {
    const { files } = openStore()
    const { head, edits } = await write(files, 'a.ts', BASE)
    expect(edits).toEqual([])
    await write(files, 'a.ts', OURS, head, CODEX)
    for (const written of [THEIRS, OURS, BASE, `${BASE}eight\n`, BASE.replace('four\n', ''), '']) {
      const answer = await write(files, 'a.ts', written, head)
      expect(applyEdits(written, answer.edits ?? [])).toBe(await textOf(files, 'a.ts'))
      expect(answer.edits).not.toBeNull()
    }
  })

  test('[WRITE-6] leads nowhere from bytes, to bytes, or from an earlier try', async () => {
    const { files } = openStore()
    const one = await write(files, 'a', BASE)
    const two = await write(files, 'a', asBytes(0), one.head)
    expect(two.edits).toBeNull()
    const three = await write(files, 'a', BASE, two.head)
    expect(three).toMatchObject({ outcome: 'accepted', head: { kind: 'text' } })
    const command = writing('a', OURS, three.head)
    expect(outcomeOf(await files.write(command, CLAUDE)).edits).toEqual([])
    expect(outcomeOf(await files.write(command, CLAUDE)).edits).toBeNull()
  })

  test('[WRITE-7] counts each hunk of the writer once: in the head, or in a conflict', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', BASE)
    await write(files, 'a.ts', OURS, head, CODEX)
    const answer = await write(files, 'a.ts', THEIRS, head)
    expect(await textOf(files, 'a.ts')).toBe(MERGED)
    expect(answer).toMatchObject({ outcome: 'conflict', applied: 2, held: 1 })
    expect(files.openConflicts).toMatchObject([{ id: answer.conflicts[0], ours: 'ONE\n', theirs: 'uno\n' }])
    expect(answer.conflicts).toHaveLength(answer.held)
  })

  test('[WRITE-7] counts bytes as one, which is in the head; the conflict holds what they replaced', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.bin', asBytes(0, 1))
    await write(files, 'a.bin', asBytes(0, 2), head, CODEX)
    const answer = await write(files, 'a.bin', asBytes(0, 3), head)
    expect(answer).toMatchObject({ outcome: 'conflict', applied: 1, held: 0 })
    expect((await files.read(head.id))?.content).toEqual({ kind: 'binary', bytes: new Uint8Array([0, 3]) })
    const replaced = { kind: 'blob', hash: hashOf(new Uint8Array([0, 2])), size: 2 }
    expect(files.openConflicts).toMatchObject([{ id: answer.conflicts[0], theirs: replaced }])
  })
})

describe('a conflict', () => {
  test('[CONFLICT-1, BRIDGE-10] is stored with the text that it belongs to: neither is there before, both are after', async () => {
    const storage = new FailingStorage()
    const { files } = openStore(storage)
    const { head } = await write(files, 'a.ts', BASE)
    await write(files, 'a.ts', OURS, head, CODEX)
    await turn()
    storage.hold()
    const answer = write(files, 'a.ts', THEIRS, head)
    await turn()
    // What a server finds that was killed now.
    const before = openStore(storage).files
    expect(await textOf(before, 'a.ts')).toBe(OURS)
    expect(before.openConflicts).toEqual([])
    const changing = storage.tries.filter((rows) => rows.some((row) => 'put' in row && row.put[0] === 'conflict'))
    expect(changing).toHaveLength(1)
    const tables = changing[0]?.flatMap((row) => ('put' in row ? [row.put[0]] : []))
    expect(tables).toEqual(expect.arrayContaining(['conflict', 'file', 'revision', 'update', 'write']))
    storage.releaseAll()
    await answer
    const after = openStore(storage).files
    expect(await textOf(after, 'a.ts')).toBe(MERGED)
    expect(after.openConflicts).toMatchObject([{ base: 'one\n', ours: 'ONE\n', theirs: 'uno\n' }])
  })

  test('[CONFLICT-6] over a file that two made: the incumbent stays, the other one is held whole; equal ones are one', async () => {
    const { files } = openStore()
    await write(files, 'a.ts', OURS, null, CODEX)
    expect(await write(files, 'a.ts', OURS)).toMatchObject({ outcome: 'unchanged', conflicts: [] })
    expect(await write(files, 'a.ts', THEIRS)).toMatchObject({ outcome: 'conflict', applied: 0, held: 1 })
    expect(await textOf(files, 'a.ts')).toBe(OURS)
    expect(files.openConflicts).toMatchObject([
      { reason: 'create', theirs: { kind: 'text', text: THEIRS }, authors: { ours: CODEX, theirs: CLAUDE } },
    ])
  })

  test('[CONFLICT-6] over a file that somebody has an older copy of: it changes nothing, and leads to what stands', async () => {
    const { files } = openStore()
    const { head } = await write(files, 'a.ts', BASE, null, CODEX)
    await write(files, 'a.ts', OURS, head, CODEX)
    const answer = await write(files, 'a.ts', BASE)
    expect(answer).toMatchObject({ outcome: 'unchanged', conflicts: [], head: { rev: 2 } })
    expect(applyEdits(BASE, answer.edits ?? [])).toBe(OURS)
    expect(files.openConflicts).toEqual([])
    await files.delete({ ...writing('a.ts', '', answer.head), base: answer.head }, CODEX)
    expect(await write(files, 'a.ts', BASE)).toMatchObject({ outcome: 'accepted', head: { deleted: false } })
  })
})

test('[WRITE-12] a soft overlap is named in the outcome, when it is repeated too, and in the event', async () => {
  const { files, commits } = openStore()
  const { head } = await write(files, 'a.ts', 'one\ntwo\nthree\n')
  await write(files, 'a.ts', 'one\ntwo\nA\nthree\n', head, CODEX)
  const command = writing('a.ts', 'one\ntwo\nB\nthree\n', head)
  const soft = [{ reason: 'insertions', lines: { from: 3, to: 4 } }]
  expect(await files.write(command, CLAUDE)).toMatchObject({ outcome: 'merged', soft })
  expect(await files.write(command, CLAUDE)).toMatchObject({ outcome: 'merged', soft })
  expect(commits.at(-1)?.events).toMatchObject([{ type: 'file:changed', data: { soft } }])
  expect(commits.at(0)?.events[0]?.data).not.toHaveProperty('soft')
})
