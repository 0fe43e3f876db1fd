/** A line that breaks: after so many messages it is torn down, without a farewell. */
import { WebSocket } from 'ws'
import { openNodeSocket } from '../../client/sdk/node-socket.js'
import type { After, SocketLike } from '../../client/sdk/connection.js'

/** @param messages how many come in before the line is cut; asked once for each socket */
export function cutSockets(messages: () => number, onCut: () => void): (url: string) => SocketLike {
  return (url) => {
    const socket = openNodeSocket(url)
    if (!(socket instanceof WebSocket)) throw new Error('a node socket is a socket of ws')
    let left = messages()
    socket.on('message', () => {
      if (--left !== 0) return
      socket.terminate()
      onCut()
    })
    return socket
  }
}

/** Connects again at once, and takes no silence for a break: for tests that are about neither. */
export const atOnce: After = (milliseconds, run) => {
  if (milliseconds > 10_000) return () => undefined
  const timer = setImmediate(run)
  return () => {
    clearImmediate(timer)
  }
}
