/**
 * Takes over the `_locks.json` that is found at the first start, and keeps it in step with the locks afterwards.
 *
 * 1. It is read once in the life of a workspace, and not written before what it said is on stable storage.
 * 2. One that cannot be read is left as it is, until it is mended or taken away: then it is read at the next start.
 * 3. It is written at most once a second, with what is on stable storage; last when the server stops.
 */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { Lock, LockCommand, LockResult } from '../../protocol/locks.js'
import type { AgentId } from '../../protocol/ids.js'
import type { Disposer } from '../events/event-bus.js'
import type { CommitQueue, Timers } from '../storage/commit-queue.js'
import type { Storage } from '../storage/storage.js'
import { locksFileText, readLocksFile } from './locks-file.js'

/** The file, wherever in the workspace it stands. */
export interface LocksFilePlace {
  /** Null: there is none. */
  read(): Promise<string | null>
  /** Whole or not at all; does nothing in a workspace that has no use for it. */
  write(text: string): Promise<void>
}

export interface LocksFileOptions {
  readonly place: LocksFilePlace
  readonly locks: {
    list(query: object): { readonly locks: readonly Lock[] }
    acquire(command: LockCommand, holder: AgentId): Promise<LockResult>
    onChange(listener: () => void): Disposer
  }
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly now: () => number
  readonly timers: Timers
  /** Hears of what could not be taken over or written. */
  readonly onFault: (error: EnsembleError) => void
}

/** From one writing to the next, and after one that failed. In milliseconds. */
const EVERY = 1_000
const AGAIN = 10_000
const IMPORTED = ['meta', 'locksFile'] as const

export class LocksFile {
  readonly #options: LocksFileOptions
  #dispose: Disposer = () => undefined
  #timer: unknown
  #isChanged = false
  #hasFailed = false
  #writing: Promise<void> | undefined

  constructor(options: LocksFileOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    if (!(await this.#import())) return
    this.#dispose = this.#options.locks.onChange(() => {
      this.#changed()
    })
    this.#changed()
  }

  async close(): Promise<void> {
    this.#dispose()
    this.#options.timers.clearTimeout(this.#timer)
    await this.#writing
    this.#options.timers.clearTimeout(this.#timer)
    if (this.#isChanged) await this.#write()
    this.#options.timers.clearTimeout(this.#timer)
  }

  /** Whether the file is ours. */
  async #import(): Promise<boolean> {
    const { place, storage, queue, now, onFault } = this.#options
    if (storage.get(IMPORTED) !== undefined) return true
    const text = await place.read()
    const reading = text === null ? { locks: [], faults: [] } : readLocksFile(text, now())
    if (reading === undefined) {
      onFault(
        new EnsembleError('E_WORKSPACE', '_locks.json cannot be read, so it is left as it is.', {
          hint: 'Mend it or take it away, and start the server again.',
        }),
      )
      return false
    }
    const refused = (what: string): void => {
      onFault(new EnsembleError('E_WORKSPACE', `A lock of _locks.json is not taken over. ${what}`))
    }
    reading.faults.forEach(refused)
    for (const { path, holder, left } of reading.locks) {
      const wants: LockCommand['wants'] = [{ path, region: { kind: 'file' }, type: 'EXCLUSIVE' }]
      const result = await this.#options.locks
        .acquire({ wants, ttl: left / 1000, wait: 0 }, holder)
        .catch((thrown: unknown) => toEnsembleError(thrown))
      if (result instanceof EnsembleError) refused(result.message)
      else if (result.outcome === 'refused') refused(`${path}: ${result.refusal.holder} holds it already.`)
    }
    await queue.enqueue([{ put: IMPORTED, value: true }])
    return true
  }

  #changed(): void {
    this.#isChanged = true
    if (this.#timer !== undefined || this.#writing !== undefined) return
    this.#begin()
  }

  #begin(): void {
    this.#timer = undefined
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
      this.#timer = this.#options.timers.setTimeout(
        () => {
          this.#timer = undefined
          if (this.#isChanged) this.#begin()
        },
        this.#hasFailed ? AGAIN : EVERY,
      )
    })
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { place, locks, queue, now, onFault } = this.#options
    this.#isChanged = false
    try {
      const text = locksFileText(locks.list({}).locks, now())
      await queue.durable()
      await place.write(text)
      this.#hasFailed = false
    } catch (cause) {
      this.#isChanged = true
      if (!this.#hasFailed) {
        onFault(
          new EnsembleError('E_WORKSPACE', `_locks.json cannot be written: ${toEnsembleError(cause).message}`, {
            hint: 'It is tried again.',
            cause,
          }),
        )
      }
      this.#hasFailed = true
    }
  }
}
