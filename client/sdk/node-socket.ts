/** The socket for programs on Node; in a browser it is `(url) => new WebSocket(url)`. */
import { WebSocket } from 'ws'
import type { SocketLike } from './connection.js'
import { trusted } from './trusted.js'

export function openNodeSocket(url: string): SocketLike {
  // Compression costs more than it saves on loopback, and would let one message's size tell about another's content.
  return trusted<SocketLike>(new WebSocket(url, { perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 }))
}
