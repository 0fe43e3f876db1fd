/** A connection of which a bridge can let go: whatever still waits for an answer then ends as if the line had broken. */
import { EnsembleError } from '../../protocol/errors.js'
import type { Params, Result, ServerMessage } from '../../protocol/messages.js'
import type { BridgeConnection, BridgeMethod, Disposer, LinkState } from './ports.js'

export class StoppableLine implements BridgeConnection {
  readonly #connection: BridgeConnection
  readonly #waiting = new Set<(error: EnsembleError) => void>()
  #stopped = false

  constructor(connection: BridgeConnection) {
    this.#connection = connection
  }

  get state(): LinkState {
    return this.#connection.state
  }

  onState(listener: (state: LinkState) => void): Disposer {
    return this.#connection.onState(listener)
  }

  onMessage(listener: (message: ServerMessage) => void): Disposer {
    return this.#connection.onMessage(listener)
  }

  request<M extends BridgeMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    if (this.#stopped) return Promise.reject(stopped())
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      this.#connection
        .request(method, params)
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject))
    })
  }

  stop(): void {
    this.#stopped = true
    for (const reject of this.#waiting) reject(stopped())
    this.#waiting.clear()
  }
}

function stopped(): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', 'The bridge was closed before the server answered.')
}
