/** How each server is spoken to: all take the messages of y-protocols, each in its own envelope. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { z } from 'zod'
import { syncFrame } from './frames.js'
import { frameOf, RawSocket } from './raw-socket.js'

/** A running server, as the load needs to know it. */
export const target = z.object({
  wire: z.enum(['ensemble', 'y-websocket', 'hocuspocus']),
  port: z.int(),
  pid: z.int(),
  /** Empty where none is asked for. */
  token: z.string(),
})
export type Target = z.infer<typeof target>

/** Types of messages; 4 is Hocuspocus's for an answer. */
const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const SYNC_REPLY = 4

const NOTHING = Uint8Array.of(0, 0)
const EMPTY_STATE_VECTOR = Uint8Array.of(0)

export interface PeerOptions {
  readonly target: Target
  readonly document: string
  /** Whatever comes after the first answer to its state vector, in its envelope. */
  readonly onFrame: (payload: Buffer) => void
  readonly onEnd?: (code: number | null) => void
}

/** One socket in one document. */
export class Peer {
  readonly socket: RawSocket
  readonly #prefix: Uint8Array

  private constructor(socket: RawSocket, prefix: Uint8Array) {
    this.socket = socket
    this.#prefix = prefix
  }

  /**
   * Joins as one that has nothing yet. Resolves when it has been answered.
   * @returns the peer and the document's state, encoded
   */
  static async join(options: PeerOptions): Promise<{ readonly peer: Peer; readonly state: Uint8Array }> {
    const { target, document, onFrame, onEnd } = options
    const prefix = prefixOf(target, document)
    let answered: (state: Uint8Array) => void
    let ended: (error: Error) => void
    const state = new Promise<Uint8Array>((resolve, reject) => {
      answered = resolve
      ended = reject
    })
    state.catch(() => undefined) // who waits for it is told below
    let isJoined = false
    const empty = frameOf(enveloped(prefix, syncFrame(1, NOTHING)))
    const socket = await RawSocket.open({
      port: target.port,
      path: pathOf(target, document),
      onFrame: (payload, line) => {
        const type = payload[prefix.length]
        if (type === SYNC || type === SYNC_REPLY) {
          const step = payload[prefix.length + 1]
          if (step === 0) {
            line.send(empty) // it asks for what we have
            return
          }
          if (step === 1 && !isJoined) {
            isJoined = true
            answered(bytesAt(payload, prefix.length + 2))
            return
          }
        }
        onFrame(payload)
      },
      onEnd: (code) => {
        ended(new Error(`${target.wire} ended the connection (${code ?? 'without a close code'}).`))
        onEnd?.(code)
      },
    })
    const peer = new Peer(socket, prefix)
    if (target.wire === 'hocuspocus') socket.send(frameOf(enveloped(prefix, authentication())))
    socket.send(peer.frame(syncFrame(0, EMPTY_STATE_VECTOR)))
    return { peer, state: await state }
  }

  /** A whole frame for `socket.send`, to be made beforehand. */
  frame(message: Uint8Array): Buffer {
    return frameOf(enveloped(this.#prefix, message))
  }

  update(update: Uint8Array): Buffer {
    return this.frame(syncFrame(2, update))
  }

  /** The update in a message that brings one. */
  updateIn(payload: Uint8Array): Uint8Array | undefined {
    const at = this.#prefix.length
    const isSync = payload[at] === SYNC || payload[at] === SYNC_REPLY
    return isSync && payload[at + 1] !== 0 ? bytesAt(payload, at + 2) : undefined
  }

  /** The clients whose state an awareness message takes away; none where it is another message. */
  removedIn(payload: Uint8Array): number[] {
    if (payload[this.#prefix.length] !== AWARENESS) return []
    const decoder = decoding.createDecoder(bytesAt(payload, this.#prefix.length + 1))
    const removed: number[] = []
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const client = decoding.readVarUint(decoder)
      decoding.readVarUint(decoder) // its clock
      if (decoding.readVarString(decoder) === 'null') removed.push(client)
    }
    return removed
  }
}

/** @param state null: it goes */
export function awarenessMessage(client: number, clock: number, state: object | null): Uint8Array {
  const update = encoding.createEncoder()
  encoding.writeVarUint(update, 1)
  encoding.writeVarUint(update, client)
  encoding.writeVarUint(update, clock)
  encoding.writeVarString(update, JSON.stringify(state))
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, AWARENESS)
  encoding.writeVarUint8Array(encoder, encoding.toUint8Array(update))
  return encoding.toUint8Array(encoder)
}

function pathOf({ wire, token }: Target, document: string): string {
  if (wire === 'ensemble') return `/sync/${document}?token=${token}`
  return `/${document}`
}

function prefixOf({ wire }: Target, document: string): Uint8Array {
  if (wire !== 'hocuspocus') return new Uint8Array(0)
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, document)
  })
}

function authentication(): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, AUTH)
    encoding.writeVarUint(encoder, 0) // here is my token
    encoding.writeVarString(encoder, '')
  })
}

function enveloped(prefix: Uint8Array, message: Uint8Array): Uint8Array {
  return prefix.length === 0 ? message : Buffer.concat([prefix, message])
}

function bytesAt(payload: Uint8Array, at: number): Uint8Array {
  return decoding.readVarUint8Array(decoding.createDecoder(payload.subarray(at)))
}
