/** What was said, and waits for its number. */
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { Queued } from './request-sender.js'

/** Something said that is accepted: it outlives the process where the store does. */
export interface AcceptedEvent {
  /** The event, with its number. Rejects with the reason if it was refused. */
  readonly done: Promise<WorkspaceEvent>
}

/** Once it is stored. */
export async function accepted({ stored, done }: Queued<'publish' | 'acknowledge'>): Promise<AcceptedEvent> {
  await stored
  const event = done.then((result) => result.event)
  event.catch(() => undefined) // whoever waits for it hears of it
  return { done: event }
}
