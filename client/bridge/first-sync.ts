/** The first comparison of a folder with the server: what of it is done, and when it is over. */
import type { EnsembleError } from '../../protocol/errors.js'
import type { BridgeProgress } from './api.js'

/** Between two reports of progress. In milliseconds. */
const REPORT_INTERVAL = 100

export class FirstSync {
  readonly done: Promise<void>
  readonly #report: (progress: BridgeProgress) => void
  readonly #elapsed: () => number
  #left: Set<string> | undefined
  #total = 0
  #reported = -Infinity
  #isDone = false
  #resolve: () => void = () => undefined
  #reject: (error: EnsembleError) => void = () => undefined

  constructor(options: { elapsed: () => number; report: (progress: BridgeProgress) => void }) {
    this.#elapsed = options.elapsed
    this.#report = options.report
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.done.catch(() => undefined) // nobody has to wait for it
  }

  get isDone(): boolean {
    return this.#isDone
  }

  scanning(files: number): void {
    if (this.#left === undefined && !this.#isDone) this.#tell({ phase: 'scanning', done: files, total: files }, false)
  }

  /** What is to be compared is known: some of it is sent then, some fetched, and some the same on both sides. */
  begin(paths: Iterable<string>): void {
    if (this.#left !== undefined || this.#isDone) return
    this.#left = new Set(paths)
    this.#total = this.#left.size
    this.#tell({ phase: 'comparing', done: 0, total: this.#total }, true)
    this.#finish()
  }

  /** Nothing is left to do for a path. */
  finished(path: string): void {
    if (this.#left?.delete(path) !== true) return
    this.#tell({ phase: 'comparing', done: this.#total - this.#left.size, total: this.#total }, false)
    this.#finish()
  }

  /** It will never be done. */
  fail(error: EnsembleError): void {
    this.#reject(error)
  }

  #finish(): void {
    if (this.#left?.size !== 0 || this.#isDone) return
    this.#isDone = true
    this.#left = undefined
    this.#tell({ phase: 'ready', done: this.#total, total: this.#total }, true)
    this.#resolve()
  }

  #tell(progress: BridgeProgress, always: boolean): void {
    const now = this.#elapsed()
    if (!always && now - this.#reported < REPORT_INTERVAL) return
    this.#reported = now
    this.#report(progress)
  }
}
