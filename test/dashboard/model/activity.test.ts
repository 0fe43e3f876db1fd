import { describe, expect, test } from 'vitest'
import { ACTIVITY_SPAN, activityByFile, busiest, heat, linesByAuthor } from '../../../dashboard/model/activity.js'
import { BUCKET, LANE_SPAN, Lanes } from '../../../dashboard/model/lanes.js'
import { Rate } from '../../../dashboard/model/rate.js'
import { RingBuffer } from '../../../dashboard/model/ring-buffer.js'
import { NOON } from '../builders.js'

const change = (file: string, author: string, time = NOON, added = 1) => ({
  ...{ file, author, time, lines: { added, removed: 0 } },
})

describe('activity', () => {
  test('forgets what is older than a quarter of an hour', () => {
    const activity = activityByFile([change('old.ts', 'A', NOON - ACTIVITY_SPAN - 1), change('new.ts', 'A')], NOON)
    expect([...activity.keys()]).toEqual(['new.ts'])
  })

  test('names the authors of a file once each, the latest first', () => {
    const activity = activityByFile([change('x', 'A'), change('x', 'B'), change('x', 'A')], NOON)
    expect(activity.get('x')).toMatchObject({ changes: 3, authors: ['A', 'B'] })
  })

  test('puts the busiest file first', () => {
    const activity = activityByFile([change('x', 'A'), change('y', 'A'), change('y', 'A')], NOON)
    expect(busiest(activity, 1).map((file) => file.path)).toEqual(['y'])
  })

  test('draws no bar for nothing, and a visible one for a single change beside thousands', () => {
    expect(heat(0, 5_000)).toBe(0)
    expect(heat(1, 5_000)).toBeGreaterThanOrEqual(0.2)
    expect(heat(5_000, 5_000)).toBe(1)
  })

  test('sums lines by author', () => {
    const lines = linesByAuthor([change('x', 'A', NOON, 2), change('x', 'A', NOON, 3)], NOON)
    expect(lines).toMatchObject([{ author: 'A', edits: 2, added: 5 }])
  })
})

describe('a lane', () => {
  test('gathers edits of two seconds into one tick', () => {
    const lanes = new Lanes()
    lanes.addEdit('A', NOON, 2, 1)
    lanes.addEdit('A', NOON + BUCKET - 1, 3, 0)
    expect(lanes.ticks('A', NOON - 1)).toEqual([{ time: NOON, added: 5, removed: 1 }])
  })

  test('holds a quarter of an hour, however long it runs', () => {
    const lanes = new Lanes()
    for (let time = NOON; time < NOON + 4 * LANE_SPAN; time += BUCKET) lanes.addEdit('A', time, 1, 0)
    expect(lanes.ticks('A', 0).length).toBeLessThanOrEqual(LANE_SPAN / BUCKET + 2)
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
