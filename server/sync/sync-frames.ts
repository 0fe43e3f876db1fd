/**
 * The messages of the y-websocket protocol (y-protocols/PROTOCOL.md): varuint type, then for type 0 (sync) a varuint
 * step (0 state vector, 1 answer to it, 2 update) and the bytes; for 1 (awareness) the bytes; 3 asks for awareness.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { EnsembleError } from '../../protocol/errors.js'

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const QUERY_AWARENESS = 3

const PERMISSION_DENIED = 0

const STEP_1 = 0
const STEP_2 = 1
const UPDATE = 2

export type PeerMessage =
  | { readonly kind: 'step1'; readonly stateVector: Uint8Array }
  /** `isAnswer`: to our state vector, so it is all that we lack. */
  | { readonly kind: 'update'; readonly update: Uint8Array; readonly isAnswer: boolean }
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  | { readonly kind: 'query-awareness' }
  | { readonly kind: 'ignored' }

/** @throws EnsembleError E_BAD_FRAME */
export function decodePeerMessage(payload: Uint8Array): PeerMessage {
  try {
    const decoder = decoding.createDecoder(payload)
    const type = decoding.readVarUint(decoder)
    switch (type) {
      case SYNC: {
        const step = decoding.readVarUint(decoder)
        const bytes = decoding.readVarUint8Array(decoder)
        if (step === STEP_1) return { kind: 'step1', stateVector: bytes }
        if (step === STEP_2 || step === UPDATE) return { kind: 'update', update: bytes, isAnswer: step === STEP_2 }
        throw badFrame(`it has the unknown sync step ${step}`)
      }
      case AWARENESS:
        return { kind: 'awareness', update: decoding.readVarUint8Array(decoder) }
      case QUERY_AWARENESS:
        return { kind: 'query-awareness' }
      case AUTH:
        return { kind: 'ignored' } // says that permission was denied; only servers send it
      default:
        throw badFrame(`it has the unknown type ${type}`)
    }
  } catch (thrown) {
    if (thrown instanceof EnsembleError) throw thrown
    throw badFrame('it ends too early', thrown)
  }
}

export function step1Frame(stateVector: Uint8Array): Uint8Array {
  return syncFrame(STEP_1, stateVector)
}

export function step2Frame(update: Uint8Array): Uint8Array {
  return syncFrame(STEP_2, update)
}

export function updateFrame(update: Uint8Array): Uint8Array {
  return syncFrame(UPDATE, update)
}

export function awarenessFrame(update: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, AWARENESS)
  encoding.writeVarUint8Array(encoder, update)
  return encoding.toUint8Array(encoder)
}

/** That what came was not taken, as y-protocols/auth says it; a stock provider notes it and stays. */
export function deniedFrame(reason: string): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, AUTH)
  encoding.writeVarUint(encoder, PERMISSION_DENIED)
  encoding.writeVarString(encoder, reason)
  return encoding.toUint8Array(encoder)
}

/** The bytes are copied once: an encoder would do so twice. */
function syncFrame(step: number, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, SYNC)
  encoding.writeVarUint(encoder, step)
  encoding.writeVarUint(encoder, bytes.length)
  const head = encoding.length(encoder)
  const frame = new Uint8Array(head + bytes.length)
  frame.set(encoding.toUint8Array(encoder))
  frame.set(bytes, head)
  return frame
}

function badFrame(why: string, cause?: unknown): EnsembleError {
  return new EnsembleError('E_BAD_FRAME', `This is no message of the y-websocket protocol: ${why}.`, { cause })
}
