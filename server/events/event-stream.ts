/**
 * Tells of events in their order, each once, as soon as they are durable (rule EVENT-2). Who commits an event publishes it here when its
 * commit has come back; those who commit at the same time may do so in any order, so an event that is ahead of others brings
 * these with it from the log: what is before it is durable, too.
 */
import type { WorkspaceEvent } from '../../protocol/events.js'
import { EventBus } from './event-bus.js'
import type { EventLog } from './event-log.js'

export class EventStream extends EventBus<WorkspaceEvent> {
  readonly #log: EventLog
  #told: number

  /** @param onError gets what a listener threw; must not throw */
  constructor(log: EventLog, onError: (error: unknown) => void) {
    super(onError)
    this.#log = log
    this.#told = log.seq
  }

  /** The newest event that was told; a newer one may be durable already, and is about to be. */
  get told(): number {
    return this.#told
  }

  override publish(event: WorkspaceEvent): void {
    const missing = event.seq - this.#told
    const events = missing <= 1 ? [event] : this.#log.after(this.#told, missing)
    for (const one of events) {
      if (one.seq <= this.#told) continue
      this.#told = one.seq
      super.publish(one)
    }
  }
}
