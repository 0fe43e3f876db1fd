import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EnsembleError, type ErrorCode } from '../../../protocol/errors.js'
import type { WriteBase, WriteResult } from '../../../protocol/files.js'
import { writeId } from '../../../protocol/ids.js'
import type { Result } from '../../../protocol/messages.js'
import { workspacePath } from '../../../protocol/paths.js'
import { hashOf } from '../../../client/sdk/content-hash.js'
import { baseAfter } from '../../../client/sdk/pending-files.js'
import type { Ask, Entry, Outcome, QueuedMethod } from '../../../client/sdk/queued-request.js'
import { newQueue, step } from '../../../client/sdk/request-queue.js'
import { RequestSender, type Queued } from '../../../client/sdk/request-sender.js'
import { openMemoryStore, type ClientStore } from '../../../client/sdk/store.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

type Write = Extract<Ask, { method: 'write' }>

const contentOf = (text: string) => ({ kind: 'text', text, bom: false, eol: 'lf' }) as const
const writeOf = (id: string, path: string, text: string, base: WriteBase | null = null): Write => ({
  method: 'write',
  params: {
    writeId: writeId.parse(id),
    path: workspacePath.parse(path),
    base,
    content: contentOf(text),
    executable: false,
  },
})

/** Carries out each write id once; what arrives may be answered, refused, or lost on the way back. */
class FakeServer {
  readonly done: { readonly id: string; readonly path: string; readonly text: string; readonly base: string | null }[] =
    []
  readonly #answers = new Map<string, WriteResult>()
  readonly #texts = new Map<string, string>()
  readonly #revs = new Map<string, number>()
  readonly #plan: Plan[]
  #wake = (): void => undefined

  constructor(plan: readonly Plan[]) {
    this.#plan = [...plan]
  }

  /** Ends whatever hangs, as a break of the connection does. */
  break(): void {
    this.#wake()
  }

  readonly ask = async (ask: Ask): Promise<Result<QueuedMethod>> => {
    await turn()
    if (ask.method !== 'write') throw new Error('only writes are asked here')
    const plan = this.#plan.shift() ?? 'answer'
    if (plan === 'lost before') throw unreachable()
    if (plan === 'busy') throw new EnsembleError('E_STORAGE_DEGRADED', 'not now')
    if (plan === 'hangs') {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      throw unreachable()
    }
    if (plan === 'refuse' && !this.#answers.has(ask.params.writeId)) throw new EnsembleError('E_TOO_LARGE', 'no')
    const answer = this.#write(ask)
    if (plan === 'lost after') throw unreachable()
    return answer
  }

  #write({ params: { writeId: id, path, content, base } }: Write): WriteResult {
    const before = this.#answers.get(id)
    if (before !== undefined) return before
    const text = content.kind === 'text' ? content.text : ''
    const rev = (this.#revs.get(path) ?? 0) + 1
    const hash = hashOf(content)
    this.#revs.set(path, rev)
    this.#texts.set(path, text)
    this.done.push({ id, path, text, base: base?.hash ?? null })
    const head = { ...{ id: 'f', path, rev, hash, seq: this.done.length, author: 'CLAUDE-a' }, size: 1, time: 1 }
    const form = { kind: 'text', executable: false, bom: false, eol: 'lf', deleted: false }
    const result = { outcome: 'accepted', head: { ...head, ...form }, applied: 1, held: 0, conflicts: [], edits: null }
    this.#answers.set(id, result as unknown as WriteResult)
    return result as unknown as WriteResult
  }
}

const unreachable = (): EnsembleError => new EnsembleError('E_UNREACHABLE', 'the line broke')

const plans = ['answer', 'lost before', 'lost after', 'refuse', 'busy', 'hangs'] as const
type Plan = (typeof plans)[number]

/** One client after the other, upon one store. */
class World {
  readonly clock = new ManualClock()
  readonly rows = new Map<string, string>()
  readonly server: FakeServer
  readonly accepted: { readonly id: string; readonly path: string; readonly text: string }[] = []
  readonly settled: { readonly entry: Entry; readonly outcome: Outcome }[] = []
  #sender: RequestSender
  #alive = { is: true }
  /** What a write of the file is based on, where none waits. */
  readonly #seen = new Map<string, WriteBase | null>()
  #count = 0
  #isUp = false

  constructor(plan: readonly Plan[]) {
    this.server = new FakeServer(plan)
    this.#sender = this.#open()
  }

  #open(): RequestSender {
    const alive = { is: true }
    this.#alive = alive
    const whileAlive = <T>(work: () => Promise<T>): Promise<T> => (alive.is ? work() : new Promise(() => undefined))
    const store = openMemoryStore(this.rows)
    const mortal: ClientStore = { ...store, write: (changes) => whileAlive(() => store.write(changes)) }
    return new RequestSender(
      {
        store: mortal,
        // A dead process hears no answer.
        ask: (ask) => whileAlive(() => this.server.ask(ask)).finally(() => whileAlive(() => Promise.resolve())),
        now: this.clock.now,
        after: (ms, run) => {
          const timer = this.clock.timers.setTimeout(() => alive.is && run(), ms)
          return () => {
            this.clock.timers.clearTimeout(timer)
          }
        },
        random: () => 0.5,
        onSettled: (entry, outcome) => {
          this.settled.push({ entry, outcome })
          if (entry.ask.method === 'write') this.#seen.set(entry.ask.params.path, baseAfter(entry, outcome).base)
        },
        onError: (error) => {
          throw error
        },
      },
      this.rows,
    )
  }

  async write(path: string): Promise<void> {
    const id = `w${++this.#count}`
    const text = `text ${id}\n`
    const queued: Queued<'write'> = this.#sender.add(writeOf(id, path, text, this.#seen.get(path) ?? null))
    await queued.stored
    this.accepted.push({ id, path, text })
  }

  async connect(isUp: boolean): Promise<void> {
    this.#isUp = isUp
    if (!isUp) this.server.break()
    this.#sender.connected(isUp)
    await turn()
  }

  /** As kill -9 does. */
  async restart(): Promise<void> {
    this.#alive.is = false
    this.server.break()
    await turn()
    this.#sender = this.#open()
    if (this.#isUp) this.#sender.connected(true)
    await turn()
  }

  async drain(): Promise<void> {
    for (let round = 0; round < 500 && this.#sender.entries.length > 0; round++) {
      await this.connect(false)
      await this.connect(true)
      await this.clock.advance(20_000)
    }
  }

  get waiting(): number {
    return this.#sender.entries.length
  }
}

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), path: fc.constantFrom('a', 'b') }) },
  fc.record({ do: fc.constantFrom('up' as const, 'down' as const, 'restart' as const, 'time' as const) }),
)

describe('what waits for the server', () => {
  test('[CLIENT-1] is carried out once and in order, over breaks, restarts and refusals', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 40 }),
        fc.array(fc.constantFrom(...plans), { maxLength: 40 }),
        async (actions, plan) => {
          const world = new World(plan)
          for (const one of actions) {
            if (one.do === 'write') await world.write(one.path)
            else if (one.do === 'restart') await world.restart()
            else if (one.do === 'time') await world.clock.advance(1_000)
            else await world.connect(one.do === 'up')
          }
          await world.drain()
          expect(world.waiting).toBe(0)
          expect(world.rows.size).toBe(0)
          const refused = new Set(
            world.settled.flatMap(({ entry, outcome }) =>
              outcome.kind === 'refused' && entry.ask.method === 'write' ? [entry.ask.params.writeId as string] : [],
            ),
          )
          const expected = world.accepted.filter(({ id }) => !refused.has(id))
          expect(world.server.done.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
          // Each is based on what this client wrote there before it.
          const last = new Map<string, string>()
          for (const { path, text, base } of world.server.done) {
            const before = last.get(path)
            expect(base).toBe(before === undefined ? null : hashOf(contentOf(before)))
            last.set(path, text)
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

const up = newQueue()
const added = (queue = up, ...texts: string[]) =>
  texts.reduce((now, text, i) => {
    const { queue: more } = step(now, { type: 'add', ask: writeOf(`w${i}`, 'a', text), baseText: null, time: 1 }, 0.5)
    return step(more, { type: 'stored', id: more.nextId - 1 }, 0.5).queue
  }, queue)

const conflictAt = (rev: number): Result<'write'> =>
  ({
    outcome: 'conflict',
    head: { rev, hash: hashOf(contentOf('theirs\n')) },
    ...{ applied: 0, held: 1, conflicts: ['c'], edits: null },
  }) as unknown as Result<'write'>

describe('the next write of a file', () => {
  test('is based on what was written before it, with the text, where the head became another', () => {
    const asked = step(added(up, 'one\n', 'two\n'), { type: 'up' }, 0.5).queue
    const { queue } = step(asked, { type: 'answered', turn: 1, result: conflictAt(7) }, 0.5)
    expect(queue.entries[0]).toMatchObject({
      ask: { params: { base: { rev: 7, hash: hashOf(contentOf('one\n')) } } },
      baseText: 'one\n',
    })
    const again = step(queue, { type: 'answered', turn: 2, result: { outcome: 'need-base' } }, 0.5)
    expect(again.effects).toMatchObject([{ type: 'ask', ask: { params: { base: { rev: 7, text: 'one\n' } } } }])
    const given = step(again.queue, { type: 'answered', turn: 3, result: { outcome: 'need-base' } }, 0.5)
    expect(given.effects[1]).toMatchObject({ outcome: { kind: 'refused', error: { code: 'E_UNKNOWN_BASE' } } })
  })

  test('is based on what the refused one before it was based on', () => {
    const asked = step(added(up, 'one\n', 'two\n'), { type: 'up' }, 0.5).queue
    const error = new EnsembleError('E_TOO_LARGE', 'no')
    const { queue, effects } = step(asked, { type: 'failed', turn: 1, error }, 0.5)
    expect(queue.entries[0]).toMatchObject({ ask: { params: { base: null } } })
    expect(effects[1]).toMatchObject({ type: 'settled', outcome: { kind: 'refused', error } })
  })
})

test('one request that the server always fails at is refused in the end, and holds up nobody for ever', () => {
  const fails = (code: ErrorCode, times: number): number => {
    let queue = step(added(up, 'one\n'), { type: 'up' }, 0.5).queue
    for (let i = 0; i < times; i++) {
      queue = step(queue, { type: 'failed', turn: queue.turn, error: new EnsembleError(code, 'no') }, 0.5).queue
      queue = step(queue, { type: 'rested' }, 0.5).queue
    }
    return queue.entries.length
  }
  expect(fails('E_INTERNAL', 8)).toBe(1)
  expect(fails('E_INTERNAL', 9)).toBe(0)
  expect(fails('E_STORAGE_DEGRADED', 100)).toBe(1)
})

test('one more than there is room for is refused with E_LIMIT, and what waits is kept', () => {
  const full = added(newQueue([], { entries: 2, size: 10_000 }), 'one\n', 'two\n')
  const add = (text: string) => step(full, { type: 'add', ask: writeOf('w9', 'a', text), baseText: null, time: 1 }, 0.5)
  expect(() => add('three\n')).toThrow(expect.objectContaining({ code: 'E_LIMIT' }))
  expect(full.entries).toHaveLength(2)
  const large = newQueue([], { entries: 9, size: 1_000 })
  expect(() => added(large, 'x'.repeat(1_000))).toThrow(expect.objectContaining({ code: 'E_LIMIT' }))
})
