/** Looks at a peer's update before it touches a document: Yjs itself checks nothing of this, and breaks later. */
import * as Y from 'yjs'
import { EPOCH_ROOT } from '../../protocol/document.js'
import { EnsembleError } from '../../protocol/errors.js'
import type { DecodedUpdate } from '../documents/id-ranges.js'

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

/** What peers may write to of a document that belongs to a file. */
export interface Own {
  /** Name of the only root. */
  readonly root: string
  /** Client of the struct that begins the document, which is the server's alone; null where there is none yet. */
  readonly epoch: number | null
}

/**
 * A document of a file holds its text and its epoch; whatever else stood in it would be bounded by nothing that is known
 * of files, and be in no revision (rules DOC-3, DOC-4). What `doc` holds already is let pass: peers repeat what they have.
 * @throws EnsembleError E_BAD_REQUEST, E_READ_ONLY
 */
export function assertOwn({ structs, ds }: DecodedUpdate, { store }: Y.Doc, { root, epoch }: Own): void {
  const isEpoch = (id: unknown): boolean => id instanceof Y.ID && id.client === epoch && id.clock === 0
  for (const struct of structs) {
    const { id, length } = struct
    if (!(struct instanceof Y.Item) || id.clock + length <= Y.getState(store, id.client)) continue
    const { origin, rightOrigin } = struct
    const parent: unknown = struct.parent // a root by its name, until it is in a document
    if (parent === EPOCH_ROOT || [origin, rightOrigin, parent].some(isEpoch)) {
      throw epochIsReadOnly()
    }
    if (typeof parent !== 'string' || parent === root) continue
    throw new EnsembleError(
      'E_BAD_REQUEST',
      `A file's document holds its text, "${root}"; this writes to "${parent}".`,
      {
        hint: 'Keep what is not the text in a free document, as ~notes.',
      },
    )
  }
  if (epoch === null || store.clients.get(epoch)?.[0]?.deleted !== false) return
  if (ds.clients.get(epoch)?.some(({ clock }) => clock === 0) === true) throw epochIsReadOnly()
}

function epochIsReadOnly(): EnsembleError {
  return new EnsembleError('E_READ_ONLY', `"${EPOCH_ROOT}" of a document is written by the server alone.`)
}

function decode(update: Uint8Array): DecodedUpdate {
  try {
    return Y.decodeUpdate(update)
  } catch (cause) {
    throw new EnsembleError('E_BAD_FRAME', 'This is no Yjs update.', { cause })
  }
}

function faultOf({ structs, ds }: DecodedUpdate): string | undefined {
  // Yjs writes larger numbers and can't read them: whoever opened the document, the server too, would break.
  const isBeyond = (client: number, clock: number, length: number): boolean =>
    client > Number.MAX_SAFE_INTEGER || clock + length > Number.MAX_SAFE_INTEGER
  for (const struct of structs) {
    if (isBeyond(struct.id.client, struct.id.clock, struct.length)) return 'an id is beyond 2^53'
    if (struct.length < 1) return 'a struct is empty'
    if (struct instanceof Y.Item && !isGrounded(struct)) return 'an item stands on itself'
  }
  for (const [client, ranges] of ds.clients) {
    if (ranges.some(({ len }) => len < 1)) return 'it deletes nothing'
    if (ranges.some(({ clock, len }) => isBeyond(client, clock, len))) return 'an id is beyond 2^53'
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
