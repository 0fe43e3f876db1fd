/** Which requests are being answered, so that a server that stops lets them have their answers. */
import type { Server, ServerResponse } from 'node:http'

export class OpenRequests {
  readonly #open = new Set<ServerResponse>()
  #waiting: (() => void)[] = []

  constructor(server: Server) {
    server.on('request', (_request, response) => {
      this.#open.add(response)
      response.once('close', () => {
        this.#open.delete(response)
        if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
      })
    })
  }

  /** Resolves when none is open. */
  async answered(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
