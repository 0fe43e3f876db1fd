/**
 * A document in the lives of its server, each of which ends with kill -9 while updates flow. What somebody was sent in one
 * life must be there in every later one (rule SYNC-1); and of what a writer sent, in its order, a beginning.
 */
import { setTimeout as pause } from 'node:timers/promises'
import * as Y from 'yjs'
import { CONTENT_ROOT } from '../../protocol/document.js'
import { mark, marksIn, Typist } from './sync-typist.js'
import { Peer, type Target } from './sync-wire.js'

const WRITERS = 3
/** Between two updates of a writer, in milliseconds. */
const PACE = 3
/** Updates that may have been sent and not heard of: a slow disk is given no more than it can take. */
const WINDOW = 100
const TEXT = 'one\ntwo\nthree\n'
const NOTHING = Uint8Array.of(0, 0)
/** How long an empty document is given to be loaded after all, in milliseconds. */
const LOADING = 300

export interface Losses {
  readonly sent: number
  /** Of them those that were sent to somebody. */
  readonly told: number
  /** Told, and then not there in a later life. */
  readonly lost: number
  /** Writers of whom something was there, and something earlier was not. */
  readonly gaps: number
}

export class Lives {
  readonly #document: string
  /** What each writer sent, in its order. */
  readonly #sent: number[][] = []
  readonly #told = new Set<number>()
  readonly #lost = new Set<number>()
  readonly #torn = new Set<number[]>()
  #marks = 0

  /** @param document on the wire */
  constructor(document: string) {
    this.#document = document
  }

  /** Looks what is there, writes for so many milliseconds from the first echo on, and kills. Resolves when all is heard that had left the server. */
  async live(target: Target, milliseconds: number, kill: () => Promise<void>): Promise<void> {
    const state = await this.look(target)
    const ends: Promise<unknown>[] = []
    const writers: { readonly peer: Peer; readonly typist: Typist; readonly sent: number[] }[] = []
    for (let i = 0; i < WRITERS; i++) {
      let end = (): void => undefined
      ends.push(new Promise<void>((resolve) => (end = resolve)))
      const { peer } = await Peer.join({
        ...{ target, document: this.#document },
        onFrame: (payload) => marksIn(payload, (number) => this.#told.add(number)),
        onEnd: () => end(),
      })
      const sent: number[] = []
      this.#sent.push(sent)
      writers.push({ peer, sent, typist: new Typist(peer, state, i / WRITERS) })
    }
    const before = this.#told.size
    let typed = 0
    const typing = setInterval(() => {
      if (typed - (this.#told.size - before) >= WINDOW) return
      typed += writers.length
      for (const { peer, typist, sent } of writers) {
        const number = this.#marks++
        sent.push(number)
        peer.socket.send(typist.type(mark(number)))
      }
    }, PACE)
    while (this.#told.size === before) await pause(1)
    await pause(milliseconds)
    await kill()
    clearInterval(typing)
    await Promise.all(ends)
  }

  /** Compares what is there with what was told, and gives the state, which is not empty. */
  async look(target: Target): Promise<Uint8Array> {
    const doc = new Y.Doc()
    const content = doc.getText(CONTENT_ROOT)
    let later: Buffer[] = []
    const { peer, state } = await Peer.join({
      ...{ target, document: this.#document },
      onFrame: (payload) => later.push(payload),
    })
    Y.applyUpdate(doc, state)
    const start = performance.now()
    while (content.length === 0 && performance.now() < start + LOADING) {
      await pause(1)
      for (const payload of later) Y.applyUpdate(doc, peer.updateIn(payload) ?? NOTHING)
    }
    this.#compare(content.toJSON())
    if (content.length === 0) {
      content.insert(0, TEXT)
      later = []
      peer.socket.send(peer.update(Y.encodeStateAsUpdate(doc)))
      while (!later.some((payload) => peer.updateIn(payload) !== undefined)) await pause(1)
    }
    peer.socket.destroy()
    return Y.encodeStateAsUpdate(doc)
  }

  get losses(): Losses {
    const sent = this.#sent.reduce((sum, { length }) => sum + length, 0)
    return { sent, told: this.#told.size, lost: this.#lost.size, gaps: this.#torn.size }
  }

  #compare(text: string): void {
    const there = new Set<number>()
    marksIn(Buffer.from(text), (number) => there.add(number))
    for (const number of there) this.#told.add(number)
    for (const number of this.#told) if (!there.has(number)) this.#lost.add(number)
    for (const sent of this.#sent) {
      const missing = sent.findIndex((number) => !there.has(number))
      if (missing !== -1 && sent.slice(missing).some((number) => there.has(number))) this.#torn.add(sent)
    }
  }
}
