/**
 * The old inodes that writes and removals left behind: a program that had the file open may have written into them after
 * the last look. They are read once more after a while; what then differs is an edit of the version that had stood there.
 */
import type { WorkspacePath } from '../../protocol/paths.js'
import type { BaseStore } from './base-store.js'
import type { Disposer, Environment } from './ports.js'
import { readFile } from './reader.js'
import type { KnownVersion } from './rows.js'
import { unsettledNow, type Unsettled } from './settle.js'
import { sightOf } from './stamp.js'
import { remove } from './writer.js'

/** Longer than any pause between truncating and writing that was seen. In milliseconds. */
const WATCH = 1000
/** A late writer is done when it has been quiet for this long, or for longer where it left nothing. In milliseconds. */
const QUIET = 50
const EMPTY_QUIET = 1000

export interface LateEdit {
  /** Of the intent; a write id is made of it, so that a repetition is one. */
  readonly id: string
  readonly path: WorkspacePath
  readonly base: KnownVersion
  readonly executable: boolean
  readonly bytes: Uint8Array
}

export interface LateWritersOptions {
  readonly store: BaseStore
  readonly environment: Environment
  /** Something was written: `take` the path's edits. */
  readonly onLate: (path: WorkspacePath) => void
}

export class LateWriters {
  readonly #options: LateWritersOptions
  readonly #timers = new Map<string, Disposer>()
  readonly #unsettled = new Map<string, Unsettled>()
  readonly #found = new Map<string, Set<string>>()
  #closed = false

  constructor(options: LateWritersOptions) {
    this.#options = options
  }

  /** @param id of an intent in phase `placed` */
  watch(id: string, milliseconds = WATCH): void {
    if (this.#closed) return
    const { timers } = this.#options.environment
    const dispose = timers.after(milliseconds, () => {
      this.#timers.delete(id)
      void this.#check(id)
    })
    this.#timers.set(id, dispose)
  }

  /** The edits found for a path; each stays until `done`. */
  async *edits(path: string): AsyncGenerator<LateEdit> {
    for (const id of this.#found.get(path) ?? []) {
      const edit = await this.#read(id)
      if (edit !== undefined) yield edit
    }
  }

  /** The server has it. */
  async done(edit: LateEdit): Promise<void> {
    this.#found.get(edit.path)?.delete(edit.id)
    await this.#forget(edit.id)
  }

  close(): void {
    this.#closed = true
    for (const dispose of this.#timers.values()) dispose()
    this.#timers.clear()
  }

  async #check(id: string): Promise<void> {
    const { store, environment, onLate } = this.#options
    const intent = store.intents.get(id)
    if (intent?.old == null) return
    const sight = sightOf(intent.old.file)
    if (sight.kind === 'file') {
      const reading = await readFile(intent.old.file, sight, environment.now(), environment.timers)
      if (this.#closed) return
      if (reading.kind !== 'file') return this.watch(id, QUIET)
      if (reading.hash !== intent.old.version.hash) {
        const now = environment.elapsed()
        const unsettled = unsettledNow(sight, this.#unsettled.get(id), now)
        this.#unsettled.set(id, unsettled)
        if (now - unsettled.since < (sight.size === 0 ? EMPTY_QUIET : QUIET)) return this.watch(id, QUIET)
        const found = this.#found.get(intent.path) ?? new Set()
        this.#found.set(intent.path, found.add(id))
        return onLate(intent.path)
      }
    }
    await this.#forget(id)
  }

  async #read(id: string): Promise<LateEdit | undefined> {
    const { store, environment } = this.#options
    const intent = store.intents.get(id)
    if (intent?.old == null) return undefined
    const sight = sightOf(intent.old.file)
    if (sight.kind !== 'file') return undefined
    const reading = await readFile(intent.old.file, sight, environment.now(), environment.timers)
    if (reading.kind !== 'file') return undefined
    const { version, executable } = intent.old
    return { id, path: intent.path, base: version, executable, bytes: reading.bytes }
  }

  /** The file goes first: a row without its file is harmless, a file without its row would be lost. */
  async #forget(id: string): Promise<void> {
    const { store } = this.#options
    this.#unsettled.delete(id)
    const intent = store.intents.get(id)
    if (intent?.old != null) remove(intent.old.file)
    if (!this.#closed) await store.commit([{ table: 'intents', key: id, row: null }])
  }
}
