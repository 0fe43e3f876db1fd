/** The browser's WebSocket, as the SDK wants one: its handlers only say more of their events than the SDK asks. */
import type { SocketLike } from './connection.js'
import { trusted } from './trusted.js'

export function openBrowserSocket(url: string): SocketLike {
  return trusted<SocketLike>(new WebSocket(url))
}
