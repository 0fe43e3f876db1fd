/**
 * Random convergence in the style of Yjs's own tests, but through a real server and real sockets: each peer has a queue of
 * what came and one of what it has to send; which moves next is chance, as are edits, broken lines, returns, and what the disk does.
 */
import { isDeepStrictEqual } from 'node:util'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { messageYjsSyncStep2, readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../../protocol/document.js'
import { DocumentLog } from '../../../server/documents/document-log.js'
import { rowsUnder } from '../../../server/storage/keys.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { randomFrom, type Random } from '../../support/random.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'
import { put } from './seed.js'

const RUNS = Number(process.env['ENSEMBLE_TRIALS'] ?? 6)
const PEERS = 5
const STEPS = 150

let server: TestServer
afterEach(() => server.stop())

/** As y-websocket behaves, with its line in the test's hands: within a peer nothing overtakes. */
class QueuedPeer {
  readonly doc = new Y.Doc()
  readonly #url: string
  #ws: WebSocket | undefined
  readonly inbox: Uint8Array[] = []
  readonly outbox: Uint8Array[] = []
  /** Once it has, its history is the document's. */
  hasSynced = false
  /** By the server, in order. */
  readonly codes: number[] = []

  constructor(url: string, clientId: number) {
    this.#url = url
    this.doc.clientID = clientId
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this && this.isConnected) this.#post((encoder) => writeUpdate(encoder, update))
    })
  }

  get isConnected(): boolean {
    return this.#ws !== undefined
  }

  async connect(): Promise<void> {
    const ws = new WebSocket(this.#url)
    ws.on('error', () => undefined) // 'close' tells
    ws.on('message', (data: Buffer) => {
      if (this.#ws === ws) this.inbox.push(new Uint8Array(data))
    })
    ws.on('close', (code) => {
      if (this.#ws !== ws) return
      this.codes.push(code)
      this.cut()
    })
    await until(() => ws.readyState !== WebSocket.CONNECTING, 'the socket to open')
    this.#ws = ws
    this.#post((encoder) => writeSyncStep1(encoder, this.doc))
  }

  /** All that is under way is lost. */
  cut(): void {
    const ws = this.#ws
    this.#ws = undefined
    this.inbox.length = 0
    this.outbox.length = 0
    ws?.terminate()
  }

  take(): void {
    const frame = this.inbox.shift()
    if (frame === undefined) return
    const decoder = decoding.createDecoder(frame)
    if (decoding.readVarUint(decoder) !== 0) return
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    if (readSyncMessage(decoder, encoder, this.doc, this) === messageYjsSyncStep2) this.hasSynced = true
    if (encoding.length(encoder) > 1) this.outbox.push(encoding.toUint8Array(encoder))
  }

  give(): void {
    const frame = this.outbox.shift()
    if (frame !== undefined) this.#ws?.send(frame)
  }

  /** Resolves when the server has taken all that it was given, and what it had to say by then is here. */
  async settled(): Promise<void> {
    const ws = this.#ws
    if (ws === undefined) return
    let answered = false
    ws.once('pong', () => (answered = true))
    ws.ping()
    await until(() => answered || this.#ws !== ws, 'a pong')
  }

  #post(write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    write(encoder)
    this.outbox.push(encoding.toUint8Array(encoder))
  }
}

/** No surrogate pairs: Yjs itself ends unequal where one of them is split, as no editor does. */
function typeInto(text: Y.Text, random: Random): void {
  const at = random.below(text.length + 1)
  if (random.below(3) > 0 || text.length === 0) text.insert(at, random.one(['x', 'yy\n', 'ä', '€ ', 'word ']))
  else text.delete(Math.min(at, text.length - 1), 1)
}

/** One change of any of the shared types. */
function changeFree(doc: Y.Doc, random: Random): void {
  const key = random.one(['a', 'b', 'c'])
  const map = doc.getMap<unknown>('map')
  const array = doc.getArray<unknown>('array')
  const xml = doc.getXmlFragment('xml')
  const changes: readonly (() => void)[] = [
    () => typeInto(doc.getText('text'), random),
    () => {
      const text = doc.getText('text')
      if (text.length > 1) text.format(random.below(text.length - 1), 1, { bold: random.one([true, null]) })
    },
    () => doc.getText('text').insertEmbed(0, { embedded: random.below(9) }),
    () => map.set(key, random.below(100)),
    () => map.set(key, new Y.Text('nested')),
    () => {
      const nested = map.get(key)
      if (nested instanceof Y.Text) typeInto(nested, random)
    },
    () => map.delete(key),
    () => array.insert(random.below(array.length + 1), [random.below(100), { deep: [random.below(9)] }]),
    () => array.insert(0, [new Y.Map([['n', random.below(9)]])]),
    () => {
      if (array.length > 0) array.delete(random.below(array.length), 1)
    },
    () => xml.insert(random.below(xml.length + 1), [new Y.XmlElement(random.one(['p', 'li']))]),
    () => {
      const element = xml.length === 0 ? undefined : xml.get(random.below(xml.length))
      if (!(element instanceof Y.XmlElement)) return
      element.setAttribute(key, String(random.below(9)))
      element.insert(0, [new Y.XmlText('t')])
    },
    () => {
      if (xml.length > 0) xml.delete(random.below(xml.length), 1)
    },
    () => {
      doc.transact(() => {
        map.set('twice', 1)
        array.push(['with it'])
      })
    },
  ]
  random.one(changes)()
}

const shownFree = (doc: Y.Doc): unknown => ({
  text: doc.getText('text').toDelta() as unknown,
  map: doc.getMap('map').toJSON(),
  array: doc.getArray('array').toJSON(),
  xml: doc.getXmlFragment('xml').toJSON(),
})

interface Kind {
  readonly document: string
  readonly change: (doc: Y.Doc, random: Random) => void
  readonly shown: (doc: Y.Doc) => unknown
}

const kinds: readonly Kind[] = [
  { document: '~free', change: changeFree, shown: shownFree },
  {
    document: 'a.ts',
    change: (doc, random) => {
      typeInto(doc.getText(CONTENT_ROOT), random)
    },
    shown: (doc) => doc.getText(CONTENT_ROOT).toJSON(),
  },
]

const urlOf = (document: string): string => `${server.url.replace('http', 'ws')}/sync/${document}?token=${TOKEN}`

/** Everything under way arrives, in the order of chance. */
async function drain(peers: readonly QueuedPeer[], random: Random): Promise<void> {
  for (;;) {
    await Promise.all(peers.map((peer) => peer.settled()))
    const moves = peers.flatMap((peer) => [
      ...(peer.inbox.length > 0 ? [() => peer.take()] : []),
      ...(peer.outbox.length > 0 ? [() => peer.give()] : []),
    ])
    if (moves.length === 0) return
    for (let n = 0; n < 200; n++) {
      const peer = random.one(peers)
      if (random.below(2) === 0) peer.take()
      else peer.give()
    }
  }
}

async function run({ document, change, shown }: Kind, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const storage = new FailingStorage()
  server = await startServer({ storage })
  await put(await server.connect(), 'a.ts', 'one\ntwo\nthree\n')
  const peers = Array.from({ length: PEERS }, (_, n) => new QueuedPeer(urlOf(document), 1_000 + n))
  for (const peer of peers) await peer.connect()
  let holds = false
  for (let step = 0; step < STEPS; step++) {
    const peer = random.one(peers)
    const what = random.below(100)
    if (what < 30) {
      // What is typed into a file before anything of it is known is another history (rule DOC-5).
      if (peer.hasSynced || document.startsWith('~')) change(peer.doc, random)
    } else if (what < 60) peer.take()
    else if (what < 88) peer.give()
    else if (what < 92) peer.cut()
    else if (what < 96 && !peer.isConnected) await peer.connect()
    else if (what < 97) storage.failOnce()
    else if (what < 98) storage.loseAnswerOnce()
    else if (what < 99) {
      if (holds) storage.releaseAll()
      else storage.hold()
      holds = !holds
    } else await peer.settled()
  }
  storage.heal()
  storage.releaseAll()
  await until(async () => {
    for (const peer of peers) if (!peer.isConnected) await peer.connect()
    await drain(peers, random)
    const [first, ...others] = peers.map(({ doc }) => shown(doc))
    return peers.every(({ isConnected }) => isConnected) && others.every((other) => isDeepStrictEqual(other, first))
  }, 'all to be equal')
  // A storage that fails sends away for a while whoever comes; nobody is sent away for good.
  expect(peers.flatMap(({ codes }) => codes).filter((code) => code !== 4503)).toEqual([])
  const [agreed] = peers.map(({ doc }) => shown(doc))
  for (const { doc } of peers) expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
  for (const peer of peers) peer.cut()
  await server.stop()

  const ids = new Set(
    [...storage.range(rowsUnder(['update'])), ...storage.range(rowsUnder(['state']))].map(({ key }) => key[1]),
  )
  for (const id of ids) {
    const doc = new Y.Doc()
    DocumentLog.load(storage, String(id), doc)
    expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
  }
  server = await startServer({ storage })
  const fresh = new QueuedPeer(urlOf(document), 5_000)
  await fresh.connect()
  await until(async () => {
    await drain([fresh], random)
    return isDeepStrictEqual(shown(fresh.doc), agreed)
  }, 'a fresh peer to have what all had')
  fresh.cut()
  await server.stop()
}

describe('peers with queues of their own, in any order, over broken lines and a disk that fails', () => {
  test.each(kinds)(
    '[SYNC-1, SYNC-8] of $document all end equal, and so does who comes after a restart',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 2 ** 31 }), (seed) => run(kind, seed)),
        { numRuns: RUNS, endOnFailure: true },
      )
    },
  )
})
