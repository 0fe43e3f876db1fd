/**
 * Which agents know of which open conflicts: those whose connection has confirmed that it received the event (rule
 * CONFLICT-10). In memory: after a restart of the server nobody is thought to know.
 */
import type { Author, ConflictId } from '../../protocol/ids.js'
import { serverMessage } from '../../protocol/messages.js'

export class Told {
  readonly #knowing = new Map<ConflictId, Set<Author>>()

  has(author: Author, id: ConflictId): boolean {
    return this.#knowing.get(id)?.has(author) ?? false
  }

  /** `author` has confirmed that it heard. */
  add(author: Author, id: ConflictId): void {
    this.#knowing.get(id)?.add(author)
  }

  opened(id: ConflictId): void {
    this.#knowing.set(id, new Set())
  }

  /** Nobody needs to know any more. */
  closed(id: ConflictId): void {
    this.#knowing.delete(id)
  }
}

/** The conflicts that a message of the server tells of, as it stands on the wire. */
export function raisedIn(json: string): readonly ConflictId[] {
  // Most messages are of something else, and are not read again for this.
  const mayTell = json.startsWith('{"type":"event"') || json.startsWith('{"type":"missed"')
  if (!mayTell || !json.includes('"type":"conflict:raised"')) return []
  const message = serverMessage.parse(JSON.parse(json))
  const told = message.type === 'missed' ? message.messages : [message]
  return told.flatMap((one) =>
    one.type === 'event' && one.event.type === 'conflict:raised' ? [one.event.data.conflict_id] : [],
  )
}
