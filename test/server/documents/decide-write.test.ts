import { describe, expect, test } from 'vitest'
import { applyEdits } from '../../../protocol/text/edits.js'
import type { Content } from '../../../server/documents/content.js'
import { decideWrite, type Decision, type Incumbent, type Version } from '../../../server/documents/decide-write.js'
import { MERGE_ALL } from '../../../server/documents/merge-policy.js'

const text = (value: string, format: { bom?: boolean; eol?: 'lf' | 'crlf' } = {}): Content => ({
  kind: 'text',
  text: value,
  bom: format.bom ?? false,
  eol: format.eol ?? 'lf',
})
const bytes = (...value: number[]): Content => ({ kind: 'binary', bytes: new Uint8Array(value) })
const version = (content: Content, executable = false): Version => ({ content, executable })
const head = (content: Content, { deleted = false, executable = false } = {}): Incumbent => ({
  content,
  executable,
  deleted,
})

const BASE = 'one\ntwo\nthree\nfour\nfive\n'
const OURS = 'ONE\ntwo\nthree\nfour\nfive\n'
const THEIRS = 'one\ntwo\nthree\nfour\nFIVE\n'
const BOTH = 'ONE\ntwo\nthree\nfour\nFIVE\n'
const CLASH = 'uno\ntwo\nthree\nfour\nfive\n'

interface Case {
  readonly says: string
  readonly head: Incumbent
  readonly base: Version | null
  readonly written: Version
  readonly outcome: Decision['outcome']
  readonly result: Content
  readonly executable?: boolean
  readonly conflicts?: readonly Decision['conflicts'][number]['reason'][]
  readonly applied?: number
  readonly held?: number
}

const cases: readonly Case[] = [
  {
    says: 'nothing changed meanwhile: the head is what was written',
    head: head(text(BASE)),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'accepted',
    result: text(THEIRS),
  },
  {
    says: '[WRITE-3] the head is what was written already: unchanged',
    head: head(text(THEIRS)),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'unchanged',
    result: text(THEIRS),
  },
  {
    says: '[MERGE-1] the writer changed nothing: the incumbent’s change stands',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(text(BASE)),
    outcome: 'unchanged',
    result: text(OURS),
    applied: 0,
  },
  {
    says: '[MERGE-1] both changed other lines: both stand',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'merged',
    result: text(BOTH),
  },
  {
    says: '[MERGE-3] both changed one line: the incumbent’s stands, the writer’s is held',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(text(CLASH)),
    outcome: 'conflict',
    result: text(OURS),
    conflicts: ['overlap'],
    applied: 0,
    held: 1,
  },
  {
    says: '[WRITE-7] one hunk of the write goes in, another is held',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(text('uno\ntwo\nthree\nfour\nFIVE\n')),
    outcome: 'conflict',
    result: text(BOTH),
    conflicts: ['overlap'],
    applied: 1,
    held: 1,
  },
  {
    says: '[CONFLICT-6] both made the file alike: it is one file',
    head: head(text(BASE)),
    base: null,
    written: version(text(BASE)),
    outcome: 'unchanged',
    result: text(BASE),
  },
  {
    says: '[CONFLICT-6] both made the file alike, one of them to be executed: it stays so',
    head: head(text(BASE), { executable: true }),
    base: null,
    written: version(text(BASE)),
    outcome: 'unchanged',
    result: text(BASE),
    executable: true,
  },
  {
    says: '[CONFLICT-6] both made the file alike but for its line ends: the incumbent’s stand',
    head: head(text(BASE)),
    base: null,
    written: version(text(BASE, { eol: 'crlf', bom: true })),
    outcome: 'unchanged',
    result: text(BASE),
  },
  {
    says: '[CONFLICT-6] both made the file, differently: the incumbent stays, the other is held',
    head: head(text(BASE)),
    base: null,
    written: version(text(CLASH)),
    outcome: 'conflict',
    result: text(BASE),
    conflicts: ['create'],
    applied: 0,
    held: 1,
  },
  {
    says: '[DOC-9] a deleted path made again is simply made again',
    head: head(text(BASE), { deleted: true }),
    base: null,
    written: version(text(CLASH)),
    outcome: 'accepted',
    result: text(CLASH),
  },
  {
    says: '[DOC-9] a deleted path made again as it was is made again all the same',
    head: head(text(BASE), { deleted: true }),
    base: null,
    written: version(text(BASE)),
    outcome: 'accepted',
    result: text(BASE),
  },
  {
    says: '[CONFLICT-5] an edit of what was deleted: the file comes back, and a record tells',
    head: head(text(BASE), { deleted: true }),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'conflict',
    result: text(THEIRS),
    conflicts: ['delete'],
  },
  {
    says: '[CONFLICT-5] an edit of what was edited and then deleted: both edits come back',
    head: head(text(OURS), { deleted: true }),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'conflict',
    result: text(BOTH),
    conflicts: ['delete'],
  },
  {
    says: '[CONFLICT-5] both made the same edit, then one deleted: the edit wins',
    head: head(text(OURS), { deleted: true }),
    base: version(text(BASE)),
    written: version(text(OURS)),
    outcome: 'conflict',
    result: text(OURS),
    conflicts: ['delete'],
  },
  {
    says: '[MERGE-1] a write that changed nothing does not bring a deleted file back',
    head: head(text(BASE), { deleted: true }),
    base: version(text(BASE)),
    written: version(text(BASE)),
    outcome: 'unchanged',
    result: text(BASE),
    applied: 0,
  },
  {
    says: '[MERGE-1] nor one whose base the deleter had changed first',
    head: head(text(OURS), { deleted: true }),
    base: version(text(BASE)),
    written: version(text(BASE)),
    outcome: 'unchanged',
    result: text(OURS),
    applied: 0,
  },
  {
    says: '[CONFLICT-7] bytes that both changed: the last writer wins, the other is held',
    head: head(bytes(1, 0, 2)),
    base: version(bytes(1, 0, 1)),
    written: version(bytes(1, 0, 3)),
    outcome: 'conflict',
    result: bytes(1, 0, 3),
    conflicts: ['binary'],
    applied: 1,
    held: 0,
  },
  {
    says: 'bytes that only the writer changed are accepted',
    head: head(bytes(1, 0, 1)),
    base: version(bytes(1, 0, 1)),
    written: version(bytes(1, 0, 3)),
    outcome: 'accepted',
    result: bytes(1, 0, 3),
  },
  {
    says: '[CONFLICT-7] text became bytes while it was edited',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(bytes(0)),
    outcome: 'conflict',
    result: bytes(0),
    conflicts: ['binary'],
  },
  {
    says: 'bytes become text where nobody else changed them',
    head: head(bytes(0)),
    base: version(bytes(0)),
    written: version(text(BASE)),
    outcome: 'accepted',
    result: text(BASE),
  },
  {
    says: '[BRIDGE-13] a byte-order mark that the writer added is kept beside another’s edit',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(text(THEIRS, { bom: true })),
    outcome: 'merged',
    result: text(BOTH, { bom: true }),
  },
  {
    says: '[BRIDGE-13] line ends that the incumbent changed are kept beside the writer’s edit',
    head: head(text(BASE, { eol: 'crlf' })),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'merged',
    result: text(THEIRS, { eol: 'crlf' }),
  },
  {
    says: 'the executable bit alone is a change',
    head: head(text(BASE)),
    base: version(text(BASE)),
    written: version(text(BASE), true),
    outcome: 'accepted',
    result: text(BASE),
    executable: true,
  },
  {
    says: 'an executable bit that the incumbent set stays when the writer does not speak of it',
    head: head(text(OURS), { executable: true }),
    base: version(text(BASE)),
    written: version(text(THEIRS)),
    outcome: 'merged',
    result: text(BOTH),
    executable: true,
  },
  {
    says: 'the bit of a writer who changed nothing else is merged into a newer text',
    head: head(text(OURS)),
    base: version(text(BASE)),
    written: version(text(BASE), true),
    outcome: 'merged',
    result: text(OURS),
    executable: true,
  },
]

describe('[WRITE-3] what becomes of a write', () => {
  test.each(cases)('$says', (row) => {
    const decision = decideWrite(row.head, row.base, row.written, MERGE_ALL)
    expect(decision.outcome).toBe(row.outcome)
    expect(decision.result.content).toEqual(row.result)
    expect(decision.result.executable).toBe(row.executable ?? false)
    expect(decision.conflicts.map(({ reason }) => reason)).toEqual(row.conflicts ?? [])
    if (row.applied !== undefined) expect(decision.applied).toBe(row.applied)
    expect(decision.held).toBe(row.held ?? 0)
    const { content } = row.written
    if (content.kind === 'text' && decision.result.content.kind === 'text' && decision.fromWritten !== null) {
      // [WRITE-6]
      expect(applyEdits(content.text, decision.fromWritten)).toBe(decision.result.content.text)
    } else expect(decision.fromWritten).toBeNull()
  })

  test('[CONFLICT-2] an overlap says where the incumbent’s lines stand, and holds the writer’s whole', () => {
    const { conflicts, result } = decideWrite(
      head(text(`new\n${OURS}`)),
      version(text(BASE)),
      version(text(`${CLASH}six\n`)),
      MERGE_ALL,
    )
    const [conflict] = conflicts
    if (conflict?.reason !== 'overlap' || result.content.kind !== 'text') throw new Error('an overlap is expected')
    expect(result.content.text.slice(conflict.from, conflict.to)).toBe(conflict.ours)
    expect(conflict.theirs).toContain('uno\n')
    expect(conflict.base).toContain('one\n')
    expect(result.content.text).not.toMatch(/<{7}|>{7}/) // [CONFLICT-3]
  })
})

describe('line ends that one side mixes', () => {
  const raw = (...lines: string[]): Content => text(lines.join(''))

  test('[MERGE-10] a line with another line end is one changed line, not a changed file', () => {
    const merged = decideWrite(
      head(text('one\nthree\nfour\nfive\n', { eol: 'crlf' })),
      version(text(BASE, { eol: 'crlf' })),
      version(raw('one\r\n', 'two\r\n', 'three\r\n', 'four\r\n', 'FIVE\n')),
      MERGE_ALL,
    )
    expect(merged).toMatchObject({ outcome: 'merged', applied: 1, held: 0, conflicts: [] })
    expect(merged.result.content).toEqual(raw('one\r\n', 'three\r\n', 'four\r\n', 'FIVE\n'))
  })

  test('[MERGE-10] what is held stands where the text says, also where the merge mixes nothing any more', () => {
    const { conflicts, result } = decideWrite(
      head(text(OURS, { eol: 'crlf' })),
      version(raw('one\n', 'two\r\n', 'three\r\n', 'four\r\n', 'five\r\n')),
      version(raw('uno\n', 'two\r\n', 'three\r\n', 'four\r\n', 'FIVE\r\n')),
      MERGE_ALL,
    )
    expect(result.content).toEqual(text('ONE\ntwo\nthree\nfour\nFIVE\n', { eol: 'crlf' }))
    expect(conflicts).toMatchObject([{ ours: 'ONE\n', theirs: 'uno\n', from: 0, to: 4 }])
  })
})
