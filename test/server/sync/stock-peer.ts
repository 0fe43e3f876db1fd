/**
 * A stock provider without its socket: it speaks as y-websocket does (y-protocols, one message a frame), over a line that the
 * test moves frame by frame, and can cut at any point.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { CONTENT_ROOT, parseDocumentName } from '../../../protocol/document.js'
import type { EnsembleError } from '../../../protocol/errors.js'
import type { Author } from '../../../protocol/ids.js'
import type { Batch } from '../../../server/sync/batch.js'
import { Channel } from '../../../server/sync/channel.js'
import type { Rooms } from '../../../server/sync/rooms.js'
import { awarenessFrame } from './raw.js'

type Inward =
  | { readonly kind: 'frame'; readonly payload: Uint8Array }
  | { readonly kind: 'ping'; readonly run: () => void }
  | { readonly kind: 'parts'; readonly payload: Uint8Array; readonly left: number; readonly run: () => void }

interface Outward {
  readonly payload: Uint8Array
  /** Null: it is something else. */
  readonly update: Uint8Array | null
}

export class StockPeer {
  readonly doc = new Y.Doc()
  readonly text = this.doc.getText(CONTENT_ROOT)
  /** What the peer has seen, and what of its own the server has taken: what its next update is written upon. */
  readonly known = new Y.Doc()
  readonly author: Author
  closed: EnsembleError | undefined
  /** What each frame that it has not taken yet counts as, in bytes. */
  frameWeight = 0
  /** Updates that came over this connection. */
  readonly heard: Uint8Array[] = []
  /** How often the server asked what it has, over this connection. */
  asked = 0
  #channel: Channel | undefined
  #line: object | undefined
  #isAhead = false
  #inbox: Inward[] = []
  #draining: (() => void)[] = []
  #outbox: Outward[] = []

  constructor(clientId: number, author: Author) {
    this.doc.clientID = clientId
    this.author = author
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#post(update, (encoder) => writeUpdate(encoder, update))
    })
  }

  /** As from a store of its own, with what was typed offline in it. */
  load(from: Y.Doc): void {
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(from), this)
  }

  get isConnected(): boolean {
    return this.#channel !== undefined
  }

  get seen(): string {
    return this.known.getText(CONTENT_ROOT).toJSON()
  }

  /** Whether the next frame to the server is an update. */
  get bringsUpdate(): boolean {
    const [next] = this.#outbox
    return next !== undefined && next.update !== null
  }

  async connect(rooms: Rooms, document: string, hasAwareness = true): Promise<void> {
    await rooms.open(parseDocumentName(document), (room) => {
      const line = (this.#line = {})
      this.heard.length = 0
      this.asked = 0
      const isOpen = (): boolean => this.#line === line
      const port = {
        arrived: () => undefined,
        send: (payload: Uint8Array) => {
          if (isOpen()) this.#inbox.push({ kind: 'frame', payload })
        },
        unsent: () => this.#inbox.length * this.frameWeight,
        whenDrained: (run: () => void) => {
          if (isOpen()) this.#draining.push(run)
        },
        // To one that reads slowly it leaves in parts, and what is sent meanwhile passes between.
        answer: (batch: Batch) => {
          const [frame] = batch.frames
          if (this.frameWeight === 0 || frame === undefined) {
            port.deliver(batch)
            return undefined
          }
          const { payload } = frame
          return new Promise<void>((resolve) => {
            if (isOpen()) this.#inbox.push({ kind: 'parts', payload, left: 3, run: resolve })
          })
        },
        deliver: ({ frames }: Batch, received?: () => void) => {
          for (const { payload } of frames) port.send(payload)
          if (received !== undefined) port.whenReceived(received)
        },
        whenReceived: (run: () => void) => {
          if (isOpen()) this.#inbox.push({ kind: 'ping', run })
        },
        close: (error: EnsembleError) => {
          this.closed = error
          this.cut()
        },
      }
      this.#channel = new Channel(room, this.author, port)
    })
    this.#post(null, (encoder) => {
      writeSyncStep1(encoder, this.doc)
    })
    if (!hasAwareness) return
    const payload = awarenessFrame([this.doc.clientID, 1, {}])
    this.#outbox.push({ payload, update: null })
  }

  /** The text becomes `after`: what lies between their common beginning and end is taken out and put in. */
  type(after: string): void {
    const before = this.text.toJSON()
    let from = 0
    while (from < before.length && before[from] === after[from]) from++
    let end = 0
    while (end < Math.min(before.length, after.length) - from && before.at(-1 - end) === after.at(-1 - end)) end++
    this.doc.transact(() => {
      if (before.length - end > from) this.text.delete(from, before.length - end - from)
      if (after.length - end > from) this.text.insert(from, after.slice(from, after.length - end))
    })
  }

  /** Everything that is on its way is lost. */
  cut(): void {
    const channel = this.#channel
    this.#channel = undefined
    this.#line = undefined
    this.#inbox = []
    this.#draining = []
    this.#outbox = []
    channel?.close()
  }

  get hasMail(): boolean {
    return this.#inbox.length > 0
  }

  get hasPost(): boolean {
    return this.#outbox.length > 0
  }

  /** Whether it has taken what the server does not know that it has. */
  get isAhead(): boolean {
    return this.#isAhead && this.hasMail
  }

  /** The peer takes the next frame from the server. A ping that comes with it is answered at once. */
  take(): void {
    const next = this.#inbox.shift()
    if (next === undefined) return
    if (next.kind === 'frame') this.#read(next.payload)
    else if (next.kind === 'ping') this.#pong(next.run)
    else if (next.left > 1) this.#inbox.push({ ...next, left: next.left - 1 })
    else {
      this.#read(next.payload)
      next.run()
    }
    if (this.#inbox.length === 0) for (const run of this.#draining.splice(0)) run()
    while (this.#inbox[0]?.kind === 'ping') this.take()
  }

  #pong(run: () => void): void {
    this.#isAhead = false
    run()
  }

  #read(payload: Uint8Array): void {
    this.#isAhead = true
    const decoder = decoding.createDecoder(payload)
    if (decoding.readVarUint(decoder) !== 0) return
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    const before = decoding.clone(decoder)
    readSyncMessage(decoder, encoder, this.doc, this)
    if (encoding.length(encoder) > 1) {
      this.asked++
      const answer = encoding.toUint8Array(encoder)
      this.#outbox.push({ payload: answer, update: updateOf(answer) })
    } else {
      decoding.readVarUint(before)
      const update = decoding.readVarUint8Array(before)
      this.heard.push(update)
      Y.applyUpdate(this.known, update)
    }
  }

  /** The server takes the next frame from the peer. */
  give(): void {
    const next = this.#outbox.shift()
    if (next === undefined) return
    this.#channel?.receive(next.payload)
    if (next.update !== null) Y.applyUpdate(this.known, next.update)
  }

  /** The next frame to the server is lost on its way. */
  lose(): void {
    this.#outbox.shift()
  }

  heartbeat(): void {
    this.#channel?.heartbeat()
  }

  #post(update: Uint8Array | null, write: (encoder: encoding.Encoder) => void): void {
    if (this.#channel === undefined) return
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    write(encoder)
    this.#outbox.push({ payload: encoding.toUint8Array(encoder), update })
  }
}

function updateOf(payload: Uint8Array): Uint8Array {
  const decoder = decoding.createDecoder(payload)
  decoding.readVarUint(decoder)
  decoding.readVarUint(decoder)
  return decoding.readVarUint8Array(decoder)
}
