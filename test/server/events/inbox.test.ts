import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AgentId } from '../../../protocol/ids.js'
import type { Addressee } from '../../../protocol/events.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { turn } from '../../support/manual-clock.js'
import { CLAUDE, CODEX, GEMINI, openEvents } from './harness.js'

const TAKE = { take: true }
type Events = ReturnType<typeof openEvents>
const waiting = ({ inboxes }: Events, agent: AgentId): number[] =>
  inboxes.look({ limit: 200 }, agent).messages.map(({ seq }) => seq)

describe('the inbox of an agent', () => {
  test('[EVENT-8] holds what others published for it, until its receipt', async () => {
    const events = openEvents()
    const { say, join, roles, inboxes } = events
    await join(CODEX)
    roles.set(CODEX, ['reviewer'])
    const all = await say(CLAUDE, { n: 'all' })
    const own = await say(CLAUDE, { n: 'own' }, { agent: CODEX })
    await say(CLAUDE, { n: 'other' }, { agent: GEMINI })
    const role = await say(CLAUDE, { n: 'role' }, { role: 'reviewer' } as Addressee)
    const type = await say(CLAUDE, { n: 'type' }, { role: 'CODEX' } as Addressee)
    await say(CLAUDE, { n: 'planners' }, { role: 'planner' } as Addressee)
    await say(CODEX, { n: 'said itself' })
    expect(waiting(events, CODEX)).toEqual([all.seq, own.seq, role.seq, type.seq])
    expect(await inboxes.receipt(own.seq, CODEX)).toEqual({ waiting: 2 })
    expect(waiting(events, CODEX)).toEqual([role.seq, type.seq])
    expect(await inboxes.receipt(all.seq, CODEX)).toEqual({ waiting: 2 })
    expect(inboxes.waiting(CODEX)).toBe(2)
  })

  test('[EVENT-8] outlives a restart, and so do receipts', async () => {
    const before = openEvents()
    await before.join(CODEX)
    const first = await before.say(CLAUDE, { n: 1 })
    const second = await before.say(CLAUDE, { n: 2 })
    await before.inboxes.receipt(first.seq, CODEX)
    expect(waiting(openEvents(before.storage), CODEX)).toEqual([second.seq])
  })

  test('[EVENT-8] of one that came later has nothing of before, but what was for it alone', async () => {
    const events = openEvents()
    await events.say(CLAUDE, { n: 'before' })
    const own = await events.say(CLAUDE, { n: 'own' }, { agent: CODEX })
    expect(waiting(events, CODEX)).toEqual([own.seq])
    await events.join(CODEX)
    const after = await events.say(CLAUDE, { n: 'after' })
    await events.join(CODEX) // it went, and came back
    expect(waiting(events, CODEX)).toEqual([own.seq, after.seq])
    expect(waiting(openEvents(events.storage), CODEX)).toEqual([own.seq, after.seq])
  })

  test('[EVENT-8] has no more what the agent acknowledged', async () => {
    const events = openEvents()
    await events.join(CODEX)
    const first = await events.say(CLAUDE, { n: 1 })
    const second = await events.say(CLAUDE, { n: 2 })
    await events.service.acknowledge(second.seq, CODEX)
    expect(waiting(events, CODEX)).toEqual([first.seq])
  })

  test('[EVENT-8] holds the newest ten thousand, and says that it lost some', async () => {
    const events = openEvents()
    await events.join(CODEX)
    await events.say(CLAUDE, { n: 0 })
    expect(events.inboxes.look({}, CODEX).forgotten).toBe(false)
    await Promise.all(Array.from({ length: 10_500 }, (_, n) => events.say(CLAUDE, { n })))
    const look = events.inboxes.look({ limit: 1 }, CODEX)
    expect(look).toMatchObject({ forgotten: true, taken: false })
    expect(look.waiting).toBeLessThanOrEqual(10_500)
    expect(look.waiting).toBeGreaterThanOrEqual(10_000)
    expect([...events.storage.range(rowsUnder(['message']))]).toHaveLength(look.waiting)
    expect(openEvents(events.storage).inboxes.look({ limit: 1 }, CODEX)).toEqual(look)
    await events.inboxes.receipt(look.messages[0]!.seq, CODEX)
    expect(events.inboxes.look({}, CODEX).forgotten).toBe(false)
  })

  test('[EVENT-9] is handed over to one at a time, and again when that one died', async () => {
    const events = openEvents()
    const { inboxes, clock } = events
    await events.join(CODEX)
    expect(inboxes.look(TAKE, CODEX)).toMatchObject({ messages: [], taken: false })
    const first = await events.say(CLAUDE, { n: 1 })
    expect(inboxes.look(TAKE, CODEX).messages).toEqual([first])
    const second = await events.say(CLAUDE, { n: 2 })
    expect(inboxes.look(TAKE, CODEX)).toEqual({ messages: [], waiting: 2, taken: true, forgotten: false })
    expect(inboxes.look({}, CODEX).messages).toEqual([first, second])
    await clock.advance(29_999)
    clock.set(-3_600_000)
    expect(inboxes.look(TAKE, CODEX).taken).toBe(true)
    await clock.advance(1)
    expect(inboxes.look(TAKE, CODEX).messages).toEqual([first, second])
    await inboxes.receipt(first.seq, CODEX)
    expect(inboxes.look(TAKE, CODEX).messages).toEqual([second])
  })

  test('a receipt for what never was is refused', async () => {
    const { inboxes } = openEvents()
    await expect(inboxes.receipt(1, CODEX)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
  })

  test('[EVENT-8, EVENT-9] whatever dies in between, each message is got at least once, and receipted ones never again', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('say' as const), to: fc.nat(2) }),
      fc.record({ kind: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 4 }), dies: fc.boolean() }),
      fc.record({ kind: fc.constant('restart' as const) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
    )
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let events = openEvents()
      await events.join(CODEX)
      const meant: number[] = []
      const got: number[] = []
      const deliver = async (limit: number): Promise<number> => {
        const { messages } = events.inboxes.look({ take: true, limit }, CODEX)
        for (const { seq } of messages) expect(got).not.toContain(seq)
        const last = messages.at(-1)
        if (last !== undefined) await events.inboxes.receipt(last.seq, CODEX)
        got.push(...messages.map(({ seq }) => seq))
        return messages.length
      }
      for (const one of steps) {
        if (one.kind === 'say') {
          const to = [undefined, { agent: CODEX }, { agent: GEMINI }][one.to]
          const { seq } = await events.say(CLAUDE, { n: meant.length }, to)
          if (one.to < 2) meant.push(seq)
        } else if (one.kind === 'take') {
          if (one.dies) events.inboxes.look({ take: true, limit: one.limit }, CODEX)
          else await deliver(one.limit)
        } else if (one.kind === 'restart') {
          await turn()
          events = openEvents(events.storage, events.clock)
        } else await events.clock.advance(one.ms)
      }
      await events.clock.advance(30_000)
      while ((await deliver(3)) > 0);
      expect(got).toEqual(meant)
    })
    await fc.assert(property, { numRuns: 60 })
  })
})
