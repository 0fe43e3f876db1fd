/**
 * The only writer of a storage: keeps the order of everything that is to be stored, and its promises.
 *
 * 1. Rows reach the storage in the order of `enqueue`; those of one call are never torn apart.
 * 2. Group commit: while one commit is under way the next group gathers, and goes out as one commit. What is typed live, and
 *    comes in quick succession, gathers some milliseconds longer; nothing else waits, nor does a lone edit.
 * 3. A failed commit is a state, not a loss: the same group is tried again until it is stored, the promises stay
 *    pending, and the queue says `degraded` meanwhile. Trying again is safe even where the first try did reach the disk,
 *    because a put or a delete done twice is done once.
 * 4. What waits is bounded. Beyond the bound `enqueue` refuses at once; what was accepted before stays.
 */
import { EnsembleError } from '../../protocol/errors.js'
import { Pace } from '../../protocol/pace.js'
import { sizeOfRow } from './rows.js'
import type { Row, Storage } from './storage.js'

export interface Timers {
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(handle: unknown): void
}

export type QueueState = 'ok' | { readonly degraded: EnsembleError }

/** One try to store one group. */
export interface CommitMeasure {
  readonly stored: boolean
  readonly ms: number
  readonly rows: number
  readonly bytes: number
  /** How many calls of `enqueue` the group holds. */
  readonly calls: number
  /** 1 for the first try. */
  readonly attempt: number
}

export interface CommitQueueOptions {
  readonly storage: Pick<Storage, 'commit'>
  /** Milliseconds from any start, never backwards; fractions make `CommitMeasure.ms` finer. */
  readonly elapsed: () => number
  readonly timers: Timers
  /** 0 ≤ random() < 1; spreads the retries. */
  readonly random: () => number
  /** Rows that may wait, those under way included; default 100,000. */
  readonly maxPendingRows?: number
  /** Bytes that may wait, those under way included; default 64 MB. */
  readonly maxPendingBytes?: number
  readonly onCommit?: (measure: CommitMeasure) => void
}

/** What `close` had to give up on. */
export interface CloseReport {
  /** In their order; empty when all is stored. Those of a commit that was still under way may be stored after all. */
  readonly lost: readonly Row[]
  readonly reason?: EnsembleError
}

interface Entry {
  readonly rows: readonly Row[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: EnsembleError) => void
}

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000
/** A commit that has not come back after so long is taken for a failure of the disk, though it can't be tried again. */
const STALLED_MS = 10_000
/** One group holds at most so much (or one call), so that the first caller of a burst does not wait for the last. */
const GROUP_ROWS = 10_000
const GROUP_BYTES = 8 * 1024 * 1024

/** Commits of what can wait take a fifth of the time at most. */
const PACE = { rest: 4, longest: 5 }

export class CommitQueue {
  readonly #options: CommitQueueOptions
  readonly #maxRows: number
  readonly #maxBytes: number
  readonly #listeners = new Set<(state: QueueState) => void>()
  /** In order; the first `#underway` of them are in the commit that is being tried. */
  readonly #entries: Entry[] = []
  /** They are asked for their rows when the next group is put together. */
  readonly #givers = new Set<() => void>()
  readonly #pace = new Pace(PACE)
  #resting: unknown
  #underway = 0
  #rows = 0
  #bytes = 0
  #state: QueueState = 'ok'
  #scheduled = false
  #retryNow: (() => void) | undefined
  #idle: (() => void)[] = []
  #closing: Promise<CloseReport> | undefined
  #abandoned = false

  constructor(options: CommitQueueOptions) {
    this.#options = options
    this.#maxRows = options.maxPendingRows ?? 100_000
    this.#maxBytes = options.maxPendingBytes ?? 64 * 1024 * 1024
  }

  get state(): QueueState {
    return this.#state
  }

  /** What waits, and what is under way. */
  get pending(): { readonly rows: number; readonly bytes: number } {
    return { rows: this.#rows, bytes: this.#bytes }
  }

  /** Calls `listener` at every change of `state`. Returns what ends it. */
  onState(listener: (state: QueueState) => void): () => void {
    const own = (state: QueueState): void => listener(state) // so that one function can listen twice
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /**
   * Resolves when the rows are on stable storage, and with them all rows of earlier calls. The rows belong to the queue
   * from now on: don't change them.
   *
   * Rejects, having taken nothing: E_KEY_TOO_LONG, or what the encoder says of a value that it can't store, E_TOO_LARGE (more than the
   * bound alone), E_LIMIT (too much waits), E_STORAGE_DEGRADED or E_STORAGE_FULL (the same while the storage fails),
   * E_STOPPING (after `close`). Rejects with the storage's error when `close` gives up on it.
   */
  enqueue(rows: readonly Row[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const bytes = this.#admit(rows)
      this.#entries.push({ rows, bytes, resolve, reject })
      this.#rows += rows.length
      this.#bytes += bytes
      this.#schedule()
    })
  }

  /**
   * Runs `give` once, when the next group is put together: what it hands to `enqueue` is part of that. This is when somebody
   * calls `enqueue`, or when the pace allows it, at once where that was not done lately.
   * @param rest in milliseconds: not before that
   * @returns what takes it back
   */
  withNext(give: () => void, rest = 0): () => void {
    const ask = (): void => {
      this.#givers.add(give)
      this.#schedule()
    }
    const { timers } = this.#options
    const timer = rest > 0 ? timers.setTimeout(ask, rest) : undefined
    if (timer === undefined) ask()
    return () => {
      timers.clearTimeout(timer)
      this.#givers.delete(give)
    }
  }

  /**
   * Resolves when the rows of all earlier calls are on stable storage. For whoever wants to show something: rejects with
   * E_STORAGE_DEGRADED as soon as the storage fails, for that may last.
   */
  durable(): Promise<void> {
    if (this.#entries.length === 0) return Promise.resolve()
    return this.unlessDegraded(() => this.enqueue([]), { refusal: notShown })
  }

  /**
   * What `work` comes to; rejects when the storage has been failing for `patience` milliseconds (default 0). What was
   * begun goes on by itself.
   * @param refusal makes the error from what the storage said; default: that
   */
  unlessDegraded<T>(
    work: () => Promise<T>,
    { patience = 0, refusal = itself }: { patience?: number; refusal?: (reason: EnsembleError) => EnsembleError } = {},
  ): Promise<T> {
    const { timers } = this.#options
    if (this.#state !== 'ok' && patience === 0) return Promise.reject(refusal(this.#state.degraded))
    return new Promise((resolve, reject) => {
      let timer: unknown
      const giveUp = (): void => {
        end()
        if (this.#state !== 'ok') reject(refusal(this.#state.degraded))
      }
      const look = (state: QueueState): void => {
        if (state !== 'ok' && patience === 0) giveUp()
        else if (state !== 'ok') timer ??= timers.setTimeout(giveUp, patience)
        else {
          timers.clearTimeout(timer)
          timer = undefined
        }
      }
      const stop = this.onState(look)
      const end = (): void => {
        stop()
        timers.clearTimeout(timer)
      }
      look(this.#state)
      work().finally(end).then(resolve, reject)
    })
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    if (this.#entries.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /**
   * Takes nothing more, tries again at once, and goes on for at most `deadline` milliseconds (default 5,000); the
   * promises of what is not stored by then reject. Leaves the storage open. Can be called twice.
   */
  close({ deadline = 5_000 }: { readonly deadline?: number } = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(deadline)
    return this.#closing
  }

  async #close(deadline: number): Promise<CloseReport> {
    this.#retryNow?.()
    const outcome = await withDeadline(this.idle(), deadline, this.#options.timers)
    return outcome === 'expired' ? this.#abandon() : { lost: [] }
  }

  #abandon(): CloseReport {
    this.#abandoned = true
    this.#retryNow?.()
    const reason =
      this.#state === 'ok'
        ? new EnsembleError('E_STORAGE_DEGRADED', 'The storage was closed before these rows were stored.')
        : this.#state.degraded
    const lost = this.#entries.flatMap((entry) => entry.rows)
    for (const entry of this.#entries) entry.reject(reason)
    this.#drop(this.#entries.length)
    return { lost, reason }
  }

  /** The bytes of rows that may be taken; throws for others. */
  #admit(rows: readonly Row[]): number {
    if (this.#closing) throw new EnsembleError('E_STOPPING', 'The storage is closing: the rows were not taken.')
    const bytes = rows.reduce((sum, row) => sum + sizeOfRow(row), 0)
    this.#assertRoom(rows.length, bytes)
    return bytes
  }

  #assertRoom(rows: number, bytes: number): void {
    const data = { rows, bytes, maxRows: this.#maxRows, maxBytes: this.#maxBytes, pending: this.pending }
    if (rows > this.#maxRows || bytes > this.#maxBytes) {
      const limit = `${this.#maxRows} rows and ${this.#maxBytes} bytes`
      throw new EnsembleError('E_TOO_LARGE', `One commit has ${rows} rows and ${bytes} bytes, the limit is ${limit}.`, {
        hint: 'Store it in several smaller commits.',
        data,
      })
    }
    if (this.#rows + rows <= this.#maxRows && this.#bytes + bytes <= this.#maxBytes) return
    if (this.#state !== 'ok') {
      const { code, message, hint } = this.#state.degraded
      throw new EnsembleError(code, `Nothing more can wait to be stored. ${message}`, { ...(hint && { hint }), data })
    }
    throw new EnsembleError('E_LIMIT', `Too much waits to be stored: ${this.#rows} rows, ${this.#bytes} bytes.`, {
      hint: 'Try again in a moment.',
      data,
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#underway > 0) return
    const { elapsed, timers } = this.#options
    const rest = this.#entries.length > 0 ? 0 : this.#pace.wait(elapsed())
    if (rest > 0) this.#resting ??= timers.setTimeout(() => this.#start(), rest)
    else this.#start()
  }

  /** At the end of the current run of the event loop's queue, so that calls made together are stored together. */
  #start(): void {
    this.#options.timers.clearTimeout(this.#resting)
    this.#resting = undefined
    this.#scheduled = true
    queueMicrotask(() => {
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    const { elapsed } = this.#options
    const began = elapsed()
    const hasGivers = this.#givers.size > 0
    for (const give of [...this.#givers]) {
      this.#givers.delete(give)
      isolate(give)
    }
    this.#scheduled = false
    const group = this.#nextGroup()
    this.#underway = group.length
    await this.#store(group)
    if (this.#isGivenUp()) return
    this.#underway = 0
    if (hasGivers) this.#pace.took(began, elapsed())
    for (const entry of group) entry.resolve()
    this.#drop(group.length)
    if (this.#entries.length > 0 || this.#givers.size > 0) this.#schedule()
  }

  /** A call, because it changes during an await. */
  #isGivenUp(): boolean {
    return this.#abandoned
  }

  #nextGroup(): Entry[] {
    let rows = 0
    let bytes = 0
    const end = this.#entries.findIndex((entry) => {
      rows += entry.rows.length
      bytes += entry.bytes
      return rows > GROUP_ROWS || bytes > GROUP_BYTES
    })
    return this.#entries.slice(0, end === -1 ? undefined : Math.max(1, end))
  }

  /** Comes back when the group is stored, or given up by `close`. */
  async #store(group: readonly Entry[]): Promise<void> {
    const rows = group.flatMap((entry) => entry.rows)
    if (rows.length === 0) return
    for (let attempt = 1; !this.#isGivenUp(); attempt++) {
      const failure = await this.#attempt(group, rows, attempt)
      if (this.#isGivenUp()) return
      this.#enter(failure ? { degraded: failure } : 'ok')
      if (!failure) return
      await this.#pause(attempt)
    }
  }

  async #attempt(group: readonly Entry[], rows: readonly Row[], attempt: number): Promise<EnsembleError | undefined> {
    const { storage, elapsed, timers, onCommit } = this.#options
    const started = elapsed()
    const stalled = timers.setTimeout(() => {
      const hint = 'Look after the disk; if it is well, restart the server.'
      const message = `A commit has not come back from the disk for ${STALLED_MS / 1_000} seconds.`
      this.#enter({ degraded: new EnsembleError('E_STORAGE_DEGRADED', message, { hint }) })
    }, STALLED_MS)
    let failure: EnsembleError | undefined
    try {
      await storage.commit(rows)
    } catch (thrown) {
      failure = asStorageError(thrown)
    }
    timers.clearTimeout(stalled)
    const bytes = group.reduce((sum, entry) => sum + entry.bytes, 0)
    const measure = {
      stored: !failure,
      ms: elapsed() - started,
      rows: rows.length,
      bytes,
      calls: group.length,
      attempt,
    }
    if (onCommit) isolate(() => onCommit(measure))
    return failure
  }

  #pause(attempt: number): Promise<void> {
    const { timers, random } = this.#options
    return new Promise((resolve) => {
      const timer = timers.setTimeout(() => this.#retryNow?.(), retryDelay(attempt, random()))
      this.#retryNow = () => {
        this.#retryNow = undefined
        timers.clearTimeout(timer)
        resolve()
      }
    })
  }

  #enter(state: QueueState): void {
    if (state === 'ok' && this.#state === 'ok') return
    this.#state = state
    for (const listener of [...this.#listeners]) isolate(() => listener(state))
  }

  #drop(count: number): void {
    for (const entry of this.#entries.splice(0, count)) {
      this.#rows -= entry.rows.length
      this.#bytes -= entry.bytes
    }
    if (this.#entries.length > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

/** Milliseconds until the next try: 100, 200, 400, … 5,000, less up to a half by chance. */
export function retryDelay(attempt: number, random: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)) * (1 - random / 2)
}

/** What `work` comes to; `'expired'`, while it goes on, where that takes longer than `milliseconds`. */
export async function withDeadline<T>(work: Promise<T>, milliseconds: number, timers: Timers): Promise<T | 'expired'> {
  let timer: unknown
  const expired = new Promise<'expired'>((resolve) => {
    timer = timers.setTimeout(() => {
      resolve('expired')
    }, milliseconds)
  })
  try {
    return await Promise.race([work, expired])
  } finally {
    timers.clearTimeout(timer)
  }
}

const itself = (reason: EnsembleError): EnsembleError => reason

function notShown({ message, hint }: EnsembleError): EnsembleError {
  return new EnsembleError('E_STORAGE_DEGRADED', `What is asked for waits to be stored. ${message}`, {
    ...(hint && { hint }),
  })
}

function asStorageError(thrown: unknown): EnsembleError {
  if (thrown instanceof EnsembleError) return thrown
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new EnsembleError('E_STORAGE_DEGRADED', `A commit failed: ${text}`, {
    hint: 'Writing is tried again by itself.',
    cause: thrown,
  })
}

/** A listener that throws must not stop the queue; its error still surfaces as an uncaught one. */
function isolate(call: () => void): void {
  try {
    call()
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown
    })
  }
}
