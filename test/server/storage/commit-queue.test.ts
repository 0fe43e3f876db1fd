import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommitQueue, retryDelay } from '../../../server/storage/commit-queue.js'
import type { CommitMeasure, CommitQueueOptions, QueueState } from '../../../server/storage/commit-queue.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import type { Row } from '../../../server/storage/storage.js'
import { FailingStorage, diskFull } from '../../support/failing-storage.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

function setUp(options: Partial<CommitQueueOptions> = {}) {
  const storage = new FailingStorage()
  const clock = new ManualClock()
  const queue = new CommitQueue({ storage, elapsed: clock.now, timers: clock.timers, random: () => 0, ...options })
  return { storage, clock, queue }
}

const row = (n: number, value: unknown = n): Row => ({ put: ['t', n], value })

/** Says how a promise stands without waiting for it. */
function watch(promise: Promise<unknown>): { state: 'pending' | 'stored' | 'refused' } {
  const watched: { state: 'pending' | 'stored' | 'refused' } = { state: 'pending' }
  promise.then(
    () => (watched.state = 'stored'),
    () => (watched.state = 'refused'),
  )
  return watched
}

const triedNumbers = (storage: FailingStorage): unknown[][] =>
  storage.tries.map((rows) => rows.map((each) => ('put' in each ? each.put[1] : 'delete')))

describe('storing', () => {
  test('a promise resolves when the commit has, not before', async () => {
    const { storage, queue } = setUp()
    storage.hold()
    const stored = watch(queue.enqueue([row(1)]))
    await turn()
    expect(stored.state).toBe('pending')
    expect(storage.get(['t', 1])).toBeUndefined()
    storage.release()
    await turn()
    expect(stored.state).toBe('stored')
    expect(storage.get(['t', 1])).toBe(1)
  })

  test('[SYNC-6] what can wait is asked for with the next group: at once, then at the pace of such groups, or with what does not wait', async () => {
    const { storage, clock, queue } = setUp()
    const give = (n: number): (() => void) => queue.withNext(() => void queue.enqueue([row(n)]))
    const storeIn = async (ms: number): Promise<void> => {
      await clock.advance(ms)
      storage.release()
      await turn()
    }
    storage.hold()
    give(1)
    await storeIn(1)
    for (const n of [2, 3]) give(n)
    give(9)()
    await clock.advance(3)
    expect(triedNumbers(storage)).toEqual([[1]])
    await clock.advance(1)
    expect(triedNumbers(storage)).toEqual([[1], [2, 3]])
    await storeIn(1)
    give(4)
    void queue.enqueue([row(5)])
    await turn()
    give(6)
    await storeIn(1)
    expect(triedNumbers(storage)).toEqual([[1], [2, 3], [5, 4]])
    await clock.advance(4)
    expect(triedNumbers(storage).at(-1)).toEqual([6])
    await storeIn(1)
    expect(clock.waiting).toEqual([])
  })

  test('[SYNC-6] what can wait may name a time before which it is not asked for, whoever enqueues meanwhile', async () => {
    const { storage, clock, queue } = setUp()
    const give = (n: number, rest: number): (() => void) => queue.withNext(() => void queue.enqueue([row(n)]), rest)
    give(1, 7)
    give(9, 7)()
    await clock.advance(6)
    void queue.enqueue([row(2)])
    await turn()
    expect(triedNumbers(storage)).toEqual([[2]])
    await clock.advance(1)
    expect(triedNumbers(storage)).toEqual([[2], [1]])
    expect(clock.waiting).toEqual([])
  })

  test('what is enqueued in one go is one commit; what comes while it is under way is the next', async () => {
    const { storage, queue } = setUp()
    storage.hold()
    for (const n of [1, 2, 3]) void queue.enqueue([row(n)])
    await turn()
    for (const n of [4, 5]) void queue.enqueue([row(n)])
    await turn()
    void queue.enqueue([row(6)])
    storage.releaseAll()
    await queue.idle()
    expect(triedNumbers(storage)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
  })

  test('a group ends before 8 MB, and one call is never torn apart', async () => {
    const { storage, queue } = setUp()
    const half = new Uint8Array(5 * 1024 * 1024)
    void queue.enqueue([row(1, half)])
    void queue.enqueue([row(2, half)])
    void queue.enqueue([row(3, half), row(4, half)])
    void queue.enqueue([row(5)])
    await queue.idle()
    expect(triedNumbers(storage)).toEqual([[1], [2], [3, 4], [5]])
  })

  test('a group ends before 10,000 rows', async () => {
    const { storage, queue } = setUp()
    for (let call = 0; call < 5; call++) void queue.enqueue(Array.from({ length: 3_000 }, (_, n) => row(n)))
    await queue.idle()
    expect(storage.tries.map((rows) => rows.length)).toEqual([9_000, 6_000])
  })

  test('a call without rows resolves after everything before it is stored, and writes nothing', async () => {
    const { storage, queue } = setUp()
    storage.hold()
    void queue.enqueue([row(1)])
    await turn()
    const barrier = watch(queue.enqueue([]))
    await turn()
    expect(barrier.state).toBe('pending')
    storage.release()
    await turn()
    expect(barrier.state).toBe('stored')
    expect(storage.tries.length).toBe(1)
  })

  test('promises resolve in the order of the calls', async () => {
    const { queue } = setUp()
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((n) => queue.enqueue([row(n)]).then(() => order.push(n))))
    expect(order).toEqual([1, 2, 3, 4])
  })

  test('idle resolves at once when nothing waits, else after the last commit', async () => {
    const { storage, queue } = setUp()
    await queue.idle()
    storage.hold()
    void queue.enqueue([row(1)])
    const idle = watch(queue.idle())
    await turn()
    expect(idle.state).toBe('pending')
    storage.release()
    await turn()
    expect(idle.state).toBe('stored')
    expect(queue.pending).toEqual({ rows: 0, bytes: 0 })
  })
})

describe('a failed commit', () => {
  test('is tried again after 100 ms, then twice as long each time, at most 5 s', async () => {
    const { storage, clock, queue } = setUp()
    storage.fail()
    void queue.enqueue([row(1)])
    await turn()
    const delays: (number | undefined)[] = []
    for (let i = 0; i < 8; i++) {
      delays.push(clock.waiting[0])
      await clock.advance(clock.waiting[0] ?? 0)
    }
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    expect(storage.tries.length).toBe(9)
  })

  test('leaves its promise pending, and resolves it when a later try works', async () => {
    const { storage, clock, queue } = setUp()
    storage.fail()
    const stored = watch(queue.enqueue([row(1)]))
    await clock.advance(60_000)
    expect(stored.state).toBe('pending')
    storage.heal()
    await clock.advance(5_000)
    expect(stored.state).toBe('stored')
    expect(storage.get(['t', 1])).toBe(1)
  })

  test('keeps the order: the same group again, and only then what came meanwhile', async () => {
    const { storage, clock, queue } = setUp()
    storage.failOnce()
    storage.failOnce()
    void queue.enqueue([row(1)])
    void queue.enqueue([row(2)])
    await turn()
    void queue.enqueue([row(3)])
    await clock.advance(1_000)
    await queue.idle()
    expect(triedNumbers(storage)).toEqual([[1, 2], [1, 2], [1, 2], [3]])
  })

  test('makes the queue degraded from the first failure until one is stored', async () => {
    const { storage, clock, queue } = setUp()
    const states: QueueState[] = []
    const stop = queue.onState((state) => states.push(state))
    storage.fail(diskFull())
    void queue.enqueue([row(1)])
    await clock.advance(10_000)
    expect(queue.state).toMatchObject({ degraded: { code: 'E_STORAGE_FULL' } })
    storage.heal()
    await clock.advance(5_000)
    expect(queue.state).toBe('ok')
    expect(states.at(0)).toMatchObject({ degraded: { code: 'E_STORAGE_FULL' } })
    expect(states.at(-1)).toBe('ok')
    expect(states.filter((state) => state === 'ok').length).toBe(1)
    const seen = states.length
    stop()
    storage.failOnce()
    void queue.enqueue([row(2)])
    await clock.advance(1_000)
    expect(states.length).toBe(seen)
  })

  test('of an unknown kind is E_STORAGE_DEGRADED, and says what the storage said', async () => {
    const { storage, queue } = setUp()
    storage.fail(new Error('the cable is out'))
    void queue.enqueue([row(1)])
    await turn()
    if (queue.state === 'ok') throw new Error('expected a degraded queue')
    expect(queue.state.degraded.code).toBe('E_STORAGE_DEGRADED')
    expect(queue.state.degraded.message).toContain('the cable is out')
  })

  test('whose rows were stored after all ends the same', async () => {
    const { storage, clock, queue } = setUp()
    void queue.enqueue([row(1, 'old'), row(2)])
    await queue.idle()
    storage.loseAnswerOnce()
    const stored = watch(queue.enqueue([row(1, 'new'), { deleteFrom: ['t', 2], to: ['t', 3] }]))
    void queue.enqueue([row(3)])
    await turn()
    expect([stored.state, storage.get(['t', 1])]).toEqual(['pending', 'new'])
    await clock.advance(100)
    await queue.idle()
    expect(stored.state).toBe('stored')
    expect([...storage.range(rowsUnder(['t']))]).toEqual([
      { key: ['t', 1], value: 'new' },
      { key: ['t', 3], value: 3 },
    ])
  })

  test('that never comes back is a degraded state after ten seconds, and ends when it does', async () => {
    const { storage, clock, queue } = setUp()
    storage.hold()
    const stored = watch(queue.enqueue([row(1)]))
    await clock.advance(9_999)
    expect(queue.state).toBe('ok')
    await clock.advance(1)
    expect(queue.state).toMatchObject({ degraded: { code: 'E_STORAGE_DEGRADED' } })
    expect(storage.tries.length).toBe(1)
    storage.release()
    await turn()
    expect([queue.state, stored.state]).toEqual(['ok', 'stored'])
  })

  test('spreads its retries by chance, never later than the plain delay nor sooner than half of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const plain = retryDelay(attempt, 0)
          const delay = retryDelay(attempt, random)
          expect(plain).toBeLessThanOrEqual(5_000)
          expect(delay).toBeLessThanOrEqual(plain)
          expect(delay).toBeGreaterThan(plain / 2)
        },
      ),
    )
  })
})

describe('bounds', () => {
  test('too many rows are refused at once with E_LIMIT, and those before them stay', async () => {
    const { storage, queue } = setUp({ maxPendingRows: 3 })
    storage.hold()
    const first = watch(queue.enqueue([row(1), row(2)]))
    await turn()
    const second = watch(queue.enqueue([row(3)]))
    await expect(queue.enqueue([row(4)])).rejects.toMatchObject({ code: 'E_LIMIT', retry: true })
    storage.releaseAll()
    await queue.idle()
    expect([first.state, second.state]).toEqual(['stored', 'stored'])
    expect(storage.get(['t', 4])).toBeUndefined()
    await queue.enqueue([row(4)])
    expect(storage.get(['t', 4])).toBe(4)
  })

  test('too many bytes are refused likewise', async () => {
    const { storage, queue } = setUp({ maxPendingBytes: 1_000 })
    storage.hold()
    void queue.enqueue([row(1, new Uint8Array(900))])
    await expect(queue.enqueue([row(2, new Uint8Array(100))])).rejects.toMatchObject({ code: 'E_LIMIT' })
    await expect(queue.enqueue([row(2, { text: 'x'.repeat(100) })])).rejects.toMatchObject({ code: 'E_LIMIT' })
    void queue.enqueue([row(3, new Uint8Array(10))])
    storage.releaseAll()
    await queue.idle()
    expect(triedNumbers(storage)).toEqual([[1], [3]])
  })

  test('while degraded the refusal names what is wrong with the storage', async () => {
    const { storage, clock, queue } = setUp({ maxPendingRows: 1 })
    storage.fail(diskFull())
    const first = watch(queue.enqueue([row(1)]))
    await turn()
    await expect(queue.enqueue([row(2)])).rejects.toMatchObject({ code: 'E_STORAGE_FULL', retry: true })
    expect(first.state).toBe('pending')
    storage.heal()
    await clock.advance(100)
    expect(first.state).toBe('stored')
  })

  test('a call that is over the bound by itself is E_TOO_LARGE, which no retry helps', async () => {
    const { queue } = setUp({ maxPendingRows: 2 })
    await expect(queue.enqueue([row(1), row(2), row(3)])).rejects.toMatchObject({ code: 'E_TOO_LARGE', retry: false })
  })

  test('a row that no storage takes is refused alone, before it can hold up the others', async () => {
    const { storage, queue } = setUp()
    const before = queue.enqueue([row(1)])
    const tooLong = queue.enqueue([{ put: ['t', 'x'.repeat(2_000)], value: 1 }])
    const noValue = queue.enqueue([row(2, () => 1)])
    const after = queue.enqueue([row(3)])
    await expect(tooLong).rejects.toMatchObject({ code: 'E_KEY_TOO_LONG' })
    await expect(noValue).rejects.toThrow()
    await Promise.all([before, after])
    expect(triedNumbers(storage)).toEqual([[1, 3]])
  })
})

describe('closing', () => {
  test('stores what waits, takes nothing more, and reports nothing lost', async () => {
    const { storage, queue, clock } = setUp()
    storage.hold()
    const stored = watch(queue.enqueue([row(1)]))
    await turn()
    void queue.enqueue([row(2)])
    const closed = queue.close()
    await expect(queue.enqueue([row(3)])).rejects.toMatchObject({ code: 'E_STOPPING', retry: true })
    storage.releaseAll()
    expect(await closed).toEqual({ lost: [] })
    expect(stored.state).toBe('stored')
    expect(triedNumbers(storage)).toEqual([[1], [2]])
    expect(clock.waiting).toEqual([])
  })

  test('tries again at once instead of waiting for the next retry', async () => {
    const { storage, clock, queue } = setUp()
    storage.fail()
    void queue.enqueue([row(1)])
    await clock.advance(20_000)
    storage.heal()
    expect(await queue.close()).toEqual({ lost: [] })
    expect(storage.get(['t', 1])).toBe(1)
    expect(clock.waiting).toEqual([])
  })

  test('gives up at its deadline, rejects what is not stored, and reports the rows and the reason', async () => {
    const { storage, clock, queue } = setUp()
    storage.fail(diskFull())
    const first = queue.enqueue([row(1), row(2)])
    const second = queue.enqueue([row(3)])
    const outcomes = Promise.allSettled([first, second])
    await turn()
    const closed = queue.close({ deadline: 1_000 })
    await clock.advance(1_000)
    expect(await closed).toMatchObject({ lost: [row(1), row(2), row(3)], reason: { code: 'E_STORAGE_FULL' } })
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'E_STORAGE_FULL' } })
    expect(clock.waiting).toEqual([])
    const tries = storage.tries.length
    storage.heal()
    await clock.advance(60_000)
    expect(storage.tries.length).toBe(tries)
    expect(clock.waiting).toEqual([])
    expect(queue.pending).toEqual({ rows: 0, bytes: 0 })
  })

  test('does not wait beyond its deadline for a commit that hangs', async () => {
    const { storage, clock, queue } = setUp()
    storage.hold()
    const hanging = watch(queue.enqueue([row(1)]))
    await turn()
    const closed = queue.close({ deadline: 500 })
    await clock.advance(500)
    expect(await closed).toMatchObject({ lost: [row(1)], reason: { code: 'E_STORAGE_DEGRADED' } })
    expect(hanging.state).toBe('refused')
    storage.release()
    await turn()
    expect(clock.waiting).toEqual([])
  })

  test('can be asked for twice', async () => {
    const { queue } = setUp()
    await queue.enqueue([row(1)])
    expect(await Promise.all([queue.close(), queue.close()])).toEqual([{ lost: [] }, { lost: [] }])
  })
})

test('every try is measured', async () => {
  const measures: CommitMeasure[] = []
  const { storage, clock, queue } = setUp({ onCommit: (measure) => measures.push(measure) })
  storage.hold()
  storage.failOnce()
  void queue.enqueue([row(1), row(2)])
  void queue.enqueue([row(3, new Uint8Array(100))])
  await turn()
  await clock.advance(7)
  storage.releaseAll()
  await turn()
  await clock.advance(100)
  expect(measures).toMatchObject([
    { stored: false, ms: 7, rows: 3, calls: 2, attempt: 1 },
    { stored: true, ms: 0, rows: 3, calls: 2, attempt: 2 },
  ])
  expect(measures[0]?.bytes).toBeGreaterThan(100)
})

test('nothing is dropped or reordered, whatever the storage does', async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('enqueue' as const), rows: fc.integer({ min: 0, max: 4 }) }),
    },
    fc.constantFrom(
      ...(['fail', 'failOnce', 'loseAnswerOnce', 'heal', 'hold', 'release', 'turn'] as const).map((kind) => ({ kind })),
    ),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.nat({ max: 6_000 }) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { storage, clock, queue } = setUp({ maxPendingRows: 12 })
      const accepted: number[] = []
      const stored: number[] = []
      let written = 0
      for (const each of steps) {
        switch (each.kind) {
          case 'enqueue': {
            const numbers = Array.from({ length: each.rows }, () => written++)
            const hadRoom = queue.pending.rows + each.rows <= 12
            const done = queue.enqueue(numbers.map((n) => row(n)))
            if (hadRoom) accepted.push(...numbers)
            void done.then(
              () => stored.push(...numbers),
              () => expect(hadRoom).toBe(false),
            )
            break
          }
          case 'advance':
            await clock.advance(each.ms)
            break
          case 'release':
            if (storage.held > 0) storage.release()
            break
          case 'turn':
            await turn()
            break
          default:
            storage[each.kind]()
        }
        expect(stored).toEqual(accepted.slice(0, stored.length))
        for (const n of stored) expect(storage.get(['t', n])).toBe(n)
      }
      storage.heal()
      storage.releaseAll()
      await clock.advance(5_000)
      expect(stored).toEqual(accepted)
      expect([...storage.range(rowsUnder(['t']))].map(({ value }) => value)).toEqual(accepted)
      expect([queue.state, queue.pending, clock.waiting]).toEqual(['ok', { rows: 0, bytes: 0 }, []])
    }),
    { numRuns: 300 },
  )
})

describe('who waits for a storage that fails', () => {
  test('is told at once, or when its patience ends; what was begun goes on', async () => {
    const { storage, clock, queue } = setUp()
    storage.fail(diskFull())
    const stored = queue.enqueue([row(1)])
    const told: string[] = []
    const tell = (who: string) => (error: unknown) => told.push(`${who} ${String(Reflect.get(Object(error), 'code'))}`)
    queue.durable().catch(tell('reader'))
    queue.unlessDegraded(() => stored, { patience: 1_000 }).catch(tell('writer'))
    await turn()
    expect(told).toEqual(['reader E_STORAGE_DEGRADED'])
    queue.durable().catch(tell('late reader'))
    await clock.advance(999)
    expect(told).toEqual(['reader E_STORAGE_DEGRADED', 'late reader E_STORAGE_DEGRADED'])
    await clock.advance(1)
    expect(told.at(-1)).toBe('writer E_STORAGE_FULL')
    storage.heal()
    await clock.advance(5_000)
    await stored
    await queue.durable()
    expect(clock.waiting).toEqual([])
  })

  test('hears nothing of a failure that passes within its patience', async () => {
    const { storage, clock, queue } = setUp()
    storage.failOnce(diskFull())
    const writing = queue.unlessDegraded(() => queue.enqueue([row(1)]), { patience: 1_000 })
    await clock.advance(5_000)
    await writing
    expect(clock.waiting).toEqual([])
  })
})
