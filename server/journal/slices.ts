/** Long work in slices: whatever else waits for the event loop gets its turn between two of them. */

export interface SlicesOptions {
  readonly now: () => number
  /** Runs at the end of this turn of the event loop. */
  readonly defer: (run: () => void) => void
}

/** Of one slice; what is done between two calls of `breathe` comes on top. In milliseconds. */
const LONGEST = 8

export class Slices {
  readonly #options: SlicesOptions
  #began: number

  constructor(options: SlicesOptions) {
    this.#options = options
    this.#began = options.now()
  }

  /** Undefined, or what to wait for before the work goes on. */
  breathe(): Promise<void> | undefined {
    const { now, defer } = this.#options
    const time = now()
    // A clock that was set back says nothing: then it waits too.
    if (time >= this.#began && time - this.#began < LONGEST) return undefined
    return new Promise((resolve) => {
      defer(() => {
        this.#began = now()
        resolve()
      })
    })
  }
}
