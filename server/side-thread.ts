/**
 * One thread beside the event loop, for work that would hold up everybody else.
 *
 * 1. It is started by the first question, and ended when nobody has asked for a while: most workspaces never need it.
 * 2. Questions are answered in their order.
 * 3. A thread that ends takes its questions with it: they are rejected, and the next one starts another thread.
 */
import { Worker } from 'node:worker_threads'
import { EnsembleError } from '../protocol/errors.js'
import type { Timers } from './storage/commit-queue.js'

export interface SideThreadOptions {
  /** The thread's script, as it was built. It answers each `Asked` with an `Answered`. */
  readonly script: URL
  /** What it does, for messages: `merges large texts`. */
  readonly task: string
  readonly timers: Timers
}

export interface Asked<Question> {
  readonly id: number
  readonly question: Question
}

export interface Answered<Answer> {
  readonly id: number
  readonly answer: Answer
}

/** A thread holds some 10 MB and what it loads; starting one takes some 50 ms. In milliseconds. */
const IDLE_TIME = 60_000

interface Pending<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class SideThread<Question, Answer> {
  readonly #options: SideThreadOptions
  readonly #pending = new Map<number, Pending<Answer>>()
  #worker: Worker | undefined
  #idle: unknown
  #asked = 0
  #closed = false

  constructor(options: SideThreadOptions) {
    this.#options = options
  }

  /** @throws EnsembleError E_STOPPING, E_INTERNAL: it is to be done without the thread */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new EnsembleError('E_STOPPING', 'The server is stopping.'))
        return
      }
      const worker = this.#running()
      const id = ++this.#asked
      this.#pending.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, question } satisfies Asked<Question>)
    })
  }

  /** Rejects what is not answered yet. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#end(new EnsembleError('E_STOPPING', 'The server is stopping.'))
  }

  #running(): Worker {
    this.#options.timers.clearTimeout(this.#idle)
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(this.#options.script)
    this.#worker = worker
    // From our own thread, of the same build: it sends what its script says.
    worker.on('message', ({ id, answer }: Answered<Answer>) => {
      this.#pending.get(id)?.resolve(answer)
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#rest(worker)
    })
    worker.on('error', (cause) => {
      this.#lose(worker, this.#error('failed', cause))
    })
    worker.on('exit', () => {
      this.#lose(worker, this.#error('has ended'))
    })
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idle = this.#options.timers.setTimeout(() => void this.#end(this.#error('has ended')), IDLE_TIME)
  }

  async #end(error: EnsembleError): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    this.#lose(worker, error)
    await worker.terminate()
  }

  #lose(worker: Worker, error: EnsembleError): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#options.timers.clearTimeout(this.#idle)
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }

  #error(what: string, cause?: unknown): EnsembleError {
    return new EnsembleError('E_INTERNAL', `The thread that ${this.#options.task} ${what}.`, { cause })
  }
}
