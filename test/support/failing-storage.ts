/** A storage whose medium fails, hangs or loses an answer when a test says so; nothing in it depends on time. */
import { EnsembleError } from '../../protocol/errors.js'
import { openMemoryStorage } from '../../server/storage/memory.js'
import type { Key, RangeOptions, Row, Storage, Value } from '../../server/storage/storage.js'

export const diskFull = (): EnsembleError => new EnsembleError('E_STORAGE_FULL', 'ENOSPC: no space left on device.')
export const ioError = (): EnsembleError => new EnsembleError('E_STORAGE_DEGRADED', 'EIO: input/output error.')

type Fault =
  | { readonly kind: 'refuse'; readonly error: Error }
  /** The rows reach the medium, the answer does not reach the caller. */
  | { readonly kind: 'lose-answer'; readonly error: Error }

export class FailingStorage implements Storage {
  readonly #inner: Storage
  /** What befalls the next commits, one each. */
  readonly #next: Fault[] = []
  #lasting: Fault | undefined
  #isHolding = false
  readonly #held: (() => void)[] = []
  /** The rows of every try to commit, in order, failed ones included. */
  readonly tries: (readonly Row[])[] = []

  constructor(inner: Storage = openMemoryStorage()) {
    this.#inner = inner
  }

  /** The next commit fails and stores nothing; called twice, the next two. */
  failOnce(error: Error = ioError()): void {
    this.#next.push({ kind: 'refuse', error })
  }

  /** The next commit stores its rows and then fails: its caller can't know. */
  loseAnswerOnce(error: Error = ioError()): void {
    this.#next.push({ kind: 'lose-answer', error })
  }

  /** Every commit fails and stores nothing, until `heal`. */
  fail(error: Error = diskFull()): void {
    this.#lasting = { kind: 'refuse', error }
  }

  heal(): void {
    this.#lasting = undefined
    this.#next.length = 0
  }

  /** From now on commits wait for `release`: a slow disk. Those that are to fail fail when released. */
  hold(): void {
    this.#isHolding = true
  }

  /** How many commits wait. */
  get held(): number {
    return this.#held.length
  }

  /** Lets the oldest waiting commit go on. */
  release(): void {
    const go = this.#held.shift()
    if (!go) throw new Error('No commit waits to be released.')
    go()
  }

  /** Ends `hold`, and lets all go on. */
  releaseAll(): void {
    this.#isHolding = false
    for (const go of this.#held.splice(0)) go()
  }

  async commit(rows: readonly Row[]): Promise<void> {
    this.tries.push([...rows])
    if (this.#isHolding) await new Promise<void>((resolve) => this.#held.push(resolve))
    const fault = this.#next.shift() ?? this.#lasting
    if (fault?.kind === 'refuse') throw fault.error
    await this.#inner.commit(rows)
    if (fault) throw fault.error
  }

  get(key: Key): Value {
    return this.#inner.get(key)
  }

  range(options: RangeOptions): Iterable<{ readonly key: Key; readonly value: Value }> {
    return this.#inner.range(options)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
