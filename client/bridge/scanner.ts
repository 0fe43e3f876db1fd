/**
 * Finds what changed without being told: at the start, after hints about folders, and every few seconds over everything.
 *
 * Looking at a file costs a few microseconds of the event loop, so that it is done in slices; the audit rests so long
 * between them that it never takes more than 2 % of a processor, however large the folder is.
 */
import { heard, inBackground } from './background.js'
import type { IgnoreRules } from './ignore.js'
import type { BridgeLog, Disposer, Environment } from './ports.js'
import type { FileSight } from './stamp.js'
import { inSlices, walk, type Step } from './walk.js'

/** Of work between two turns of the event loop. In milliseconds. */
const SLICE = 8
const AUDIT_SLICE = 4
/** 49 parts of rest for one of work. */
const AUDIT_REST = 49
/** When a folder in which something happened is listed again: events of new folders and quick ones get lost. In ms. */
const RESCAN_NEW = 100
const RESCAN_KNOWN = 300

export interface ScannerOptions {
  /** Absolute. */
  readonly root: string
  readonly rules: IgnoreRules
  readonly environment: Environment
  readonly log: BridgeLog
  readonly auditSeconds: number
  readonly isChanged: (path: string, sight: FileSight) => boolean
  /** Every path that should be on this disk. */
  readonly tracked: () => Iterable<string>
  readonly onChanged: (path: string) => void
  /** Before what is in it is looked at. */
  readonly onFolder: (folder: string) => void
  /** Tracked, and not found. */
  readonly onMissing: (path: string) => void
  /** Rule files changed: every path has to be judged anew. */
  readonly onRules: () => void
  /** Before each pass of the audit. False: there is no point in looking now. */
  readonly onAudit: () => boolean
  /** Every name that can't be a path, with what is wrong with it; after each look at everything. */
  readonly onUnnameable: (faults: ReadonlyMap<string, string>) => void
  readonly onScanned: (files: number) => void
  /** A pass of the audit has looked at everything. */
  readonly onAudited: () => void
}

export class Scanner {
  readonly #options: ScannerOptions
  readonly #rescans = new Map<string, Disposer>()
  #audit: Disposer | undefined
  #closed = false

  constructor(options: ScannerOptions) {
    this.#options = options
  }

  /** Everything, as fast as the event loop allows. Never rejects: what it can't look at, the audit will. */
  async scan(): Promise<void> {
    await heard(this.#options.log, 'the folder could not be looked over; the audit tries again', () =>
      this.#pass(SLICE, () => 0),
    )
  }

  /** One folder, with all below it if `deep`, in the background. */
  scanFolder(folder: string, deep = true): void {
    const { root, rules, environment, log } = this.#options
    inBackground(log, 'a folder could not be listed; the audit tries again', () =>
      inSlices(walk(root, folder, rules, deep), (step) => this.#take(step), {
        ...{ slice: SLICE, rest: () => 0, timers: environment.timers, isStopped: () => this.#closed },
      }),
    )
  }

  /** Lists a folder again, soon; calls until then count as one. @param deep with all below it, as if it were new */
  rescanSoon(folder: string, deep: boolean): void {
    const key = `${deep} ${folder}`
    if (this.#closed || this.#rescans.has(key)) return
    const dispose = this.#options.environment.timers.after(deep ? RESCAN_NEW : RESCAN_KNOWN, () => {
      this.#rescans.delete(key)
      this.scanFolder(folder, deep)
    })
    this.#rescans.set(key, dispose)
  }

  startAudit(): void {
    const { environment, auditSeconds, onAudit, onAudited, log } = this.#options
    const pass = async (): Promise<void> => {
      const start = environment.elapsed()
      const isDone = await heard(log, 'an audit failed; the next one tries again', async () => {
        if (onAudit()) await this.#pass(AUDIT_SLICE, (spent) => spent * AUDIT_REST)
      })
      if (isDone) onAudited()
      next(Math.max(0, start + auditSeconds * 1000 - environment.elapsed()))
    }
    const next = (wait: number): void => {
      if (this.#closed) return
      this.#audit = environment.timers.after(wait, () => void pass())
    }
    next(auditSeconds * 1000)
  }

  close(): void {
    this.#closed = true
    this.#audit?.()
    for (const dispose of this.#rescans.values()) dispose()
    this.#rescans.clear()
  }

  async #pass(slice: number, rest: (spent: number) => number): Promise<void> {
    const { root, rules, environment, tracked, onMissing, onScanned, onUnnameable } = this.#options
    const found = new Set<string>()
    const faults = new Map<string, string>()
    const isStopped = (): boolean => this.#closed
    const take = (step: Step): void => {
      if (step.kind === 'file') found.add(step.path)
      if (step.kind === 'unnameable') faults.set(step.path, step.fault)
      this.#take(step)
    }
    await inSlices(walk(root, '', rules), take, { slice, rest, timers: environment.timers, isStopped })
    if (this.#closed) return
    onScanned(found.size)
    onUnnameable(faults)
    // Not found is no more than a reason to look: it may be unreadable, ignored, or below something that is.
    for (const path of tracked()) if (!found.has(path)) onMissing(path)
  }

  #take(step: Step): void {
    const { isChanged, onChanged, onFolder, onRules } = this.#options
    if (step.kind === 'folder') onFolder(step.path)
    if (step.kind === 'file' && isChanged(step.path, step.sight)) onChanged(step.path)
    if (step.kind === 'rules-changed') onRules()
  }
}
