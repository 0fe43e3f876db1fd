/**
 * Whether git is at work in a folder, told from its own folder by names and dates alone: nothing in there is read, but the
 * one line of a `.git` that is a file (a worktree, a submodule) and says where the rest stands.
 *
 * Git holds `index.lock` while it changes files, and moves its heads before or after that. One operation may take many such
 * steps (a rebase one for each commit), so that it is over only when all has been quiet for a moment. A rebase or a merge that
 * waits for a person is quiet: what is written then is that person's.
 */
import { readFileSync, statSync, watch, type BigIntStats, type FSWatcher } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Environment } from './ports.js'

/** Between two steps of one operation. In milliseconds. */
const QUIET = 150
/** A look at all these names takes 20 µs; a checkout asks for one a file. In milliseconds. */
const LOOK_INTERVAL = 5
/** Git keeps the lock while an editor waits for a commit's message, and a git that was killed leaves it behind: from here
 * on it means nothing unless files still change. In milliseconds. */
const LOCK_PATIENCE = 10_000
const STILL_CHANGING = 2_000
/** Until a folder without a `.git` is asked for one again. In milliseconds. */
const FIND_INTERVAL = 2_000

const LOCK = 'index.lock'
/** What moves with the files of the folder. A commit moves none of them. */
const HEADS = ['HEAD', 'ORIG_HEAD', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply']

export interface GitState {
  readonly isBusy: boolean
  /** Heads moved since it was busy. */
  readonly hasMoved: boolean
  /** Until it may be over. In milliseconds. */
  readonly quietIn: number
}

const IDLE: GitState = { isBusy: false, hasMoved: false, quietIn: 0 }

export class GitWatch {
  readonly #root: string
  readonly #environment: Environment
  #folder: string | undefined
  #soughtAt = -Infinity
  #watcher: FSWatcher | undefined
  #lookedAt = -Infinity
  #index = ''
  #heads = ''
  /** When something of git's last changed. */
  #movedAt = -Infinity
  #lockedSince: number | undefined
  #changedAt = -Infinity
  #hasMoved = false
  #closed = false

  /** @param root the folder that is bridged; absolute */
  constructor(root: string, environment: Environment) {
    this.#root = root
    this.#environment = environment
    this.#seek(environment.elapsed())
  }

  /** @param changes a file of the folder was just found changed */
  look(changes: boolean): GitState {
    const now = this.#environment.elapsed()
    if (changes) this.#changedAt = now
    if (this.#folder === undefined) this.#seek(now)
    if (this.#folder === undefined) return IDLE
    if (now - this.#lookedAt >= LOOK_INTERVAL) this.#see(this.#folder, now)
    const isLocked =
      this.#lockedSince !== undefined &&
      (now - this.#lockedSince < LOCK_PATIENCE || now - this.#changedAt < STILL_CHANGING)
    const quiet = this.#movedAt + QUIET - now
    if (!isLocked && quiet <= 0) this.#hasMoved = false
    else return { isBusy: true, hasMoved: this.#hasMoved, quietIn: Math.max(isLocked ? QUIET : 0, Math.ceil(quiet)) }
    return IDLE
  }

  close(): void {
    this.#closed = true
    this.#watcher?.close()
  }

  #see(folder: string, now: number): void {
    this.#lookedAt = now
    const heads = HEADS.map((name) => stampOf(join(folder, name))).join()
    const index = stampOf(join(folder, 'index'))
    const isLocked = stampOf(join(folder, LOCK)) !== ''
    if (heads !== this.#heads) this.#hasMoved = true
    if (heads !== this.#heads || index !== this.#index || isLocked) this.#movedAt = now
    if (!isLocked) this.#lockedSince = undefined
    else this.#lockedSince ??= now
    this.#heads = heads
    this.#index = index
    if (heads === '' && index === '') this.#lose()
  }

  #seek(now: number): void {
    if (this.#closed || now - this.#soughtAt < FIND_INTERVAL) return
    this.#soughtAt = now
    const folder = gitFolderOf(this.#root)
    if (folder === undefined) return
    this.#folder = folder
    this.#see(folder, now)
    this.#movedAt = -Infinity // as it stands now, nobody has moved it
    this.#hasMoved = false
    try {
      this.#watcher = watch(folder, { persistent: false }, (_event, name) => this.#onHint(name))
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No watches are left: short operations may then be taken for edits.
    }
  }

  /** A lock may come and go between two looks. */
  #onHint(name: string | null): void {
    if (this.#folder === undefined || this.#closed) return
    if (name === LOCK) this.#movedAt = this.#environment.elapsed()
    if (name === LOCK || name === 'index' || HEADS.includes(name ?? '')) {
      this.#see(this.#folder, this.#environment.elapsed())
    }
  }

  #lose(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#folder = undefined
  }
}

/** Undefined where the folder is not the top of a working tree. */
function gitFolderOf(root: string): string | undefined {
  const place = join(root, '.git')
  const found = statOf(place)
  if (found?.isDirectory() === true) return place
  if (found?.isFile() !== true || found.size > 10_000n) return undefined
  try {
    const line = /^gitdir: (.+)$/m.exec(readFileSync(place, 'utf8'))?.[1]
    return line === undefined ? undefined : resolve(root, line.trim())
  } catch {
    return undefined
  }
}

function stampOf(place: string): string {
  const found = statOf(place)
  return found === undefined ? '' : `${found.ino}:${found.mtimeNs}:${found.ctimeNs}`
}

function statOf(place: string): BigIntStats | undefined {
  try {
    return statSync(place, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined // no right to look, or a file where a folder should be
  }
}
