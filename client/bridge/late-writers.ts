/**
 * Old inodes, after the bridge has put other files in their places: a program that had opened one before goes on writing into
 * it, where nobody would ever look. Each is read again for a while; what was written there is submitted as an edit of what it
 * held before, and is then what the next edit starts from.
 *
 * Each look comes twice as late as the one before, and begins anew with every edit. An inode is given up after `patience`
 * without one, unless some process is seen to hold it (holders.ts). Where too many are kept, those that nobody is seen to
 * hold are given up at their next look.
 */
import { lstatSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import type { ContentHash, WriteId } from '../../protocol/ids.js'
import type { FileHead } from '../../protocol/files.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { BaseStore } from './base-store.js'
import { codeOf } from './node-error.js'
import type { Places } from './places.js'
import type { BridgeLog, Disposer, Environment } from './ports.js'
import { readFile } from './reader.js'
import type { IntentRow, KnownVersion } from './rows.js'
import { isNeverAtRest, unsettledNow, type Unsettled } from './settle.js'
import { sightOf, type FileSight } from './stamp.js'
import { newWriteId } from './submitter.js'

/** Longer than any pause between truncating and writing that was seen. In milliseconds. */
const FIRST_LOOK = 1000
const LOOK_AFTER_EDIT = 200
const LONGEST_PAUSE = 60_000
/** A late writer is done when it has been quiet for this long, or for longer where it left nothing. In milliseconds. */
const QUIET = 50
const EMPTY_QUIET = 1000
/** Without an edit. In milliseconds. */
const PATIENCE = 600_000
/** A file that stood in its place for a moment was hardly opened in it: patience for so many times that moment. */
const PATIENCE_OF_LIFE = 60
const LEAST_PATIENCE = 10_000
/** How long it counts that a process was, or was not, seen to hold an inode. In milliseconds. */
const HELD = 30_000
const MAX_KEPT = 1000
const MAX_KEPT_BYTES = 64 * 1024 * 1024

export interface LateEdit {
  /** Of the intent. */
  readonly id: string
  readonly path: WorkspacePath
  /** Stored before the edit is handed out, so that a repetition is one. */
  readonly writeId: WriteId
  readonly base: KnownVersion
  readonly hash: ContentHash
  readonly executable: boolean
  readonly bytes: Uint8Array
}

export interface LateWritersOptions {
  readonly places: Places
  readonly store: BaseStore
  readonly environment: Environment
  readonly log: BridgeLog
  /** Whether some process has a file open, as seen after `since` (by `environment.elapsed`); false where nobody can tell. */
  readonly isHeld: (file: string, since: number) => Promise<boolean>
  /** Something was written: `take` the path's edits. */
  readonly onLate: (path: WorkspacePath) => void
}

interface Watch {
  /** Until the look after the next. */
  pause: number
  patience: number
  /** When it was replaced, or last edited. */
  since: number
  bytes: number
  /** Under which it was seen to hold its version. */
  stamp: string
  unsettled: Unsettled | undefined
  refused: string | undefined
  failure: string | undefined
  timer: Disposer | undefined
}

type Old = NonNullable<IntentRow['old']>

export class LateWriters {
  readonly #options: LateWritersOptions
  readonly #watches = new Map<string, Watch>()
  /** Those with edits, by path. */
  readonly #found = new Map<string, Set<string>>()
  #bytes = 0
  /** The last file to be taken away. */
  #taking: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: LateWritersOptions) {
    this.#options = options
  }

  /** @param id of an intent in phase `placed` */
  watch(id: string, milliseconds = FIRST_LOOK): void {
    const old = this.#options.store.intents.get(id)?.old
    if (this.#closed || old == null) return
    const { places } = this.#options
    const { elapsed, now } = this.#options.environment
    const watch: Watch = {
      ...{
        pause: FIRST_LOOK,
        patience: patienceFor(places.of(old.file), now()),
        since: elapsed(),
        bytes: 0,
        stamp: '',
      },
      ...{ unsettled: undefined, refused: undefined, failure: undefined, timer: undefined },
    }
    this.#watches.set(id, watch)
    this.#lookIn(id, watch, milliseconds)
  }

  /** The edits found for a path; each has to be answered by `done` or `refused`, or is handed out again. */
  async *edits(path: string): AsyncGenerator<LateEdit> {
    for (const id of this.#found.get(path) ?? []) {
      const edit = await this.#begin(id)
      if (edit !== undefined) yield edit
      else this.#goOn(id, path, QUIET)
    }
  }

  /** The server has it: what comes next is an edit of it. @param head of the file, with the edit in it */
  async done({ id, path, hash }: LateEdit, head: FileHead): Promise<void> {
    const watch = this.#watches.get(id)
    await this.#set(id, { version: { rev: head.hash === hash ? head.rev : 0, hash }, sending: null })
    if (watch !== undefined) {
      const isShared = watch.patience === 0
      Object.assign(watch, { pause: LOOK_AFTER_EDIT, since: this.#options.environment.elapsed(), stamp: '' })
      if (!isShared) watch.patience = PATIENCE
      watch.unsettled = undefined
    }
    this.#goOn(id, path, LOOK_AFTER_EDIT)
  }

  /** The server does not take it; the file is kept, and another text in it is tried again. @returns the file */
  async refused({ id, path, hash }: LateEdit): Promise<string | undefined> {
    const watch = this.#watches.get(id)
    if (watch !== undefined) watch.refused = hash
    await this.#set(id, { sending: null })
    this.#goOn(id, path, LONGEST_PAUSE)
    const file = this.#options.store.intents.get(id)?.old?.file
    return file === undefined ? undefined : this.#options.places.of(file)
  }

  close(): void {
    this.#closed = true
    for (const { timer } of this.#watches.values()) timer?.()
    this.#watches.clear()
  }

  #goOn(id: string, path: string, milliseconds: number): void {
    const found = this.#found.get(path)
    found?.delete(id)
    if (found?.size === 0) this.#found.delete(path)
    const watch = this.#watches.get(id)
    if (watch !== undefined) this.#lookIn(id, watch, milliseconds)
  }

  #lookIn(id: string, watch: Watch, milliseconds: number): void {
    watch.timer?.()
    if (this.#closed) return
    watch.timer = this.#options.environment.timers.after(milliseconds, () => {
      this.#look(id, watch).then(
        () => {
          watch.failure = undefined
        },
        (thrown: unknown) => this.#onFailure(id, watch, thrown),
      )
    })
  }

  #onFailure(id: string, watch: Watch, thrown: unknown): void {
    if (this.#closed) return
    const reason = `${codeOf(thrown) ?? ''} ${String(thrown)}`
    const { log, store } = this.#options
    if (watch.failure !== reason) {
      const path = store.intents.get(id)?.path
      log.error({ path, reason }, 'what a program may still write into a replaced file can’t be looked at; tried again')
    }
    watch.failure = reason
    this.#lookIn(id, watch, LONGEST_PAUSE)
  }

  async #look(id: string, watch: Watch): Promise<void> {
    const { store, environment, places } = this.#options
    const intent = store.intents.get(id)
    if (intent?.old == null) return this.#drop(id)
    const { old, path } = intent
    if (old.sending !== null) return this.#tell(id, path)
    const place = places.of(old.file)
    const sight = sightOf(place)
    if (sight.kind === 'unreadable') return this.#lookIn(id, watch, LONGEST_PAUSE)
    if (sight.kind !== 'file') return this.#forget(id)
    this.#bytes += sight.size - watch.bytes
    watch.bytes = sight.size
    if (sight.stamp === watch.stamp) return this.#rest(id, watch, old)
    const reading = await readFile(place, sight, environment.now(), environment.timers)
    if (this.#closed) return
    if (reading.kind === 'file' && reading.hash === old.version.hash) {
      watch.stamp = reading.stamp
      watch.unsettled = undefined
      return this.#rest(id, watch, old)
    }
    const wait = this.#settling(watch, sight, reading.kind === 'file')
    if (wait > 0) return this.#lookIn(id, watch, wait)
    if (reading.kind === 'file' && reading.hash === watch.refused) return this.#lookIn(id, watch, LONGEST_PAUSE)
    this.#tell(id, path)
  }

  /** How long a changed file is left alone, in milliseconds; 0: not any more. */
  #settling(watch: Watch, sight: FileSight, isRead: boolean): number {
    const elapsed = this.#options.environment.elapsed()
    watch.unsettled = unsettledNow(sight, watch.unsettled, elapsed)
    const { since, first } = watch.unsettled
    // A large file that is always being written is hardly ever read whole: it is tried less and less often.
    if (!isRead) return Math.min(LONGEST_PAUSE, Math.max(QUIET, elapsed - first))
    if (sight.size > 0 && isNeverAtRest(watch.unsettled, elapsed)) return 0
    return elapsed - since < (sight.size === 0 ? EMPTY_QUIET : QUIET) ? QUIET : 0
  }

  /** It holds what is known: look again, later and later, until nobody can be expected to write any more. */
  async #rest(id: string, watch: Watch, old: Old): Promise<void> {
    const { environment, isHeld, log, store } = this.#options
    const elapsed = environment.elapsed()
    const isHeavy = this.#bytes > MAX_KEPT_BYTES && watch.bytes > MAX_KEPT_BYTES / MAX_KEPT
    const isCrowded = isHeavy || this.#watches.size > MAX_KEPT
    if (elapsed - watch.since < watch.patience && !isCrowded) {
      this.#lookIn(id, watch, watch.pause)
      watch.pause = Math.min(watch.pause * 2, LONGEST_PAUSE)
      return
    }
    if (
      watch.patience > 0 &&
      (await isHeld(this.#options.places.of(old.file), Math.max(watch.since, elapsed - HELD)))
    ) {
      return this.#lookIn(id, watch, LONGEST_PAUSE)
    }
    if (this.#closed) return
    log.debug({ path: store.intents.get(id)?.path, isCrowded }, 'a replaced file is given up')
    await this.#forget(id)
  }

  #tell(id: string, path: WorkspacePath): void {
    const found = this.#found.get(path) ?? new Set()
    this.#found.set(path, found.add(id))
    this.#options.onLate(path)
  }

  async #begin(id: string): Promise<LateEdit | undefined> {
    const { store, environment, places } = this.#options
    const intent = store.intents.get(id)
    if (intent?.old == null) return undefined
    const { path } = intent
    const { version: base, executable, file, sending } = intent.old
    const bytes = sending === null ? undefined : store.content(sending.hash)
    if (sending !== null && bytes !== undefined) return { id, path, base, executable, bytes, ...sending }
    const place = places.of(file)
    const sight = sightOf(place)
    if (sight.kind !== 'file') return undefined
    const reading = await readFile(place, sight, environment.now(), environment.timers)
    if (reading.kind !== 'file' || reading.hash === base.hash) return undefined
    const { hash } = reading
    const fresh = { writeId: newWriteId(environment), hash }
    await store.commit([
      { table: 'contents', key: hash, row: reading.bytes },
      { table: 'intents', key: id, row: { ...intent, old: { ...intent.old, sending: fresh } } },
    ])
    return { id, path, base, executable, bytes: reading.bytes, ...fresh }
  }

  async #set(id: string, changes: Partial<Pick<Old, 'version' | 'sending'>>): Promise<void> {
    const { store } = this.#options
    const intent = store.intents.get(id)
    if (intent?.old == null) return
    await store.commit([{ table: 'intents', key: id, row: { ...intent, old: { ...intent.old, ...changes } } }])
  }

  /** The file goes first: a row without its file is harmless, a file without its row would be lost. */
  async #forget(id: string): Promise<void> {
    const { store, places } = this.#options
    const intent = store.intents.get(id)
    if (intent?.old != null) await this.#take(places.of(intent.old.file))
    if (this.#closed) return
    await store.commit([{ table: 'intents', key: id, row: null }])
    this.#drop(id)
  }

  /**
   * One after the other, and beside the event loop: a busy file system takes milliseconds for each, and hundreds that were
   * edited together are given up together.
   */
  #take(place: string): Promise<void> {
    const taken = this.#taking.then(async () => {
      try {
        await unlink(place)
      } catch (thrown) {
        if (codeOf(thrown) !== 'ENOENT') throw thrown
      }
    })
    this.#taking = taken.catch(() => undefined)
    return taken
  }

  #drop(id: string): void {
    this.#bytes -= this.#watches.get(id)?.bytes ?? 0
    this.#watches.delete(id)
  }
}

/** 0: not beyond the first look. In milliseconds. */
function patienceFor(file: string, now: number): number {
  try {
    const { nlink, birthtimeMs } = lstatSync(file)
    // Under another name it is another file of this folder, perhaps, and what is written to it is meant for that one.
    if (nlink > 1) return 0
    return Math.min(PATIENCE, Math.max(LEAST_PATIENCE, (now - birthtimeMs) * PATIENCE_OF_LIFE))
  } catch {
    return LEAST_PATIENCE // the first look tells
  }
}
