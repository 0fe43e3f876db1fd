/** Gathers what arrives, and hands it on at most so often: a thousand events a minute are still ten renderings a second. */
import type { Timers } from '../client/sdk/connection.js'

/** In milliseconds: ten flushes a second, and one while nobody looks. */
export const FLUSH_EVERY = 100
export const FLUSH_EVERY_HIDDEN = 1_000

export interface BatcherOptions<T> {
  readonly flush: (items: readonly T[]) => void
  readonly hidden: () => boolean
  readonly now: () => number
  readonly timers: Timers
}

export class Batcher<T> {
  readonly #options: BatcherOptions<T>
  #items: T[] = []
  #timer: unknown
  #waiting = false
  #flushedAt = Number.NEGATIVE_INFINITY

  constructor(options: BatcherOptions<T>) {
    this.#options = options
  }

  add(item: T): void {
    this.#items.push(item)
    if (this.#waiting) return
    this.#waiting = true
    const every = this.#options.hidden() ? FLUSH_EVERY_HIDDEN : FLUSH_EVERY
    const wait = Math.max(0, this.#flushedAt + every - this.#options.now())
    this.#timer = this.#options.timers.setTimeout(() => this.flush(), wait)
  }

  flush(): void {
    this.#options.timers.clearTimeout(this.#timer)
    this.#waiting = false
    this.#flushedAt = this.#options.now()
    const items = this.#items
    this.#items = []
    if (items.length > 0) this.#options.flush(items)
  }

  close(): void {
    this.#options.timers.clearTimeout(this.#timer)
    this.#items = []
    this.#waiting = true
  }
}
