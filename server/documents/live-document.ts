/**
 * A Yjs document in memory, and its way to the disk and to its subscribers.
 *
 * 1. Changes gather during one run of the event loop and are committed as one *turn* of one author.
 * 2. A turn reaches subscribers, its sender among them, only once it is on stable storage (rule SYNC-1).
 * 3. Turns become durable in their order, so what any subscriber has seen is a prefix of the document's history.
 */
import * as Y from 'yjs'
import { EnsembleError } from '../../protocol/errors.js'
import type { Author } from '../../protocol/ids.js'
import type { CommitQueue } from '../storage/commit-queue.js'
import type { Row, Storage } from '../storage/storage.js'
import { DocumentLog } from './document-log.js'

/** What is committed beside a turn's update, and what to do when it is durable. */
export interface TurnLedger {
  readonly rows: readonly Row[]
  readonly committed: () => void
}

export interface LiveDocumentOptions {
  /** Id of the stored document. */
  readonly id: string
  readonly storage: Storage
  readonly queue: CommitQueue
  /** Client id of what the server itself writes; one for the life of the process. */
  readonly serverClient: number
  /** Peers may read it only. */
  readonly readOnly?: boolean
  /** Runs at the end of this turn of the event loop. */
  readonly defer: (run: () => void) => void
  /** Called once a turn, before it is committed. */
  readonly ledger?: (author: Author) => TurnLedger
}

interface Turn {
  readonly author: Author
  readonly updates: Uint8Array[]
}

export type UpdateListener = (update: Uint8Array) => void

export class LiveDocument {
  readonly doc = new Y.Doc()
  readonly id: string
  readonly readOnly: boolean
  /** Whether storage had anything of it when it was loaded. */
  readonly existed: boolean
  readonly #options: LiveDocumentOptions
  readonly #log: DocumentLog
  readonly #listeners = new Set<UpdateListener>()
  readonly #expelListeners = new Set<(error: EnsembleError) => void>()
  #turn: Turn | undefined
  #author: Author = 'DISK'
  #deferred = false
  #inFlight = 0
  #expelled = false

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
      this.#gather().updates.push(update)
    })
  }

  /** Resolves when everything that was changed so far is durable. */
  async flushed(): Promise<void> {
    if (this.#turn !== undefined) await this.seal()
    else if (this.#inFlight > 0) await this.#options.queue.enqueue([])
  }

  /** Nothing gathered, and everything durable. */
  get settled(): boolean {
    return this.#turn === undefined && this.#inFlight === 0
  }

  /** Takes a peer's update. @throws if it is not one; the document is unharmed then */
  apply(update: Uint8Array, author: Author): void {
    this.#as(author)
    Y.applyUpdate(this.doc, update, 'peer')
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
    const turn = this.#turn ?? { author: this.#author, updates: [] }
    this.#turn = undefined
    const update = turn.updates.length === 0 ? undefined : mergeUpdates(turn.updates)
    const ledger = this.#options.ledger?.(turn.author)
    const rows: Row[] = [...(ledger?.rows ?? []), ...extra]
    if (update !== undefined) rows.push(this.#log.append(update))
    if (this.#log.isLong) rows.push(...this.#log.compact(this.doc))
    this.#inFlight++
    return this.#options.queue.enqueue(rows).then(
      () => {
        this.#inFlight--
        if (update !== undefined) for (const listener of [...this.#listeners]) listener(update)
        ledger?.committed()
      },
      (error: unknown) => {
        this.#inFlight--
        this.expel(storeError(error))
        throw error
      },
    )
  }

  onUpdate(listener: UpdateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Its end, before its time: whoever uses it must let it go. A retryable error says: open it anew. */
  onExpelled(listener: (error: EnsembleError) => void): () => void {
    this.#expelListeners.add(listener)
    return () => this.#expelListeners.delete(listener)
  }

  /** Ends it: it holds what could not be stored, or the file is no text any more. */
  expel(error: EnsembleError): void {
    if (this.#expelled) return
    this.#expelled = true
    for (const listener of [...this.#expelListeners]) listener(error)
  }

  /** Rows that fold the log, for an unloading; none where nothing was logged since. */
  compactionRows(): Row[] {
    return this.#log.isEmpty ? [] : this.#log.compact(this.doc)
  }

  destroy(): void {
    this.doc.destroy()
  }

  #as(author: Author): void {
    if (this.#expelled) throw new EnsembleError('E_STORAGE_DEGRADED', 'The document is being loaded anew.')
    if (this.#turn !== undefined && this.#turn.author !== author) this.#sealQuietly()
    this.#author = author
  }

  #gather(): Turn {
    this.#turn ??= { author: this.#author, updates: [] }
    if (!this.#deferred) {
      this.#deferred = true
      this.#options.defer(() => {
        this.#deferred = false
        if (this.#turn !== undefined) this.#sealQuietly()
      })
    }
    return this.#turn
  }

  /** Whoever is interested in a failure has subscribed with onLoss. */
  #sealQuietly(): void {
    this.seal().catch(() => undefined)
  }
}

function storeError(error: unknown): EnsembleError {
  if (error instanceof EnsembleError) return error
  return new EnsembleError('E_STORAGE_DEGRADED', 'A change could not be stored.', { cause: error })
}

function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array {
  const [first] = updates
  return first !== undefined && updates.length === 1 ? first : Y.mergeUpdates([...updates])
}
