/**
 * Hints that something may have changed. Never more than hints: events get lost when the event loop is blocked, when a
 * folder is new, and when the system's queue overflows; the audit finds what they miss.
 *
 * chokidar watches folders only, which costs one watch a folder instead of one a file; its `raw` event names the file at
 * once, where its own events come throttled and lose the second of two quick writes.
 *
 * It also lists a folder with the stats of all its files at every event in it (a thousand files: 60 ms of processor for one
 * save). FolderWatcher lists the folders alone, by their directory entries.
 */
import { relative, sep } from 'node:path'
import { FSWatcher } from 'chokidar'
import { codeOf } from './node-error.js'

export interface WatcherOptions {
  /** Absolute, without symlinks. */
  readonly root: string
  /** @param folder relative to the root */
  readonly ignoresFolder: (folder: string) => boolean
  /** @param path relative to the root, of anything: a file, a folder, something gone */
  readonly onHint: (path: string) => void
  /** Watching does not work somewhere; the audit finds changes there. Told once for each reason. */
  readonly onFailure: (reason: string) => void
}

export interface Watcher {
  /** Every folder that existed at the start is watched. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

type Listing = Parameters<FSWatcher['_readdirp']>
type ListedEntry = Parameters<Extract<NonNullable<Listing[1]>['directoryFilter'], (entry: never) => unknown>>[0]

class FolderWatcher extends FSWatcher {
  override _readdirp(root: Listing[0], options: Listing[1]): ReturnType<FSWatcher['_readdirp']> {
    // What chokidar asks of an entry's stats (is it a folder, is it a link) its directory entry knows as well.
    const directoryFilter = (entry: ListedEntry): boolean => {
      Object.assign(entry, { stats: entry.dirent })
      return entry.dirent?.isDirectory() === true
    }
    const fileFilter = (): boolean => false
    return super._readdirp(root, { ...options, type: 'directories', alwaysStat: false, directoryFilter, fileFilter })
  }
}

export function startWatcher({ root, ignoresFolder, onHint, onFailure }: WatcherOptions): Watcher {
  const pathOf = (place: string): string => relative(root, place).split(sep).join('/')
  const watcher = new FolderWatcher({
    ignoreInitial: true,
    followSymlinks: false,
    ignorePermissionErrors: true,
    ignored: (place, stats) => {
      if (stats !== undefined && !stats.isDirectory()) return true
      const path = pathOf(place)
      return path !== '' && ignoresFolder(path)
    },
  })
  watcher.on('raw', (_event: string, name: string | null, details: unknown) => {
    const folder = watchedPath(details)
    if (folder === undefined) return
    // An event of a watched folder itself comes with the folder's own name.
    const inside = pathOf(folder)
    if (name === null) onHint(inside)
    else onHint(inside === '' ? name : `${inside}/${name}`)
  })
  watcher.on('addDir', (place) => onHint(pathOf(place)))
  watcher.on('unlinkDir', (place) => onHint(pathOf(place)))
  const told = new Set<string>()
  watcher.on('error', (thrown) => {
    const reason = codeOf(thrown) ?? String(thrown)
    if (!told.has(reason)) onFailure(reason)
    told.add(reason)
  })
  watcher.add(root)
  const ready = new Promise<void>((resolve) => {
    watcher.once('ready', resolve)
    watcher.once('error', () => resolve())
  })
  return { ready, close: () => watcher.close() }
}

function watchedPath(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return undefined
  return typeof details.watchedPath === 'string' ? details.watchedPath : undefined
}
