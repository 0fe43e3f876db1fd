/**
 * Carries out what request-queue.ts decides: stores entries, asks the server, waits, tells.
 */
import { z } from 'zod'
import { EnsembleError, toEnsembleError, unreachable } from '../../protocol/errors.js'
import { methods, type Result } from '../../protocol/messages.js'
import type { After } from './connection.js'
import type { Ask, Entry, Outcome, QueuedMethod } from './queued-request.js'
import { newQueue, step, type Effect, type Input, type Queue, type QueueLimits } from './request-queue.js'
import type { Change, ClientStore } from './store.js'
import { trusted } from './trusted.js'

export interface SenderOptions {
  readonly store: ClientStore
  readonly ask: (ask: Ask) => Promise<Result<QueuedMethod>>
  readonly now: () => number
  readonly after: After
  readonly random: () => number
  readonly limits?: QueueLimits
  /** Of every entry, also of those that an earlier process left. */
  readonly onSettled: (entry: Entry, outcome: Outcome) => void
  readonly onError: (error: EnsembleError) => void
}

/** A request that waits for its turn. */
export interface Queued<M extends QueuedMethod> {
  /** Resolved: it outlives this process. Rejects with E_LIMIT, or with what the store says. */
  readonly stored: Promise<unknown>
  /** What the server answered; rejects with why it was refused. */
  readonly done: Promise<Result<M>>
}

const PREFIX = 'queue/'

interface Deferred {
  readonly promise: Promise<unknown>
  readonly resolve: (value?: unknown) => void
  readonly reject: (error: EnsembleError) => void
}

interface Waiting {
  readonly stored: Deferred
  readonly done: Deferred
}

export class RequestSender {
  readonly #options: SenderOptions
  readonly #waiting = new Map<number, Waiting>()
  readonly #idle: (() => void)[] = []
  #queue: Queue
  #stopRest = (): void => undefined

  /** @param rows of the store */
  constructor(options: SenderOptions, rows: ReadonlyMap<string, string>) {
    this.#options = options
    this.#queue = newQueue(entriesOf(rows), options.limits)
  }

  /** Oldest first. */
  get entries(): readonly Entry[] {
    return this.#queue.entries
  }

  /** @throws EnsembleError E_LIMIT */
  add<A extends Ask>(ask: A, baseText: string | null = null): Queued<A['method']> {
    const id = this.#queue.nextId
    const waiting: Waiting = { stored: deferred(), done: deferred() }
    this.#waiting.set(id, waiting)
    try {
      this.#take({ type: 'add', ask, baseText, time: this.#options.now() })
    } catch (thrown) {
      this.#waiting.delete(id)
      throw thrown
    }
    const done = waiting.done.promise.then(trusted<Result<A['method']>>)
    done.catch(ignored)
    return { stored: waiting.stored.promise, done }
  }

  /** There is a connection, or there is none any more. */
  connected(isUp: boolean): void {
    this.#take({ type: isUp ? 'up' : 'down' })
  }

  /** Resolves when nothing waits. */
  async flushed(): Promise<void> {
    if (this.#queue.entries.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** What waits stays in the store. */
  close(): void {
    this.#take({ type: 'down' })
    this.#stopRest()
  }

  #take(input: Input): void {
    const { queue, effects } = step(this.#queue, input, this.#options.random())
    this.#queue = queue
    for (const effect of effects) this.#carryOut(effect)
    if (queue.entries.length === 0) for (const tell of this.#idle.splice(0)) tell()
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'store':
        void this.#store(effect)
        return
      case 'ask':
        void this.#ask(effect.turn, effect.ask)
        return
      case 'settled':
        this.#settled(effect.entry, effect.outcome)
        return
      case 'rest':
        this.#stopRest = this.#options.after(effect.milliseconds, () => {
          this.#take({ type: 'rested' })
        })
        return
      default:
        unreachable(effect)
    }
  }

  async #store({ put, remove, adds }: Extract<Effect, { type: 'store' }>): Promise<void> {
    const changes: Change[] = put.map((entry) => ({ key: keyOf(entry.id), value: JSON.stringify(entry) }))
    if (remove !== null) changes.push({ key: keyOf(remove), value: null })
    const [added] = put
    try {
      await this.#options.store.write(changes)
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      // What could not be removed is asked again by the next process, and answered as the first time.
      if (adds && added !== undefined) this.#take({ type: 'unstored', id: added.id, error })
      else this.#options.onError(error)
      return
    }
    if (!adds || added === undefined) return
    this.#waiting.get(added.id)?.stored.resolve()
    this.#take({ type: 'stored', id: added.id })
  }

  async #ask(turn: number, ask: Ask): Promise<void> {
    try {
      this.#take({ type: 'answered', turn, result: await this.#options.ask(ask) })
    } catch (thrown) {
      this.#take({ type: 'failed', turn, error: toEnsembleError(thrown) })
    }
  }

  #settled(entry: Entry, outcome: Outcome): void {
    const waiting = this.#waiting.get(entry.id)
    this.#waiting.delete(entry.id)
    if (outcome.kind === 'done') waiting?.done.resolve(outcome.result)
    else {
      waiting?.stored.reject(outcome.error) // after `stored` it means nothing
      waiting?.done.reject(outcome.error)
    }
    this.#options.onSettled(entry, outcome)
  }
}

const keyOf = (id: number): string => `${PREFIX}${String(id).padStart(12, '0')}`

/** Whoever looks at one of an entry's promises need not catch what the other one says. */
const ignored = (): void => undefined

function deferred(): Deferred {
  let resolve: Deferred['resolve'] = () => undefined
  let reject: Deferred['reject'] = () => undefined
  const promise = new Promise<unknown>((settle, fail) => {
    resolve = settle
    reject = fail
  })
  promise.catch(ignored)
  return { promise, resolve, reject }
}

const entry = z.object({
  id: z.int().positive(),
  ask: z.discriminatedUnion('method', [
    z.object({ method: z.literal('write'), params: methods.write.params }),
    z.object({ method: z.literal('delete'), params: methods.delete.params }),
    z.object({ method: z.literal('resolve'), params: methods.resolve.params }),
    z.object({ method: z.literal('publish'), params: methods.publish.params }),
    z.object({ method: z.literal('acknowledge'), params: methods.acknowledge.params }),
    z.object({ method: z.literal('task'), params: methods.task.params }),
    z.object({ method: z.literal('addContext'), params: methods.addContext.params }),
  ]),
  time: z.number(),
  baseText: z.string().nullable(),
})

/** @throws EnsembleError E_STORAGE_DAMAGED */
function entriesOf(rows: ReadonlyMap<string, string>): Entry[] {
  return [...rows]
    .filter(([key]) => key.startsWith(PREFIX))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => {
      const parsed = entry.safeParse(JSON.parse(value))
      if (parsed.success) return parsed.data
      throw new EnsembleError(
        'E_STORAGE_DAMAGED',
        `A request that waits (${key}) can't be read: ${parsed.error.message}`,
        {
          hint: 'It was stored by another version of Ensemble; that version can send it.',
        },
      )
    })
}
