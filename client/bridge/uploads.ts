/**
 * From the disk to the server: each write under an id that is stored, with its text, before it is sent, and forgotten in
 * the same commit that makes it the base of the next.
 */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead, WriteOutcome } from '../../protocol/files.js'
import { contentHash } from '../../protocol/ids.js'
import { workspacePath, type WorkspacePath } from '../../protocol/paths.js'
import { decodeText } from '../../protocol/text/encoding.js'
import type { BaseStore, Change } from './base-store.js'
import type { DiskLooks, FileLook } from './disk-looks.js'
import type { Gate, Pass } from './gate.js'
import type { Heads } from './heads.js'
import { inferBase, mayBeCut } from './infer-base.js'
import type { LateEdit, LateWriters } from './late-writers.js'
import type { Places } from './places.js'
import type { BridgeLog, Environment } from './ports.js'
import { readFile } from './reader.js'
import type { RenameFinder } from './rename-finder.js'
import { earlierOf, versionOf, type BaseRow, type KnownVersion, type PendingRow } from './rows.js'
import { isNeverAtRest, TRUNCATED_QUIET, unsettledNow, type Unsettled } from './settle.js'
import { identityOf, type FileSight } from './stamp.js'
import { contentOf, newWriteId, type Submitter } from './submitter.js'
import { syncRecent } from './writer.js'

/** Where a test can hold a submit up: each stands for a moment at which the process may die. */
export type SubmitStep = 'read' | 'pending' | 'answered' | 'settled' | 'late' | 'late-answered' | 'late-settled'

export interface UploadsOptions {
  readonly places: Places
  readonly store: BaseStore
  readonly heads: Heads
  readonly looks: DiskLooks
  readonly submitter: Submitter
  readonly lateWriters: LateWriters
  readonly gate: Gate
  readonly renames: RenameFinder
  readonly environment: Environment
  readonly log: BridgeLog
  readonly isLive: () => boolean
  readonly again: (path: string, milliseconds: number, counts: boolean) => void
  readonly onStep: (step: SubmitStep, path: string) => Promise<void> | undefined
}

/** In place of a hash: the server refuses the deletion. */
const DELETED = 'deleted'

/** Whether the bridge put a version on the disk after another one: else there is nothing that a program can have missed. */
function mayBeStale(versions: readonly { readonly own?: true | undefined }[]): boolean {
  return versions.slice(0, -1).some(({ own }) => own !== true)
}

/**
 * A program that answers every write of the bridge with one that looks stale is not stale, it insists: after so many in a
 * row its text is taken as it is, so that both come to rest.
 */
const MAX_INFERRED = 3

export class Uploads {
  readonly #options: UploadsOptions
  /** Paths that the server refuses for good, with the content that it refused, and why. */
  readonly #refused = new Map<string, { readonly content: string; readonly reason: string }>()

  #conflicts = 0
  /** How many writes in a row were taken as written upon an older version. */
  readonly #inferred = new Map<string, number>()
  /** Texts that look stale, and may be cut: the rest may be on its way. */
  readonly #cut = new Map<string, Unsettled>()

  constructor(options: UploadsOptions) {
    this.#options = options
  }

  /** Conflicts that writes raised. */
  get conflicts(): number {
    return this.#conflicts
  }

  /** Another store: it may be of another mind. */
  forgetRefusals(): void {
    this.#refused.clear()
  }

  /** True: nothing is left to do for this path. */
  async submit(path: WorkspacePath, look: FileLook, row: BaseRow | undefined): Promise<boolean> {
    const { store, environment, gate, onStep } = this.#options
    if (this.#isRefused(path, look.hash) || !this.#options.isLive()) return true
    if (row === undefined && this.#isBeingNamed(path)) return true
    const isNew = row?.standing !== 'live'
    const from = isNew ? this.originOf(path) : undefined
    if (from !== undefined) this.#options.again(from, 0, true)
    const pass = gate.propose(path, isNew ? 'create' : 'overwrite', from !== undefined)
    if (pass === undefined) return true
    const bytes = look.bytes ?? (await this.#options.looks.readAgain(path, look))
    if (bytes === undefined) return this.#again(path)
    await onStep('read', path)
    const base = row === undefined ? null : this.#baseFor(path, bytes, look, row)
    if (base === undefined) return false
    const hash = contentHash.parse(look.hash)
    const { executable } = look
    const own = { writeId: newWriteId(environment), base, ...byOf(pass) }
    const pending: PendingRow = { kind: 'write', ...own, hash, executable }
    await store.commit([
      { table: 'contents', key: hash, row: bytes },
      { table: 'pendings', key: path, row: pending },
    ])
    await onStep('pending', path)
    return this.#send(path, pending, bytes, look.sight)
  }

  /** The path from which a new file was moved here, as far as that can be told. */
  originOf(path: WorkspacePath): string | undefined {
    return this.#options.renames.origin(path)
  }

  /** A rename to this path is on its way; afterwards it is looked at as the renamed file's. */
  #isBeingNamed(path: string): boolean {
    for (const pending of this.#options.store.pendings.values()) {
      if (pending.kind === 'rename' && pending.to === path) return true
    }
    return false
  }

  /** Undefined: the text may be half written still; the path is looked at again. */
  #baseFor(path: WorkspacePath, bytes: Uint8Array, { hash, sight }: FileLook, row: BaseRow): KnownVersion | undefined {
    const newest = versionOf(row)
    const { store, log } = this.#options
    const returned = row.earlier.find((version) => version.hash === hash)
    if (returned !== undefined) {
      log.info({ path, to: returned.rev, newest: row.rev }, 'a file was put back as it had been')
      return newest
    }
    const versions = [row, ...row.earlier]
    const text = mayBeStale(versions) ? decodeText(bytes)?.text : undefined
    if (text === undefined) return newest
    const candidates = versions.map(({ hash: known, own }) => {
      const content = store.content(known)
      return { text: content === undefined ? undefined : decodeText(content)?.text, isOwn: own === true }
    })
    const times = this.#inferred.get(path) ?? 0
    const index = times < MAX_INFERRED ? inferBase(text, candidates) : 0
    const [older, upon] = [candidates[index]?.text, candidates[0]?.text]
    const isInPlace = row.stamp === '' || identityOf(row.stamp) === identityOf(sight.stamp)
    const isOpen = index > 0 && isInPlace && older !== undefined && upon !== undefined && mayBeCut(text, older, upon)
    if (isOpen && !this.#isAtRest(path, sight)) return undefined
    this.#cut.delete(path)
    const { rev, hash: inferred } = versions[index] ?? newest
    if (inferred === newest.hash) this.#inferred.delete(path)
    else {
      this.#inferred.set(path, times + 1)
      log.info({ path, upon: rev, newest: row.rev }, 'a write upon an older version')
    }
    return { ...newest, rev, hash: inferred }
  }

  /** Whether a file has been as it is for so long that nobody seems to write it any more. */
  #isAtRest(path: WorkspacePath, sight: FileSight): boolean {
    const elapsed = this.#options.environment.elapsed()
    const cut = unsettledNow(sight, this.#cut.get(path), elapsed)
    const wait = cut.since + TRUNCATED_QUIET - elapsed
    if (wait <= 0 || isNeverAtRest(cut, elapsed)) return true
    this.#cut.set(path, cut)
    this.#options.again(path, Math.ceil(wait), true)
    return false
  }

  async delete(path: WorkspacePath, row: BaseRow): Promise<boolean> {
    const { store, environment, gate, onStep } = this.#options
    if (!this.#options.isLive() || this.#isRefused(path, DELETED)) return true
    const pass = gate.propose(path, 'delete')
    if (pass === undefined) return true
    const own = { writeId: newWriteId(environment), ...byOf(pass) }
    const to = this.#newName(pass)
    if (to === undefined) gate.renamed(path)
    const pending: PendingRow =
      to === undefined
        ? { kind: 'delete', base: versionOf(row), ...own }
        : { kind: 'rename', id: row.fileId, to, ...own }
    await store.commit([{ table: 'pendings', key: path, row: pending }])
    await onStep('pending', path)
    return this.#send(path, pending, new Uint8Array(), undefined)
  }

  /** What a file that is gone is called now, if it still is; undefined: it is gone. */
  #newName({ to }: Pass): WorkspacePath | undefined {
    const { store, places, heads } = this.#options
    const path = to === undefined ? undefined : workspacePath.parse(to)
    if (path === undefined || store.bases.has(path) || places.sight(path).kind !== 'file') return undefined
    const head = heads.get(path)
    return head === undefined || head.deleted ? path : undefined
  }

  /** Sends what an earlier run, or an earlier life, left without an answer. False: there is no answer yet. */
  async finish(path: WorkspacePath, pending: PendingRow): Promise<boolean> {
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
    await this.#send(path, pending, bytes, undefined)
    return store.pendings.get(path) === undefined
  }

  /** @param sight of the file with these bytes, where it was seen in this life */
  async #send(
    path: WorkspacePath,
    pending: PendingRow,
    bytes: Uint8Array,
    sight: FileSight | undefined,
  ): Promise<boolean> {
    const { store, submitter, log, onStep } = this.#options
    try {
      const outcome = await submitter.submit(path, pending, bytes)
      this.#conflicts += outcome.conflicts.length
      await onStep('answered', path)
      const isDone = await this.#settle(path, pending, outcome, bytes, sight)
      await onStep('settled', path)
      return isDone || this.#again(path)
    } catch (thrown) {
      if (!(thrown instanceof EnsembleError)) throw thrown
      if (thrown.code === 'E_UNREACHABLE') return false // it is sent again with the next connection
      const named = pending.kind === 'rename' ? this.#options.heads.ofFile(pending.id) : undefined
      if (pending.kind === 'rename' && named !== undefined && thrown.code === 'E_LOCK_HELD') {
        await this.#settleRename(path, pending.to, named)
        return false
      }
      log.warn({ path, code: thrown.code, reason: thrown.message }, 'the server refused a write')
      const content = pending.kind === 'write' ? pending.hash : DELETED
      this.#options.gate.renamed(path)
      this.#refused.set(path, { content, reason: thrown.message })
      await store.commit([{ table: 'pendings', key: path, row: null }])
      this.#options.looks.block(path, thrown.message)
      return true
    }
  }

  /** True if nothing is left to do, as far as is known here: a change that came meanwhile is told by itself. */
  async #settle(
    path: WorkspacePath,
    pending: PendingRow,
    outcome: WriteOutcome,
    bytes: Uint8Array,
    sight: FileSight | undefined,
  ): Promise<boolean> {
    const { store, heads, places, looks } = this.#options
    const { head } = outcome
    const done: Change = { table: 'pendings', key: path, row: null }
    if (pending.kind === 'rename') {
      await this.#settleRename(path, pending.to, head)
      return false
    }
    if (pending.kind === 'delete') {
      // Deleted, or kept because someone had changed it: in both cases this folder starts from nothing.
      heads.learn(head)
      await store.commit([done, { table: 'bases', key: path, row: null }])
      return false
    }
    heads.merged(head, pending.hash, outcome.edits)
    // Only what outlasts a power cut may be called a base; else the file's older content would look like an edit.
    await syncRecent(places.of(path), sight ?? places.sight(path), this.#options.environment.now())
    const isHead = head.hash === pending.hash && head.executable === pending.executable
    const seen = looks.seen(path)
    const row: BaseRow = {
      fileId: head.id,
      kind: isHead ? head.kind : contentOf(bytes).kind,
      standing: 'live',
      rev: isHead ? head.rev : 0,
      hash: pending.hash,
      executable: pending.executable,
      stamp: seen?.hash === pending.hash ? seen.stamp : '',
      earlier: earlierOf(store.bases.get(path), pending.hash),
      own: true,
    }
    await store.commit([done, { table: 'bases', key: path, row }])
    if (row.stamp !== '') looks.forget(path)
    if (!isHead || heads.get(path)?.seq !== head.seq) return false
    heads.dropEdits(path)
    return true
  }

  /** Whatever the server calls the file: on this disk it has the new name. Where that is another one, it is carried there. */
  async #settleRename(path: WorkspacePath, to: WorkspacePath, head: FileHead): Promise<void> {
    const { store, heads, gate, again, log } = this.#options
    if (head.path !== to) log.warn({ path, to, is: head.path }, 'a file was renamed here, and has another name for all')
    heads.learn(head)
    const row = store.bases.get(path)
    const other = store.bases.get(to)
    const changes: Change[] = [
      { table: 'pendings', key: path, row: null },
      { table: 'bases', key: path, row: null },
    ]
    if (row !== undefined && (other === undefined || other.fileId === row.fileId)) {
      const rev = head.hash === row.hash ? head.rev : row.rev
      changes.push({ table: 'bases', key: to, row: { ...row, rev, stamp: '' } })
    }
    await store.commit(changes)
    gate.renamed(path)
    again(to, 0, true)
  }

  /** False: there is no answer yet. */
  async submitLate(edit: LateEdit): Promise<boolean> {
    const { submitter, heads, lateWriters, log, onStep } = this.#options
    if (!this.#options.isLive()) return false
    const { path, writeId, base, hash, executable } = edit
    const pending: PendingRow = { kind: 'write', writeId, base, hash, executable }
    await onStep('late', path)
    try {
      const outcome = await submitter.submit(path, pending, edit.bytes)
      this.#conflicts += outcome.conflicts.length
      heads.learn(outcome.head)
      await onStep('late-answered', path)
      await lateWriters.done(edit, outcome.head)
      log.info({ path, outcome: outcome.outcome }, 'took in what was written late into a replaced file')
      await onStep('late-settled', path)
    } catch (thrown) {
      if (!(thrown instanceof EnsembleError)) throw thrown
      if (thrown.code === 'E_UNREACHABLE') return false
      const kept = await lateWriters.refused(edit)
      log.error({ path, code: thrown.code, reason: thrown.message, kept }, 'a late edit was refused')
    }
    return true
  }

  #isRefused(path: string, content: string): boolean {
    const refused = this.#refused.get(path)
    if (refused?.content !== content) return false
    this.#options.looks.block(path, refused.reason)
    return true
  }

  #again(path: string): false {
    this.#options.again(path, 0, true)
    return false
  }
}

function byOf({ isByGit }: Pass): { readonly by?: 'git' } {
  return isByGit ? { by: 'git' } : {}
}
