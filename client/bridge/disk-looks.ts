/** What a path's file holds now, without reading it more often than needed, and which paths can't take part. */
import type { WorkspacePath } from '../../protocol/paths.js'
import type { BaseStore } from './base-store.js'
import { reasonOfCode } from './node-error.js'
import type { Places } from './places.js'
import type { BridgeLog, Environment } from './ports.js'
import { readFile } from './reader.js'
import { isNeverAtRest, settleWait, unsettledNow, type Unsettled } from './settle.js'
import { identityOf, type FileSight, type Stamp } from './stamp.js'

/** After a reading under whose stamp the file could still change. In milliseconds. */
const LOOK_AGAIN = 60
/** After a reading that was spoiled by a change; doubled with each one that follows. In milliseconds. */
const SPOILED = 5
const LONGEST_SPOILED = 5000
/** Files that are no more, of which it is still known where they were. */
const MOST_STRAY = 1000

export interface DiskLooksOptions {
  readonly places: Places
  readonly store: BaseStore
  readonly environment: Environment
  readonly log: BridgeLog
  readonly quietMilliseconds: number
  readonly fileBytes: number
  /** Look again after some milliseconds; `counts`: nothing is idle before that. */
  readonly again: (path: string, milliseconds: number, counts: boolean) => void
}

/** What a path's last look found, as far as its base row does not say the same. */
interface Seen {
  readonly stamp: string
  readonly hash: string
  readonly executable: boolean
}

export interface FileLook extends Seen {
  readonly kind: 'file'
  readonly sight: FileSight
  /** Undefined where the stamp was enough. */
  readonly bytes: Uint8Array | undefined
}

export type Look =
  | FileLook
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' }
  /** Being written, it seems; it is looked at again. */
  | { readonly kind: 'unsettled' }

export class DiskLooks {
  readonly #options: DiskLooksOptions
  readonly #seen = new Map<string, Seen>()
  readonly #unsettled = new Map<string, Unsettled>()
  /** Files that changed while they were read: when to try again, and how long to wait after the try. In milliseconds. */
  readonly #spoiled = new Map<string, { readonly due: number; readonly pause: number }>()
  readonly #blocked = new Map<string, string>()
  /** Where each file was seen last, by what stays of it when it is renamed. */
  #files = new Map<string, string>()
  #unnameable: ReadonlyMap<string, string> = new Map()
  /** Blocked, or blocked again, since `begin`. */
  readonly #isBlockedAgain = new Set<string>()

  constructor(options: DiskLooksOptions) {
    this.#options = options
    this.#collect()
  }

  /** Where the file of a stamp was seen last, whatever it was called then. */
  pathOf(stamp: Stamp): string | undefined {
    const identity = identityOf(stamp)
    return identity === undefined ? undefined : this.#files.get(identity)
  }

  #note(path: string, stamp: Stamp): void {
    const identity = identityOf(stamp)
    if (identity !== undefined && this.#options.store.bases.has(path)) this.#files.set(identity, path)
    if (this.#files.size > 2 * this.#options.store.bases.size + MOST_STRAY) this.#collect()
  }

  /** Without what is there no more. */
  #collect(): void {
    this.#files = new Map()
    for (const [path, { stamp }] of this.#options.store.bases) {
      const identity = identityOf(this.#seen.get(path)?.stamp ?? stamp)
      if (identity !== undefined) this.#files.set(identity, path)
    }
  }

  /** Paths that stay out of sync until something changes, with the reason. */
  get blocked(): ReadonlyMap<string, string> {
    return this.#blocked
  }

  /** `blocked`, and names that can't be paths at all. */
  get leftOut(): ReadonlyMap<string, string> {
    return this.#unnameable.size === 0 ? this.#blocked : new Map([...this.#blocked, ...this.#unnameable])
  }

  /** @param faults of every name that can't be a path */
  setUnnameable(faults: ReadonlyMap<string, string>): void {
    const before = this.#unnameable
    this.#unnameable = new Map([...faults].map(([name, fault]) => [shown(name), `its name can't be shared: ${fault}`]))
    for (const [path, reason] of this.#unnameable) {
      if (!before.has(path)) this.#options.log.warn({ path, reason }, 'left out of sync until it is renamed')
    }
  }

  /** A path is worked on from here to `end`: what blocks it has to say so again. */
  begin(path: string): void {
    this.#isBlockedAgain.delete(path)
  }

  /** Nothing is left to do for a path: unless it was blocked meanwhile, it got through. */
  end(path: string): void {
    if (!this.#isBlockedAgain.delete(path)) this.#blocked.delete(path)
  }

  block(path: string, reason: string): void {
    this.#isBlockedAgain.add(path)
    if (this.#blocked.get(path) === reason) return
    this.#blocked.set(path, reason)
    this.#options.log.warn({ path, reason }, 'left out of sync until it changes')
  }

  /** False for a file whose stamp says that it is as it was when it was last looked at. */
  isChanged(path: string, sight: FileSight): boolean {
    return this.seen(path)?.stamp !== sight.stamp
  }

  seen(path: string): Seen | undefined {
    const known = this.#seen.get(path) ?? this.#options.store.bases.get(path)
    return known === undefined ? undefined : { stamp: known.stamp, hash: known.hash, executable: known.executable }
  }

  /** The base row says it all. */
  forget(path: string): void {
    this.#seen.delete(path)
    this.#note(path, this.#options.store.bases.get(path)?.stamp ?? '')
  }

  /** Another root: nothing that was seen means anything. */
  forgetAll(): void {
    this.#seen.clear()
    this.#unsettled.clear()
    this.#spoiled.clear()
  }

  async look(path: WorkspacePath): Promise<Look> {
    const { places, environment, quietMilliseconds, fileBytes } = this.#options
    const sight = places.sight(path)
    // A folder or a file in the way was put there by someone: what had been here is gone. A symlink hides it only.
    if (sight.kind === 'absent' || sight.kind === 'folder' || sight.kind === 'under-file') return this.#absent(path)
    if (sight.kind === 'unreadable') return this.#unknown(path, reasonOfCode(sight.code))
    if (sight.kind === 'special') return this.#unknown(path, 'not a regular file')
    if (sight.size > fileBytes) return this.#unknown(path, `larger than ${fileBytes} bytes`)
    const known = this.seen(path)
    if (known?.stamp === sight.stamp) {
      this.#note(path, sight.stamp) // it may have been renamed to here, and be known here only since
      return { kind: 'file', ...known, sight, bytes: undefined }
    }
    const now = environment.now()
    const unsettled = this.#unsettled.get(path)
    const elapsed = environment.elapsed()
    const wait = settleWait({ sight, known: known?.stamp, unsettled, now, elapsed, quiet: quietMilliseconds })
    if (wait > 0) {
      this.#unsettled.set(path, unsettledNow(sight, unsettled, elapsed))
      return this.#later(path, wait)
    }
    const spoiled = this.#spoiled.get(path)
    if (spoiled !== undefined && elapsed < spoiled.due) return this.#written(path, unsettled, spoiled.due - elapsed)
    const reading = await readFile(places.of(path), sight, now, environment.timers)
    if (reading.kind === 'changed')
      return this.#onSpoiled(path, unsettledNow(sight, unsettled, elapsed), spoiled?.pause)
    if (reading.kind === 'unreadable') return this.#unknown(path, reasonOfCode(reading.code))
    this.#unsettled.delete(path)
    this.#spoiled.delete(path)
    const { hash, executable, stamp, bytes } = reading
    this.#note(path, sight.stamp)
    this.#seen.set(path, { hash, executable, stamp })
    if (stamp === '') this.#options.again(path, LOOK_AGAIN, false)
    return { kind: 'file', hash, executable, stamp, sight, bytes }
  }

  /** The bytes of a file that was recognised by its stamp; undefined if it is another one by now. */
  async readAgain(path: string, look: FileLook): Promise<Uint8Array | undefined> {
    const { places, environment } = this.#options
    const reading = await readFile(places.of(path), look.sight, environment.now(), environment.timers)
    return reading.kind === 'file' && reading.hash === look.hash ? reading.bytes : undefined
  }

  #later(path: string, milliseconds: number): Look {
    this.#options.again(path, milliseconds, true)
    return { kind: 'unsettled' }
  }

  #onSpoiled(path: string, unsettled: Unsettled, pause = SPOILED): Look {
    const due = this.#options.environment.elapsed() + pause
    this.#unsettled.set(path, unsettled)
    this.#spoiled.set(path, { due, pause: Math.min(pause * 2, LONGEST_SPOILED) })
    return this.#written(path, unsettled, pause)
  }

  /** One that is written without a rest keeps nobody waiting. */
  #written(path: string, unsettled: Unsettled | undefined, wait: number): Look {
    const { again, environment } = this.#options
    if (unsettled === undefined || !isNeverAtRest(unsettled, environment.elapsed())) return this.#later(path, wait)
    again(path, wait, false)
    return this.#unknown(path, 'it is being written without a pause in which it could be read')
  }

  #absent(path: string): Look {
    this.#seen.delete(path)
    this.#unsettled.delete(path)
    this.#spoiled.delete(path)
    return { kind: 'absent' }
  }

  #unknown(path: string, reason: string): Look {
    this.block(path, reason)
    return { kind: 'unknown' }
  }
}

/** A name with line breaks and the like in it, on one line. */
function shown(name: string): string {
  return /\p{Cc}/u.test(name) ? JSON.stringify(name).slice(1, -1) : name
}
