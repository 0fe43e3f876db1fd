/**
 * A stock provider without its socket: it speaks as y-websocket does (y-protocols, one message a frame), over a line that the
 * test moves frame by frame, and can cut at any point.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { CONTENT_ROOT, parseDocumentName } from '../../../protocol/document.js'
import { toEnsembleError, type EnsembleError } from '../../../protocol/errors.js'
import type { Author } from '../../../protocol/ids.js'
import type { Batch } from '../../../server/sync/batch.js'
import { Channel } from '../../../server/sync/channel.js'
import type { Room } from '../../../server/sync/room.js'
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
  /** Why the server ended its connection, since it last connected. */
  closed: EnsembleError | undefined
  /** Every reason for which the server ended one. */
  readonly endings: EnsembleError[] = []
  /** What it was told twice over one connection, or out of order: nothing, if all is well. */
  readonly faults: string[] = []
  /** Runs with each update that is sent to it, when that is handed to its line. */
  onSent: (update: Uint8Array) => void = () => undefined
  /** What each frame that it has not taken yet counts as, in bytes. */
  frameWeight = 0
  /** Updates that came over this connection. */
  readonly heard: Uint8Array[] = []
  /** How often the server asked what it has, over this connection. */
  asked = 0
  #channel: Channel | undefined
  #line: object | undefined
  #isAhead = false
  /** Of what it heard over this connection: ranges of clocks by client; and the newest turn that was handed to its line. */
  readonly #told = new Map<number, (readonly [from: number, to: number])[]>()
  #turn = 0
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

  /** @param isWanted whether it enters the room, when that is found */
  async connect(
    rooms: Rooms,
    document: string,
    hasAwareness = true,
    isWanted: (room: Room) => boolean = () => true,
  ): Promise<void> {
    await rooms.open(parseDocumentName(document), (room) => {
      if (!isWanted(room)) return
      const line = (this.#line = {})
      this.heard.length = 0
      this.asked = 0
      this.closed = undefined
      this.#told.clear()
      this.#turn = 0
      const isOpen = (): boolean => this.#line === line
      const port = {
        arrived: () => undefined,
        send: (payload: Uint8Array) => {
          if (!isOpen()) return
          this.#sent(payload)
          this.#inbox.push({ kind: 'frame', payload })
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
            if (!isOpen()) return
            this.#sent(payload)
            this.#inbox.push({ kind: 'parts', payload, left: 3, run: resolve })
          })
        },
        deliver: ({ frames }: Batch, received?: () => void) => {
          for (const { payload, told } of frames) {
            if (told !== undefined && isOpen()) this.#noteTurn(told.turn)
            port.send(payload)
          }
          if (received !== undefined) port.whenReceived(received)
        },
        whenReceived: (run: () => void) => {
          if (isOpen()) this.#inbox.push({ kind: 'ping', run })
        },
        close: (error: EnsembleError) => {
          if (!isOpen()) return
          this.closed = error
          this.endings.push(error)
          this.cut()
        },
      }
      this.#channel = new Channel(room, this.author, port)
      this.#post(null, (encoder) => {
        writeSyncStep1(encoder, this.doc)
      })
      const payload = awarenessFrame([this.doc.clientID, 1, {}])
      if (hasAwareness) this.#outbox.push({ payload, update: null })
    })
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
      this.#noteTold(update)
      Y.applyUpdate(this.known, update)
    }
  }

  #sent(payload: Uint8Array): void {
    const [type, step] = payload
    if (type === 0 && step !== 0) this.onSent(updateOf(payload))
  }

  #noteTurn(turn: number): void {
    if (turn <= this.#turn) this.faults.push(`turn ${turn} after turn ${this.#turn}`)
    this.#turn = turn
  }

  #noteTold(update: Uint8Array): void {
    const { from, to } = Y.parseUpdateMeta(update)
    for (const [client, start] of from) {
      const end = to.get(client) ?? start
      const ranges = this.#told.get(client) ?? []
      for (const [a, b] of ranges) {
        if (start < b && a < end) this.faults.push(`${client}: ${start}-${end} after ${a}-${b}`)
      }
      this.#told.set(client, [...ranges, [start, end]])
    }
    const { pendingStructs, pendingDs } = this.doc.store
    if (pendingStructs !== null || pendingDs !== null) this.faults.push('what came has no ground')
  }

  /** What the peer sends next it made by no editing. */
  misbehave(update: Uint8Array): void {
    this.#post(null, (encoder) => {
      writeUpdate(encoder, update)
    })
  }

  /** As its socket: what is refused ends the connection. */
  #receive(payload: Uint8Array): EnsembleError | undefined {
    try {
      this.#channel?.receive(payload)
      return undefined
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      this.closed = error
      this.cut()
      return error
    }
  }

  /** The server takes the next frame from the peer. */
  give(): void {
    const next = this.#outbox.shift()
    if (next === undefined) return
    const refusal = this.#receive(next.payload)
    if (refusal !== undefined) this.endings.push(refusal)
    else if (next.update !== null) Y.applyUpdate(this.known, next.update)
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
