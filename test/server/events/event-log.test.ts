import { describe, expect, test } from 'vitest'
import { agentId } from '../../../protocol/ids.js'
import { EventLog } from '../../../server/events/event-log.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'
import type { Row, Storage } from '../../../server/storage/storage.js'

const TIME = Date.UTC(2026, 0, 1)
const CLAUDE = agentId.parse('CLAUDE-a')
const open = (storage: Storage): EventLog => new EventLog(storage, () => TIME)
const left = (log: EventLog) => log.append('agent:left', CLAUDE, { reason: 'left' })

async function filled(count: number): Promise<{ storage: Storage; log: EventLog }> {
  const storage = openMemoryStorage()
  const log = open(storage)
  const rows: Row[] = []
  for (let n = 0; n < count; n++) rows.push(...left(log).rows)
  await storage.commit(rows)
  return { storage, log }
}

describe('the event log', () => {
  test('numbers events from 1 without gaps, and goes on after a restart', async () => {
    const { storage, log } = await filled(3)
    expect(log.seq).toBe(3)
    const { event } = left(open(storage))
    expect(event).toEqual({
      seq: 4,
      type: 'agent:left',
      agent_id: 'CLAUDE-a',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { reason: 'left' },
    })
    expect(log.append('agent:left', undefined, { reason: 'lost' }).event).not.toHaveProperty('agent_id')
  })

  test('[MSG-7] tells what came after a number, in order', async () => {
    const { log } = await filled(5)
    expect(log.after(2, 2).map(({ seq }) => seq)).toEqual([3, 4])
    expect(log.after(4, 2).map(({ seq }) => seq)).toEqual([5])
    expect(log.after(5, 2)).toEqual([])
  })

  test('[MSG-8] says so when some of that is forgotten, or too much to tell', async () => {
    const { storage, log } = await filled(10_010)
    expect(log.reaches(9, 10_000)).toBe(false)
    expect(log.reaches(10, 10_000)).toBe(true)
    await storage.commit([{ deleteFrom: ['event', 0], to: ['event', 10_005] }])
    expect(log.reaches(10_000, 10_000)).toBe(false)
    expect(log.reaches(10_004, 10_000)).toBe(true)
    expect(log.reaches(10_010, 10_000)).toBe(true)
  })

  test('[MSG-15] tells what is no older than a time, in order, and the newest two thousand of it', async () => {
    const storage = openMemoryStorage()
    let now = TIME
    const log = new EventLog(storage, () => now++)
    const rows: Row[] = []
    for (let n = 0; n < 2_500; n++) rows.push(...left(log).rows)
    await storage.commit(rows)
    expect(log.recent(TIME + 2_497).map(({ seq }) => seq)).toEqual([2_498, 2_499, 2_500])
    expect(log.recent(TIME)).toHaveLength(2_000)
    expect(log.recent(TIME)[0]?.seq).toBe(501)
    expect(log.recent(now)).toEqual([])
  })

  test('forgets what is older than a hundred thousand events', async () => {
    const storage = openMemoryStorage()
    await storage.commit([
      { put: ['event', 1], value: {} },
      { put: ['event', 2_000], value: {} },
      { put: ['event', 101_999], value: {} },
    ])
    await storage.commit(left(open(storage)).rows)
    expect([...storage.range(rowsUnder(['event']))].map(({ key }) => key[1])).toEqual([2_000, 101_999, 102_000])
  })
})
