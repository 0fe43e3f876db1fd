import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { EventLog } from '../../../server/events/event-log.js'
import { EventStream } from '../../../server/events/event-stream.js'
import { openMemoryStorage } from '../../../server/storage/memory.js'

async function open(count: number) {
  const storage = openMemoryStorage()
  const log = new EventLog(storage, () => 0)
  const stream = new EventStream(log, (error) => {
    throw error
  })
  const told: number[] = []
  stream.subscribe(({ seq }) => told.push(seq))
  const events: WorkspaceEvent[] = []
  for (let n = 0; n < count; n++) {
    const { event, rows } = log.append('agent:left', undefined, { reason: 'left' })
    await storage.commit(rows)
    events.push(event)
  }
  return { stream, told, events, log, storage }
}

test('[EVENT-2] events that were committed together are told in their order, each once, whoever is first to publish', async () => {
  const orders = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8, maxLength: 8 })
  const property = fc.asyncProperty(orders, async (order) => {
    const { stream, told, events } = await open(8)
    for (const place of order) stream.publish(events[place]!)
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(stream.told).toBe(8)
  })
  await fc.assert(property, { numRuns: 100 })
})

test('[EVENT-2] a stream begins behind what was stored before it, and a listener that is added behind what was told', async () => {
  const { log, events, storage, stream } = await open(2)
  stream.publish(events[1]!)
  const later: number[] = []
  stream.subscribe(({ seq }) => later.push(seq))
  stream.publish(events[0]!)
  expect(later).toEqual([])
  const next = new EventStream(new EventLog(storage, () => 0), () => undefined)
  expect(next.told).toBe(2)
  expect(log.seq).toBe(2)
})
