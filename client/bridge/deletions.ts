/**
 * Files that are gone from the disk, between the moment that it is seen and the moment that the server is told.
 *
 * They wait a little, because editors and `git` take files away and put them back, and because only all of them together
 * show whether the brake (brake.ts) has to hold them. Held ones wait for `release`, or until enough of them are back.
 */
import { mayDelete } from './brake.js'
import type { Disposer, Environment } from './ports.js'

/** Without another file going. In milliseconds. */
const QUIET = 100
/** In milliseconds. */
const LONGEST_WAIT = 1000
/** How long a deletion counts as "at once". In milliseconds. */
const WINDOW = 10_000

export interface DeletionsOptions {
  readonly environment: Environment
  readonly tracked: () => number
  /** May be told to the server now: `propose` says so when asked again. */
  readonly onApproved: (path: string) => void
  /** How many are held; 0: no longer. */
  readonly onHeld: (held: number) => void
}

export class Deletions {
  readonly #options: DeletionsOptions
  readonly #waiting = new Set<string>()
  readonly #approved = new Set<string>()
  readonly #idle = new Set<() => void>()
  #recent: number[] = []
  #first = 0
  #timer: Disposer | undefined
  #held = false

  constructor(options: DeletionsOptions) {
    this.#options = options
  }

  /** True: tell the server. False: not yet; the path is handed to `onApproved` when it is time. */
  propose(path: string): boolean {
    const { elapsed, timers } = this.#options.environment
    if (this.#approved.delete(path)) {
      this.#recent.push(elapsed())
      return true
    }
    if (this.#waiting.has(path)) return false
    if (this.#waiting.size === 0) this.#first = elapsed()
    this.#waiting.add(path)
    this.#timer?.()
    const wait = Math.max(0, Math.min(QUIET, this.#first + LONGEST_WAIT - elapsed()))
    this.#timer = timers.after(wait, () => this.#judge())
    return false
  }

  /** It is there again, or is gone on the other side too. */
  withdraw(path: string): void {
    this.#approved.delete(path)
    if (!this.#waiting.delete(path)) return
    if (this.#held) this.#judge()
    else if (this.#waiting.size === 0) this.#settle()
  }

  /** Lets all that are held go to the server. */
  release(): void {
    if (!this.#held) return
    this.#approve()
    this.#tell()
  }

  /** Forgets those that are held, and says which they were. */
  takeHeld(): string[] {
    const held = [...this.#waiting]
    this.#waiting.clear()
    this.#tell()
    return held
  }

  /** It was seen to be gone, and the server not told. */
  has(path: string): boolean {
    return this.#waiting.has(path)
  }

  /** Some wait to be judged. */
  get isJudging(): boolean {
    return !this.#held && this.#waiting.size > 0
  }

  /** Resolves when none waits to be judged; held ones don't count. */
  judged(): Promise<void> {
    if (!this.isJudging) return Promise.resolve()
    return new Promise((resolve) => this.#idle.add(resolve))
  }

  close(): void {
    this.#timer?.()
    this.#waiting.clear()
    this.#settle()
  }

  #judge(): void {
    const now = this.#options.environment.elapsed()
    this.#recent = this.#recent.filter((time) => now - time < WINDOW)
    const facts = { gone: this.#waiting.size, recent: this.#recent.length, tracked: this.#options.tracked() }
    if (mayDelete(facts)) this.#approve()
    else this.#held = true
    this.#tell()
    this.#settle()
  }

  #approve(): void {
    const approved = [...this.#waiting]
    this.#waiting.clear()
    for (const path of approved) {
      this.#approved.add(path)
      this.#options.onApproved(path)
    }
  }

  #tell(): void {
    const before = this.#held
    if (this.#waiting.size === 0) this.#held = false
    if (before || this.#held) this.#options.onHeld(this.#held ? this.#waiting.size : 0)
  }

  #settle(): void {
    const waiting = [...this.#idle]
    this.#idle.clear()
    for (const resolve of waiting) resolve()
  }
}
