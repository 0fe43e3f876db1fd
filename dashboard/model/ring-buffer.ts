/** The last `capacity` values, oldest first. */
export class RingBuffer<T> {
  readonly #capacity: number
  #values: T[] = []
  /** Where the oldest value stands, once full. */
  #start = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#values.length
  }

  push(value: T): void {
    if (this.#values.length < this.#capacity) {
      this.#values.push(value)
      return
    }
    this.#values[this.#start] = value
    this.#start = (this.#start + 1) % this.#capacity
  }

  clear(): void {
    this.#values = []
    this.#start = 0
  }

  toArray(): T[] {
    return [...this.#values.slice(this.#start), ...this.#values.slice(0, this.#start)]
  }
}
