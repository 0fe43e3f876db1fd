/**
 * Carries out what reconcile decides about one path: look, decide, act, and look again until there is nothing to do.
 *
 * One run a path at a time (path-queue.ts), so that a write under way is answered before the next is sent, and a base is
 * always the version that came before. Every action re-checks its condition at the last moment; whatever came in between
 * leads to another run, never to an overwrite.
 */
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { BaseStore, Change } from './base-store.js'
import type { Contents } from './contents.js'
import type { DiskLooks, FileLook, Look } from './disk-looks.js'
import type { Gate } from './gate.js'
import type { Heads } from './heads.js'
import type { IgnoreRules } from './ignore.js'
import type { LateWriters } from './late-writers.js'
import { reasonOfCode } from './node-error.js'
import type { Places } from './places.js'
import type { BridgeLog, Environment } from './ports.js'
import { reconcile, type Decision, type Disk } from './reconcile.js'
import { Rests } from './rests.js'
import { asText, earlierOf, rowOf, versionOf, type BaseRow } from './rows.js'
import type { Spellings } from './spellings.js'
import type { Uploads } from './uploads.js'
import { syncRecent, type Placed, type Writer } from './writer.js'

/** Before a path whose place changed at the last moment is looked at again. In milliseconds. */
const CHANGED = 5
/** Before a content that could not be fetched is asked for again. In milliseconds. */
const UNFETCHED = 1000

export interface PathFlowOptions {
  readonly places: Places
  readonly rules: IgnoreRules
  readonly store: BaseStore
  readonly heads: Heads
  readonly contents: Contents
  readonly looks: DiskLooks
  readonly spellings: Spellings
  readonly uploads: Uploads
  readonly writer: Writer
  readonly lateWriters: LateWriters
  readonly gate: Gate
  readonly environment: Environment
  readonly log: BridgeLog
  readonly fileBytes: number
  readonly isLive: () => boolean
  /** The folder is not there, or is another one; everything is looked at again when it is back. */
  readonly isRootGone: () => boolean
  /** Look again now, or after some milliseconds; `counts`: nothing is idle before that. */
  readonly again: (path: string, milliseconds: number, counts: boolean) => void
}

export class PathFlow {
  readonly #options: PathFlowOptions
  readonly #rests = new Rests()
  /** Paths at which a version is being put on disk. */
  readonly #writing = new Set<string>()
  /** Paths that wait until another one is done with. */
  readonly #behind = new Map<string, Set<string>>()

  constructor(options: PathFlowOptions) {
    this.#options = options
  }

  /** True: nothing is left to do for this path. */
  async run(name: string): Promise<boolean> {
    const { looks, isLive } = this.#options
    looks.begin(name)
    const file = this.#options.store.bases.get(name)?.fileId
    const isAtRest = await this.#work(name)
    this.#wake(name, file)
    if (isAtRest && isLive()) looks.end(name)
    return isAtRest
  }

  /** How long a path is not written again, in milliseconds. */
  restOf(path: string): number {
    return this.#rests.wait(path, this.#options.environment.elapsed())
  }

  /** Whether what is told of a path now is told of a write of our own, most likely. */
  isWriting(path: string): boolean {
    return this.#writing.has(path)
  }

  /** Whatever can be written is written at once from now on. */
  hurry(): void {
    this.#rests.end()
  }

  async #work(name: string): Promise<boolean> {
    const { store, heads, rules, gate, looks, uploads, log, isRootGone } = this.#options
    const path = rules.accept(name)
    if (path === undefined) return this.#ignored(name)
    const other = this.#options.spellings.other(path)
    if (other !== undefined) {
      if (heads.get(path)?.deleted !== true) looks.block(path, `this disk does not tell it from ${other}`)
      return true
    }
    const pending = store.pendings.get(path)
    if (pending !== undefined && !(await uploads.finish(path, pending))) return false
    for await (const edit of this.#options.lateWriters.edits(path)) {
      if (!(await uploads.submitLate(edit))) return false
    }
    const look = await looks.look(path)
    if (look.kind === 'unsettled') return false
    const row = store.bases.get(path)
    const own = row?.standing === 'live' ? heads.ofFile(row.fileId) : undefined
    const isElsewhere = own !== undefined && own.path !== path
    const head = isElsewhere ? own : heads.get(path)
    if (row === undefined && head !== undefined && this.#waits(path, head)) return true
    const isLeft = row !== undefined && store.pathOf(row.fileId) !== path
    const file = isElsewhere ? (isLeft ? 'left' : 'elsewhere') : 'here'
    const decision = reconcile({ base: row ?? null, disk: diskOf(look), head: head ?? null, ignored: false, file })
    log.debug({ path, decision: decision.kind }, 'reconciled')
    const tells = decision.kind === 'submit' || decision.kind === 'delete'
    if (!tells || (decision.kind === 'submit' && gate.isGone(path))) gate.withdraw(path)
    // What was seen, or not seen, was seen in this root: only then does it mean anything.
    if (decision.kind !== 'nothing' && isRootGone()) return false
    return this.#act(path, decision, look, row, head)
  }

  /**
   * A file of which this disk has the former name is carried from there, not written anew: then that name comes first. Unless
   * nobody can tell what stands there, or it is ignored there.
   */
  #waits(path: string, { id, deleted }: FileHead): boolean {
    const { store, looks, again } = this.#options
    const from = deleted ? undefined : store.pathOf(id)
    if (from === undefined || from === path || looks.blocked.has(from)) return false
    if (store.bases.get(from)?.standing !== 'live') return false
    return this.#waitBehind(path, from, () => again(from, 0, true))
  }

  /** A file that became a folder here, or a folder that became a file: what the server has in its way goes first (PATH-6). */
  #isBarred(path: WorkspacePath): boolean {
    const { store, heads, places, uploads, again } = this.#options
    const first = heads.inTheWayOf(path)
    if (first === undefined || store.bases.get(first)?.standing !== 'live') return false
    if (places.sight(first).kind === 'file' || uploads.originOf(path) === first) return false
    return this.#waitBehind(path, first, () => again(first, 0, true))
  }

  #waitBehind(path: string, first: string, begin: () => void): true {
    const waiting = this.#behind.get(first) ?? new Set()
    if (!waiting.has(path)) begin()
    this.#behind.set(first, waiting.add(path))
    return true
  }

  /** What waited behind a path is looked at again, once its file is not there any more, or nobody can tell. */
  #wake(path: string, file: FileId | undefined): void {
    const { store, looks, again } = this.#options
    const waiting = this.#behind.get(path)
    const isStill = file !== undefined && store.bases.get(path)?.fileId === file && !looks.blocked.has(path)
    if (waiting === undefined || isStill) return
    this.#behind.delete(path)
    for (const other of waiting) again(other, 0, true)
  }

  async #ignored(name: string): Promise<true> {
    const { store, gate, heads } = this.#options
    const row = store.bases.get(name)
    const facts = { base: row ?? null, disk: { kind: 'unknown' }, head: null, ignored: true } as const
    gate.withdraw(name)
    heads.dropEdits(name)
    if (row !== undefined && reconcile(facts).kind === 'untrack') {
      await store.commit([{ table: 'bases', key: name, row: asText(row) }])
    }
    return true
  }

  async #act(
    path: WorkspacePath,
    decision: Decision,
    look: Look,
    row: BaseRow | undefined,
    head: FileHead | undefined,
  ): Promise<boolean> {
    const { store, heads, uploads } = this.#options
    switch (decision.kind) {
      case 'nothing':
        heads.dropEdits(path)
        return true
      case 'adopt':
        return look.kind === 'file' && head !== undefined ? this.#adopt(path, look, head, row) : true
      case 'forget':
        await store.commit([{ table: 'bases', key: path, row: null }])
        return true
      case 'untrack':
        return this.#ignored(path)
      case 'delete':
        return row === undefined ? true : uploads.delete(path, row)
      case 'submit':
        if (look.kind !== 'file') return true
        if (decision.upon === 'base') return uploads.submit(path, look, row)
        return this.#isBarred(path) || uploads.submit(path, look, undefined)
      case 'write':
        return head === undefined ? true : this.#write(path, head, look.kind === 'file' ? look : undefined, row)
      case 'move':
        return row === undefined || head === undefined ? true : this.#move(path, head, look, row)
      case 'remove':
        return row === undefined ? true : this.#remove(path, row)
      default:
        return unreachable(decision)
    }
  }

  async #adopt(path: WorkspacePath, look: FileLook, head: FileHead, row: BaseRow | undefined): Promise<boolean> {
    const { store, places, heads, looks } = this.#options
    const changes: Change[] = []
    if (head.kind === 'text' && !store.hasContent(head.hash)) {
      const bytes = look.bytes ?? (await looks.readAgain(path, look))
      if (bytes === undefined) return this.#again(path, CHANGED)
      changes.push({ table: 'contents', key: head.hash, row: bytes })
    }
    if (row?.hash !== look.hash) await syncRecent(places.of(path), look.sight, this.#options.environment.now())
    // What stands here already was not put here now: either the bridge did it before, or somebody else.
    const own = row?.hash === look.hash ? row.own : (true as const)
    const earlier = earlierOf(row, look.hash)
    const adopted: BaseRow = { ...rowOf(head), stamp: look.stamp, earlier, ...(own && { own }) }
    await store.commit([...changes, { table: 'bases', key: path, row: adopted }])
    heads.dropEdits(path)
    if (look.stamp !== '') looks.forget(path)
    return true
  }

  async #write(
    path: WorkspacePath,
    head: FileHead,
    look: FileLook | undefined,
    row: BaseRow | undefined,
  ): Promise<boolean> {
    const { store, heads, looks, writer, environment, fileBytes } = this.#options
    if (head.size > fileBytes) {
      looks.block(path, `larger than ${fileBytes} bytes`)
      return true
    }
    const began = environment.elapsed()
    const rest = this.#rests.wait(path, began)
    if (rest > 0) return this.#again(path, rest)
    const content = (await this.#make(path, head, look, row)) ?? (await this.#fetch(path, head))
    if (content === undefined) return this.#again(path, UNFETCHED)
    const { bytes } = content
    const version = row === undefined ? undefined : versionOf(row)
    const expected = look === undefined || version === undefined ? null : { version, executable: look.executable }
    const next: BaseRow = { ...rowOf(content.head), stamp: '', earlier: earlierOf(row, content.head.hash) }
    const keep: Change[] = next.kind === 'text' ? [{ table: 'contents', key: next.hash, row: bytes }] : []
    this.#writing.add(path)
    const placed = await writer.write(path, bytes, expected, next, keep).finally(() => this.#writing.delete(path))
    if (placed.kind !== 'done') return this.#unplaced(path, placed)
    if (expected !== null) this.#rests.wrote(path, began, environment.elapsed())
    looks.forget(path)
    const isNewest = heads.get(path)?.seq === content.head.seq
    // Without a stamp somebody wrote to it at once.
    if (!isNewest || store.bases.get(path)?.stamp === '') return this.#again(path, 0)
    heads.dropEdits(path)
    return true
  }

  /** The head's bytes, of what is at hand. */
  async #make(path: string, head: FileHead, look: FileLook | undefined, row: BaseRow | undefined) {
    const { store, heads, looks } = this.#options
    const kept = store.content(head.hash)
    if (kept !== undefined) return { head, bytes: kept }
    if (row === undefined || !heads.hasEdits(path)) return undefined
    const from = store.content(row.hash) ?? (look === undefined ? undefined : await looks.readAgain(path, look))
    const made = from === undefined ? undefined : heads.make(head, row, from)
    return made === undefined ? undefined : { head, bytes: made }
  }

  /** The newest head with its bytes; undefined if they can't be had now. */
  async #fetch(path: string, head: FileHead) {
    const { heads, contents, log, isLive } = this.#options
    if (!isLive()) return undefined
    try {
      const fetched = await contents.fetch(head.id)
      if (fetched !== undefined) heads.learn(fetched.head)
      return fetched
    } catch (thrown) {
      const isBroken = thrown instanceof EnsembleError && thrown.code === 'E_UNREACHABLE'
      if (!isBroken) log.warn({ path, reason: String(thrown) }, 'a content could not be fetched; asking again')
      return undefined
    }
  }

  async #remove(path: WorkspacePath, row: BaseRow): Promise<boolean> {
    const version = versionOf(row)
    const { looks, writer } = this.#options
    const placed = await writer.remove(path, { version, executable: row.executable })
    if (placed.kind !== 'done') return this.#unplaced(path, placed)
    looks.forget(path)
    return this.#cleared(path)
  }

  /** What this file was in the way of can be written now. */
  #cleared(path: string): boolean {
    for (const blocked of this.#options.looks.blocked.keys()) this.#again(blocked, 0)
    return this.#again(path, 0)
  }

  async #move(path: WorkspacePath, head: FileHead, look: Look, row: BaseRow): Promise<boolean> {
    const { store, rules, writer, looks, uploads, again } = this.#options
    const to = rules.accept(head.path)
    const next = head.hash === row.hash ? { ...row, rev: head.rev } : row
    const isFree = to !== undefined && !store.bases.has(to)
    const placed = isFree ? await writer.move(path, to, next) : ({ kind: 'blocked', code: 'EEXIST' } as const)
    if (placed.kind === 'changed') return this.#again(path, CHANGED)
    if (placed.kind === 'done') {
      looks.forget(path)
      again(to ?? path, 0, true)
      return this.#cleared(path)
    }
    // Its place is taken here: what was edited goes to the server, and the file comes from there.
    if (look.kind !== 'file') return true
    const isKnown = look.hash === row.hash && look.executable === row.executable
    return isKnown ? this.#remove(path, row) : uploads.submit(path, look, row)
  }

  #unplaced(path: string, placed: Exclude<Placed, { kind: 'done' }>): boolean {
    if (placed.kind === 'changed') return this.#again(path, CHANGED)
    this.#options.looks.block(path, reasonOfCode(placed.code))
    return true
  }

  #again(path: string, milliseconds: number): false {
    this.#options.again(path, milliseconds, true)
    return false
  }
}

function diskOf(look: Look): Disk {
  return look.kind === 'unsettled' ? { kind: 'unknown' } : look
}
