/** A stock Yjs peer: the unmodified npm y-websocket provider. */
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../protocol/document.js'
import { TOKEN } from './server.js'
import { until } from './wait.js'

export interface Peer {
  readonly doc: Y.Doc
  readonly text: Y.Text
  readonly provider: WebsocketProvider
  synced(): Promise<void>
  close(): void
}

/** @param document as it stands in the address, percent-encoded where needed */
export function openPeer(
  url: string,
  document: string,
  { doc = new Y.Doc(), agent, token = TOKEN }: { doc?: Y.Doc; agent?: string; token?: string } = {},
): Peer {
  const provider = new WebsocketProvider(`${url.replace(/^http/, 'ws')}/sync`, document, doc, {
    disableBc: true, // two providers of one process would converge with the server dead
    params: { token, ...(agent === undefined ? {} : { agent }) },
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    maxBackoffTime: 200,
  })
  return {
    doc,
    text: doc.getText(CONTENT_ROOT),
    provider,
    synced: async () => {
      await until(() => provider.synced, `the sync of ${document}`)
    },
    close: () => {
      provider.destroy()
      doc.destroy()
    },
  }
}
