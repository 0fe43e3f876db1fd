/** Names that were told and are no files: folders among them are looked into together, with one pass over the files. */
import { parentOf } from './ignore.js'
import type { Disposer, Timers } from './ports.js'

/** In milliseconds. */
const DELAY = 50

export class GoneNames {
  readonly #timers: Timers
  readonly #tracked: () => Iterable<string>
  readonly #onGone: (path: string) => void
  readonly #names = new Set<string>()
  #timer: Disposer | undefined

  /** @param onGone hears of every tracked path below a name that was noted */
  constructor(timers: Timers, tracked: () => Iterable<string>, onGone: (path: string) => void) {
    this.#timers = timers
    this.#tracked = tracked
    this.#onGone = onGone
  }

  /** A folder went, perhaps, or something took its place. */
  note(name: string): void {
    this.#names.add(name)
    this.#timer ??= this.#timers.after(DELAY, () => {
      const gone = new Set(this.#names)
      this.#names.clear()
      this.#timer = undefined
      for (const path of this.#tracked()) {
        for (let above = parentOf(path); above !== ''; above = parentOf(above)) {
          if (gone.has(above)) this.#onGone(path)
        }
      }
    })
  }

  close(): void {
    this.#timer?.()
  }
}
