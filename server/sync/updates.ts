/** Looks at a peer's update before it touches a document: Yjs itself checks nothing of this, and breaks later. */
import * as Y from 'yjs'
import { EnsembleError } from '../../protocol/errors.js'

export type DecodedUpdate = ReturnType<typeof Y.decodeUpdate>

/** @throws EnsembleError E_BAD_FRAME */
export function decodeUpdate(update: Uint8Array): DecodedUpdate {
  const decoded = decode(update)
  const fault = faultOf(decoded)
  if (fault === undefined) return decoded
  throw new EnsembleError('E_BAD_FRAME', `This is no Yjs update: ${fault}.`)
}

export function isEmpty({ structs, ds }: DecodedUpdate): boolean {
  return structs.length === 0 && ds.clients.size === 0
}

/** Whether it says anything that `doc` does not hold already: something new, or something to delete. */
export function bringsNew({ structs, ds }: DecodedUpdate, doc: Y.Doc): boolean {
  const { store } = doc
  if (structs.some(({ id, length }) => id.clock + length > Y.getState(store, id.client))) return true
  if (ds.clients.size === 0) return false
  const deleted = Y.createDeleteSetFromStructStore(store)
  for (const [client, ranges] of ds.clients) {
    const known = deleted.clients.get(client) ?? []
    for (const { clock, len } of ranges) {
      if (!known.some((range) => range.clock <= clock && clock + len <= range.clock + range.len)) return true
    }
  }
  return false
}

function decode(update: Uint8Array): DecodedUpdate {
  try {
    return Y.decodeUpdate(update)
  } catch (cause) {
    throw new EnsembleError('E_BAD_FRAME', 'This is no Yjs update.', { cause })
  }
}

function faultOf({ structs, ds }: DecodedUpdate): string | undefined {
  for (const struct of structs) {
    if (struct.length < 1) return 'a struct is empty'
    if (struct instanceof Y.Item && !isGrounded(struct)) return 'an item stands on itself'
  }
  for (const ranges of ds.clients.values()) {
    if (ranges.some(({ len }) => len < 1)) return 'it deletes nothing'
  }
  return undefined
}

/** An item lies between two others and within a third, all of them older than itself. */
function isGrounded({ id, origin, rightOrigin, parent }: Y.Item): boolean {
  if (origin !== null && rightOrigin !== null && Y.compareIDs(origin, rightOrigin)) return false
  const within = parent instanceof Y.ID ? parent : null
  return [origin, rightOrigin, within].every(
    (other) => other === null || other.client !== id.client || other.clock < id.clock,
  )
}
