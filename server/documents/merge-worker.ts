/**
 * One thread beside the event loop, for decisions about large texts (write-decider.ts).
 *
 * 1. It is started by the first question, and ended when nobody has asked for a while: most workspaces never need it.
 * 2. Questions are answered in their order.
 * 3. A thread that ends takes its questions with it: they are rejected, and the next one starts another thread.
 */
import { Worker } from 'node:worker_threads'
import { EnsembleError } from '../../protocol/errors.js'
import type { Timers } from '../storage/commit-queue.js'
import type { Decision } from './decide-write.js'
import type { Answered, Asked } from './merge-thread.js'
import type { Question } from './write-decider.js'

export interface MergeWorkerOptions {
  /** The thread's script: merge-thread.js, as it was built. */
  readonly script: URL
  readonly timers: Timers
}

/** A thread holds some 10 MB; starting one takes some 50 ms. In milliseconds. */
const IDLE_TIME = 60_000

const ENDED = new EnsembleError('E_INTERNAL', 'The thread that merges large texts has ended.')

interface Pending {
  readonly resolve: (decision: Decision) => void
  readonly reject: (error: unknown) => void
}

export class MergeWorker {
  readonly #options: MergeWorkerOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #idle: unknown
  #asked = 0
  #closed = false

  constructor(options: MergeWorkerOptions) {
    this.#options = options
  }

  /** @throws EnsembleError E_STOPPING, E_INTERNAL: it is to be decided without the thread */
  decide(question: Question): Promise<Decision> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new EnsembleError('E_STOPPING', 'The server is stopping.'))
        return
      }
      const worker = this.#running()
      const id = ++this.#asked
      this.#pending.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, question } satisfies Asked)
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
    // From our own thread, of the same build: it sends what merge-thread.ts says.
    worker.on('message', ({ id, decision }: Answered) => {
      this.#pending.get(id)?.resolve(decision)
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#rest(worker)
    })
    worker.on('error', (cause) => {
      this.#lose(worker, new EnsembleError('E_INTERNAL', 'The thread that merges large texts failed.', { cause }))
    })
    worker.on('exit', () => {
      this.#lose(worker, ENDED)
    })
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idle = this.#options.timers.setTimeout(() => void this.#end(ENDED), IDLE_TIME)
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
}
