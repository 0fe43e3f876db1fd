/** Gathers what arrives, and hands it on at most so often: a thousand events a minute are still ten renderings a second. */
import type { After, Disposer } from '../client/sdk/connection.js'

/** In milliseconds: ten flushes a second, and one while nobody looks. */
const FLUSH_EVERY = 100
const FLUSH_EVERY_HIDDEN = 1_000

export interface BatcherOptions<T> {
  readonly flush: (items: readonly T[]) => void
  readonly hidden: () => boolean
  readonly now: () => number
  readonly after: After
}

export class Batcher<T> {
  readonly #options: BatcherOptions<T>
  #items: T[] = []
  #cancel: Disposer | undefined
  #flushedAt = Number.NEGATIVE_INFINITY

  constructor(options: BatcherOptions<T>) {
    this.#options = options
  }

  add(item: T): void {
    this.#items.push(item)
    if (this.#cancel !== undefined) return
    const { hidden, now, after } = this.#options
    const due = this.#flushedAt + (hidden() ? FLUSH_EVERY_HIDDEN : FLUSH_EVERY)
    this.#cancel = after(Math.max(0, due - now()), () => this.flush())
  }

  flush(): void {
    this.#stop()
    if (this.#items.length === 0) return
    const items = this.#items
    this.#items = []
    this.#flushedAt = this.#options.now()
    this.#options.flush(items)
  }

  /** What has not been handed on is dropped. */
  close(): void {
    this.#stop()
    this.#items = []
  }

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
