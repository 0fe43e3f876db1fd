/**
 * Where everything that goes from this disk to the server passes, so that what happens to many files at once can be seen as
 * one thing before any of it is done to others (brake.ts).
 *
 * 1. A new file, and each of a few files that were edited, goes at once.
 * 2. A file that is gone waits a little, because editors and git take files away and put them back; so does an edit that
 *    comes with many others.
 * 3. A new file that may be one of those that are gone waits with them: both together are a rename, which takes nothing from
 *    anyone (pair-renames.ts).
 * 4. While git works in the folder, nothing goes (git-watch.ts).
 * 5. What is held waits for `release`, or until so little of it is left that it would never have been held.
 */
import { freeOf, judge } from './brake.js'
import type { GitWatch } from './git-watch.js'
import type { Disposer, Environment } from './ports.js'

/** Without another file. In milliseconds. */
const QUIET = 100
/** In milliseconds. */
const LONGEST_WAIT = 1000
/** For as long, while there is something to be looked at. In milliseconds. */
const LONGEST_LOOK = 10_000
/** How long a deletion, or an edit, counts as "at once". In milliseconds. */
const DELETION_WINDOW = 10_000
const OVERWRITE_WINDOW = 500
/**
 * Files edited within that window that go without any wait: people and agents save a few at a time. Of a large folder half
 * of what may be overwritten without asking goes too, so that whoever works through many files waits for nothing.
 */
const FREE_OVERWRITES = 10
/** A bulk of git's is taken for its work also where its heads did not move, from here on. In files. */
const BULK_OF_GIT = 3

export type ChangeKind = 'create' | 'overwrite' | 'delete'

/** Leave to tell the server. */
export interface Pass {
  /** It was git that changed the file, not whoever works here. */
  readonly isByGit: boolean
  /** The file is not gone, but called so. */
  readonly to?: string | undefined
}

/** Nobody was asked about it, so that it counts for what comes next. */
interface Approval extends Pass {
  readonly counts: boolean
}

export interface Held {
  readonly code: 'many-deletions' | 'many-overwrites' | 'git-operation'
  readonly files: ReadonlyMap<string, ChangeKind>
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface GateOptions {
  readonly environment: Environment
  readonly git: Pick<GitWatch, 'look'>
  readonly isServed: boolean
  /** Files on disk and on the server. */
  readonly tracked: () => number
  /** Which of the files that are gone are which of the new ones: old path → new path. */
  readonly pair?: (gone: readonly string[], fresh: readonly string[]) => ReadonlyMap<string, string>
  /** More is being looked at, of which some may belong to what waits. */
  readonly isLooking?: () => boolean
  /** May be told to the server now: `propose` says so when asked again. */
  readonly onApproved: (path: string) => void
  /** What is held now; undefined: nothing any more. */
  readonly onHeld: (held: Held | undefined) => void
}

export class Gate {
  readonly #options: GateOptions
  readonly #waiting = new Map<string, ChangeKind>()
  readonly #held = new Map<string, ChangeKind>()
  readonly #approved = new Map<string, Approval>()
  readonly #exempt = new Set<string>()
  readonly #recent: Record<'delete' | 'overwrite', Map<string, number>> = { delete: new Map(), overwrite: new Map() }
  readonly #idle = new Set<() => void>()
  #heldSince = 0
  #isHeldFromGit = false
  /** Some of it is as it was. */
  #isShrunk = false
  /** Git was at work while something began to wait. */
  #isByGit = false
  #hasGitMoved = false
  /** Some of what waits is gone. */
  #hasGone = false
  /** New names of files that are being renamed, by their old ones. */
  readonly #renaming = new Map<string, string>()
  readonly #claimed = new Set<string>()
  /** Edits wait, so that the next waits with them. */
  #isGathering = false
  #first = 0
  #timer: Disposer | undefined

  constructor(options: GateOptions) {
    this.#options = options
  }

  /**
   * Undefined: not yet; the path is handed to `onApproved` when it is time.
   * @param isMoved a file that is made: it stood elsewhere before
   */
  propose(path: string, kind: ChangeKind, isMoved = false): Pass | undefined {
    const isExempt = this.#exempt.delete(path)
    const approval = this.#approved.get(path)
    if (approval !== undefined) {
      this.#approved.delete(path)
      if (approval.counts) this.#remember(path, kind)
      return approval
    }
    const place = this.#held.has(path) ? this.#held : this.#waiting
    if (place.has(path)) {
      place.set(path, kind)
      return undefined
    }
    if (kind === 'create' && this.#claimed.has(path)) return undefined
    const { elapsed } = this.#options.environment
    const git = this.#options.git.look(true)
    if (!git.isBusy && this.#isFree(path, kind, isExempt, isMoved)) return { isByGit: false }
    if (this.#waiting.size === 0) this.#first = elapsed()
    this.#isByGit ||= git.isBusy
    this.#hasGitMoved ||= git.hasMoved
    this.#isGathering ||= kind === 'overwrite'
    this.#hasGone ||= kind === 'delete'
    this.#waiting.set(path, kind)
    this.#judgeIn(Math.max(0, Math.min(QUIET, this.#first + LONGEST_WAIT - elapsed())))
    return undefined
  }

  /** It is as the server has it, or can't be told. */
  withdraw(path: string): void {
    this.#approved.delete(path)
    this.renamed(path)
    this.#exempt.delete(path)
    const wasHeld = this.#held.delete(path)
    const wasWaiting = this.#waiting.delete(path)
    if (wasHeld && this.#held.size === 0) this.#tell()
    else if (wasHeld) {
      this.#isShrunk = true
      if (this.#timer === undefined) this.#judgeIn(QUIET)
    }
    if (wasWaiting && this.#waiting.size === 0) this.#settle()
  }

  /** The rename of a path is told, or is none any more: its new name is looked at again. */
  renamed(path: string): void {
    const to = this.#renaming.get(path)
    if (to === undefined) return
    this.#renaming.delete(path)
    this.#claimed.delete(to)
    this.#options.onApproved(to)
  }

  /** What changed while nobody could be told did not change at once; files that are gone are counted all the same. */
  exempt(paths: Iterable<string>): void {
    for (const path of paths) this.#exempt.add(path)
  }

  /** Lets what is held go to the server. */
  release(which: 'deletions' | 'all'): void {
    const going = [...this.#held].filter(([, kind]) => which === 'all' || kind === 'delete').map(([path]) => path)
    for (const path of going) this.#held.delete(path)
    this.#approve(going, { isByGit: this.#isHeldFromGit && this.#options.isServed, counts: false })
    this.#tell()
  }

  /** Some of what is held is settled otherwise. */
  forget(paths: Iterable<string>): void {
    for (const path of paths) this.#held.delete(path)
    this.#tell()
  }

  get held(): Held | undefined {
    if (this.#held.size === 0) return undefined
    const hasOverwrites = [...this.#held.values()].includes('overwrite')
    const code = this.#isHeldFromGit ? 'git-operation' : hasOverwrites ? 'many-overwrites' : 'many-deletions'
    return { code, files: this.#held, since: this.#heldSince }
  }

  /** It was seen to be gone, and the server not told. */
  isGone(path: string): boolean {
    return (this.#held.get(path) ?? this.#waiting.get(path)) === 'delete'
  }

  /** Some wait to be judged. */
  get isJudging(): boolean {
    return this.#waiting.size > 0
  }

  /** Resolves when none waits to be judged; held ones don't count. */
  judged(): Promise<void> {
    if (!this.isJudging) return Promise.resolve()
    return new Promise((resolve) => this.#idle.add(resolve))
  }

  close(): void {
    this.#timer?.()
    this.#waiting.clear()
    this.#settle()
  }

  #isFree(path: string, kind: ChangeKind, isExempt: boolean, isMoved: boolean): boolean {
    if (kind === 'delete') return false
    if (kind === 'create') return !isMoved && !this.#hasGone
    if (isExempt) return true
    if (this.#isGathering) return false
    const recent = this.#count('overwrite', OVERWRITE_WINDOW)
    const free = Math.max(FREE_OVERWRITES, freeOf(this.#options.tracked()) / 2)
    if (recent >= free && !this.#recent.overwrite.has(path)) return false
    this.#remember(path, kind)
    return true
  }

  #judgeIn(milliseconds: number): void {
    this.#timer?.()
    this.#timer = this.#options.environment.timers.after(milliseconds, () => {
      this.#timer = undefined
      this.#judge()
    })
  }

  #judge(): void {
    const { environment, git, tracked, isServed } = this.#options
    const { isBusy, hasMoved, quietIn } = git.look(false)
    this.#hasGitMoved ||= hasMoved
    if (isBusy) return this.#judgeIn(quietIn)
    const isLate = environment.elapsed() - this.#first >= LONGEST_LOOK
    if (this.#hasGone && !isLate && this.#options.isLooking?.() === true) return this.#judgeIn(QUIET)
    const byGit = this.#isByGit
    const renames = this.#pair()
    // To git a rename is one more file that it changed; to everyone else it takes nothing away.
    const countsRenames = byGit && !isServed
    const waitingGone = this.#of('delete', this.#waiting).filter((path) => countsRenames || !renames.has(path)).length
    const gone = waitingGone + this.#of('delete', this.#held).length
    const overwritten = this.#of('overwrite', this.#waiting)
    const verdict = judge({
      ...{ byGit, isServed, overwritten: overwritten.length },
      deletions: { gone, recent: this.#count('delete', DELETION_WINDOW), tracked: tracked() },
      recentlyOverwritten: this.#count('overwrite', OVERWRITE_WINDOW, overwritten),
    })
    const going: string[] = []
    const isRename = !(byGit && !isServed && verdict.holdsDeletions)
    if (isRename) this.#approveRenames(renames, isServed && byGit)
    for (const [path, kind] of this.#waiting) {
      const holds = kind === 'delete' ? verdict.holdsDeletions : kind === 'overwrite' && verdict.holdsOverwrites
      if (!holds) going.push(path)
      else {
        if (this.#held.size === 0) this.#heldSince = environment.now()
        this.#isHeldFromGit ||= byGit
        this.#held.set(path, kind)
        if (kind === 'overwrite') this.#remember(path, kind)
      }
    }
    const isByGit = byGit && isServed && (this.#hasGitMoved || this.#waiting.size >= BULK_OF_GIT)
    this.#waiting.clear()
    this.#isByGit = false
    this.#hasGitMoved = false
    this.#isGathering = false
    this.#hasGone = false
    if (this.#isShrunk) going.push(...this.#back())
    this.#approve(going, { isByGit, counts: true })
    this.#tell()
    this.#settle()
  }

  #pair(): ReadonlyMap<string, string> {
    const fresh = this.#of('create', this.#waiting)
    if (fresh.length === 0) return new Map()
    const all = this.#options.pair?.(this.#of('delete', this.#waiting), fresh) ?? new Map<string, string>()
    return new Map([...all].filter(([from]) => !this.#held.has(from)))
  }

  /** They are no deletions any more, and no new files. */
  #approveRenames(renames: ReadonlyMap<string, string>, isByGit: boolean): void {
    for (const [from, to] of renames) {
      this.#waiting.delete(from)
      this.#waiting.delete(to)
      this.#renaming.set(from, to)
      this.#claimed.add(to)
      this.#approved.set(from, { isByGit, to, counts: false })
      this.#options.onApproved(from)
    }
  }

  /** What was held, if so much of it is as it was that the rest would go without asking. */
  #back(): string[] {
    this.#isShrunk = false
    const { holdsDeletions, holdsOverwrites } = judge({
      deletions: { gone: this.#of('delete', this.#held).length, recent: 0, tracked: this.#options.tracked() },
      overwritten: this.#of('overwrite', this.#held).length,
      ...{ recentlyOverwritten: 0, byGit: this.#isHeldFromGit, isServed: this.#options.isServed },
    })
    const going = [...this.#held].filter(([, kind]) => !(kind === 'delete' ? holdsDeletions : holdsOverwrites))
    for (const [path] of going) this.#held.delete(path)
    return going.map(([path]) => path)
  }

  #of(kind: ChangeKind, place: ReadonlyMap<string, ChangeKind>): string[] {
    return [...place].filter(([, other]) => other === kind).map(([path]) => path)
  }

  #approve(paths: readonly string[], approval: Approval): void {
    for (const path of paths) {
      this.#approved.set(path, approval)
      this.#options.onApproved(path)
    }
  }

  #remember(path: string, kind: ChangeKind): void {
    if (kind === 'create') return
    // The newest stands last.
    this.#recent[kind].delete(path)
    this.#recent[kind].set(path, this.#options.environment.elapsed())
  }

  /** @param without paths that are counted elsewhere */
  #count(kind: 'delete' | 'overwrite', window: number, without: readonly string[] = []): number {
    const recent = this.#recent[kind]
    const oldest = this.#options.environment.elapsed() - window
    for (const [path, time] of recent) {
      if (time > oldest) break
      recent.delete(path)
    }
    return recent.size - without.filter((path) => recent.has(path)).length
  }

  #tell(): void {
    if (this.#held.size === 0) this.#isHeldFromGit = false
    this.#options.onHeld(this.held)
  }

  #settle(): void {
    const waiting = [...this.#idle]
    this.#idle.clear()
    for (const resolve of waiting) resolve()
  }
}
