/** A stock Yjs provider on `/sync/<document>`: the y-websocket protocol, one document a socket. */
import type { WebSocket } from 'ws'
import { parseDocumentName } from '../../protocol/document.js'
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import { agentId, type AgentType, type Author } from '../../protocol/ids.js'
import { assertKnownAuthor } from '../auth/agent-type.js'
import type { Access } from '../../protocol/links.js'
import type { Batch } from './batch.js'
import { Channel } from './channel.js'
import type { Rooms } from './rooms.js'
import type { Traces } from '../trace/traces.js'
import type { Socket, SocketHandlers } from './socket.js'

export interface PeerOptions {
  /** Of its connection (server/trace). */
  readonly number: number
  readonly traces: Pick<Traces, 'arrived'>
  readonly rooms: Rooms
  readonly agentTypes: readonly AgentType[]
  readonly access: Access
  readonly open: (ws: WebSocket, handlers: SocketHandlers) => Socket
  readonly onError: (error: EnsembleError) => void
}

/** Frames that may come before the document is loaded. */
const MAX_EARLY_FRAMES = 64

/** @param url of the upgrade request, path and query as they came */
export function servePeer(ws: WebSocket, url: string, options: PeerOptions): void {
  const early: Uint8Array[] = []
  let channel: Channel | undefined
  let closed = false
  let updates = 0
  const socket = options.open(ws, {
    onMessage: (data) => {
      if (typeof data === 'string')
        throw new EnsembleError('E_BAD_FRAME', 'The y-websocket protocol has binary frames only.')
      if (channel !== undefined) channel.receive(data)
      else if (early.push(data) > MAX_EARLY_FRAMES)
        throw new EnsembleError('E_LIMIT', 'Too much came before the first sync.')
    },
    onClose: () => {
      closed = true
      channel?.close()
    },
    onHeartbeat: () => channel?.heartbeat(),
    onError: options.onError,
  })
  const enter = async (): Promise<void> => {
    const [path, query] = split(url)
    const name = parseDocumentName(path)
    const author = authorOf(query)
    assertKnownAuthor(options.agentTypes, author)
    await options.rooms.open(name, (room) => {
      if (closed) return
      const port = {
        arrived: (bytes: number) => {
          const origin = { via: 'sync', socket: options.number } as const
          return options.traces.arrived(`${options.number}.${++updates}`, origin, author, bytes, path)
        },
        send: (payload: Uint8Array) => {
          socket.send(payload)
        },
        unsent: () => socket.unsent,
        whenDrained: (run: () => void) => {
          socket.whenDrained(run)
        },
        // A frame that is not whole lets no other document frame pass, and there is one document: it leaves at once.
        answer: (batch: Batch) => {
          socket.write(batch.wire())
          return undefined
        },
        deliver: (batch: Batch, received?: () => void) => {
          socket.write(batch.wire(), received)
        },
        whenReceived: (run: () => void) => {
          socket.whenReceived(run)
        },
        close: (error: EnsembleError) => {
          socket.close(error)
        },
      }
      channel = new Channel(room, author, port, options.access)
      for (const frame of early.splice(0)) channel.receive(frame)
    })
  }
  enter().catch((error: unknown) => {
    socket.close(toEnsembleError(error))
  })
}

/** The document's name, still encoded, and the query. */
function split(url: string): [path: string, query: URLSearchParams] {
  const at = url.indexOf('?')
  const path = at === -1 ? url : url.slice(0, at)
  return [path.slice('/sync/'.length), new URLSearchParams(at === -1 ? '' : url.slice(at + 1))]
}

function authorOf(query: URLSearchParams): Author {
  const agent = query.get('agent')
  if (agent === null) return 'PEER'
  const parsed = agentId.safeParse(agent)
  if (parsed.success) return parsed.data
  throw new EnsembleError('E_BAD_REQUEST', `"${agent}" is no agent id; one reads TYPE-instance, as CLAUDE-frontend.`)
}
