/** The socket for programs on Node; in a browser it is `(url) => new WebSocket(url)`. */
import { WebSocket } from 'ws'
import type { SocketLike } from './connection.js'
import { trusted } from './trusted.js'

export function openNodeSocket(url: string): SocketLike {
  return trusted<SocketLike>(new GatheringSocket(url))
}

/** What is sent in one turn of the event loop leaves with one system call. */
class GatheringSocket extends WebSocket {
  #line: { cork(): void; uncork(): void } | undefined
  #gathering = false

  constructor(url: string) {
    // Compression costs more than it saves on loopback, and would let one message's size tell about another's content.
    super(url, { perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 })
    this.once('upgrade', ({ socket }) => (this.#line = socket))
  }

  override send(data: string | Uint8Array): void {
    const line = this.#line
    if (line !== undefined && !this.#gathering) {
      this.#gathering = true
      line.cork()
      process.nextTick(() => {
        this.#gathering = false
        line.uncork()
      })
    }
    super.send(data)
  }
}
