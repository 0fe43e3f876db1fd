/**
 * Hints that something may have changed. Never more than hints: events get lost when the event loop is blocked, when a
 * folder is new, and when the system's queue overflows; the audit finds what they miss.
 *
 * Folders are watched, each by itself, which costs one watch a folder instead of one a file. A folder that comes, or that may
 * be another one of the same name, is watched anew to its depth; the events of a file cost one look at it. A folder of which
 * that event got lost, for which no watch was left, or that was ignored before, is watched once the audit comes by (`keep`).
 */
import { lstatSync, readdirSync, watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './node-error.js'
import type { Timers } from './ports.js'
import { inSlices } from './walk.js'

/** As of node:fs. @throws what it throws: ENOSPC where the system has no watches left */
export type WatchFolder = (
  place: string,
  onEvent: (event: string, name: string | null) => void,
) => Pick<FSWatcher, 'on' | 'close'>

export interface WatcherOptions {
  /** Absolute, without symlinks. */
  readonly root: string
  readonly timers: Timers
  /** @param folder relative to the root */
  readonly ignoresFolder: (folder: string) => boolean
  /** @param path relative to the root, of anything: a file, a folder, something gone */
  readonly onHint: (path: string) => void
  /** Watching does not work somewhere; the audit finds changes there. Told once for each reason. */
  readonly onFailure: (reason: string) => void
  /** For tests. Default: the system's. */
  readonly watchFolder?: WatchFolder | undefined
}

export interface Watcher {
  /** Every folder that existed at the start is watched. */
  readonly ready: Promise<void>
  /** A folder was seen, relative to the root: it is watched from now on, if it is not, or another one of its name was. */
  keep(folder: string): void
  close(): void
}

/** Of work between two turns of the event loop. In milliseconds. */
const SLICE = 8
/** What is gone, is no folder any more, or may not be looked into takes no part: there is nothing to watch. */
const NO_FAILURE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'])

/** What of Linux there is too little of. */
const EXHAUSTED: Readonly<Record<string, string>> = {
  ENOSPC: 'this user’s watches are used up (ENOSPC); raise fs.inotify.max_user_watches',
  EMFILE:
    'this user’s watchers, or this process’s files, are used up (EMFILE); raise fs.inotify.max_user_instances, or ulimit -n',
}

export function startWatcher(options: WatcherOptions): Watcher {
  const folders = new WatchedFolders(options)
  return { ready: folders.add(''), keep: (folder) => folders.keep(folder), close: () => folders.close() }
}

interface Watched {
  readonly watcher: ReturnType<WatchFolder>
  /** Inode and moment of birth. */
  readonly identity: string | undefined
}

class WatchedFolders {
  readonly #options: WatcherOptions
  readonly #watchers = new Map<string, Watched>()
  readonly #told = new Set<string>()
  #closed = false

  constructor(options: WatcherOptions) {
    this.#options = options
  }

  /** Watches a folder and all below it. */
  async add(folder: string): Promise<void> {
    const isStopped = (): boolean => this.#closed
    const options = { slice: SLICE, rest: () => 0, timers: this.#options.timers, isStopped }
    await inSlices(this.#begin(folder), () => undefined, options)
  }

  keep(folder: string): void {
    if (this.#closed || this.#options.ignoresFolder(folder)) return
    const known = this.#watchers.get(folder)
    if (known !== undefined && known.identity === this.#identityOf(folder)) return
    this.#drop(folder)
    this.#watch(folder)
  }

  close(): void {
    this.#closed = true
    for (const { watcher } of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Each step watches one folder; watched before it is listed, so that what comes in between is told. */
  *#begin(top: string): Generator<string> {
    const waiting = [top]
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (this.#closed) return
      if (folder !== '' && this.#options.ignoresFolder(folder)) continue
      if (this.#watchers.has(folder) || !this.#watch(folder)) continue
      for (const name of this.#foldersIn(folder)) waiting.push(below(folder, name))
      yield folder
    }
  }

  #watch(folder: string): boolean {
    const { watchFolder = watch } = this.#options
    try {
      // Looked at first: another one that comes in between is not taken for this one.
      const identity = this.#identityOf(folder)
      const watcher = watchFolder(this.#placeOf(folder), (event, name) => this.#onEvent(folder, event, name))
      watcher.on('error', (thrown) => {
        this.#fail(thrown)
        if (this.#watchers.get(folder)?.watcher === watcher) this.#drop(folder)
      })
      this.#watchers.set(folder, { watcher, identity })
      return true
    } catch (thrown) {
      this.#fail(thrown)
      return false
    }
  }

  #onEvent(folder: string, event: string, name: string | null): void {
    const { onHint } = this.#options
    if (this.#closed) return
    if (name === null) return onHint(folder)
    const path = below(folder, name)
    // Whatever comes, goes or is replaced is a `rename` to Node.
    if (event === 'rename') this.#follow(path)
    onHint(path)
  }

  #follow(path: string): void {
    this.#drop(path)
    if (this.#isFolder(path)) this.add(path).catch((thrown: unknown) => this.#fail(thrown))
  }

  /** A folder, with all below it. */
  #drop(path: string): void {
    if (!this.#watchers.has(path)) return
    for (const [folder, { watcher }] of this.#watchers) {
      if (folder !== path && !folder.startsWith(`${path}/`)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
  }

  #isFolder(path: string): boolean {
    return this.#identityOf(path) !== undefined
  }

  /** Undefined: it is no folder, or there is no right to look. */
  #identityOf(path: string): string | undefined {
    try {
      const found = lstatSync(this.#placeOf(path), { bigint: true, throwIfNoEntry: false })
      return found?.isDirectory() === true ? `${found.ino}:${found.birthtimeNs}` : undefined
    } catch {
      return undefined
    }
  }

  #foldersIn(folder: string): string[] {
    try {
      const entries = readdirSync(this.#placeOf(folder), { withFileTypes: true })
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    } catch (thrown) {
      this.#fail(thrown)
      return []
    }
  }

  #fail(thrown: unknown): void {
    const code = codeOf(thrown) ?? String(thrown)
    if (NO_FAILURE.has(code) || this.#told.has(code)) return
    this.#told.add(code)
    this.#options.onFailure(EXHAUSTED[code] ?? code)
  }

  #placeOf(folder: string): string {
    return join(this.#options.root, folder)
  }
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
