/**
 * The stored form of a Yjs document: one state, and the updates that came after it.
 *
 * Rows: ['state', id] {through, state} and ['update', id, n]. An update with n ≤ through is part of the state.
 */
import * as Y from 'yjs'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'

interface StoredState {
  readonly through: number
  readonly state: Uint8Array
}

/** A log longer than this is folded into the state: in updates, and in bytes. */
const LONG_LOG = 500
const LARGE_LOG = 1024 * 1024

export class DocumentLog {
  readonly #id: string
  #next: number
  #length = 0
  #bytes = 0
  /** Of the state. */
  #stateBytes = 0

  private constructor(id: string, next: number) {
    this.#id = id
    this.#next = next
  }

  /** Reads the document `id` into `doc`, which must be empty; `existed` tells whether there was anything. */
  static load(storage: Storage, id: string, doc: Y.Doc): { readonly log: DocumentLog; readonly existed: boolean } {
    const state = stored<StoredState | undefined>(storage.get(['state', id]))
    const updates: Uint8Array[] = state === undefined ? [] : [state.state]
    const log = new DocumentLog(id, (state?.through ?? 0) + 1)
    log.#stateBytes = state?.state.length ?? 0
    for (const { key, value } of storage.range({ from: ['update', id, 0], to: ['update', id, Infinity] })) {
      const update = stored<Uint8Array>(value)
      updates.push(update)
      log.#next = Number(key[2]) + 1
      log.#count(update)
    }
    // One transaction, so that what the updates left behind is collected once (rule SYNC-13).
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update)
    })
    return { log, existed: updates.length > 0 }
  }

  append(update: Uint8Array): Row {
    this.#count(update)
    return { put: ['update', this.#id, this.#next++], value: update }
  }

  get isLong(): boolean {
    return this.#length > LONG_LOG || this.#bytes > LARGE_LOG
  }

  /** About the bytes of the document's whole encoded state: too many by what a fold of the log would save. */
  get size(): number {
    return this.#stateBytes + this.#bytes
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** Rows that replace the log by the state of `doc`, which must hold exactly what was loaded and appended. */
  compact(doc: Y.Doc): Row[] {
    const through = this.#next - 1
    const state: StoredState = { through, state: Y.encodeStateAsUpdate(doc) }
    this.#length = 0
    this.#bytes = 0
    this.#stateBytes = state.state.length
    return [
      { put: ['state', this.#id], value: state },
      { deleteFrom: ['update', this.#id, 0], to: ['update', this.#id, through + 1] },
    ]
  }

  #count(update: Uint8Array): void {
    this.#length++
    this.#bytes += update.length
  }
}
