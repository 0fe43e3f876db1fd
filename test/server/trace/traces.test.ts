import { describe, expect, test } from 'vitest'
import type { FileHead } from '../../../protocol/files.js'
import { writeId, type Author, type FileId } from '../../../protocol/ids.js'
import { trace } from '../../../protocol/trace.js'
import { REMEMBERED, Traces } from '../../../server/trace/traces.js'

const AUTHOR = 'CLAUDE-a' as Author
const ID = 'f_1' as FileId
const WRITE = writeId.parse('CLAUDE-a_1')
const OVER_SYNC = { via: 'sync', socket: 3 } as const
const COMMIT = { stored: true, ms: 1.5, rows: 6, bytes: 700, calls: 2, attempt: 1 }

function open() {
  let at = 0
  const told: [string, Readonly<Record<string, unknown>>][] = []
  const traces = new Traces({
    now: () => 1_000_000 + at,
    elapsed: () => at,
    tell: (step, facts) => told.push([step, facts]),
  })
  const pass = (milliseconds: number): void => {
    at += milliseconds
  }
  return { traces, told, pass }
}

function head(rev: number): FileHead {
  return { id: ID, path: 'a.ts', rev, seq: 40 + rev, author: AUTHOR } as FileHead
}

describe('the way of a revision', () => {
  test('[TRACE-1] of live updates: each of them, the merge, the commit, the peers, the sessions, one after the other', () => {
    const { traces, told, pass } = open()
    const one = traces.arrived('3.1', OVER_SYNC, AUTHOR, 20, 'a.ts')
    pass(2)
    const two = traces.arrived('3.2', OVER_SYNC, AUTHOR, 21, 'a.ts')
    pass(1)
    traces.revised(head(1), null, [one, two], 5)
    pass(4)
    traces.committed({ ...COMMIT, stored: false })
    traces.committed({ ...COMMIT, attempt: 2 })
    pass(1)
    traces.sent(ID, 1, 5, 4)
    pass(1)
    traces.stored(head(1))
    traces.told(head(1), 2)
    const steps = traces.of(ID, 1)
    expect(steps).toEqual({
      time: 1_000_000,
      arrivals: [
        { update: '3.1', ...OVER_SYNC, author: AUTHOR, bytes: 20, after: 0 },
        { update: '3.2', ...OVER_SYNC, author: AUTHOR, bytes: 21, after: 2 },
      ],
      arrived: 2,
      merged: { after: 3 },
      stored: { after: 7, commitMs: 1.5, rows: 6, bytes: 700, attempt: 2 },
      sent: { after: 8, peers: 4 },
      told: { after: 9, sessions: 2 },
    })
    expect(trace.shape.steps.parse(steps)).toEqual(steps)
    expect(told.map(([step, { update }]) => `${step} ${String(update)}`)).toEqual([
      ...['arrived', 'merged', 'stored', 'sent', 'told'].flatMap((step) => [`${step} 3.1`, `${step} 3.2`]),
    ])
  })

  test('[TRACE-1] of a write: under its own id, since it first came', () => {
    const { traces, pass } = open()
    traces.asked(WRITE, { via: 'agent', socket: 7 }, AUTHOR)
    pass(3)
    traces.asked(WRITE, { via: 'http', socket: null }, AUTHOR)
    traces.revised(head(1), WRITE, [], 0)
    expect(traces.of(ID, 1)).toMatchObject({
      arrivals: [{ update: WRITE, via: 'agent', socket: 7, bytes: null, after: 0 }],
      merged: { after: 3 },
      ...{ stored: null, sent: null, told: null },
    })
  })

  test('what peers were sent holds older revisions, and none that is newer', () => {
    const { traces } = open()
    for (const rev of [1, 2, 3]) traces.revised(head(rev), null, [], rev)
    traces.committed(COMMIT)
    traces.sent(ID, 3, 2, 9)
    expect([1, 2, 3].map((rev) => traces.of(ID, rev)?.sent?.peers)).toEqual([9, 9, undefined])
    traces.sent(ID, 3, 3, 8)
    expect([1, 2, 3].map((rev) => traces.of(ID, rev)?.sent?.peers)).toEqual([9, 9, 8])
  })

  test('the server’s own revision has no arrival; what is not known is null', () => {
    const { traces } = open()
    traces.revised(head(1), null, [], 0)
    expect(traces.of(ID, 1)).toMatchObject({ arrivals: [], arrived: 0, merged: { after: 0 } })
    expect(traces.of(ID, 2)).toBeNull()
  })

  test('[TRACE-1] the oldest are forgotten, and writes that came to nothing', () => {
    const { traces } = open()
    traces.asked(WRITE, OVER_SYNC, AUTHOR)
    for (let n = 0; n < REMEMBERED; n++) traces.asked(writeId.parse(`w_${n}`), OVER_SYNC, AUTHOR)
    for (let rev = 1; rev <= REMEMBERED + 1; rev++) traces.revised(head(rev), rev === 2 ? WRITE : null, [], rev)
    expect(traces.of(ID, 1)).toBeNull()
    expect(traces.of(ID, 2)).toMatchObject({ arrivals: [] })
    expect(traces.of(ID, REMEMBERED + 1)).not.toBeNull()
  })
})
