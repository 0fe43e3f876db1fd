/**
 * What a bridge remembers between two lives: bases with their contents, writes under way, intents.
 *
 * Guarantees
 * 1. `commit` is all or nothing, in the order of the calls, and resolves when it is on stable storage.
 * 2. Reads see a change as soon as `commit` was called, so that decisions never run behind.
 * 3. A content stays as long as a row names it. Contents that no row names are removed when the store is opened.
 * 4. Rows are in memory (about 0.5 KB a file), contents are not.
 * 5. A failed commit is tried again until it works or the store is closed; `onFailure` is told why, and nothing that was
 *    waiting for it goes on.
 *
 * Pages of the file that were looked at stay in this process's memory until the file is mapped anew. So it is closed and opened
 * again, between two commits, whenever so much was looked at (GIVEN_BACK_AFTER).
 *
 * A commit costs about 0.7 ms on an SSD, shared by all that are asked for in one turn; so commits are durable against a power
 * cut too, and a base row never tells of a file that the cut took back.
 */
import { mkdirSync } from 'node:fs'
import type { Database } from 'lmdb'
import type { z } from 'zod'
import { unreachable } from '../../protocol/errors.js'
import { identityOf, openAgain, openDatabase, type Opened } from './base-database.js'
import type { Timers } from './ports.js'
import {
  baseRow,
  intentRow,
  metaRow,
  pendingRow,
  type BaseRow,
  type IntentRow,
  type MetaRow,
  type PendingRow,
} from './rows.js'

export type Change =
  | { readonly table: 'bases'; readonly key: string; readonly row: BaseRow | null }
  | { readonly table: 'pendings'; readonly key: string; readonly row: PendingRow | null }
  | { readonly table: 'intents'; readonly key: string; readonly row: IntentRow | null }
  | { readonly table: 'meta'; readonly row: MetaRow }
  /** Kept only while a row of the same commit, or a later one, names it. */
  | { readonly table: 'contents'; readonly key: string; readonly row: Uint8Array }

/** Where a test can hold a commit up: each stands for a moment at which the process may die. */
export type StoreStep = 'storing' | 'stored'

/** Between two tries of a commit that failed. In milliseconds. */
const RETRY_MILLISECONDS = 1000
const META_KEY = 'meta'
/** In bytes. Opening anew takes 2 ms, and what is needed then is still in the system's cache. */
const GIVEN_BACK_AFTER = 32 * 1024 * 1024
/** What comes into memory with one look: the system maps pages around the one that is asked for. In bytes. */
const LOOK_BYTES = 64 * 1024
/** What comes into memory with a row that is stored: those of a commit lie side by side. In bytes. */
const ROW_BYTES = 4 * 1024

export interface BaseStoreOptions {
  /** A folder of its own; made if missing. */
  readonly dir: string
  readonly timers: Timers
  /** A commit failed, or works again. */
  readonly onFailure: (failure: Error | undefined) => void
  readonly onStep?: ((step: StoreStep) => Promise<void> | undefined) | undefined
  /** Bytes of the file that may come into memory before they are given back; default 32 MB. */
  readonly givenBackAfter?: number
}

interface Batch {
  readonly changes: Change[]
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

export class BaseStore {
  readonly bases: ReadonlyMap<string, BaseRow>
  readonly pendings: ReadonlyMap<string, PendingRow>
  readonly intents: ReadonlyMap<string, IntentRow>
  readonly #bases: Map<string, BaseRow>
  readonly #pendings: Map<string, PendingRow>
  readonly #intents: Map<string, IntentRow>
  /** Undefined: it could not be opened again; whoever needs it next tries. */
  #database: Opened | undefined
  /** Of the file. */
  readonly #identity: string | undefined
  #lookedAt = 0
  readonly #options: BaseStoreOptions
  /** How many rows name a content. */
  readonly #references = new Map<string, number>()
  /** Contents handed in and not yet committed. */
  readonly #fresh = new Map<string, Uint8Array>()
  /** Lost their last row; removed with the next commit, unless named again by then. */
  readonly #unnamed = new Set<string>()
  /** Being removed by the commit under way. */
  readonly #leaving = new Set<string>()
  /** Where a file is on this disk, by its id. */
  readonly #paths = new Map<string, string>()
  #live = 0
  #meta: MetaRow
  #next: Batch | undefined
  /** Some commit is under way; whatever is asked for meanwhile goes with the next. */
  #running = false
  #done: Promise<void> = Promise.resolve()
  #closing = false
  #closed = false
  #failing = false

  constructor(options: BaseStoreOptions) {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 })
    this.#options = options
    const { tables } = (this.#database = openDatabase(options.dir))
    this.#identity = identityOf(options.dir)
    this.bases = this.#bases = load(tables.bases, baseRow)
    this.pendings = this.#pendings = load(tables.pendings, pendingRow)
    this.intents = this.#intents = load(tables.intents, intentRow)
    this.#meta = metaRow.catch({ workspaceId: null }).parse(tables.meta.get(META_KEY))
    for (const [path, row] of this.#bases) {
      this.#paths.set(row.fileId, path)
      this.#live += standing(row)
      this.#count(hashesOfBase(row), 1)
    }
    for (const row of this.#pendings.values()) this.#count(hashesOfPending(row), 1)
    for (const row of this.#intents.values()) this.#count(hashesOfIntent(row), 1)
    this.#look(Infinity) // all of it was read
  }

  /** How many bases prove that a file was on this disk. */
  get live(): number {
    return this.#live
  }

  /** The path of the base of a file; of two the newer one. */
  pathOf(file: string): string | undefined {
    return this.#paths.get(file)
  }

  get meta(): MetaRow {
    return this.#meta
  }

  /** The bytes with this hash, if any row kept them. */
  content(hash: string): Uint8Array | undefined {
    const fresh = this.#fresh.get(hash)
    if (fresh !== undefined) return fresh
    this.#look(LOOK_BYTES)
    return this.#opened.contents.get(hash)
  }

  hasContent(hash: string): boolean {
    if (this.#fresh.has(hash)) return true
    this.#look(LOOK_BYTES)
    return this.#opened.contents.doesExist(hash)
  }

  /** Takes effect for readers at once; resolves when durable. */
  commit(changes: readonly Change[]): Promise<void> {
    if (this.#closed) {
      const batch = newBatch()
      batch.reject(new Error('The bridge’s store is closed.'))
      return batch.done
    }
    const batch = (this.#next ??= newBatch())
    for (const change of changes) this.#apply(change, batch.changes)
    if (!this.#running) this.#done = this.#run()
    return batch.done
  }

  /** Removes contents that a crash left without a row, `slice` keys at a time. */
  async sweep(slice = 500): Promise<void> {
    let start: string | undefined
    while (!this.#closed) {
      const keys = [...this.#opened.contents.getKeys({ ...(start === undefined ? {} : { start }), limit: slice })]
      for (const key of keys) if (!this.#references.has(key)) this.#unnamed.add(key)
      const last = keys.at(-1)
      if (keys.length < slice || last === undefined) return this.#look(Infinity)
      start = `${last}0`
      await this.#options.timers.yield()
    }
  }

  /** A commit that fails from now on is rejected: what it held is compared anew by the next life. */
  giveUp(): void {
    this.#closing = true
  }

  /** Waits for commits under way. Can be called twice. */
  async close(): Promise<void> {
    this.giveUp()
    await this.#done
    if (this.#closed) return
    this.#closed = true
    await this.#database?.root.close()
  }

  #apply(change: Change, changes: Change[]): void {
    switch (change.table) {
      case 'bases':
        this.#live += standing(change.row) - standing(this.#bases.get(change.key))
        this.#count(hashesOfBase(change.row), 1)
        this.#count(hashesOfBase(this.#bases.get(change.key)), -1)
        this.#place(change.key, this.#bases.get(change.key), change.row)
        replace(this.#bases, change.key, change.row)
        break
      case 'pendings':
        this.#count(hashesOfPending(change.row), 1)
        this.#count(hashesOfPending(this.#pendings.get(change.key)), -1)
        replace(this.#pendings, change.key, change.row)
        break
      case 'intents':
        this.#count(hashesOfIntent(change.row), 1)
        this.#count(hashesOfIntent(this.#intents.get(change.key)), -1)
        replace(this.#intents, change.key, change.row)
        break
      case 'meta':
        this.#meta = change.row
        break
      case 'contents':
        if (this.hasContent(change.key) && !this.#leaving.has(change.key)) return
        this.#fresh.set(change.key, change.row)
        break
      default:
        unreachable(change)
    }
    changes.push(change)
  }

  #place(path: string, before: BaseRow | undefined, row: BaseRow | null): void {
    if (before !== undefined && this.#paths.get(before.fileId) === path) this.#paths.delete(before.fileId)
    if (row !== null) this.#paths.set(row.fileId, path)
  }

  #count(hashes: readonly string[], by: number): void {
    for (const hash of hashes) {
      const count = (this.#references.get(hash) ?? 0) + by
      if (count > 0) this.#references.set(hash, count)
      else {
        this.#references.delete(hash)
        this.#unnamed.add(hash)
      }
    }
  }

  async #run(): Promise<void> {
    this.#running = true
    await Promise.resolve() // the commits of one turn are one transaction
    for (;;) {
      if (this.#isLookedAt) await this.#giveBack()
      const batch = this.#next
      if (batch === undefined) break
      this.#next = undefined
      const failure = await this.#write(batch.changes)
      if (failure === undefined) batch.resolve()
      else batch.reject(failure)
    }
    this.#running = false
  }

  get #opened(): Opened {
    return (this.#database ??= openAgain(this.#options.dir, this.#identity))
  }

  get #isLookedAt(): boolean {
    return this.#lookedAt >= (this.#options.givenBackAfter ?? GIVEN_BACK_AFTER)
  }

  #look(bytes: number): void {
    this.#lookedAt += bytes
    if (this.#isLookedAt && !this.#running && !this.#closing) this.#done = this.#run()
  }

  /**
   * Nobody can ask in between: no commit is under way, the next one waits, and reads wait for nothing. The turn of its own is
   * for those: lmdb closes after some steps of the queue of promises, in which nothing of anybody else's stands then.
   */
  async #giveBack(): Promise<void> {
    await this.#options.timers.yield()
    this.#lookedAt = 0
    if (this.#identity === undefined || identityOf(this.#options.dir) !== this.#identity) return // what is open is all there is
    try {
      await this.#database?.root.close()
      this.#database = undefined
      this.#database = this.#opened
    } catch {
      // The next one who needs it meets the same fault, and tells.
    }
  }

  /** Until it is stored. A failure only if the store is being closed meanwhile. */
  async #write(changes: readonly Change[]): Promise<Error | undefined> {
    const { onStep } = this.#options
    for (;;) {
      await onStep?.('storing')
      const dropped = this.#takeUnnamed()
      try {
        const database = this.#opened
        await database.root.batch(() => {
          for (const change of changes) put(database, change)
          for (const hash of dropped) void database.contents.remove(hash)
        })
        this.#look(changes.length * ROW_BYTES)
        this.#settle(changes)
        await onStep?.('stored')
        return undefined
      } catch (thrown) {
        for (const hash of dropped) this.#unnamed.add(hash)
        this.#failing = true
        const reason = await commitReason(thrown)
        this.#options.onFailure(reason)
        if (this.#closing) return reason
        await new Promise<void>((resolve) => this.#options.timers.after(RETRY_MILLISECONDS, resolve))
        if (this.#closing) return reason
      } finally {
        for (const hash of dropped) this.#leaving.delete(hash)
      }
    }
  }

  #takeUnnamed(): string[] {
    const dropped = [...this.#unnamed].filter((hash) => !this.#references.has(hash))
    this.#unnamed.clear()
    for (const hash of dropped) this.#leaving.add(hash)
    return dropped
  }

  #settle(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.table === 'contents' && this.#fresh.get(change.key) === change.row) this.#fresh.delete(change.key)
    }
    if (!this.#failing) return
    this.#failing = false
    this.#options.onFailure(undefined)
  }
}

function put({ tables, contents }: Opened, change: Change): void {
  if (change.table === 'meta') void tables.meta.put(META_KEY, change.row)
  else if (change.table === 'contents') void contents.put(change.key, Buffer.from(change.row))
  else if (change.row === null) void tables[change.table].remove(change.key)
  else void tables[change.table].put(change.key, change.row)
}

function load<Row>(table: Database<unknown, string>, schema: z.ZodType<Row>): Map<string, Row> {
  const rows = new Map<string, Row>()
  for (const { key, value } of table.getRange()) {
    // A row of another version of this program: without it the file is compared with the server anew.
    const row = schema.safeParse(value)
    if (row.success) rows.set(key, row.data)
  }
  return rows
}

function replace<Row>(rows: Map<string, Row>, key: string, row: Row | null): void {
  if (row === null) rows.delete(key)
  else rows.set(key, row)
}

function standing(row: BaseRow | null | undefined): 0 | 1 {
  return row?.standing === 'live' ? 1 : 0
}

function hashesOfBase(row: BaseRow | null | undefined): string[] {
  return row?.kind === 'text' ? [row.hash, ...row.earlier.map((version) => version.hash)] : []
}

function hashesOfPending(row: PendingRow | null | undefined): string[] {
  if (row == null || row.kind === 'rename') return []
  const base = row.base === null ? [] : [row.base.hash]
  return row.kind === 'write' ? [row.hash, ...base] : base
}

function hashesOfIntent(row: IntentRow | null | undefined): string[] {
  if (row == null) return []
  const old =
    row.old === null ? [] : [row.old.version.hash, ...(row.old.sending === null ? [] : [row.old.sending.hash])]
  return [...old, ...hashesOfBase(row.next)]
}

function newBatch(): Batch {
  let resolve: Batch['resolve'] = () => undefined
  let reject: Batch['reject'] = () => undefined
  const done = new Promise<void>((settle, fail) => {
    resolve = settle
    reject = fail
  })
  done.catch(() => undefined) // not every caller waits for it
  return { changes: [], done, resolve, reject }
}

/** lmdb rejects with "Commit failed" and keeps the reason in a second promise, which has to be listened to as well. */
async function commitReason(thrown: unknown): Promise<Error> {
  const reason: unknown = typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'commitError') : undefined
  const cause: unknown = reason instanceof Promise ? await reason.then(() => thrown, asIs) : thrown
  return cause instanceof Error ? cause : new Error('a commit failed', { cause })
}

function asIs(thrown: unknown): unknown {
  return thrown
}
