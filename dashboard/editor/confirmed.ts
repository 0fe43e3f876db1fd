/**
 * What the server has of a document on stable storage, as far as it told: a second document, fed by the server's messages
 * alone. The server sends every update back to its sender once it is stored (rule SYNC-1), so what this one lacks may be
 * lost with the server.
 */
import { readVarUint, readVarUint8Array, type Decoder } from 'lib0/decoding'
import { messageYjsSyncStep1, messageYjsSyncStep2 } from 'y-protocols/sync'
import { applyUpdate, Doc } from 'yjs'
import { CONTENT_ROOT } from '../../protocol/document.js'

export class Confirmed {
  #doc = new Doc()
  #beginsAnew = false

  get text(): string {
    return this.#doc.getText(CONTENT_ROOT).toJSON()
  }

  /** The next answer to a state vector holds everything: after a break, echoes that were missed never come. */
  beginAnew(): void {
    this.#beginsAnew = true
  }

  /** @param decoder of a sync message of the server, behind its first number */
  receive(decoder: Decoder): void {
    const type = readVarUint(decoder)
    if (type === messageYjsSyncStep1) return
    const update = readVarUint8Array(decoder)
    if (type === messageYjsSyncStep2 && this.#beginsAnew) {
      this.#beginsAnew = false
      this.#doc.destroy()
      this.#doc = new Doc()
    }
    applyUpdate(this.#doc, update)
  }

  close(): void {
    this.#doc.destroy()
  }
}
