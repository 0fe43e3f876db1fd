/** A name for a write that nobody else gives. */
import { orderedId, writeId, type WriteId } from '../../protocol/ids.js'

/** 120 bits of chance: more than enough among all writes of a workspace. */
const BYTES = 15

export function newWriteId(now: number): WriteId {
  const random = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(BYTES))))
  return writeId.parse(orderedId(now, random.replaceAll('+', '-').replaceAll('/', '_')))
}
