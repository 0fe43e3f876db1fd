/** The line of an agent's folder to the server: an SDK connection whose network somebody can cut. */
import { WebSocket } from 'ws'
import type { BridgeConnection } from '../../client/bridge/ports.js'
import { Connection, type ConnectionOptions, type SocketLike } from '../../client/sdk/connection.js'
import { openNodeSocket } from '../../client/sdk/node-socket.js'

/** Longest wait before the next try to connect. In milliseconds. */
const RETRY = 20
/** What is longer than this waits for something else. In milliseconds. */
const LONGEST_RETRY = 20_000

export interface Line {
  readonly connection: BridgeConnection
  start(): void
  /** For good, and without a farewell. */
  break(): void
}

export class Network {
  readonly #options: Pick<ConnectionOptions, 'url' | 'token' | 'agent'>
  readonly #sockets = new Set<SocketLike>()
  #isCut = false
  #secret: string | undefined

  constructor(options: Pick<ConnectionOptions, 'url' | 'token' | 'agent'>) {
    this.#options = options
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** A new one, for a bridge's next life. */
  open(): Line {
    const connection = new Connection({
      ...this.#options,
      ...(this.#secret === undefined ? {} : { secret: this.#secret }),
      client: 'fuzz/0',
      feeds: ['heads'],
      onSecret: (secret) => (this.#secret = secret),
      openSocket: (url) => this.#openSocket(url),
      after: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds > LONGEST_RETRY ? milliseconds : Math.min(milliseconds, RETRY))
        return () => clearTimeout(timer)
      },
    })
    return {
      connection,
      start: () => connection.start(),
      break: () => {
        this.#breakSockets()
        void connection.close()
      },
    }
  }

  cut(): void {
    this.#isCut = true
    this.#breakSockets()
  }

  join(): void {
    this.#isCut = false
  }

  #openSocket(url: string): SocketLike {
    const socket = openNodeSocket(url)
    this.#sockets.add(socket)
    if (this.#isCut) terminate(socket)
    return socket
  }

  #breakSockets(): void {
    for (const socket of this.#sockets) terminate(socket)
    this.#sockets.clear()
  }
}

function terminate(socket: SocketLike): void {
  if (socket instanceof WebSocket) socket.terminate()
}
