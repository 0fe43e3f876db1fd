/** The parts of a bridge, joined: what is seen goes to the queue, the queue to the flow, and what they meet to the state. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'
import type { BridgeOptions, BridgeState, BridgeStats, Resumed } from './api.js'
import type { FileHead } from '../../protocol/files.js'
import type { ResumeChoice } from '../../protocol/folder.js'
import { inBackground } from './background.js'
import { BaseStore } from './base-store.js'
import { BridgeStatus, type StatusNow } from './bridge-status.js'
import { Contents } from './contents.js'
import { DiskLooks } from './disk-looks.js'
import { SYSTEM } from './environment.js'
import { FirstSync } from './first-sync.js'
import { Gate, type Held } from './gate.js'
import { GitWatch } from './git-watch.js'
import { GoneNames } from './gone-names.js'
import { Heads } from './heads.js'
import { Holders } from './holders.js'
import { IgnoreRules, parentOf } from './ignore.js'
import { LateWriters } from './late-writers.js'
import { PathFlow } from './path-flow.js'
import { PathQueue } from './path-queue.js'
import { Places } from './places.js'
import type { Disposer, Environment } from './ports.js'
import { RenameFinder } from './rename-finder.js'
import { recover } from './recovery.js'
import { prepareRestore } from './restore.js'
import type { Root } from './root.js'
import { Scanner } from './scanner.js'
import { ServerLink } from './server-link.js'
import { Submitter } from './submitter.js'
import { Uploads } from './uploads.js'
import { foldOf, Spellings } from './spellings.js'
import { StoppableLine } from './stoppable-line.js'
import { startWatcher, type Watcher } from './watcher.js'
import { Writer } from './writer.js'

/** The watcher starts after the first sync, or after this. In milliseconds. */
const WATCH_DELAY = 5000
/** Paths worked on at once. */
const CONCURRENCY = 128

export class FolderBridge {
  readonly #options: BridgeOptions
  readonly #environment: Environment
  readonly #root: Root
  readonly #places: Places
  readonly #rules: IgnoreRules
  readonly #store: BaseStore
  readonly #heads = new Heads()
  readonly #git: GitWatch
  readonly #gate: Gate
  readonly #lateWriters: LateWriters
  readonly #looks: DiskLooks
  readonly #uploads: Uploads
  readonly #flow: PathFlow
  readonly #queue: PathQueue
  readonly #scanner: Scanner
  readonly #line: StoppableLine
  readonly #link: ServerLink
  readonly #first: FirstSync
  readonly #holding: string
  readonly #status: BridgeStatus
  readonly #disposers: Disposer[] = []
  #watcher: Watcher | undefined
  #scanned: Promise<void> | undefined
  readonly #gone: GoneNames
  #passes = 0
  #isClosed = false
  #closing: Promise<void> | undefined

  constructor(options: BridgeOptions, root: Root) {
    const { config, log } = options
    const connection = (this.#line = new StoppableLine(options.connection))
    const environment = options.environment ?? SYSTEM
    const onStep = options.onStep ?? (() => undefined)
    const live = (path: string): void => this.#queue.add(path, 'live')
    this.#options = options
    this.#status = new BridgeStatus({ ...{ dir: options.dir, log }, now: () => this.#now })
    this.#environment = environment
    this.#root = root
    const places = (this.#places = new Places(root.folder))
    const rules = (this.#rules = new IgnoreRules(root.folder))
    const holding = (this.#holding = join(root.data, 'holding'))
    mkdirSync(holding, { recursive: true, mode: 0o700 })
    const store = (this.#store = new BaseStore({
      dir: root.data,
      timers: environment.timers,
      onFailure: (failure) => this.#status.noteStore(failure),
      onStep: options.onStep && ((step) => options.onStep?.(step, '')),
    }))
    const heads = this.#heads
    const git = (this.#git = new GitWatch(root.folder, environment))
    const gate = (this.#gate = new Gate({
      ...{ environment, git, isServed: options.isServed ?? false, onApproved: live },
      tracked: () => this.#files,
      isLooking: () => this.#queue.size > 0,
      pair: (gone, fresh) =>
        renames.pair(
          gone,
          fresh.flatMap((path) => rules.accept(path) ?? []),
        ),
      onHeld: (held) => this.#status.noteHeld(held),
    }))
    this.#gone = new GoneNames(environment.timers, () => store.bases.keys(), live)
    const holders = new Holders(root.folder, environment)
    const isHeld = (file: string, since: number): Promise<boolean> => holders.isHeld(file, since)
    const lateWriters = (this.#lateWriters = new LateWriters({ places, store, environment, log, isHeld, onLate: live }))
    const onPlaced = (id: string): void => lateWriters.watch(id)
    const again = (path: string, milliseconds: number, counts: boolean): void => this.#again(path, milliseconds, counts)
    const isLive = (): boolean => this.#link.isAttached
    const { quietMilliseconds, fileBytes } = config
    const looks = (this.#looks = new DiskLooks({
      ...{ places, store, environment, log, again },
      ...{ quietMilliseconds, fileBytes },
    }))
    const renames = new RenameFinder({ places, store, looks, environment })
    const uploads = (this.#uploads = new Uploads({
      ...{ renames, places, store, heads, looks, lateWriters, gate, environment, log, isLive, again, onStep },
      submitter: new Submitter({ connection, store, environment, isStopped: () => this.#isClosed }),
    }))
    const spellings = new Spellings(options.fold ?? foldOf(root.data), store.bases, heads)
    this.#flow = new PathFlow({
      spellings,
      ...{ places, rules, store, heads, looks, uploads, lateWriters, gate, environment, log, isLive, again },
      contents: new Contents(connection),
      writer: new Writer({ places, store, holding, environment, onPlaced, onStep }),
      fileBytes,
      isRootGone: () => this.#checkRoot(),
    })
    this.#queue = new PathQueue({
      limit: CONCURRENCY,
      run: (path) => this.#run(path),
      onFailure: (path, thrown) => {
        log.error(
          { path, error: thrown instanceof Error ? thrown.stack : String(thrown) },
          'a path could not be worked on; it is tried again',
        )
        this.#again(path, 1000, true)
      },
      onIdle: () => this.#status.update(),
      environment,
    })
    this.#scanner = new Scanner({
      root: root.folder,
      ...{ rules, environment, log },
      auditSeconds: config.auditSeconds,
      isChanged: (path, sight) => looks.isChanged(path, sight) || gate.isGone(path),
      tracked: () => store.bases.keys(),
      onChanged: (path) => this.#onChanged(path, 'bulk'),
      onFolder: (folder) => this.#watcher?.keep(folder),
      onMissing: (path) => this.#onChanged(path, 'live'), // first: a new file may be one that is missed
      onRules: () => this.#everything(),
      onUnnameable: (faults) => looks.setUnnameable(faults),
      onAudit: () => this.#onAudit(),
      onAudited: () => {
        this.#passes++
      },
      onScanned: (files) => this.#first.scanning(files),
    })
    this.#first = new FirstSync({ elapsed: environment.elapsed, report: (progress) => options.onProgress?.(progress) })
    this.#link = new ServerLink({
      connection,
      store,
      heads,
      environment,
      log,
      onDetached: () => this.#queue.pause(),
      onAttached: (isTreeWhole) => this.#onAttached(isTreeWhole),
      onHead: (head) => this.#onHead(head),
      onState: () => this.#status.update(),
    })
  }

  async start(): Promise<void> {
    const found = await recover({ places: this.#places, store: this.#store, holding: this.#holding })
    for (const id of found) this.#lateWriters.watch(id, 0)
    this.#scanned = this.#scanner.scan().then(() => {
      this.#scanner.startAudit()
      inBackground(this.#options.log, 'old contents could not be swept out; the next start does', () =>
        this.#store.sweep(),
      )
    })
    // The events of the first sync, thousands of our own, would cost more than it does. Until then the audit looks around.
    const failed = 'watching could not begin; the audit finds the changes, later'
    const watch = (): void => inBackground(this.#options.log, failed, () => this.#watch())
    this.#disposers.push(this.#environment.timers.after(WATCH_DELAY, watch))
    this.#first.done.then(watch, () => undefined)
    this.#link.start()
  }

  async #watch(): Promise<void> {
    const { log, watchFolder } = this.#options
    if (watchFolder === null || this.#isClosed || this.#watcher !== undefined) return
    this.#watcher = startWatcher({
      ...{ root: this.#root.folder, timers: this.#environment.timers, watchFolder },
      ignoresFolder: (folder) => this.#rules.ignoresFolder(folder),
      onHint: (path) => this.#onHint(path),
      onFailure: (reason) => log.warn({ reason }, 'watching fails in part; the audit finds what changes there, later'),
    })
    await this.#watcher.ready
    if (!this.#isClosed) await this.#scanner.scan() // what changed before it watched
  }

  get state(): BridgeState {
    return this.#status.state
  }

  onState(listener: (state: BridgeState) => void): Disposer {
    return this.#status.onState(listener)
  }

  get stats(): BridgeStats {
    return {
      files: this.#files,
      waiting: this.#queue.size,
      conflicts: this.#uploads.conflicts,
      blocked: this.#looks.leftOut,
    }
  }

  /** How often the audit has looked at everything. */
  get passes(): number {
    return this.#passes
  }

  async synced(): Promise<void> {
    await this.#first.done
    // Who is told "in step" must be told in the same breath what of it is held.
    await this.#gate.judged()
  }

  async idle(): Promise<void> {
    await this.#first.done
    while (!this.#isClosed && !this.#isIdle) {
      await this.#queue.idle()
      await this.#gate.judged()
      if (!this.#link.isAttached) await this.#status.next()
    }
  }

  async finish(): Promise<void> {
    this.#flow.hurry()
    this.#queue.hurry()
    await this.idle()
  }

  async resume(choice: ResumeChoice): Promise<Resumed> {
    const before = this.#gate.held?.files.size ?? 0
    let kept: string | undefined
    if (choice === 'restore') kept = await this.#restore(new Map(this.#gate.held?.files))
    else this.#gate.release(choice === 'delete' ? 'deletions' : 'all')
    const files = before - (this.#gate.held?.files.size ?? 0)
    this.#options.log.info({ choice, files, kept }, 'what was held is decided')
    return { choice, files, kept: kept ?? null }
  }

  async #restore(held: Held['files']): Promise<string | undefined> {
    const [places, store, environment] = [this.#places, this.#store, this.#environment]
    const dataFolder = join(this.#root.folder, '.ensemble')
    const kept = await prepareRestore(held, { places, store, environment, dataFolder })
    this.#gate.forget(held.keys())
    for (const path of held.keys()) this.#queue.add(path, 'bulk')
    return kept
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    this.#status.update()
    this.#gone.close()
    for (const dispose of this.#disposers) dispose()
    this.#line.stop()
    this.#store.giveUp()
    this.#link.close()
    this.#scanner.close()
    this.#lateWriters.close()
    this.#gate.close()
    this.#git.close()
    this.#watcher?.close()
    await this.#queue.close()
    await this.#scanned
    await this.#store.close()
    this.#root.close()
    this.#first.fail(
      new EnsembleError('E_STOPPING', `The bridge of ${this.#options.dir} was closed before it was in sync.`),
    )
  }

  get #isIdle(): boolean {
    return this.#queue.size === 0 && !this.#gate.isJudging && this.#link.isAttached
  }

  /** What the state follows from, besides what the status is told. */
  get #now(): StatusNow {
    const { state: link, isAttached } = this.#link
    return { isClosed: this.#isClosed, link, isAttached, hasSynced: this.#first.isDone, waiting: this.#queue.size }
  }

  /** On disk and on the server. */
  get #files(): number {
    return this.#store.live
  }

  async #run(path: string): Promise<void> {
    const isAtRest = await this.#flow.run(path)
    if (isAtRest) this.#first.finished(path)
    this.#status.update()
  }

  #again(path: string, milliseconds: number, counts: boolean): void {
    if (milliseconds === 0) this.#queue.add(path, 'live')
    else this.#queue.later(path, milliseconds, counts)
  }

  // ── what comes in

  #onHead(head: FileHead): void {
    const pending = this.#store.pendings.get(head.path)
    // Most likely the echo of what is being written here, to which the reply says everything.
    if (pending?.kind === 'write' && pending.hash === head.hash) return
    // Of a text that is typed into there is a new head each time; that it can't be written yet need not be found out anew.
    const rest = head.deleted ? 0 : this.#flow.restOf(head.path)
    this.#again(head.path, rest, true)
    const here = this.#store.pathOf(head.id)
    if (here !== undefined && here !== head.path) this.#queue.add(here, 'live') // it was renamed
    this.#status.update()
  }

  #onChanged(path: string, priority: 'live' | 'bulk'): void {
    this.#queue.add(path, priority)
  }

  #onHint(path: string): void {
    if (this.#isClosed) return
    if (IgnoreRules.isRuleFile(path) && this.#rules.refresh(parentOf(path))) this.#everything()
    if (path !== '' && this.#rules.ignoresFolder(parentOf(path))) return
    const kind = path === '' ? 'folder' : this.#places.sight(path).kind
    if (kind === 'folder') {
      if (this.#rules.ignoresFolder(path)) return
      this.#scanner.scanFolder(path)
      this.#scanner.rescanSoon(path, true)
    } else {
      this.#queue.add(path, 'live')
      // Beside a write of our own nothing happened; a folder of hundreds that are typed into would be listed all the time.
      if (!this.#flow.isWriting(path)) this.#scanner.rescanSoon(parentOf(path), false)
    }
    if (kind !== 'file' && !this.#store.bases.has(path)) this.#gone.note(path)
  }

  #everything(): void {
    for (const path of this.#heads.paths()) this.#queue.add(path, 'bulk')
    for (const path of this.#store.bases.keys()) this.#queue.add(path, 'bulk')
    this.#scanner.rescanSoon('', true)
  }

  async #onAttached(isTreeWhole: boolean): Promise<boolean> {
    await this.#scanned
    if (!this.#link.isAttached) return false
    if (isTreeWhole) this.#uploads.forgetRefusals()
    for (const path of this.#heads.paths()) {
      const head = this.#heads.get(path)
      const row = this.#store.bases.get(path)
      if (head === undefined) continue
      const isKnown = row?.standing === 'live' && row.hash === head.hash && row.executable === head.executable
      const here = this.#store.pathOf(head.id)
      if (here !== undefined && here !== path) this.#queue.add(here, 'bulk') // it was renamed
      if (head.deleted ? row === undefined : isKnown) continue
      this.#queue.add(path, 'bulk')
    }
    for (const path of this.#store.bases.keys()) {
      if (isTreeWhole && this.#heads.get(path) === undefined) this.#queue.add(path, 'bulk')
    }
    for (const path of this.#store.pendings.keys()) this.#queue.add(path, 'live')
    for (const { path } of this.#store.intents.values()) this.#queue.add(path, 'live')
    this.#gate.exempt(this.#queue.paths())
    if (this.#status.rootFault === undefined) this.#queue.resume()
    this.#first.begin(this.#queue.paths())
    this.#status.update()
    return true
  }

  /** What never comes by itself is tried again with each pass. */
  #onAudit(): boolean {
    if (this.#checkRoot()) return false
    for (const path of this.#looks.blocked.keys()) this.#queue.add(path, 'bulk')
    return true
  }

  // ── what goes wrong

  /** True while the folder is not the one that was opened. */
  #checkRoot(): boolean {
    const before = this.#status.rootFault
    const fault = this.#root.fault()
    if (before === fault) return before !== undefined
    this.#status.rootFault = fault
    if (fault === undefined) {
      this.#options.log.info({}, 'the folder is back')
      this.#looks.forgetAll()
      if (this.#link.isAttached) this.#queue.resume()
      this.#everything()
    } else {
      this.#options.log.warn({ fault }, 'the folder is not what it was; nothing is written or deleted')
      void this.#queue.pause()
    }
    this.#status.update()
    return fault !== undefined
  }
}
