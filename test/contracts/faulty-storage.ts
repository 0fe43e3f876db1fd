/**
 * What the commit queue makes of every adapter whose medium fails once, for a while, is slow, is full, or stores and loses the
 * answer: nothing accepted is lost, nothing is said to be stored before it is, the order stays, and the state tells.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommitQueue, type QueueState } from '../../server/storage/commit-queue.js'
import { rowsUnder } from '../../server/storage/keys.js'
import { FailingStorage, diskFull, ioError } from '../support/failing-storage.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import type { OpenedStorage } from './storage.js'

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('enqueue' as const), rows: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat({ max: 6_000 }) }) },
  fc.constantFrom(
    ...(['full', 'broken', 'failOnce', 'loseAnswerOnce', 'heal', 'hold', 'release', 'settle'] as const).map((kind) => ({
      kind,
    })),
  ),
)

/** @param runs random sequences; each has a storage of its own */
export function faultyStorageContract(name: string, open: () => Promise<OpenedStorage>, runs: number): void {
  test(`[SYNC-1, SYNC-3, STORE-5] faults of ${name}: nothing accepted is lost or told too early, whatever its medium does`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { storage: medium, reread, dispose } = await open()
        try {
          await play(steps, new FailingStorage(medium), reread)
        } finally {
          await dispose()
        }
      }),
      { numRuns: runs },
    )
  })
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

async function play(steps: readonly Step[], storage: FailingStorage, reread: OpenedStorage['reread']): Promise<void> {
  const clock = new ManualClock()
  let fault: 'none' | 'full' | 'broken' = 'none'
  const queue = new CommitQueue({ storage, elapsed: clock.now, timers: clock.timers, random: () => 0.5 })
  const told: QueueState[] = []
  queue.onState((state) => told.push(state))
  const accepted: number[] = []
  const shown: number[] = []
  for (const each of steps) {
    switch (each.kind) {
      case 'enqueue': {
        const numbers = Array.from({ length: each.rows }, (_, n) => accepted.length + n)
        accepted.push(...numbers)
        void queue.enqueue(numbers.map((n) => ({ put: ['t', n], value: n }))).then(() => {
          shown.push(...numbers)
          // In the very step in which it is told, it is there.
          for (const n of numbers) expect(storage.get(['t', n])).toBe(n)
        })
        break
      }
      case 'advance':
        await clock.advance(each.ms)
        break
      case 'full':
      case 'broken':
        fault = each.kind
        storage.fail(fault === 'full' ? diskFull() : ioError())
        break
      case 'heal':
        fault = 'none'
        storage.heal()
        break
      case 'release':
        if (storage.held > 0) storage.release()
        break
      case 'settle':
        await turn()
        break
      default:
        storage[each.kind]()
    }
    expect(shown).toEqual(accepted.slice(0, shown.length))
    if (queue.state !== 'ok') expect(['E_STORAGE_FULL', 'E_STORAGE_DEGRADED']).toContain(queue.state.degraded.code)
  }
  storage.heal()
  storage.releaseAll()
  const idle = queue.idle()
  while (queue.pending.rows > 0 || queue.state !== 'ok') {
    await clock.advance(5_000)
    await new Promise((resolve) => setTimeout(resolve, 1)) // a medium that is real takes real time
  }
  await idle
  expect(shown).toEqual(accepted)
  expect(queue.state).toBe('ok')
  // Every failure was told, and so was its end.
  if (told.length > 0) expect(told.at(-1)).toBe('ok')
  expect(await queue.close()).toEqual({ lost: [] })
  const later = await reread()
  expect([...later.range(rowsUnder(['t']))].map(({ value }) => value)).toEqual(accepted)
}
