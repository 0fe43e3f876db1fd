/** Takes upgrades: `/sync/…` for stock providers, `/agent` for agents. Who may not come in learns why by a close code. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { EnsembleError, ERRORS, toEnsembleError } from '../../protocol/errors.js'
import type { AgentType } from '../../protocol/ids.js'
import { accessBy, checkHost, checkOrigin, queryToken, tokenOf, type Gate } from '../auth/authenticate.js'
import type { Access } from '../../protocol/links.js'
import type { TokenRates } from '../auth/rates.js'
import type { Timers } from '../storage/commit-queue.js'
import { servePeer } from './peer.js'
import type { Rooms } from './rooms.js'
import { Session, type SessionOptions } from './session.js'
import { reasonOf, Socket, type SocketHandlers, type SocketLimits } from './socket.js'

/** What `ws` says by itself of a frame that it refuses, in the codes of ours (rule FRAME-4). */
const OWN_CODES: ReadonlyMap<number | undefined, number> = new Map([
  [1002, ERRORS.E_BAD_FRAME.close],
  [1007, ERRORS.E_BAD_FRAME.close],
  [1009, ERRORS.E_TOO_LARGE.close],
])

/** Of a message of whoever may not come in, in bytes: room for what a provider says at once, before it hears that. */
const REFUSED_BYTES = 64 * 1024

/** 1009 would be no final code for a stock provider: it would send the same frame again, for ever. */
class CodedWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(OWN_CODES.get(code) ?? code, reason)
  }
}

export interface SocketsOptions extends Omit<SessionOptions, 'open' | 'access' | 'number'> {
  readonly server: Server
  readonly gate: Gate
  readonly rates: TokenRates
  readonly rooms: Rooms
  readonly agentTypes: readonly AgentType[]
  readonly limits: SocketLimits & { readonly frameBytes: number }
  /** Milliseconds from any start, never backwards. */
  readonly elapsed: () => number
  readonly timers: Timers
  /** Why nobody may come in now, if so. */
  readonly closedFor: () => EnsembleError | undefined
  /** Whether stock providers have to wait: the tree is not complete. */
  readonly starting: () => boolean
}

/** How someone came in. */
interface Pass {
  readonly token: string
  readonly access: Access
}

export class Sockets {
  readonly #options: SocketsOptions
  readonly #wss: WebSocketServer
  /** For those that are refused: until they have closed, too, what they send is gathered until a message is whole. */
  readonly #refusing: WebSocketServer
  readonly #open = new Set<Socket>()
  #peers = 0
  #sessions = 0
  #connections = 0
  /** Bytes that went to connections that have ended. */
  #sentBefore = 0

  constructor(options: SocketsOptions) {
    this.#options = options
    this.#wss = webSocketServer(options.limits.frameBytes)
    this.#refusing = webSocketServer(REFUSED_BYTES)
    options.server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      this.#upgrade(request, stream, head)
    })
  }

  get peers(): number {
    return this.#peers
  }

  get sessions(): number {
    return this.#sessions
  }

  /** In bytes: what was handed to connections since the start, and what of it waits to leave. */
  get outbound(): { readonly sent: number; readonly waiting: number } {
    let [sent, waiting] = [this.#sentBefore, 0]
    for (const socket of this.#open) {
      sent += socket.sent
      waiting += socket.unsent
    }
    return { sent, waiting }
  }

  /** Ends every connection with `error`. */
  close(error: EnsembleError): void {
    for (const socket of [...this.#open]) socket.close(error)
    this.#wss.close()
    this.#refusing.close()
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => undefined) // the other side went away; nothing of it is ours
    try {
      checkHost(this.#options.gate, request)
    } catch (thrown) {
      const error = toEnsembleError(thrown)
      this.#options.onError(error)
      stream.end(`HTTP/1.1 ${error.status} Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const pass = this.#admit(request)
    const server = pass instanceof EnsembleError ? this.#refusing : this.#wss
    server.handleUpgrade(request, stream, head, (ws) => {
      try {
        if (pass instanceof EnsembleError) throw pass
        this.#serve(ws, stream, request.url ?? '/', pass)
      } catch (thrown) {
        const error = toEnsembleError(thrown)
        this.#options.onError(error)
        ws.on('error', () => undefined) // it is being closed already
        ws.close(error.close, reasonOf(error))
      }
    })
  }

  /** An error: why whoever asks may not come in. */
  #admit(request: IncomingMessage): Pass | EnsembleError {
    try {
      checkOrigin(this.#options.gate, request)
      const token = tokenOf(request, queryToken(request.url))
      const access = accessBy(this.#options.gate, token)
      return this.#options.closedFor() ?? { token: token ?? '', access }
    } catch (thrown) {
      return toEnsembleError(thrown)
    }
  }

  #serve(ws: WebSocket, line: Duplex, url: string, { token, access }: Pass): void {
    const options = { ...this.#options, number: ++this.#connections }
    if (url.startsWith('/sync/')) {
      if (options.starting()) {
        throw new EnsembleError('E_STARTING', 'The workspace is being read.', { hint: 'Try again in a moment.' })
      }
      const open = (socket: WebSocket, handlers: SocketHandlers): Socket =>
        this.#track(socket, line, token, handlers, (change) => (this.#peers += change))
      servePeer(ws, url, { ...options, access, open })
      return
    }
    if (url.split('?', 1)[0] === '/agent') {
      const open = (socket: WebSocket, handlers: SocketHandlers): Socket =>
        this.#track(socket, line, token, handlers, (change) => (this.#sessions += change))
      new Session(ws, { ...options, access, open })
      return
    }
    throw new EnsembleError('E_UNKNOWN_DOCUMENT', 'WebSockets are served at /sync/<document> and at /agent.')
  }

  #track(
    ws: WebSocket,
    line: Duplex,
    token: string,
    handlers: SocketHandlers,
    count: (change: 1 | -1) => void,
  ): Socket {
    const { limits, timers, elapsed, gate, rates } = this.#options
    count(1)
    const socket = new Socket(ws, line, limits, timers, elapsed, {
      ...handlers,
      onMessage: (data) => {
        rates.spend(token)
        handlers.onMessage(data)
      },
      onHeartbeat: () => {
        try {
          accessBy(gate, token)
        } catch (error) {
          socket.close(toEnsembleError(error))
          return
        }
        handlers.onHeartbeat?.()
      },
      onClose: () => {
        count(-1)
        this.#open.delete(socket)
        this.#sentBefore += socket.sent
        handlers.onClose()
      },
    })
    this.#open.add(socket)
    return socket
  }
}

function webSocketServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    WebSocket: CodedWebSocket,
    // Compressed frames cost more than loopback saves, and let one side's length tell about the other's content.
    perMessageDeflate: false,
    maxPayload,
  })
}
