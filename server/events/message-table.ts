/** Which events were published by agents and people, and for whom: what inboxes are made of. In memory, and as rows. */
import type { Addressee } from '../../protocol/events.js'
import type { AgentId, WriteId } from '../../protocol/ids.js'
import { rowsUnder } from '../storage/keys.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'

export interface Message {
  readonly seq: number
  readonly writeId: WriteId
  readonly from: AgentId | null
  readonly to: Addressee | null
}

/** Older messages are forgotten, also where nobody took them. */
const KEPT = 10_000
/** Forgetting is done once for so many. */
const SWEEP = 500

export class MessageTable {
  /** In the order of `seq`. */
  #messages: Message[] = []
  readonly #byWriteId = new Map<WriteId, Message>()
  #forgotten: number

  constructor(storage: Storage) {
    for (const { value } of storage.range(rowsUnder(['message']))) this.#take(stored<Message>(value))
    this.#forgotten = stored<number | undefined>(storage.get(['meta', 'forgottenMessages'])) ?? 0
  }

  /** The newest one that is forgotten; 0: none is. */
  get forgotten(): number {
    return this.#forgotten
  }

  byWriteId(id: WriteId): Message | undefined {
    return this.#byWriteId.get(id)
  }

  /** @returns what is to be stored with the event */
  add(message: Message): Row[] {
    this.#take(message)
    const rows: Row[] = [{ put: ['message', message.seq], value: message }]
    if (this.#messages.length < KEPT + SWEEP) return rows
    for (const old of this.#messages.splice(0, SWEEP)) {
      this.#forgotten = old.seq
      this.#byWriteId.delete(old.writeId)
    }
    rows.push({ deleteFrom: ['message', 0], to: ['message', this.#forgotten + 1] })
    rows.push({ put: ['meta', 'forgottenMessages'], value: this.#forgotten })
    return rows
  }

  /** Those with a number above `seq`. */
  after(seq: number): readonly Message[] {
    let low = 0
    let high = this.#messages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#messages[middle]?.seq ?? Infinity) <= seq) low = middle + 1
      else high = middle
    }
    return this.#messages.slice(low)
  }

  #take(message: Message): void {
    this.#messages.push(message)
    this.#byWriteId.set(message.writeId, message)
  }
}
