import { describe, expect, test } from 'vitest'
import { Activity, busiest, heat, linesByAuthor, type Change } from '../../../dashboard/model/activity.js'
import { BUCKET, LANE_SPAN, Lanes, touchedBy } from '../../../dashboard/model/lanes.js'
import { Rate } from '../../../dashboard/model/rate.js'
import { RingBuffer } from '../../../dashboard/model/ring-buffer.js'
import { SPAN } from '../../../dashboard/model/span.js'
import { aChange, anEvent, CLASH, NOON } from '../builders.js'

const change = (file: string, author: string, time = NOON, added = 1) => ({
  ...{ file, author, time, lines: { added, removed: 0 } },
})

const activityOf = (...changes: Change[]): Activity => {
  const activity = new Activity(1_000)
  for (const one of changes) activity.add(one)
  return activity
}

describe('activity', () => {
  test('forgets what is older than a quarter of an hour, of files and of authors', () => {
    const activity = activityOf(
      change('old.ts', 'A', NOON - SPAN - 2, 4),
      change('x', 'B', NOON - SPAN - 1),
      change('x', 'A'),
    )
    expect(activity.expire(NOON)).toBe(true)
    expect([...activity.files.values()]).toMatchObject([{ path: 'x', changes: 1, authors: ['A'], lastTime: NOON }])
    expect(activity.lines('A')).toMatchObject({ edits: 1, added: 1 })
    expect(activity.lines('B')).toBeUndefined()
    expect(activity.changes()).toHaveLength(1)
    expect(activity.expire(NOON)).toBe(false)
  })

  test('forgets all of it when all of it is old', () => {
    const activity = activityOf(change('x', 'A'))
    activity.expire(NOON + SPAN + 1)
    expect(activity.files.size).toBe(0)
  })

  test('of more changes than it keeps, the oldest go', () => {
    const activity = new Activity(2)
    for (const file of ['a', 'b', 'c']) activity.add(change(file, 'A'))
    expect([...activity.files.keys()]).toEqual(['b', 'c'])
    expect(activity.lines('A')?.edits).toBe(2)
  })

  test('names the authors of a file once each, the latest first', () => {
    const activity = activityOf(change('x', 'A'), change('x', 'B'), change('x', 'A'))
    expect(activity.files.get('x')).toMatchObject({ changes: 3, authors: ['A', 'B'] })
  })

  test('leaves what a change does not touch as it was', () => {
    const activity = activityOf(change('x', 'A'), change('y', 'B'))
    const [file, lines] = [activity.files.get('x'), activity.lines('A')]
    activity.add(change('y', 'B'))
    expect(activity.files.get('x')).toBe(file)
    expect(activity.lines('A')).toBe(lines)
  })

  test('puts the busiest file first', () => {
    const activity = activityOf(change('x', 'A'), change('y', 'A'), change('y', 'A'))
    expect(busiest(activity.files, 1).map((file) => file.path)).toEqual(['y'])
  })

  test('draws no bar for nothing, and a visible one for a single change beside thousands', () => {
    expect(heat(0, 5_000)).toBe(0)
    expect(heat(1, 5_000)).toBeGreaterThanOrEqual(0.2)
    expect(heat(5_000, 5_000)).toBe(1)
  })

  test('sums lines by author', () => {
    const lines = linesByAuthor([change('x', 'A', NOON, 2), change('x', 'A', NOON, 3)])
    expect(lines).toMatchObject([{ author: 'A', edits: 2, added: 5 }])
  })
})

describe('a lane', () => {
  test('gathers edits of two seconds into one tick', () => {
    const lanes = new Lanes()
    lanes.addEdit('A', NOON, 2, 1)
    lanes.addEdit('A', NOON + BUCKET - 1, 3, 0)
    expect(lanes.ticks('A')).toEqual([{ time: NOON, added: 5, removed: 1 }])
  })

  test('holds a quarter of an hour, however long it runs', () => {
    const lanes = new Lanes()
    for (let time = NOON; time < NOON + 4 * LANE_SPAN; time += BUCKET) lanes.addEdit('A', time, 1, 0)
    expect(lanes.ticks('A').length).toBeLessThanOrEqual(LANE_SPAN / BUCKET + 2)
  })

  test('keeps its ticks in the order of time, in whatever order they are told', () => {
    const lanes = new Lanes()
    for (const time of [NOON, NOON + 4 * BUCKET, NOON + 2 * BUCKET, NOON]) lanes.addEdit('A', time, 1, 0)
    expect(lanes.ticks('A').map(({ time, added }) => [(time - NOON) / BUCKET, added])).toEqual([
      [0, 2],
      [2, 1],
      [4, 1],
    ])
  })

  test('is drawn alone after an edit, and with all others after what may join two', () => {
    const edits = [aChange(1, 'CLAUDE-a', 'x.ts'), aChange(2, 'CODEX-b', 'y.ts')]
    expect(touchedBy(edits)).toEqual(new Set(['CLAUDE-a', 'CODEX-b']))
    const left = anEvent(3, 'agent:left', 'CLAUDE-a', NOON, { reason: 'left' })
    expect(touchedBy([...edits, left])).toEqual(new Set(['CLAUDE-a', 'CODEX-b']))
    const data = { ...CLASH, conflict_id: 'c', file: 'x.ts', ours: 'CLAUDE-a', theirs: 'CODEX-b' }
    expect(touchedBy([...edits, anEvent(3, 'conflict:raised', 'CODEX-b', NOON, data)])).toBeNull()
  })

  test('tells a collision once, though event and list both bring it', () => {
    const lanes = new Lanes()
    lanes.addCollision({ id: 'c', time: NOON, authors: ['A', 'B'] })
    lanes.addCollision({ id: 'c', time: NOON, authors: ['A', 'B'] })
    expect(lanes.collisions(NOON - 1)).toHaveLength(1)
  })
})

test('a rate counts the last sixty seconds', () => {
  const rate = new Rate()
  rate.add(NOON)
  rate.add(NOON + 30_000)
  expect(rate.perMinute(NOON + 59_000)).toBe(2)
  expect(rate.perMinute(NOON + 61_000)).toBe(1)
})

test('a ring buffer keeps the last values, oldest first', () => {
  const ring = new RingBuffer<number>(3)
  for (const value of [1, 2, 3, 4, 5]) ring.push(value)
  expect(ring.toArray()).toEqual([3, 4, 5])
})
