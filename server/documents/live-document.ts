/**
 * A Yjs document in memory, and its way to the disk and to its subscribers.
 *
 * 1. Changes gather during one run of the event loop, until they could be told and the queue puts its next group together, and are
 *    committed as one *turn* of one author. Stored any sooner they would only wait for the same commit, or to be told, in pieces.
 * 2. A turn reaches subscribers, its sender among them, only once it is on stable storage (rule SYNC-1).
 * 3. Turns become durable in their order, so what any subscriber has seen is a prefix of the document's history.
 * 4. It holds nothing that waits for something else: an update whose ground is missing is let go, and its sender is told
 *    to send all of it again (rule SYNC-8).
 * 5. An update that breaks in the middle ends the document in memory; the one in storage never saw it.
 * 6. Turns are numbered from 1 while it is in memory: whoever gets the whole state knows which turns are in it.
 * 7. What is *held* is decided elsewhere: until that is done nothing else comes in, and nothing is committed.
 */
import * as Y from 'yjs'
import { DEFAULT_CONFIG } from '../../protocol/config.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { Author } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Row, Storage } from '../storage/storage.js'
import { DocumentLog } from './document-log.js'

/** What is committed beside a turn's update, and what to do when it is durable. */
export interface TurnLedger {
  readonly rows: readonly Row[]
  /** Number of the newest step that the turn holds. */
  readonly through: number
  readonly committed: () => void
}

export interface LiveDocumentOptions {
  /** Id of the stored document. */
  readonly id: string
  readonly storage: Storage
  readonly queue: CommitQueue
  /** Client id of what the server itself writes; one for the life of the process. */
  readonly serverClient: number
  /**
   * Of the whole encoded state, with what is gathered: whoever opens it gets all of it, and the server holds it twice.
   * Default: limits.documentBytes of an empty configuration.
   */
  readonly maxBytes?: number | undefined
  /** Peers may read it only. */
  readonly readOnly?: boolean
  /** Runs at the end of this turn of the event loop. */
  readonly defer: (run: () => void) => void
  /** Called once a turn, before it is committed. */
  readonly ledger?: (author: Author) => TurnLedger
}

/** Live edits wait for storage up to this bound; beyond it peers are turned away, to come back (rule SYNC-3). */
const HELD_BYTES = 48 * 1024 * 1024
const HELD_ROWS = 50_000

/** What gathers until it is asked for; beyond it there is a turn of its own, which counts as waiting for storage. */
const GATHERED_BYTES = 64 * 1024

/** How deep Yjs types may stand in each other: Yjs deletes and collects them by recursion, here and in every peer. */
const MAX_NESTING = 256

interface Turn {
  readonly author: Author
  readonly updates: Uint8Array[]
  bytes: number
}

/**
 * @param through number of the newest step in it; 0 where steps are not counted
 * @param turn its number
 */
export type UpdateListener = (update: Uint8Array, through: number, turn: number) => void

export class LiveDocument {
  readonly doc = new Y.Doc()
  readonly id: string
  readonly readOnly: boolean
  /** Whether storage had anything of it when it was loaded. */
  readonly existed: boolean
  readonly #options: LiveDocumentOptions
  readonly #log: DocumentLog
  /** With how long each would not tell of a turn yet, in milliseconds. */
  readonly #listeners = new Map<UpdateListener, () => number>()
  readonly #expelListeners = new Set<(error: EnsembleError) => void>()
  #turn: Turn | undefined
  #author: Author = 'DISK'
  #deferred = false
  /** Takes back what was asked of the queue. */
  #unask: (() => void) | undefined
  #turns = 0
  #inFlight = 0
  /** Updates of the turns that are not durable yet, in order. */
  readonly #unheard: Uint8Array[] = []
  #held: Promise<void> | undefined
  /** What comes in while the document is held, and its size in bytes. */
  readonly #waiting: { readonly run: () => void; readonly bytes: number }[] = []
  #expelled: EnsembleError | undefined

  /** Loads it from storage. */
  constructor(options: LiveDocumentOptions) {
    this.#options = options
    this.id = options.id
    this.readOnly = options.readOnly ?? false
    const { log, existed } = DocumentLog.load(options.storage, options.id, this.doc)
    this.#log = log
    this.existed = existed
    this.doc.clientID = options.serverClient
    this.doc.on('update', (update: Uint8Array) => {
      const turn = this.#gather()
      turn.updates.push(update)
      turn.bytes += update.length
    })
  }

  /** Resolves when everything that was changed so far is durable. */
  async flushed(): Promise<void> {
    while (this.#held !== undefined) await this.#held
    if (this.#turn !== undefined) await this.seal()
    else if (this.#inFlight > 0) await this.#options.queue.enqueue([])
  }

  /** As `flushed`, for whoever wants to show it: rejects with the reason as soon as the storage fails. */
  async shown(): Promise<void> {
    if (!this.settled) await this.#options.queue.unlessDegraded(() => this.flushed())
  }

  /** Nothing gathered, nothing held, nothing that waits for that, and everything durable. */
  get settled(): boolean {
    const isFree = this.#held === undefined && this.#waiting.length === 0
    return isFree && this.#turn === undefined && this.#inFlight === 0
  }

  /** Resolves when it is held no more, in the step in which what waited has come in; undefined: it is not held. */
  get held(): Promise<void> | undefined {
    return this.#held
  }

  /**
   * Holds it until `done`, and then goes on with what has gathered.
   * @param goOn runs in that step, before what waited; what it gives is what comes of this
   * @throws EnsembleError why the document ended, if it did so first
   */
  hold<T, R>(done: Promise<T>, goOn: (found: T) => R | Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#held = done.then(
        (found) => {
          this.#release(() => {
            resolve(goOn(found))
          }, reject)
        },
        (error: unknown) => {
          this.#release(() => {
            throw error
          }, reject)
        },
      )
    })
  }

  #release(goOn: () => void, refuse: (error: EnsembleError) => void): void {
    this.#held = undefined
    try {
      if (this.#expelled === undefined) goOn()
    } catch (error) {
      this.expel(storeError(error))
    }
    if (this.#expelled !== undefined) {
      this.#turn = undefined // nobody has been told of it
      refuse(this.#expelled)
    }
    if (this.#turn !== undefined && this.#held === undefined) this.#sealQuietly()
    while (this.#held === undefined) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      next.run()
    }
  }

  /**
   * Runs it when the document is held no more, in the order of the calls.
   * @param run does not throw
   * @param bytes that it keeps meanwhile
   * @throws EnsembleError E_LIMIT
   */
  whenFree(run: () => void, bytes: number): void {
    if (this.#waiting.reduce((sum, one) => sum + one.bytes, bytes) > HELD_BYTES) throw tooMuch()
    this.#waiting.push({ run, bytes })
  }

  /**
   * Takes a peer's update. Returns whether all of it went in; where not, the rest is to be sent again.
   * @throws EnsembleError E_BAD_FRAME, E_TOO_LARGE; E_LIMIT, E_STORAGE_…: not taken, send it again later
   */
  apply(update: Uint8Array, author: Author): boolean {
    this.#assertRoom()
    this.#assertSize(update.length)
    this.#as(author)
    if (this.#turn !== undefined && this.#turn.bytes > GATHERED_BYTES) this.#sealQuietly()
    try {
      Y.transact(
        this.doc,
        (transaction) => {
          Y.applyUpdate(this.doc, update, 'peer')
          assertFlat(transaction)
        },
        'peer',
        false,
      )
    } catch (cause) {
      this.#turn = undefined // with what went in of it; nobody has been told of this turn
      this.expel(new EnsembleError('E_INTERNAL', 'The document is being loaded anew.', { hint: 'Connect again.' }))
      throw new EnsembleError('E_BAD_FRAME', 'This update cannot be applied to a document.', { cause })
    }
    const { store } = this.doc
    const complete = store.pendingStructs === null && store.pendingDs === null
    store.pendingStructs = null
    store.pendingDs = null
    return complete
  }

  /** Changes made by the server for `author`. */
  transact(author: Author, change: (doc: Y.Doc) => void): void {
    this.#as(author)
    this.doc.transact(() => {
      change(this.doc)
    })
  }

  /** Whether changes wait for the end of this run of the event loop. */
  get gathered(): boolean {
    return this.#turn !== undefined
  }

  /** Commits what has gathered, and `extra` with it, now. Resolves when that, and all before it, is durable. */
  seal(extra: readonly Row[] = []): Promise<void> {
    const turn = this.#turn ?? { author: this.#author, updates: [], bytes: 0 }
    this.#turn = undefined
    const update = turn.updates.length === 0 ? undefined : mergeUpdates(turn.updates)
    const rows: Row[] = []
    let ledger: TurnLedger | undefined
    try {
      ledger = this.#options.ledger?.(turn.author)
      if (ledger !== undefined) rows.push(...ledger.rows)
      rows.push(...extra)
      if (update !== undefined) rows.push(this.#log.append(update))
      if (this.#log.isLong) rows.push(...this.#log.compact(this.doc))
    } catch (error) {
      this.expel(storeError(error))
      return Promise.reject(storeError(error))
    }
    this.#inFlight++
    const number = ++this.#turns
    if (update !== undefined) this.#unheard.push(update)
    return this.#options.queue.enqueue(rows).then(
      () => {
        this.#inFlight--
        try {
          if (update !== undefined) {
            this.#unheard.shift()
            for (const listener of [...this.#listeners.keys()]) listener(update, ledger?.through ?? 0, number)
          }
          ledger?.committed()
        } finally {
          this.#sealGathered()
        }
      },
      (error: unknown) => {
        this.#inFlight--
        this.expel(storeError(error))
        throw error
      },
    )
  }

  /** Number of the newest turn that is sealed. */
  get turns(): number {
    return this.#turns
  }

  /** Updates that are in the document, and that no listener has heard yet. */
  get untold(): readonly Uint8Array[] {
    return [...this.#unheard, ...(this.#turn?.updates ?? [])]
  }

  /** @param rest how long it would not pass a turn on yet, in milliseconds: what gathers is not committed before that */
  onUpdate(listener: UpdateListener, rest = (): number => 0): () => void {
    this.#listeners.set(listener, rest)
    return () => this.#listeners.delete(listener)
  }

  /** Its end, before its time: whoever uses it must let it go. A retryable error says: open it anew. */
  onExpelled(listener: (error: EnsembleError) => void): () => void {
    this.#expelListeners.add(listener)
    return () => this.#expelListeners.delete(listener)
  }

  /** Why it ended before its time, if it did. */
  get expelled(): EnsembleError | undefined {
    return this.#expelled
  }

  /** Ends it: it holds what could not be stored, or the file is no text any more. */
  expel(error: EnsembleError): void {
    if (this.#expelled !== undefined) return
    this.#expelled = error
    for (const listener of [...this.#expelListeners]) listener(error)
  }

  /** Rows that fold the log, for an unloading; none where nothing was logged since. */
  compactionRows(): Row[] {
    return this.#log.isEmpty ? [] : this.#log.compact(this.doc)
  }

  destroy(): void {
    this.#unask?.()
    this.doc.destroy()
  }

  #as(author: Author): void {
    if (this.#expelled !== undefined) throw this.#expelled
    if (this.#turn !== undefined && this.#turn.author !== author) this.#sealQuietly()
    this.#author = author
  }

  #assertRoom(): void {
    const { pending, state } = this.#options.queue
    if (pending.bytes < HELD_BYTES && pending.rows < HELD_ROWS) return
    if (state !== 'ok') throw state.degraded
    throw tooMuch()
  }

  #assertSize(more: number): void {
    const limit = this.#options.maxBytes ?? DEFAULT_CONFIG.limits.documentBytes
    if (this.#log.size + (this.#turn?.bytes ?? 0) + more <= limit) return
    throw new EnsembleError('E_TOO_LARGE', `This document would grow over ${limit} bytes.`, {
      hint: 'Begin another document; the limit is limits.documentBytes in the configuration of the served folder.',
      data: { limit },
    })
  }

  #gather(): Turn {
    this.#turn ??= { author: this.#author, updates: [], bytes: 0 }
    if (!this.#deferred) {
      this.#deferred = true
      this.#options.defer(() => {
        this.#deferred = false
        this.#sealGathered()
      })
    }
    return this.#turn
  }

  #sealGathered(): void {
    if (!this.#canSeal || this.#unask !== undefined) return
    if (this.#turn !== undefined && this.#turn.bytes > GATHERED_BYTES) {
      this.#sealQuietly()
      return
    }
    const rest = Math.max(0, ...[...this.#listeners.values()].map((restOf) => restOf()))
    this.#unask = this.#options.queue.withNext(() => {
      this.#unask = undefined
      if (this.#canSeal) this.#sealQuietly()
    }, rest)
  }

  get #canSeal(): boolean {
    return this.#turn !== undefined && this.#held === undefined && this.#inFlight === 0 && !this.#deferred
  }

  /** Whoever is interested in a failure has subscribed with onExpelled. */
  #sealQuietly(): void {
    this.seal().catch(() => undefined)
  }
}

/** Looks at what a transaction has brought. @throws Error */
function assertFlat({ beforeState, doc: { store } }: Y.Transaction): void {
  for (const [client, structs] of store.clients) {
    const before = beforeState.get(client) ?? 0
    for (let at = structs.length - 1; at >= 0; at--) {
      const struct = structs[at]
      if (struct === undefined || struct.id.clock + struct.length <= before) break
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentType)) continue
      let depth = 0
      for (let item: Y.Item | null = struct; item !== null; item = holderOf(item)) {
        if (++depth > MAX_NESTING) throw new Error(`Types stand more than ${MAX_NESTING} deep in each other.`)
      }
    }
  }
}

/** Of the type that an item is in; null: that is a root. */
function holderOf({ parent }: Y.Item): Y.Item | null {
  return parent instanceof Y.AbstractType ? parent._item : null
}

function tooMuch(): EnsembleError {
  return new EnsembleError('E_LIMIT', 'More comes in than can be stored.', { hint: 'Connect again in a moment.' })
}

function storeError(error: unknown): EnsembleError {
  if (error instanceof EnsembleError) return error
  return new EnsembleError('E_INTERNAL', 'A change could not be stored.', { hint: 'Connect again.', cause: error })
}

function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array {
  const [first] = updates
  return first !== undefined && updates.length === 1 ? first : Y.mergeUpdates([...updates])
}
