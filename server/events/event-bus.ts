/** Hands what was committed to whoever listens. A listener that throws harms no other (rule SYNC-12). */
export type Disposer = () => void

export class EventBus<T> {
  readonly #listeners = new Set<(value: T) => void>()
  readonly #onError: (error: unknown) => void

  /** @param onError gets what a listener threw; must not throw */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  get size(): number {
    return this.#listeners.size
  }

  subscribe(listener: (value: T) => void): Disposer {
    const own = (value: T): void => {
      listener(value)
    }
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  publish(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
