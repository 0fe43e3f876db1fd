/**
 * The awareness of one document: who is in it, with what cursor. Relayed, never interpreted.
 *
 * 1. A client id belongs to the connection that first announced it, until that connection ends; what others say of it is
 *    dropped (rule SYNC-9). Stock providers echo what they heard, so this is no fault worth a close.
 * 2. A client id ends with its connection, at once.
 * 3. A removal is told once, to everybody: whoever is told of the live ones does not use it up.
 *
 * Wire form (y-protocols/awareness): varuint count, then per client varuint id, varuint clock, JSON state ("null": gone).
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { EnsembleError } from '../../protocol/errors.js'

/** Client ids that one connection may announce. */
const MAX_CLIENTS = 64
/** Client ids that one document may have; one frame of a peer that echoes what it heard may name all of them. */
const MAX_ROOM_CLIENTS = 4096
/** Of one update, in bytes, looked at before anything of it is read: all that one connection may announce, and room. */
const MAX_UPDATE_BYTES = 5 * 1024 * 1024
/** Of one state: in UTF-16 units, and how deep its arrays and objects may nest (receivers compare them recursively). */
const MAX_STATE_LENGTH = 64 * 1024
const MAX_STATE_DEPTH = 32
/** Of all states of a document, in UTF-16 units: each of its connections is sent all of them with every heartbeat. */
const MAX_ROOM_LENGTH = 8 * 1024 * 1024
/** Of one state; the shorter ones are no more than half of that, however many they are. */
const SHORT_LENGTH = MAX_ROOM_LENGTH / 2 / MAX_ROOM_CLIENTS

const GONE = 'null'

interface Client<Owner> {
  /** Null: the server. */
  readonly owner: Owner | null
  clock: number
  state: string
}

export class Awareness<Owner> {
  readonly #clients = new Map<number, Client<Owner>>()
  readonly #ownId: number | undefined
  /** Whose clock has risen, and nothing else, since that was taken. */
  readonly #renewed = new Set<number>()
  /** Of the server's own state; it rises over its absences, too. */
  #ownClock = 0

  /** @param ownId of the server's own client: what connections say of it is passed over */
  constructor(ownId?: number) {
    this.#ownId = ownId
  }

  /** Sets the state of the server's own client; null: it has none. Returns the ids that changed. */
  setOwn(value: object | null): number[] {
    const id = this.#ownId
    if (id === undefined) return []
    const state = value === null ? GONE : JSON.stringify(value)
    if ((this.#clients.get(id)?.state ?? GONE) === state) return []
    this.#clients.set(id, { owner: null, clock: ++this.#ownClock, state })
    return [id]
  }

  /**
   * Takes an update from `owner`. Returns the ids that changed; those that only say that they are still there are `renewed`.
   * @throws EnsembleError E_BAD_FRAME, E_LIMIT, E_TOO_LARGE
   */
  accept(owner: Owner, update: Uint8Array): number[] {
    const changed: number[] = []
    for (const { id, clock, state } of decode(update)) {
      if (id === this.#ownId) continue
      const known = this.#clients.get(id)
      if (known === undefined || known.owner === owner || known.state === GONE) this.#assertLength(id, state)
      if (known === undefined || known.state === GONE) {
        if (state === GONE) continue
        this.#assertRoom(owner)
        this.#clients.set(id, { owner, clock, state })
      } else if (known.owner !== owner) {
        continue
      } else if (clock > known.clock || (clock === known.clock && state === GONE)) {
        const isRenewal = known.state === state
        known.clock = clock
        known.state = state
        if (isRenewal) {
          this.#renewed.add(id)
          continue
        }
      } else continue
      this.#renewed.delete(id)
      changed.push(id)
    }
    return changed
  }

  /**
   * Ends every client id of a connection. Returns them. Their clocks stay: every receiver takes "gone" at the clock that
   * it knows, and what the client says when it comes back must be newer than that.
   */
  leave(owner: Owner): number[] {
    const gone: number[] = []
    for (const [id, client] of this.#clients) {
      if (client.owner !== owner || client.state === GONE) continue
      client.state = GONE
      this.#renewed.delete(id)
      gone.push(id)
    }
    return gone
  }

  /** Whether anyone has only said that it is still there. */
  get hasRenewed(): boolean {
    return this.#renewed.size > 0
  }

  /** Takes the ids of those. */
  takeRenewed(): number[] {
    const renewed = [...this.#renewed]
    this.#renewed.clear()
    return renewed
  }

  /** The live client ids of a connection. */
  clientsOf(owner: Owner): number[] {
    return [...this.#clients].flatMap(([id, client]) => (client.owner === owner && client.state !== GONE ? [id] : []))
  }

  /** Every live state. */
  encodeLive(): Uint8Array {
    return encode([...this.#clients].filter(([, { state }]) => state !== GONE))
  }

  /** Which clients are live, each at its clock. */
  get live(): ReadonlyMap<number, number> {
    return new Map([...this.#clients].flatMap(([id, { clock, state }]) => (state === GONE ? [] : [[id, clock]])))
  }

  /** Every live state, and the end of those that were live, as `before` has it, and are no more. */
  encodeSince(before: ReadonlyMap<number, number>): Uint8Array {
    const { live } = this
    const gone = [...before].filter(([id]) => !live.has(id))
    return encode([
      ...gone.map(([id, clock]) => [id, { clock, state: GONE }] as const),
      ...[...this.#clients].filter(([id]) => live.has(id)),
    ])
  }

  /** The states of clients that changed. Forgets the ones that are gone: this is where everybody hears of it. */
  encodeChanged(ids: Iterable<number>): Uint8Array {
    const changed: [number, Client<Owner>][] = []
    for (const id of ids) {
      const client = this.#clients.get(id)
      if (client === undefined) continue
      changed.push([id, client])
      if (client.state === GONE) this.#clients.delete(id)
    }
    return encode(changed)
  }

  #assertLength(id: number, { length: own }: string): void {
    if (own <= SHORT_LENGTH) return
    let length = own
    for (const [other, { state }] of this.#clients) if (other !== id) length += state.length
    if (length <= MAX_ROOM_LENGTH) return
    throw new EnsembleError('E_LIMIT', `The awareness states of a document hold ${MAX_ROOM_LENGTH} characters at most.`)
  }

  #assertRoom(owner: Owner): void {
    if (this.#clients.size >= MAX_ROOM_CLIENTS) {
      throw new EnsembleError('E_LIMIT', `One document may have ${MAX_ROOM_CLIENTS} awareness clients.`)
    }
    let own = 0
    for (const client of this.#clients.values()) if (client.owner === owner) own++
    if (own < MAX_CLIENTS) return
    throw new EnsembleError('E_LIMIT', `One connection may announce ${MAX_CLIENTS} awareness clients.`)
  }
}

function decode(update: Uint8Array): { id: number; clock: number; state: string }[] {
  if (update.length > MAX_UPDATE_BYTES) {
    throw new EnsembleError('E_TOO_LARGE', `An awareness update is larger than ${MAX_UPDATE_BYTES} bytes.`)
  }
  try {
    const decoder = decoding.createDecoder(update)
    const count = decoding.readVarUint(decoder)
    if (count > MAX_ROOM_CLIENTS) {
      throw new EnsembleError('E_LIMIT', `An awareness update names more than ${MAX_ROOM_CLIENTS} clients.`)
    }
    const entries = []
    for (let i = 0; i < count; i++) {
      const id = decoding.readVarUint(decoder)
      const clock = decoding.readVarUint(decoder)
      const state = decoding.readVarString(decoder)
      if (state.length > MAX_STATE_LENGTH) {
        throw new EnsembleError('E_TOO_LARGE', `An awareness state is longer than ${MAX_STATE_LENGTH} characters.`)
      }
      // Every receiver parses it: one that cannot be parsed would harm them all.
      const value: unknown = JSON.parse(state)
      if (isDeeper(value, MAX_STATE_DEPTH)) {
        throw new EnsembleError('E_TOO_LARGE', `An awareness state is nested deeper than ${MAX_STATE_DEPTH} levels.`)
      }
      entries.push({ id, clock, state: value === null ? GONE : state })
    }
    return entries
  } catch (cause) {
    if (cause instanceof EnsembleError) throw cause
    throw new EnsembleError('E_BAD_FRAME', 'This is no awareness update.', { cause })
  }
}

function encode(
  clients: readonly (readonly [id: number, client: Pick<Client<unknown>, 'clock' | 'state'>])[],
): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clients.length)
  for (const [id, { clock, state }] of clients) {
    encoding.writeVarUint(encoder, id)
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarString(encoder, state)
  }
  return encoding.toUint8Array(encoder)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
