/**
 * The door for whole-file writes: lets in as much as may wait to be stored, in the order of asking.
 *
 * A write changes heads in memory before its rows are enqueued, so the queue must never refuse them: whoever is in here has
 * room for everything that can follow from it. One that is larger than all the room goes in alone.
 */
export class Admission {
  readonly #limit: number
  #waiting: { readonly bytes: number; readonly enter: () => void; readonly refuse: (error: Error) => void }[] = []
  #held = 0

  /** @param limit bytes that may be inside at once */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs `act` once there is room for `bytes`; they leave when it has settled. */
  async within<T>(bytes: number, act: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#held += bytes
    else await new Promise<void>((enter, refuse) => this.#waiting.push({ bytes, enter, refuse }))
    try {
      return await act()
    } finally {
      this.#held -= bytes
      this.#letIn()
    }
  }

  /** Turns away whoever waits at the door. */
  refuse(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { refuse } of waiting) refuse(error)
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held += next.bytes
      next.enter()
    }
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#limit
  }
}
