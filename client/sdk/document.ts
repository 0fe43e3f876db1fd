/**
 * A Yjs document carried by an agent's connection, beside everything else on that socket.
 *
 * It speaks the same messages as a stock provider on `/sync`; after a broken connection it is opened again and both sides
 * send what the other lacks, by state vectors. What the server sends is durable: so its answer to a state vector, asked for
 * behind own edits, is the receipt for them (rule SYNC-1).
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { fromProblem, type Connection, type Disposer } from './connection.js'

/** Until it is opened again, where the server can't just now; doubled each time, and that is the longest. In milliseconds. */
const FIRST_RETRY = 100
const LONGEST_RETRY = 5_000

const SYNC = 0
const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2

/** Hears what becomes of edits that are made here. */
export interface EditListener {
  /** `update` was made here, and the server may not have it. */
  readonly onEdit: (update: Uint8Array) => void
  /** The server has stored everything that was made here. */
  readonly onStored: () => void
  /** The server does not have this document, or not in this history: for good. */
  readonly onRefused: (error: EnsembleError) => void
}

export class SharedDocument {
  readonly doc = new Y.Doc()
  readonly #connection: Connection
  readonly #name: string
  readonly #disposers: Disposer[]
  #stopListening: Disposer = () => undefined
  #number: number | undefined
  /** Of all the times that it was opened, or left, the last: what an earlier one comes to means nothing. */
  #opening = 0
  #retry = FIRST_RETRY
  #stopRetry: Disposer = () => undefined
  #synced = false
  #failure: EnsembleError | undefined
  #waiting: { resolve: () => void; reject: (error: EnsembleError) => void }[] = []
  /** How many edits were made here, and how many of them the server has stored. */
  #edits = 0
  #stored = 0
  /** The server was told all that is here, since it was opened. */
  #toldAll = false
  /** For each state vector that was sent and is not answered: how many edits its answer is a receipt for. */
  #asked: number[] = []
  readonly #listener: EditListener | undefined

  /**
   * @param name as behind `/sync/`: `src/app.ts`, percent-encoded by segments; `~context`; `~anything`
   * @param left updates of an earlier life that the server may not have, with all that they stand upon
   */
  constructor(connection: Connection, name: string, listener?: EditListener, left: readonly Uint8Array[] = []) {
    this.#connection = connection
    this.#name = name
    this.#listener = listener
    for (const update of left) Y.applyUpdate(this.doc, update, this)
    this.#edits = left.length
    const onUpdate = (update: Uint8Array, origin: unknown): void => {
      if (origin === this) return
      this.#edits++
      this.#send(UPDATE, update)
      listener?.onEdit(update)
    }
    this.doc.on('update', onUpdate)
    this.#disposers = [
      () => {
        this.doc.off('update', onUpdate)
      },
      connection.onState((state) => {
        if (state.kind === 'live') void this.#open()
        else this.#lost()
        if (state.kind === 'closed')
          this.#fail(state.error ?? new EnsembleError('E_UNREACHABLE', 'The connection was closed.'))
      }),
      connection.onMessage((message) => {
        if (message.type !== 'closed' || message.number !== this.#number) return
        const error = fromProblem(message.error)
        this.#lost()
        this.#failed(error)
      }),
    ]
    if (connection.state.kind === 'live') void this.#open()
  }

  /** Resolves when the server's state is here. Rejects with a final error, as E_EPOCH or E_NOT_TEXT. */
  synced(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#synced) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The server may lack something that was made here. */
  get isUnsent(): boolean {
    return this.#stored < this.#edits
  }

  /** Asks the server for a receipt of what was made here; `onStored` hears of it. */
  confirm(): void {
    if (!this.isUnsent || !this.#toldAll || this.#asked.includes(this.#edits)) return
    this.#ask(this.#edits)
  }

  /** Leaves it; edits that the server has not stored yet are the caller's to keep. */
  close(): void {
    for (const dispose of this.#disposers) dispose()
    const number = this.#number
    this.#lost()
    if (number !== undefined) this.#giveBack(number)
    this.doc.destroy()
  }

  async #open(): Promise<void> {
    const opening = ++this.#opening
    try {
      const { number } = await this.#connection.request('open', { document: this.#name })
      if (opening !== this.#opening) {
        this.#giveBack(number)
        return
      }
      this.#number = number
      this.#stopListening = this.#connection.onDocument(number, (payload) => {
        this.#receive(payload)
      })
      this.#ask(0) // what it answers it had before it heard of edits
    } catch (thrown) {
      if (opening === this.#opening) this.#failed(toEnsembleError(thrown))
    }
  }

  /** With a connection that comes back it is opened by that. */
  #failed(error: EnsembleError): void {
    if (!error.retry) this.#refused(error)
    else if (this.#connection.state.kind === 'live') {
      this.#stopRetry = this.#connection.after(this.#retry, () => void this.#open())
      this.#retry = Math.min(2 * this.#retry, LONGEST_RETRY)
    }
  }

  #giveBack(number: number): void {
    if (this.#connection.state.kind !== 'live') return // the socket's end closes it too
    this.#connection.request('close', { number }).catch(() => undefined)
  }

  #receive(payload: Uint8Array): void {
    const decoder = decoding.createDecoder(payload)
    if (decoding.readVarUint(decoder) !== SYNC) return
    const step = decoding.readVarUint(decoder)
    const bytes = decoding.readVarUint8Array(decoder)
    if (step === STEP_1) {
      this.#send(STEP_2, Y.encodeStateAsUpdate(this.doc, bytes))
      this.#toldAll = true
      this.confirm()
      return
    }
    Y.applyUpdate(this.doc, bytes, this)
    if (step === UPDATE) return
    const wasUnsent = this.isUnsent
    this.#stored = Math.max(this.#stored, this.#asked.shift() ?? 0)
    if (wasUnsent && !this.isUnsent) this.#listener?.onStored()
    if (this.#synced) return
    this.#synced = true
    this.#retry = FIRST_RETRY
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #ask(receiptFor: number): void {
    this.#asked.push(receiptFor)
    this.#send(STEP_1, Y.encodeStateVector(this.doc))
  }

  #send(step: number, bytes: Uint8Array): void {
    if (this.#number === undefined) return
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, bytes)
    this.#connection.sendDocument(this.#number, encoding.toUint8Array(encoder))
  }

  #lost(): void {
    this.#opening++
    this.#stopRetry()
    this.#stopListening()
    this.#stopListening = () => undefined
    this.#number = undefined
    this.#synced = false
    this.#toldAll = false
    this.#asked = []
  }

  #refused(error: EnsembleError): void {
    this.#fail(error)
    this.#listener?.onRefused(error)
  }

  #fail(error: EnsembleError): void {
    this.#failure = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
