/** The storage of a server that is killed within this process. */
import type { Row, Storage } from '../../server/storage/storage.js'

/** What a server that was killed still wanted to store is not stored; its promise stays open, as nobody is left to hear it. */
export class Fence implements Storage {
  isDead = false
  readonly #inner: Storage

  constructor(inner: Storage) {
    this.#inner = inner
  }

  commit(rows: readonly Row[]): Promise<void> {
    return this.isDead ? new Promise(() => undefined) : this.#inner.commit(rows)
  }

  get: Storage['get'] = (key) => this.#inner.get(key)
  range: Storage['range'] = (options) => this.#inner.range(options)
  close = (): Promise<void> => Promise.resolve()
}
