/**
 * Which paths have to be looked at, and that each is looked at by one at a time.
 *
 * 1. A path that is added while it is being worked on is worked on again afterwards.
 * 2. `live` paths (somebody just saved or sent something) go before `bulk` ones (a scan, a tree).
 * 3. `later` adds a path after a while; until then it is counted as waiting only where that is said.
 * 4. Never more than `limit` at once, and never more than SLICE milliseconds of starting them without a pause.
 */
import type { Disposer, Environment } from './ports.js'

/** In milliseconds. */
const SLICE = 8

export interface PathQueueOptions {
  readonly limit: number
  /** Must not reject; a rejection stops nothing but is told to `onFailure`. */
  readonly run: (path: string) => Promise<void>
  readonly onFailure: (path: string, thrown: unknown) => void
  /** Nothing waits and nothing runs. */
  readonly onIdle: () => void
  readonly environment: Environment
}

export class PathQueue {
  readonly #options: PathQueueOptions
  readonly #live = new Set<string>()
  readonly #bulk = new Set<string>()
  readonly #running = new Set<string>()
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, { readonly due: number; readonly dispose: Disposer; readonly counts: boolean }>()
  readonly #stopped = new Set<() => void>()
  readonly #idle = new Set<() => void>()
  #waiting = 0
  #open = false
  #closed = false
  #pumping = false

  constructor(options: PathQueueOptions) {
    this.#options = options
  }

  /** Paths that wait or are being worked on; of those that come later the ones that count. */
  get size(): number {
    return this.#live.size + this.#bulk.size + this.#running.size + this.#waiting
  }

  /** All that `size` counts. */
  *paths(): Generator<string> {
    yield* this.#live
    yield* this.#bulk
    yield* this.#running
    for (const [path, { counts }] of this.#timers) if (counts) yield path
  }

  add(path: string, priority: 'live' | 'bulk'): void {
    if (this.#closed) return
    if (this.#running.has(path)) {
      this.#again.add(path)
      return
    }
    if (priority === 'live') {
      this.#bulk.delete(path)
      this.#live.add(path)
    } else if (!this.#live.has(path)) this.#bulk.add(path)
    this.#pump()
  }

  /** @param counts whether nothing is idle before it was looked at: true for what is known to be unfinished */
  later(path: string, milliseconds: number, counts: boolean): void {
    if (this.#closed) return
    const due = this.#options.environment.elapsed() + milliseconds
    const known = this.#timers.get(path)
    if (known !== undefined) {
      if (known.due <= due && (known.counts || !counts)) return
      this.#drop(path)
    }
    const dispose = this.#options.environment.timers.after(milliseconds, () => {
      this.#drop(path)
      this.add(path, 'live')
      this.#settle()
    })
    if (counts) this.#waiting++
    this.#timers.set(path, { due, dispose, counts })
  }

  /** What comes later, and counts, comes now. */
  hurry(): void {
    for (const [path, { counts }] of [...this.#timers]) {
      if (!counts) continue
      this.#drop(path)
      this.add(path, 'live')
    }
  }

  /** Starts working, until `pause`. */
  resume(): void {
    this.#open = true
    this.#pump()
  }

  /** Begins nothing new; resolves when what runs is finished. */
  async pause(): Promise<void> {
    this.#open = false
    while (this.#running.size > 0) await new Promise<void>((resolve) => this.#stopped.add(resolve))
  }

  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.add(resolve))
  }

  /** Forgets what waits; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const path of [...this.#timers.keys()]) this.#drop(path)
    this.#live.clear()
    this.#bulk.clear()
    this.#again.clear()
    await this.pause()
    this.#settle()
  }

  #drop(path: string): void {
    const known = this.#timers.get(path)
    if (known === undefined) return
    known.dispose()
    this.#timers.delete(path)
    if (known.counts) this.#waiting--
  }

  #pump(): void {
    if (this.#pumping || !this.#open) return
    this.#pumping = true
    const start = performance.now()
    while (this.#open && this.#running.size < this.#options.limit) {
      const path = first(this.#live) ?? first(this.#bulk)
      if (path === undefined) break
      this.#live.delete(path)
      this.#bulk.delete(path)
      void this.#work(path)
      if (performance.now() - start < SLICE) continue
      void this.#options.environment.timers.yield().then(() => {
        this.#pumping = false
        this.#pump()
      })
      return
    }
    this.#pumping = false
  }

  async #work(path: string): Promise<void> {
    this.#running.add(path)
    try {
      await this.#options.run(path)
    } catch (thrown) {
      this.#options.onFailure(path, thrown)
    }
    this.#running.delete(path)
    if (this.#again.delete(path)) this.add(path, 'live')
    this.#pump()
    if (this.#running.size === 0) callAll(this.#stopped)
    this.#settle()
  }

  #settle(): void {
    if (this.size > 0) return
    callAll(this.#idle)
    if (!this.#closed) this.#options.onIdle()
  }
}

function callAll(waiting: Set<() => void>): void {
  const resolves = [...waiting]
  waiting.clear()
  for (const resolve of resolves) resolve()
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value
}
