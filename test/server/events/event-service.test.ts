import { describe, expect, test } from 'vitest'
import { author, writeId } from '../../../protocol/ids.js'
import type { WorkspaceEvent } from '../../../protocol/events.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { turn } from '../../support/manual-clock.js'
import { CLAUDE, CODEX, GEMINI, openEvents } from './harness.js'

const PERSON = author.parse('PEER')
const id = (text: string) => writeId.parse(text)

describe('publishing', () => {
  test('[EVENT-3] makes an event of it, told when it is durable', async () => {
    const { service, storage, told } = openEvents()
    storage.hold()
    const to = { role: 'reviewer' } as never
    const publishing = service.publish(
      { writeId: id('w1'), type: 'review:requested', data: { files: ['a.ts'] }, to },
      CLAUDE,
    )
    await turn()
    expect(told).toEqual([])
    storage.releaseAll()
    expect(await publishing).toMatchObject({ seq: 1, type: 'review:requested', agent_id: 'CLAUDE-backend', to })
    expect(told).toEqual([await publishing])
  })

  test.each([
    ['an unknown type', 'plan:invented', {}, /"plan:invented" is no type/, /broadcast, plan:proposed/],
    [
      'a word of the server',
      'file:changed',
      {},
      /"file:changed" is no type of event that can be published/,
      /broadcast/,
    ],
    ['a missing field', 'review:completed', { status: 'APPROVED' }, /findings/, /status, findings, note\?/],
    ['a wrong value', 'review:completed', { status: 'FINE', findings: [] }, /status/, /status/],
    ['a field that nobody knows', 'plan:approved', { plan_id: 'p', planid: 'q' }, /planid/, /plan_id, note\?/],
    ['a path outside', 'code:written', { file: '../a' }, /"\.\.\/a" is not a path/, /file/],
    ['no object', 'broadcast', 'hello', /broadcast/, /one JSON object/],
  ])('[EVENT-3] refuses %s, and names it', async (_, type, data, message, hint) => {
    const { service, log } = openEvents()
    await expect(service.publish({ writeId: id('w1'), type, data }, CLAUDE)).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
      message: expect.stringMatching(message) as unknown,
      hint: expect.stringMatching(hint) as unknown,
    })
    expect(log.seq).toBe(0)
  })

  test('[EVENT-3] refuses what is too large, or nested too deep', async () => {
    const { say, log } = openEvents()
    await expect(say(CLAUDE, { text: 'x'.repeat(65_536) })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    const deep: unknown = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)
    await expect(say(CLAUDE, { deep })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    expect(log.seq).toBe(0)
    expect(await say(CLAUDE, { text: 'x'.repeat(65_000) })).toMatchObject({ seq: 1 })
  })

  test('[EVENT-3] the same write id again gives the event of the first time, also while it is stored and after a restart', async () => {
    const { say, storage, log } = openEvents()
    storage.hold()
    const twice = Promise.all([say(CLAUDE, { n: 1 }, undefined, 'w1'), say(CLAUDE, { n: 1 }, undefined, 'w1')])
    await turn()
    storage.releaseAll()
    const [first, second] = await twice
    expect(second).toEqual(first)
    const again = openEvents(storage)
    expect(await again.say(CLAUDE, { n: 1 }, undefined, 'w1')).toEqual(first)
    expect(log.seq).toBe(1)
    for (const other of [again.say(CLAUDE, { n: 2 }, undefined, 'w1'), again.say(CODEX, { n: 1 }, undefined, 'w1')]) {
      await expect(other).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
    }
  })

  test('[SYNC-3] is refused while storage fails; what was accepted before is stored, and its id gives it', async () => {
    const { say, storage, clock, told } = openEvents()
    storage.fail()
    const accepted = say(CLAUDE, { n: 1 }, undefined, 'w1')
    const refused = expect(accepted).rejects.toMatchObject({ code: 'E_STORAGE_FULL' })
    await clock.advance(3_000)
    await refused
    await expect(say(CLAUDE, { n: 2 }, undefined, 'w2')).rejects.toMatchObject({ code: 'E_STORAGE_FULL' })
    storage.heal()
    await clock.advance(10_000)
    expect(told.map(({ seq }) => seq)).toEqual([1])
    expect(await say(CLAUDE, { n: 1 }, undefined, 'w1')).toMatchObject({ seq: 1, data: { n: 1 } })
  })
})

describe('acknowledging', () => {
  test('[EVENT-7] is an event, once for each agent; the event tells who did', async () => {
    const { say, service, storage, log, clock } = openEvents()
    const { seq } = await say(CLAUDE, { text: 'read this' })
    storage.hold()
    const twice = Promise.all([service.acknowledge(seq, CODEX), service.acknowledge(seq, CODEX)])
    await turn()
    storage.releaseAll()
    const [first, second] = await twice
    expect(first).toMatchObject({
      type: 'event:acknowledged',
      agent_id: 'CODEX-review',
      data: { of: 1, of_type: 'broadcast' },
    })
    expect(second).toEqual(first)
    expect(await service.acknowledge(seq, CODEX)).toEqual(first)
    expect(await service.acknowledge(seq, CLAUDE)).toMatchObject({ seq: 3 })
    expect(log.seq).toBe(3)
    const time = clock.now()
    expect(service.show(seq)).toEqual({
      event: log.get(seq),
      acknowledged: [
        { agentId: CODEX, time },
        { agentId: CLAUDE, time },
      ],
    })
  })

  test('[EVENT-7] of nothing is refused', async () => {
    const { service } = openEvents()
    await expect(service.acknowledge(7, CODEX)).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    expect(() => service.show(7)).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }) as Error)
  })
})

describe('reading the log', () => {
  async function filled() {
    const own = openEvents()
    for (let n = 1; n <= 600; n++) {
      const to = n % 3 === 0 ? { agent: CODEX } : undefined
      const type = n % 2 === 0 ? 'plan:approved' : 'broadcast'
      const data = n % 2 === 0 ? { plan_id: `p${n}` } : { n }
      await own.service.publish({ writeId: id(`w${n}`), type, data, ...(to && { to }) }, CLAUDE)
    }
    return own
  }
  const seqs = (events: readonly WorkspaceEvent[]) => events.map(({ seq }) => seq)

  test('[EVENT-6] page by page, each event once, as the filter says', async () => {
    const { service } = await filled()
    const read: number[] = []
    for (let since = 0, more = true; more;) {
      const page = await service.page({ since, types: ['plan:*'], limit: 37 }, PERSON)
      read.push(...seqs(page.events))
      ;({ next: since, more } = page)
    }
    expect(read).toEqual(Array.from({ length: 300 }, (_, n) => 2 * n + 2))
    expect(seqs((await service.page({ limit: 3 }, PERSON)).events)).toEqual([598, 599, 600])
    expect(await service.page({ since: 600 }, PERSON)).toEqual({ events: [], next: 600, more: false })
  })

  test('[EVENT-5] an agent reads what is for it', async () => {
    const { service } = await filled()
    expect(seqs((await service.page({ since: 594 }, GEMINI)).events)).toEqual([595, 596, 598, 599])
    expect(seqs((await service.page({ since: 594 }, CODEX)).events)).toEqual([595, 596, 597, 598, 599, 600])
    expect(seqs((await service.page({ since: 594 }, CLAUDE)).events)).toHaveLength(6)
  })

  test('[EVENT-6] what is forgotten, or not yet there, is refused', async () => {
    const { service, storage } = await filled()
    await storage.commit([{ deleteFrom: ['event', 0], to: ['event', 100] }])
    await expect(service.page({ since: 98 }, PERSON)).rejects.toMatchObject({
      code: 'E_EVENTS_GONE',
      data: { oldest: 100, newest: 600 },
    })
    expect((await service.page({ since: 99, limit: 1 }, PERSON)).events[0]?.seq).toBe(100)
    await expect(service.page({ since: 601 }, PERSON)).rejects.toMatchObject({ code: 'E_EVENTS_GONE' })
    expect(() => service.follow(98, () => undefined)).toThrow(
      expect.objectContaining({ code: 'E_EVENTS_GONE' }) as Error,
    )
  })

  test('[EVENT-6] what is forgotten while it is told leaves no gap: whoever follows is told, a page ends before it', async () => {
    const { service, storage } = await filled()
    const heard: number[] = []
    const follower = service.follow(0, async (events) => {
      heard.push(...seqs(events))
      await storage.commit([{ deleteFrom: ['event', 0], to: ['event', 400] }])
    })
    await expect(follower.caughtUp).rejects.toMatchObject({ code: 'E_SLOW_READER' })
    expect(heard).toEqual(Array.from({ length: 250 }, (_, n) => n + 1))
    const other = await filled()
    const paging = other.service.page({ since: 0, limit: 600 }, PERSON)
    await other.storage.commit([{ deleteFrom: ['event', 0], to: ['event', 400] }])
    const page = await paging
    expect(seqs(page.events)).toEqual(heard)
    expect(page).toMatchObject({ next: 250, more: true })
  })

  test('[EVENT-2] followed from any number on, nothing is left out and nothing told twice', async () => {
    const { service, say } = await filled()
    const heard: number[] = []
    const follower = service.follow(13, async (events) => {
      await turn()
      heard.push(...seqs(events))
    })
    for (let n = 0; n < 20; n++) await say(CLAUDE, { n })
    await follower.caughtUp
    await say(CLAUDE, { n: 'last' })
    await turn()
    expect(heard).toEqual(Array.from({ length: 621 - 13 }, (_, n) => n + 14))
    follower.end()
    follower.end()
    await say(CLAUDE, { n: 'unheard' })
    await turn()
    expect(heard.at(-1)).toBe(621)
  })

  test('[EVENT-6] acknowledgements are forgotten with their events', async () => {
    const { storage, service, log } = openEvents()
    await storage.commit([
      { put: ['ack', 500, CODEX], value: { seq: 501, time: 0 } },
      { put: ['event', 101_999], value: {} },
    ])
    const later = openEvents(storage)
    await later.say(CLAUDE, { n: 1 })
    expect([...storage.range(rowsUnder(['ack']))]).toEqual([])
    expect(log.get(1)).toBeUndefined()
    expect(service).toBeDefined()
  })
})
