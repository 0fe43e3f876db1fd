/**
 * Puts versions on disk so that readers see whole ones only, and that nothing unseen is lost (bridge.md B5, B6, B7).
 *
 *   temporary file written → [it is synced, the intent is stored] → [the place is looked at, the old inode linked, renamed]
 *   → folder synced → base row stored → the old inode looked at again, for a while
 *
 * The second brackets are one piece in which nothing else of this process runs: microseconds between the last look and the
 * rename, up to a millisecond with the reading of a file of 256 KB. A larger file is read before them, and within them only its
 * stamp is compared. A writer that still holds the old inode open writes into the linked file, where it is found for as long as
 * late-writers.ts says; a file system without hard links has no such file. What nothing in Node can prevent: another program's
 * rename to the same place between the last look and ours.
 *
 * Temporary files and old inodes live in the bridge's own data folder, so that neither `git add` nor a build's watcher ever
 * meets them; on a file system mounted below the root they live beside the file, under TEMPORARY_PREFIX.
 *
 * What it costs, measured on an SSD: 0.4 ms for the sync of the file, beside which the intent is stored (0.65 ms, synced too,
 * shared by all writes of that moment); 0.2 ms for the folder after the rename. Without these a killed process would still
 * lose nothing; with them a power cut does not either: no base row tells of a file that the cut took back, which would make
 * its older content look like an edit and revert everyone else's work.
 *
 * A temporary file is dated 20 ms back: whoever writes to it after the rename changes its stamp, however soon.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  futimesSync,
  mkdirSync,
  open,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { TEMPORARY_PREFIX, type WorkspacePath } from '../../protocol/paths.js'
import type { BaseStore, Change } from './base-store.js'
import { parentOf } from './ignore.js'
import { keepOwner, linkNew, linkOld, modeFor, removeEmpty } from './links.js'
import { codeOf } from './node-error.js'
import type { Places } from './places.js'
import type { Environment } from './ports.js'
import { isSmall, readFile, readSmallFile } from './reader.js'
import type { BaseRow, IntentRow, KnownVersion } from './rows.js'
import { sightOf, sightOfStats, type FileSight, type Sight, type Stamp } from './stamp.js'

/** Where a step can be held up by a test: each stands for a moment at which the process may die. */
export type WriterStep = 'begin' | 'temporary' | 'intent' | 'renamed' | 'folder' | 'base'

export interface WriterOptions {
  readonly places: Places
  readonly store: BaseStore
  /** For temporary files and old inodes; in the bridge's data folder. */
  readonly holding: string
  readonly environment: Environment
  /** Handed an old inode that has to be read once more. */
  readonly onPlaced: (id: string) => void
  readonly onStep: (step: WriterStep, path: string) => Promise<void> | undefined
}

/** What has to stand at the place for the write to happen. Null: nothing. */
export type Expected = { readonly version: KnownVersion; readonly executable: boolean } | null

export type Placed =
  | { readonly kind: 'done' }
  /** The place holds something else than expected: decide again. */
  | { readonly kind: 'changed' }
  /** The file system said no, or something that is no folder is in the way. */
  | { readonly kind: 'blocked'; readonly code: string }

const syncFile = promisify(fsync)
const openFile = promisify(open)
/** Never blocks on a pipe, never follows a link. */
const SYNC_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** Several times what a system leaves changes in memory. In milliseconds. */
const WRITTEN_BACK = 300_000
const NEW_MODE = 0o666
const NEW_EXECUTABLE_MODE = 0o777
const BACKDATE_SECONDS = 0.02

export class Writer {
  readonly #options: WriterOptions
  readonly #folderSyncs = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>()

  /** Made, and their names not yet synced. */
  readonly #newFolders = new Set<string>()

  /** Of the file system on which files are held. */
  readonly #device: bigint | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    const holding = sightOf(options.holding)
    this.#device = holding.kind === 'folder' ? holding.device : undefined
  }

  /** Puts `bytes` at `path` if it holds what is expected. `next.stamp` is filled in; `keep` is stored with it. */
  async write(
    path: WorkspacePath,
    bytes: Uint8Array,
    expected: Expected,
    next: BaseRow,
    keep: readonly Change[],
  ): Promise<Placed> {
    const { store, environment, places } = this.#options
    await this.#options.onStep('begin', path)
    try {
      const barred = this.#makeFolders(path)
      if (barred !== undefined) return { kind: 'blocked', code: barred }
      const before = this.#clear(path)
      if (before.kind === 'folder') return { kind: 'blocked', code: 'EISDIR' }
      if (before.kind === 'unreadable') return { kind: 'blocked', code: before.code }
      if (before.kind === 'file' ? expected === null : before.kind !== 'absent' || expected !== null)
        return { kind: 'changed' }
      const old = before.kind === 'file' ? before : undefined
      const id = environment.newId()
      const holding = this.#holdingFor(path)
      const temporary = `${holding}${id}`
      const { descriptor, sight } = await this.#writeTemporary(places.of(temporary), bytes, next.executable, old)
      const intent: IntentRow = {
        path,
        from: null,
        phase: 'placing',
        temporary,
        inode: String(sight.inode),
        old: expected === null ? null : { file: `${holding}${id}.old`, ...expected, sending: null },
        next,
      }
      try {
        await this.#options.onStep('temporary', path)
        await Promise.all([syncFile(descriptor), store.commit([...keep, { table: 'intents', key: id, row: intent }])])
      } finally {
        closeSync(descriptor)
      }
      await this.#options.onStep('intent', path)
      let stamp: Stamp | undefined
      try {
        stamp = await this.#place(intent, old, sight)
      } finally {
        if (stamp === undefined) await this.#giveUp(id, intent)
      }
      if (stamp === undefined) return { kind: 'changed' }
      await this.#finish(id, intent, { ...next, stamp })
      return { kind: 'done' }
    } catch (thrown) {
      return { kind: 'blocked', code: codeOf(thrown) ?? 'UNKNOWN' }
    }
  }

  /** Takes the file at `path` away if it holds what is expected, and then the folders that are left empty. */
  async remove(path: WorkspacePath, expected: NonNullable<Expected>): Promise<Placed> {
    const { store, environment, places } = this.#options
    await this.#options.onStep('begin', path)
    try {
      if (places.barrier(path) !== undefined) return { kind: 'changed' }
      const before = sightOf(places.of(path))
      if (before.kind !== 'file') return { kind: 'changed' }
      const id = environment.newId()
      const file = `${this.#holdingFor(path)}${id}.old`
      const intent: IntentRow = {
        path,
        from: null,
        phase: 'placing',
        temporary: null,
        inode: null,
        old: { file, ...expected, sending: null },
        next: null,
      }
      await store.commit([{ table: 'intents', key: id, row: intent }])
      await this.#options.onStep('intent', path)
      let isTaken = false
      try {
        isTaken = await this.#holds(path, expected, before)
        if (isTaken) renameSync(places.of(path), places.of(file))
      } catch (thrown) {
        isTaken = false
        throw thrown
      } finally {
        if (!isTaken) await this.#giveUp(id, intent)
      }
      if (!isTaken) return { kind: 'changed' }
      await this.#finish(id, intent, null)
      removeFolders(places, path)
      return { kind: 'done' }
    } catch (thrown) {
      return { kind: 'blocked', code: codeOf(thrown) ?? 'UNKNOWN' }
    }
  }

  /**
   * Carries the file at `from` to `to`, whatever it holds, if that place is free: writers that have it open stay with it.
   * @param next the base of `from`, as it is to stand at `to`
   */
  async move(from: WorkspacePath, to: WorkspacePath, next: BaseRow): Promise<Placed> {
    const { store, environment, places } = this.#options
    await this.#options.onStep('begin', to)
    try {
      const barred = this.#makeFolders(to)
      if (barred !== undefined) return { kind: 'blocked', code: barred }
      const before = places.sight(from)
      if (before.kind !== 'file') return { kind: 'changed' }
      if (this.#clear(to).kind !== 'absent') return { kind: 'blocked', code: 'EEXIST' }
      const id = environment.newId()
      const common = { path: to, from, phase: 'placing', temporary: null, old: null } as const
      const intent: IntentRow = { ...common, inode: String(before.inode), next: { ...next, stamp: '' } }
      await store.commit([{ table: 'intents', key: id, row: intent }])
      await this.#options.onStep('intent', to)
      let isMoved = false
      try {
        const last = places.sight(from)
        const isSame = last.kind === 'file' && last.inode === before.inode && places.barrier(to) === undefined
        isMoved = isSame && linkNew(places.of(from), places.of(to))
      } finally {
        if (!isMoved) await store.commit([{ table: 'intents', key: id, row: null }])
      }
      if (!isMoved) return { kind: 'changed' }
      await this.#options.onStep('renamed', to)
      await Promise.all([this.#syncFolders(to), this.syncFolder(places.of(parentOf(from)))])
      await this.#options.onStep('folder', to)
      await store.commit([
        { table: 'bases', key: from, row: null },
        { table: 'bases', key: to, row: intent.next },
        { table: 'intents', key: id, row: null },
      ])
      await this.#options.onStep('base', to)
      removeFolders(places, from)
      return { kind: 'done' }
    } catch (thrown) {
      return { kind: 'blocked', code: codeOf(thrown) ?? 'UNKNOWN' }
    }
  }

  /** Makes what was done in a folder outlast a power cut; calls at one time share a sync. @param folder absolute */
  syncFolder(folder: string): Promise<void> {
    const known = this.#folderSyncs.get(folder)
    if (known !== undefined) return (known.next ??= known.running.then(() => this.#startFolderSync(folder)))
    return this.#startFolderSync(folder)
  }

  async #syncFolders(path: string): Promise<void> {
    const { places } = this.#options
    const parent = parentOf(path)
    const syncs = [this.syncFolder(places.of(parent))]
    for (let folder = parent; this.#newFolders.has(folder); folder = parentOf(folder)) {
      syncs.push(this.syncFolder(places.of(parentOf(folder))))
    }
    await Promise.all(syncs)
    for (let folder = parent; this.#newFolders.delete(folder);) folder = parentOf(folder)
  }

  #startFolderSync(folder: string): Promise<void> {
    const entry = { running: syncPlace(folder), next: undefined }
    this.#folderSyncs.set(folder, entry)
    return entry.running.finally(() => {
      if (this.#folderSyncs.get(folder) === entry && entry.next === undefined) this.#folderSyncs.delete(folder)
    })
  }

  /** The last look and the rename, as one synchronous piece for all but large files. Undefined: not as expected. */
  async #place(intent: IntentRow, old: FileSight | undefined, fresh: FileSight): Promise<Stamp | undefined> {
    const { places } = this.#options
    const { path, temporary } = intent
    if (temporary === null) return undefined
    const place = places.of(path)
    if (intent.old === null) {
      if (places.barrier(path) !== undefined) return undefined
      if (!linkNew(places.of(temporary), place)) return undefined
    } else {
      if (old === undefined || !(await this.#holds(path, intent.old, old))) return undefined
      linkOld(place, places.of(intent.old.file))
      const last = sightOf(place)
      if (last.kind !== 'file' || last.inode !== old.inode) return undefined
      renameSync(places.of(temporary), place)
    }
    const placed = sightOf(place)
    // Written to by someone between the rename and this look: then there is no stamp, and it is read again.
    if (placed.kind !== 'file' || placed.inode !== fresh.inode) return ''
    return placed.mtimeNs === fresh.mtimeNs && placed.size === fresh.size ? placed.stamp : ''
  }

  async #holds(path: string, expected: NonNullable<Expected>, before: FileSight): Promise<boolean> {
    const { places, environment } = this.#options
    const place = places.of(path)
    // A large file is read before; if its stamp is then still the same, so is the file.
    const read = isSmall(before) ? undefined : await readFile(place, before, environment.now(), environment.timers)
    if (places.barrier(path) !== undefined) return false
    const sight = sightOf(place)
    if (sight.kind !== 'file') return false
    const reading = isSmall(sight) ? readSmallFile(place, sight, environment.now()) : read
    if (reading?.kind !== 'file' || (reading === read && sight.stamp !== before.stamp)) return false
    return reading.hash === expected.version.hash && reading.executable === expected.executable
  }

  /** The row goes first: a row whose temporary file is gone says that the file was renamed to its place. */
  async #giveUp(id: string, { temporary, old }: IntentRow): Promise<void> {
    await this.#options.store.commit([{ table: 'intents', key: id, row: null }])
    const { places } = this.#options
    if (temporary !== null) remove(places.of(temporary))
    if (temporary !== null && old !== null) remove(places.of(old.file))
  }

  async #finish(id: string, intent: IntentRow, next: BaseRow | null): Promise<void> {
    const { store } = this.#options
    const { path } = intent
    await this.#options.onStep('renamed', path)
    await this.#syncFolders(path)
    await this.#options.onStep('folder', path)
    await store.commit([
      { table: 'bases', key: path, row: next },
      { table: 'intents', key: id, row: intent.old === null ? null : asPlaced(intent) },
    ])
    await this.#options.onStep('base', path)
    if (intent.old !== null) this.#options.onPlaced(id)
  }

  /** A busy file system makes whoever makes a file wait for milliseconds: that is done beside the event loop. */
  async #writeTemporary(
    temporary: string,
    bytes: Uint8Array,
    executable: boolean,
    old: FileSight | undefined,
  ): Promise<{ descriptor: number; sight: FileSight }> {
    // A new file gets what the umask leaves; one that exists keeps its mode, and is closed to others until it has it.
    const mode = old === undefined ? (executable ? NEW_EXECUTABLE_MODE : NEW_MODE) : 0o600
    const descriptor = await openFile(temporary, 'wx', mode)
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done)
      if (old !== undefined) keepOwner(descriptor, old)
      if (old !== undefined) fchmodSync(descriptor, modeFor(old.mode, executable))
      const date = this.#options.environment.now() / 1000 - BACKDATE_SECONDS
      futimesSync(descriptor, date, date)
      const sight = sightOfStats(fstatSync(descriptor, { bigint: true }))
      if (sight.kind !== 'file') throw new Error(`${temporary} is no file.`)
      return { descriptor, sight }
    } catch (thrown) {
      closeSync(descriptor)
      remove(temporary)
      throw thrown
    }
  }

  /** The start of a name, below the root, for temporary files that can be renamed to `path`: on the same file system. */
  #holdingFor(path: string): string {
    const { places, holding } = this.#options
    const there = sightOf(places.of(parentOf(path)))
    const isSame = there.kind === 'folder' && there.device === this.#device
    return isSame ? join(relative(places.root, holding), '/') : join(parentOf(path), TEMPORARY_PREFIX)
  }

  /** What stands at `path`, once a folder in its place, with no file in it, is out of the way. */
  #clear(path: string): Sight {
    const { places } = this.#options
    const sight = sightOf(places.of(path))
    if (sight.kind !== 'folder') return sight
    try {
      removeEmpty(places.of(path))
    } catch {
      return sight // something is in it
    }
    return { kind: 'absent' }
  }

  /** Makes the folders that `path` needs. The code of what is in the way, if something is. */
  #makeFolders(path: string): string | undefined {
    const { places } = this.#options
    for (;;) {
      const barrier = places.barrier(path)
      if (barrier === undefined) return undefined
      if (barrier.sight.kind !== 'absent') {
        return barrier.sight.kind === 'unreadable' ? barrier.sight.code : 'ENOTDIR'
      }
      // The root itself is never made: where it is missing, nobody knows where this would end up.
      mkdirSync(places.of(barrier.folder))
      this.#newFolders.add(barrier.folder)
    }
  }
}

/** Takes the folders away that are left empty where a file was taken from `path`, as git does: whoever made them. */
export function removeFolders(places: Places, path: string): void {
  for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) {
    // Nor through a link that stands in the place of a folder above it.
    if (places.barrier(folder) !== undefined) return
    try {
      rmdirSync(places.of(folder))
    } catch {
      return // something is in it, or it is none
    }
  }
}

/** Of an intent that was carried out, only the old inode is left to care for. */
export function asPlaced(intent: IntentRow): IntentRow {
  return { ...intent, phase: 'placed', temporary: null, next: null }
}

export function remove(place: string): void {
  try {
    unlinkSync(place)
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown
  }
}

/**
 * As syncPlace, for a file that somebody else wrote: one that has long been still has been written back by the system, which
 * does so after half a minute, and a folder of twenty thousand old files need not be synced file by file.
 *
 * @param sight of the place when it held what has to last
 */
export async function syncRecent(place: string, sight: Sight, now: number): Promise<void> {
  if (sight.kind === 'file' && now - Number(sight.ctimeNs / 1_000_000n) < WRITTEN_BACK) await syncPlace(place)
}

/**
 * Syncs a file or folder. What is gone, or has become something else meanwhile, or can't be opened, is left alone: then there
 * is nothing that a power cut could take back unseen.
 */
export async function syncPlace(place: string): Promise<void> {
  let descriptor
  try {
    descriptor = openSync(place, SYNC_FLAGS)
  } catch {
    return
  }
  try {
    await syncFile(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
