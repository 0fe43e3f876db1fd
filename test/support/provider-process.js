/**
 * Runs in a process of its own: the unmodified y-websocket provider of one document, upon the packages that its arguments name
 * in place of `yjs` and `y-protocols`. Each message is a move, and is answered when it is done.
 */
import { register } from 'node:module'
import { WebSocket } from 'ws'

const [, , url, document, token, yjs, protocols] = process.argv
register('./resolve-as.js', import.meta.url, { data: { yjs, 'y-protocols': protocols } })
const Y = await import('yjs')
const { WebsocketProvider } = await import('y-websocket')

const doc = new Y.Doc()
const provider = new WebsocketProvider(`${url}/sync`, document, doc, {
  ...{ disableBc: true, params: { token }, WebSocketPolyfill: WebSocket, maxBackoffTime: 200 },
})
const roots = { text: doc.getText('content'), map: doc.getMap('map'), list: doc.getArray('list') }

/** `at` in [0, 1) of what is there. */
const moves = {
  type: ({ at, text }) => roots.text.insert(Math.floor(at * (roots.text.length + 1)), text),
  erase: ({ at }) => {
    if (roots.text.length > 0) roots.text.delete(Math.floor(at * roots.text.length), 1)
  },
  format: ({ at }) => {
    if (roots.text.length > 0) roots.text.format(Math.floor(at * roots.text.length), 1, { bold: at < 0.5 || null })
  },
  set: ({ at, text }) => roots.map.set(at < 0.5 ? 'one' : 'two', at < 0.2 ? new Y.Text(text) : text),
  unset: ({ at }) => roots.map.delete(at < 0.5 ? 'one' : 'two'),
  push: ({ at, text }) => roots.list.insert(Math.floor(at * (roots.list.length + 1)), [text, { at }]),
  drop: ({ at }) => {
    if (roots.list.length > 0) roots.list.delete(Math.floor(at * roots.list.length), 1)
  },
  appear: ({ text }) => provider.awareness.setLocalState({ text }),
  connect: () => provider.connect(),
  disconnect: () => provider.disconnect(),
  look: () => undefined,
}

const look = () => ({
  /** Which of its packages it has. */
  yjs: import.meta.resolve('yjs'),
  isSynced: provider.synced,
  /** What every peer has to agree upon. */
  shown: { text: roots.text.toDelta(), map: roots.map.toJSON(), list: roots.list.toJSON() },
  /** Whom it sees. */
  seen: [...provider.awareness.getStates().values()].flatMap(({ text }) => text ?? []).sort(),
  pending: [doc.store.pendingStructs, doc.store.pendingDs],
})

process.on('message', (/** @type {{ do: keyof typeof moves, at: number, text: string }} */ move) => {
  moves[move.do](move)
  process.send(look())
})
process.on('disconnect', () => process.exit())
process.send(look())
