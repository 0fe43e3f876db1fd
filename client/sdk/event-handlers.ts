/** Who listens to which events. */
import type { EventType, WorkspaceEvent } from '../../protocol/events.js'
import type { Disposer } from './connection.js'
import { trusted } from './trusted.js'

export type EventOf<T extends EventType> = Extract<WorkspaceEvent, { type: T }>

export class EventHandlers {
  readonly #handlers = new Map<string, Set<(event: never) => void>>()
  readonly #onError: (thrown: unknown) => void

  /** @param onError gets what a handler throws; the others are called all the same */
  constructor(onError: (thrown: unknown) => void) {
    this.#onError = onError
  }

  /** @param type `*`: every event */
  on(type: EventType | '*', handler: (event: never) => void): Disposer {
    const handlers = this.#handlers.get(type) ?? new Set()
    this.#handlers.set(type, handlers)
    const own = (event: never): void => {
      handler(event)
    }
    handlers.add(own) // the same function may listen twice
    return () => handlers.delete(own)
  }

  tell(event: WorkspaceEvent): void {
    for (const type of [event.type, '*']) {
      for (const handler of [...(this.#handlers.get(type) ?? [])]) {
        try {
          handler(trusted<never>(event)) // it was given for this type
        } catch (thrown) {
          this.#onError(thrown)
        }
      }
    }
  }
}
