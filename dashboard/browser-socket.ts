/** The browser's WebSocket, as the SDK wants one. */
import type { SocketLike } from '../client/sdk/connection.js'

export function openBrowserSocket(url: string): SocketLike {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- it is one; its handlers only say more of their events
  return new WebSocket(url) as SocketLike
}
