import { beforeEach, describe, expect, test } from 'vitest'
import { LockSpans } from '../../../dashboard/model/lock-spans.js'
import { aLock, anEvent, aWaiter, lockData, NOON } from '../builders.js'

const MINUTE = 60_000
let spans: LockSpans
beforeEach(() => {
  spans = new LockSpans()
})

function took(id: string, time: number, path = 'a.ts'): void {
  const data = { ...lockData(id, 'CLAUDE-a', path), expires_at: time + 300_000 }
  spans.note(anEvent(1, 'lock:acquired', 'CLAUDE-a', time, data), time)
}
function gave(id: string, time: number): void {
  const data = { ...lockData(id, 'CLAUDE-a', 'a.ts'), reason: 'released' }
  spans.note(anEvent(2, 'lock:released', 'CLAUDE-a', time, data), time)
}
const held = (from = NOON) => spans.held('CLAUDE-a', from)

describe('what an agent holds', () => {
  test('lasts from the event that gave it to the one that ended it', () => {
    took('l1', NOON)
    expect(held()).toEqual([{ from: NOON, to: null }])
    gave('l1', NOON + MINUTE)
    expect(held()).toEqual([{ from: NOON, to: NOON + MINUTE }])
    expect(spans.held('CODEX-b', NOON)).toEqual([])
  })

  test('of several at a time is one bar; apart, two', () => {
    took('l1', NOON)
    took('l2', NOON + MINUTE)
    gave('l1', NOON + 2 * MINUTE)
    gave('l2', NOON + 3 * MINUTE)
    took('l3', NOON + 4 * MINUTE)
    expect(held()).toEqual([
      { from: NOON, to: NOON + 3 * MINUTE },
      { from: NOON + 4 * MINUTE, to: null },
    ])
  })

  test('was taken when the list says, where no event told', () => {
    spans.takeList({ locks: [aLock(1, 'CLAUDE-a', 'a.ts', { acquiredAt: NOON - MINUTE })], waiting: [] }, NOON)
    expect(held()).toEqual([{ from: NOON - MINUTE, to: null }])
  })

  test('has ended where the list has it no more; the event says when, whichever comes first', () => {
    took('l1', NOON)
    spans.takeList({ locks: [], waiting: [] }, NOON + MINUTE)
    expect(held()).toEqual([{ from: NOON, to: NOON + MINUTE }])
    gave('l1', NOON + MINUTE - 50)
    expect(held()).toEqual([{ from: NOON, to: NOON + MINUTE - 50 }])
  })

  test('is forgotten when no lane reaches so far', () => {
    took('l1', NOON)
    gave('l1', NOON + MINUTE)
    expect(held(NOON + 2 * MINUTE)).toEqual([])
    spans.takeList({ locks: [], waiting: [] }, NOON + 17 * MINUTE)
    expect(held()).toEqual([])
  })
})

describe('a wait that is over', () => {
  test('began when the event of its end says, got or not', () => {
    const got = { ...lockData('l1', 'CODEX-b', 'a.ts'), expires_at: NOON, waited: 10_000 }
    spans.note(anEvent(1, 'lock:acquired', 'CODEX-b', NOON, got), NOON)
    const failed = { ...lockData('l1', 'CODEX-b', 'a.ts'), ...{ reason: 'timeout', since: NOON, waited: 30_000 } }
    spans.note(anEvent(2, 'lock:failed', 'GEMINI-c', NOON, { ...failed, expected_wait: 1, queue_place: 1 }), NOON)
    expect(spans.waits('CODEX-b', NOON - MINUTE)).toEqual([{ from: NOON - 10_000, to: NOON }])
    expect(spans.waits('GEMINI-c', NOON - MINUTE)).toEqual([{ from: NOON - 30_000, to: NOON }])
  })

  test('is none where nobody waited', () => {
    took('l1', NOON)
    const data = { ...lockData('l2', 'CLAUDE-a', 'b.ts'), expires_at: NOON, waited: 0 }
    spans.note(anEvent(2, 'lock:acquired', 'CLAUDE-a', NOON, data), NOON)
    expect(spans.waits('CLAUDE-a', 0)).toEqual([])
  })

  test('that the list told of as well is one', () => {
    spans.takeList({ locks: [], waiting: [aWaiter('CODEX-b', 'a.ts', ['CLAUDE-a'], NOON + 1)] }, NOON + 10)
    const got = { ...lockData('l1', 'CODEX-b', 'a.ts'), expires_at: NOON, waited: MINUTE }
    spans.note(anEvent(1, 'lock:acquired', 'CODEX-b', NOON + MINUTE, got), NOON + MINUTE)
    spans.takeList({ locks: [], waiting: [] }, NOON + MINUTE)
    expect(spans.waits('CODEX-b', NOON)).toEqual([{ from: NOON, to: NOON + MINUTE }])
  })
})

test('a wait lasts for as long as the list has it', () => {
  const waiting = [aWaiter('CODEX-b', 'a.ts', ['CLAUDE-a'], NOON)]
  spans.takeList({ locks: [], waiting }, NOON + 10)
  expect(spans.waits('CODEX-b', NOON)).toEqual([{ from: NOON, to: null }])
  spans.takeList({ locks: [], waiting: [] }, NOON + MINUTE)
  expect(spans.waits('CODEX-b', NOON)).toEqual([{ from: NOON, to: NOON + MINUTE }])
  expect(spans.held('CODEX-b', NOON)).toEqual([])
})
