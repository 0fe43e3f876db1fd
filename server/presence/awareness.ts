/**
 * The awareness of one document: who is in it, with what cursor. Relayed, never interpreted.
 *
 * 1. A client id belongs to the connection that first announced it, until that connection ends; what others say of it is
 *    dropped (rule SYNC-9). Stock providers echo what they heard, so this is no fault worth a close.
 * 2. A client id ends with its connection, at once.
 *
 * Wire form (y-protocols/awareness): varuint count, then per client varuint id, varuint clock, JSON state ("null": gone).
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { EnsembleError } from '../../protocol/errors.js'

/** Client ids that one connection may announce, and bytes of one state. */
const MAX_CLIENTS = 64
const MAX_STATE_BYTES = 64 * 1024

interface Client<Owner> {
  readonly owner: Owner
  clock: number
  state: string
}

export class Awareness<Owner> {
  readonly #clients = new Map<number, Client<Owner>>()

  /**
   * Takes an update from `owner`. Returns the ids that changed.
   * @throws EnsembleError E_BAD_FRAME, E_LIMIT, E_TOO_LARGE
   */
  accept(owner: Owner, update: Uint8Array): number[] {
    const changed: number[] = []
    for (const { id, clock, state } of decode(update)) {
      const known = this.#clients.get(id)
      if (known !== undefined && known.owner !== owner) continue
      if (known === undefined) {
        if (state === 'null') continue
        this.#assertRoom(owner)
        this.#clients.set(id, { owner, clock, state })
      } else if (clock > known.clock || (clock === known.clock && state === 'null')) {
        known.clock = clock
        known.state = state
      } else continue
      changed.push(id)
    }
    return changed
  }

  /** Ends every client id of a connection. Returns them. */
  leave(owner: Owner): number[] {
    const gone: number[] = []
    for (const [id, client] of this.#clients) {
      if (client.owner !== owner || client.state === 'null') continue
      client.clock++
      client.state = 'null'
      gone.push(id)
    }
    return gone
  }

  /** The states of these clients; forgets the ones that are gone, so encode them once. */
  encode(ids: Iterable<number>): Uint8Array {
    const known: [number, Client<Owner>][] = []
    for (const id of new Set(ids)) {
      const client = this.#clients.get(id)
      if (client !== undefined) known.push([id, client])
    }
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, known.length)
    for (const [id, { clock, state }] of known) {
      encoding.writeVarUint(encoder, id)
      encoding.writeVarUint(encoder, clock)
      encoding.writeVarString(encoder, state)
      if (state === 'null') this.#clients.delete(id)
    }
    return encoding.toUint8Array(encoder)
  }

  /** Every live state. */
  ids(): number[] {
    return [...this.#clients.keys()]
  }

  #assertRoom(owner: Owner): void {
    let own = 0
    for (const client of this.#clients.values()) if (client.owner === owner) own++
    if (own < MAX_CLIENTS) return
    throw new EnsembleError('E_LIMIT', `One connection may announce ${MAX_CLIENTS} awareness clients.`)
  }
}

function decode(update: Uint8Array): { id: number; clock: number; state: string }[] {
  try {
    const decoder = decoding.createDecoder(update)
    const count = decoding.readVarUint(decoder)
    const entries = []
    for (let i = 0; i < count; i++) {
      const id = decoding.readVarUint(decoder)
      const clock = decoding.readVarUint(decoder)
      const state = decoding.readVarString(decoder)
      if (state.length > MAX_STATE_BYTES) {
        throw new EnsembleError('E_TOO_LARGE', `An awareness state is larger than ${MAX_STATE_BYTES} bytes.`)
      }
      JSON.parse(state) // every receiver parses it: one that cannot be parsed would harm them all
      entries.push({ id, clock, state })
    }
    return entries
  } catch (cause) {
    if (cause instanceof EnsembleError) throw cause
    throw new EnsembleError('E_BAD_FRAME', 'This is no awareness update.', { cause })
  }
}
