/**
 * A Yjs document carried by an agent's connection, beside everything else on that socket.
 *
 * It speaks the same messages as a stock provider on `/sync`; after a broken connection it is opened again and both sides
 * send what the other lacks, by state vectors. What the server sends is durable.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { fromProblem, type Connection, type Disposer } from './connection.js'

const SYNC = 0
const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2

export class SharedDocument {
  readonly doc = new Y.Doc()
  readonly #connection: Connection
  readonly #name: string
  readonly #disposers: Disposer[]
  #stopListening: Disposer = () => undefined
  #number: number | undefined
  #synced = false
  #failure: EnsembleError | undefined
  #waiting: { resolve: () => void; reject: (error: EnsembleError) => void }[] = []

  /** @param name as behind `/sync/`: `src/app.ts`, percent-encoded by segments; `~context`; `~anything` */
  constructor(connection: Connection, name: string) {
    this.#connection = connection
    this.#name = name
    const onUpdate = (update: Uint8Array, origin: unknown): void => {
      if (origin !== this) this.#send(UPDATE, update)
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
        if (error.retry) void this.#open()
        else this.#fail(error)
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

  /** Leaves it; edits that the server has not stored yet are the caller's to keep. */
  close(): void {
    for (const dispose of this.#disposers) dispose()
    const number = this.#number
    this.#lost()
    if (number !== undefined && this.#connection.state.kind === 'live') {
      this.#connection.request('close', { number }).catch(() => undefined) // the socket's end closes it too
    }
    this.doc.destroy()
  }

  async #open(): Promise<void> {
    try {
      const { number } = await this.#connection.request('open', { document: this.#name })
      this.#number = number
      this.#stopListening = this.#connection.onDocument(number, (payload) => {
        this.#receive(payload)
      })
      this.#send(STEP_1, Y.encodeStateVector(this.doc))
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      if (!error.retry) this.#fail(error) // else the connection is coming back, and this with it
    }
  }

  #receive(payload: Uint8Array): void {
    const decoder = decoding.createDecoder(payload)
    if (decoding.readVarUint(decoder) !== SYNC) return
    const step = decoding.readVarUint(decoder)
    const bytes = decoding.readVarUint8Array(decoder)
    if (step === STEP_1) {
      this.#send(STEP_2, Y.encodeStateAsUpdate(this.doc, bytes))
      return
    }
    Y.applyUpdate(this.doc, bytes, this)
    if (step === UPDATE || this.#synced) return
    this.#synced = true
    for (const { resolve } of this.#waiting.splice(0)) resolve()
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
    this.#stopListening()
    this.#stopListening = () => undefined
    this.#number = undefined
    this.#synced = false
  }

  #fail(error: EnsembleError): void {
    this.#failure = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
