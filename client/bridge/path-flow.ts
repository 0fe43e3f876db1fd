/**
 * Carries out what reconcile decides about one path: look, decide, act, and look again until there is nothing to do.
 *
 * One run a path at a time (path-queue.ts), so that a write under way is answered before the next is sent, and a base is
 * always the version that came before. Every action re-checks its condition at the last moment; whatever came in between
 * leads to another run, never to an overwrite.
 */
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import type { FileHead, WriteOutcome } from '../../protocol/files.js'
import { contentHash, writeId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { BaseStore, Change } from './base-store.js'
import type { Contents } from './contents.js'
import type { Deletions } from './deletions.js'
import type { Heads } from './heads.js'
import type { IgnoreRules } from './ignore.js'
import type { LateEdit, LateWriters } from './late-writers.js'
import type { Places } from './places.js'
import type { BridgeLog, Environment } from './ports.js'
import { hashOf, readFile } from './reader.js'
import { reconcile, type Base, type Decision, type Disk } from './reconcile.js'
import type { BaseRow, KnownVersion, PendingRow } from './rows.js'
import { settleWait, unsettledNow, type Unsettled } from './settle.js'
import type { FileSight } from './stamp.js'
import { contentOf, newWriteId, type Submitter } from './submitter.js'
import { syncPlace, type Placed, type Writer } from './writer.js'

/** A path under a burst is written this often, always with the newest head. In milliseconds. */
const WRITE_INTERVAL = 50
/** After a reading under whose stamp the file could still change. In milliseconds. */
const LOOK_AGAIN = 60
/** After a reading that was spoiled by a change. In milliseconds. */
const SPOILED = 5

/** Where a test can hold a submit up: each stands for a moment at which the process may die. */
export type SubmitStep = 'read' | 'pending' | 'answered' | 'settled'

export interface PathFlowOptions {
  readonly places: Places
  readonly rules: IgnoreRules
  readonly store: BaseStore
  readonly heads: Heads
  readonly contents: Contents
  readonly submitter: Submitter
  readonly writer: Writer
  readonly lateWriters: LateWriters
  readonly deletions: Deletions
  readonly environment: Environment
  readonly log: BridgeLog
  readonly quietMilliseconds: number
  readonly fileBytes: number
  readonly isLive: () => boolean
  /** Look again now, or after some milliseconds; `counts`: nothing is idle before that. */
  readonly again: (path: string, milliseconds: number, counts: boolean) => void
  readonly onStep: (step: SubmitStep, path: string) => Promise<void> | undefined
}

/** What a path's last look found that is not in its base row. */
interface Seen {
  readonly stamp: string
  readonly hash: string
  readonly executable: boolean
}

interface FileLook extends Seen {
  readonly kind: 'file'
  readonly sight: FileSight
  /** Undefined where the stamp was enough. */
  readonly bytes: Uint8Array | undefined
}
type Look = FileLook | { readonly kind: 'absent' } | { readonly kind: 'unknown' } | { readonly kind: 'unsettled' }

export class PathFlow {
  readonly #options: PathFlowOptions
  readonly #seen = new Map<string, Seen>()
  readonly #unsettled = new Map<string, Unsettled>()
  readonly #lastWrite = new Map<string, number>()
  /** Paths that the server refuses for good, with the content that it refused. */
  readonly #refused = new Map<string, string>()
  /** Paths that the disk refuses, or that can't be read, with the reason. */
  readonly #blocked = new Map<string, string>()

  constructor(options: PathFlowOptions) {
    this.#options = options
  }

  /** Paths that stay out of sync until something changes, with the reason. */
  get blocked(): ReadonlyMap<string, string> {
    return this.#blocked
  }

  /** False for a file whose stamp says that it is as it was when it was last looked at. */
  isChanged(path: string, sight: FileSight): boolean {
    const known = this.#known(path)
    return known === undefined || known.stamp !== sight.stamp
  }

  /** Forgets everything that was seen: another store, another root. */
  reset(): void {
    this.#seen.clear()
    this.#refused.clear()
  }

  /** True: nothing is left to do for this path. */
  async run(name: string): Promise<boolean> {
    const { store, heads, rules, deletions, log } = this.#options
    const path = rules.accept(name)
    if (path === undefined) return this.#ignored(name)
    const pending = store.pendings.get(path)
    if (pending !== undefined && !(await this.#finish(path, pending))) return false
    for await (const edit of this.#options.lateWriters.edits(path)) {
      if (!(await this.#submitLate(edit))) return false
    }
    const look = await this.#look(path)
    if (look.kind === 'unsettled') return false
    if (look.kind !== 'absent') deletions.withdraw(path)
    const row = store.bases.get(path)
    const head = heads.get(path)
    const decision = reconcile({ base: baseOf(row), disk: diskOf(look), head: head ?? null, ignored: false })
    log.debug({ path, decision: decision.kind }, 'reconciled')
    return this.#act(path, decision, look, row, head)
  }

  async #ignored(name: string): Promise<true> {
    const { store, deletions, heads } = this.#options
    const row = store.bases.get(name)
    const facts = { base: row ?? null, disk: { kind: 'unknown' }, head: null, ignored: true } as const
    deletions.withdraw(name)
    heads.dropEdits(name)
    this.#blocked.delete(name)
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
    const { store, heads, deletions } = this.#options
    switch (decision.kind) {
      case 'nothing':
        heads.dropEdits(path)
        return true
      case 'adopt':
        if (look.kind === 'file' && head !== undefined) await this.#adopt(path, look, head, row)
        return true
      case 'forget':
        deletions.withdraw(path)
        await store.commit([{ table: 'bases', key: path, row: null }])
        return true
      case 'untrack':
        return this.#ignored(path)
      case 'delete':
        return row === undefined ? true : this.#delete(path, row)
      case 'submit':
        return look.kind === 'file' ? this.#submit(path, look, decision.upon === 'base' ? row : undefined) : true
      case 'write':
        return head === undefined ? true : this.#write(path, head, look.kind === 'file' ? look : undefined, row)
      case 'remove':
        return row === undefined ? true : this.#remove(path, row)
      default:
        return unreachable(decision)
    }
  }

  // ── looking

  async #look(path: WorkspacePath): Promise<Look> {
    const { places, environment, quietMilliseconds, fileBytes } = this.#options
    const sight = places.sight(path)
    // A folder or a file in the way was put there by someone: what had been here is gone. A symlink hides it only.
    if (sight.kind === 'absent' || sight.kind === 'folder' || sight.kind === 'under-file') return this.#absent(path)
    if (sight.kind === 'unreadable') return this.#unknown(path, sight.code)
    if (sight.kind === 'special') return this.#unknown(path, 'not a regular file')
    if (sight.size > fileBytes) return this.#unknown(path, `larger than ${fileBytes} bytes`)
    const known = this.#known(path)
    if (known?.stamp === sight.stamp) return { kind: 'file', ...known, sight, bytes: undefined }
    const now = environment.now()
    const unsettled = this.#unsettled.get(path)
    const inode = known === undefined ? undefined : inodeOf(known.stamp)
    const facts = {
      sight,
      known: inode === undefined ? undefined : { inode },
      unsettled,
      now,
      quiet: quietMilliseconds,
    }
    const wait = settleWait(facts)
    if (wait > 0) {
      this.#unsettled.set(path, unsettledNow(sight, unsettled, now))
      return this.#unsettledFor(path, wait)
    }
    const reading = await readFile(places.of(path), sight, now, environment.timers)
    if (reading.kind === 'changed') return this.#unsettledFor(path, SPOILED)
    if (reading.kind === 'unreadable') return this.#unknown(path, reading.code)
    this.#unsettled.delete(path)
    this.#blocked.delete(path)
    const { hash, executable, stamp, bytes } = reading
    this.#seen.set(path, { hash, executable, stamp })
    if (stamp === '') this.#options.again(path, LOOK_AGAIN, false)
    return { kind: 'file', hash, executable, stamp, sight, bytes }
  }

  #unsettledFor(path: string, milliseconds: number): Look {
    this.#options.again(path, milliseconds, true)
    return { kind: 'unsettled' }
  }

  #absent(path: string): Look {
    this.#seen.delete(path)
    this.#unsettled.delete(path)
    this.#blocked.delete(path)
    return { kind: 'absent' }
  }

  #unknown(path: string, reason: string): Look {
    this.#block(path, reason)
    return { kind: 'unknown' }
  }

  #block(path: string, reason: string): void {
    if (this.#blocked.get(path) === reason) return
    this.#blocked.set(path, reason)
    this.#options.log.warn({ path, reason }, 'left out of sync until it changes')
  }

  #known(path: string): Seen | undefined {
    const known = this.#seen.get(path) ?? this.#options.store.bases.get(path)
    return known === undefined ? undefined : { stamp: known.stamp, hash: known.hash, executable: known.executable }
  }

  // ── to the server

  async #submit(path: WorkspacePath, look: FileLook, row: BaseRow | undefined): Promise<boolean> {
    const { store, environment, onStep } = this.#options
    if (this.#refused.get(path) === look.hash || !this.#options.isLive()) return true
    const bytes = look.bytes ?? (await this.#readAgain(path, look))
    if (bytes === undefined) return this.#runAgain(path)
    await onStep('read', path)
    const base = row === undefined ? null : { rev: row.rev, hash: row.hash }
    const hash = contentHash.parse(look.hash)
    const { executable } = look
    const pending: PendingRow = { kind: 'write', writeId: newWriteId(environment), base, hash, executable }
    await store.commit([
      { table: 'contents', key: hash, row: bytes },
      { table: 'pendings', key: path, row: pending },
    ])
    await onStep('pending', path)
    return this.#send(path, pending, bytes)
  }

  async #delete(path: WorkspacePath, row: BaseRow): Promise<boolean> {
    const { store, environment, deletions, onStep } = this.#options
    if (!this.#options.isLive() || !deletions.propose(path)) return true
    const base = { rev: row.rev, hash: row.hash }
    const pending: PendingRow = { kind: 'delete', writeId: newWriteId(environment), base }
    await store.commit([{ table: 'pendings', key: path, row: pending }])
    await onStep('pending', path)
    return this.#send(path, pending, new Uint8Array())
  }

  /** Sends what an earlier run, or an earlier life, left without an answer. False: there is no answer yet. */
  async #finish(path: WorkspacePath, pending: PendingRow): Promise<boolean> {
    const { store, places, environment } = this.#options
    if (!this.#options.isLive()) return false
    let bytes: Uint8Array | undefined = new Uint8Array()
    if (pending.kind === 'write') bytes = store.content(pending.hash)
    if (bytes === undefined && pending.kind === 'write') {
      // Too large to be kept twice: still what it was, or superseded by what the disk holds now.
      const sight = places.sight(path)
      const reading =
        sight.kind === 'file'
          ? await readFile(places.of(path), sight, environment.now(), environment.timers)
          : undefined
      if (reading?.kind === 'file' && reading.hash === pending.hash) bytes = reading.bytes
    }
    if (bytes === undefined) {
      await store.commit([{ table: 'pendings', key: path, row: null }])
      return true
    }
    await this.#send(path, pending, bytes)
    return store.pendings.get(path) === undefined
  }

  async #send(path: WorkspacePath, pending: PendingRow, bytes: Uint8Array): Promise<boolean> {
    const { store, submitter, log, onStep } = this.#options
    try {
      const outcome = await submitter.submit(path, pending, bytes)
      await onStep('answered', path)
      const isDone = await this.#settle(path, pending, outcome, bytes)
      await onStep('settled', path)
      return isDone || this.#runAgain(path)
    } catch (thrown) {
      if (!(thrown instanceof EnsembleError)) throw thrown
      if (thrown.code === 'E_UNREACHABLE') return false // it is sent again with the next connection
      log.warn({ path, code: thrown.code, reason: thrown.message }, 'the server refused a write')
      if (pending.kind === 'write') this.#refused.set(path, pending.hash)
      await store.commit([{ table: 'pendings', key: path, row: null }])
      this.#block(path, thrown.message)
      return true
    }
  }

  /** True if nothing is left to do, as far as is known here: a change that came meanwhile is told by itself. */
  async #settle(path: WorkspacePath, pending: PendingRow, outcome: WriteOutcome, bytes: Uint8Array): Promise<boolean> {
    const { store, heads, places } = this.#options
    const { head } = outcome
    const done: Change = { table: 'pendings', key: path, row: null }
    if (pending.kind === 'delete') {
      // Deleted, or kept because someone had changed it: in both cases this folder starts from nothing.
      heads.learn(head)
      await store.commit([done, { table: 'bases', key: path, row: null }])
      return false
    }
    heads.merged(head, pending.hash, outcome.edits)
    // Only what outlasts a power cut may be called a base; else the file's older content would look like an edit.
    await syncPlace(places.of(path))
    const isHead = head.hash === pending.hash && head.executable === pending.executable
    const seen = this.#seen.get(path)
    const row: BaseRow = {
      fileId: head.id,
      kind: contentOf(bytes).kind,
      standing: 'live',
      rev: isHead ? head.rev : 0,
      hash: pending.hash,
      executable: pending.executable,
      stamp: seen?.hash === pending.hash ? seen.stamp : '',
      earlier: [],
    }
    await store.commit([done, { table: 'bases', key: path, row }])
    this.#forgetSeen(path, row)
    if (!isHead || heads.get(path)?.seq !== head.seq) return false
    heads.dropEdits(path)
    return true
  }

  async #submitLate(edit: LateEdit): Promise<boolean> {
    const { submitter, store, heads, lateWriters, log } = this.#options
    if (!this.#options.isLive()) return false
    const hash = hashOf(edit.bytes)
    const id = writeId.parse(`late-${edit.id}`)
    const pending: PendingRow = { kind: 'write', writeId: id, base: edit.base, hash, executable: edit.executable }
    try {
      const outcome = await submitter.submit(edit.path, pending, edit.bytes)
      heads.learn(outcome.head)
      await lateWriters.done(edit)
      log.info({ path: edit.path, outcome: outcome.outcome }, 'took in what was written late into a replaced file')
    } catch (thrown) {
      if (!(thrown instanceof EnsembleError)) throw thrown
      if (thrown.code === 'E_UNREACHABLE') return false
      log.error(
        { path: edit.path, code: thrown.code, kept: store.intents.get(edit.id)?.old?.file },
        'a late edit was refused',
      )
    }
    return true
  }

  // ── to the disk

  async #adopt(path: WorkspacePath, look: FileLook, head: FileHead, row: BaseRow | undefined): Promise<void> {
    const { store, places, heads } = this.#options
    const changes: Change[] = []
    if (head.kind === 'text' && !store.hasContent(head.hash)) {
      const bytes = look.bytes ?? (await this.#readAgain(path, look))
      if (bytes === undefined) return void this.#runAgain(path)
      changes.push({ table: 'contents', key: head.hash, row: bytes })
    }
    if (row?.hash !== look.hash) await syncPlace(places.of(path))
    const adopted: BaseRow = { ...rowOf(head), stamp: look.stamp, earlier: row?.earlier ?? [] }
    await store.commit([...changes, { table: 'bases', key: path, row: adopted }])
    heads.dropEdits(path)
    this.#forgetSeen(path, adopted)
  }

  async #write(
    path: WorkspacePath,
    head: FileHead,
    look: FileLook | undefined,
    row: BaseRow | undefined,
  ): Promise<boolean> {
    const { store, heads, contents, writer, environment, fileBytes } = this.#options
    if (head.size > fileBytes) return this.#rest(path, `larger than ${fileBytes} bytes`)
    const now = environment.now()
    const wait = (this.#lastWrite.get(path) ?? 0) + WRITE_INTERVAL - now
    if (wait > 0 && wait <= WRITE_INTERVAL) {
      this.#options.again(path, wait, true)
      return false
    }
    let bytes = store.content(head.hash)
    if (bytes === undefined && row !== undefined) {
      const from = store.content(row.hash) ?? (look === undefined ? undefined : await this.#readAgain(path, look))
      if (from !== undefined) bytes = heads.make(head, row, from)
    }
    let target = head
    if (bytes === undefined) {
      if (!this.#options.isLive()) return false
      const fetched = await contents.fetch(head.id).catch((thrown: unknown) => this.#unfetched(path, thrown))
      if (fetched === undefined) return false
      heads.learn(fetched.head)
      target = fetched.head
      bytes = fetched.bytes
    }
    const version = row === undefined ? undefined : { rev: row.rev, hash: row.hash }
    const expected = look === undefined || version === undefined ? null : { version, executable: look.executable }
    const next: BaseRow = { ...rowOf(target), stamp: '', earlier: earlierOf(row) }
    const keep: Change[] = target.kind === 'text' ? [{ table: 'contents', key: target.hash, row: bytes }] : []
    const placed = await writer.write(path, bytes, expected, next, keep)
    if (placed.kind === 'done') this.#lastWrite.set(path, now)
    return this.#placed(path, placed)
  }

  async #remove(path: WorkspacePath, row: BaseRow): Promise<boolean> {
    const version = { rev: row.rev, hash: row.hash }
    return this.#placed(path, await this.#options.writer.remove(path, { version, executable: row.executable }))
  }

  #placed(path: string, placed: Placed): boolean {
    if (placed.kind === 'blocked') return this.#rest(path, placed.code)
    if (placed.kind === 'done') {
      this.#seen.delete(path)
      this.#blocked.delete(path)
    }
    return this.#runAgain(path)
  }

  #unfetched(path: string, thrown: unknown): undefined {
    if (thrown instanceof EnsembleError && thrown.code === 'E_UNREACHABLE') return undefined
    this.#options.log.warn({ path, reason: String(thrown) }, 'a content could not be fetched')
    this.#options.again(path, 1000, true)
    return undefined
  }

  // ── small things

  #runAgain(path: string): false {
    this.#options.again(path, 0, true)
    return false
  }

  #rest(path: string, reason: string): true {
    this.#block(path, reason)
    return true
  }

  /** The bytes of a file that was recognised by its stamp; undefined if it is another one by now. */
  async #readAgain(path: string, look: FileLook): Promise<Uint8Array | undefined> {
    const { places, environment } = this.#options
    const reading = await readFile(places.of(path), look.sight, environment.now(), environment.timers)
    return reading.kind === 'file' && reading.hash === look.hash ? reading.bytes : undefined
  }

  #forgetSeen(path: string, row: BaseRow): void {
    if (this.#seen.get(path)?.stamp === row.stamp && row.stamp !== '') this.#seen.delete(path)
  }
}

function baseOf(row: BaseRow | undefined): Base | null {
  return row ?? null
}

function diskOf(look: Look): Disk {
  return look.kind === 'unsettled' ? { kind: 'unknown' } : look
}

function rowOf(head: FileHead): Omit<BaseRow, 'stamp' | 'earlier'> {
  const { id, kind, rev, hash, executable } = head
  return { fileId: id, kind, standing: 'live', rev, hash, executable }
}

/** What a row of an ignored path, or of another store's, is still good for: the text under its hash. */
export function asText(row: BaseRow): BaseRow {
  return { ...row, standing: 'text', rev: 0, earlier: [] }
}

function earlierOf(row: BaseRow | undefined): KnownVersion[] {
  return row === undefined ? [] : [{ rev: row.rev, hash: row.hash }, ...row.earlier].slice(0, 7)
}

function inodeOf(stamp: string): bigint | undefined {
  return stamp === '' ? undefined : BigInt(stamp.slice(0, stamp.indexOf(':')))
}
