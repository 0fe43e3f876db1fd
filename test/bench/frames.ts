/** Frames of the y-websocket protocol for raw clients. */
import * as encoding from 'lib0/encoding'

/** @param step 0: state vector, 1: answer to it, 2: update */
export function syncFrame(step: 0 | 1 | 2, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 0)
  encoding.writeVarUint(encoder, step)
  encoding.writeVarUint8Array(encoder, bytes)
  return encoding.toUint8Array(encoder)
}
