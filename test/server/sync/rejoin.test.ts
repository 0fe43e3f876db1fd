/**
 * Peers that were away come back with what they typed: two or three of them, with whole-file writes in between, a line that
 * breaks with frames under way. The oracle is merge3 of what the peer had seen,
 * what stands now, and what the peer made of it.
 *
 * `TRIALS=5000` runs more of them, `SEED=…` begins with another one.
 */
import { describe, expect, test } from 'vitest'
import type { Conflict } from '../../../protocol/conflicts.js'
import { merge3 } from '../../../protocol/text/merge3.js'
import type { FileDocument } from '../../../server/documents/file-document.js'
import { FreeDocuments } from '../../../server/documents/free-documents.js'
import { Rooms } from '../../../server/sync/rooms.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { stillTime, turn } from '../../support/manual-clock.js'
import { randomFrom, type Random } from '../../support/random.js'
import { at, by, CLAUDE, openStore, resetIds, write, type Opened } from '../documents/harness.js'
import { changedLine } from './random-lines.js'
import { StockPeer } from './stock-peer.js'

const TRIALS = Number(process.env['TRIALS'] ?? 150)
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const PATH = 'a.ts'
const WORDS = ['const', 'port', 'host', '=', '80', '9999', 'true', 'name;']

class Trial {
  readonly storage = new FailingStorage()
  readonly peers: StockPeer[]
  readonly #random: Random
  #markers = 0
  readonly store: Opened
  readonly rooms: Rooms
  document: FileDocument | undefined

  constructor(seed: number) {
    resetIds()
    this.#random = randomFrom(seed)
    ;({ store: this.store, rooms: this.rooms } = this.#start())
    // Who comes first in Yjs goes by the numbers of clients.
    const clients = 100 + this.#random.below(1000)
    this.peers = ['CODEX-p', 'GEMINI-q', 'PEER'].slice(0, 2 + this.#random.below(2)).map((author, n) => {
      return new StockPeer(this.#random.below(2) === 0 ? clients + n : 2_000_000_000 + n, by(author))
    })
  }

  #start(): { store: Opened; rooms: Rooms } {
    const store = openStore(this.storage)
    const defer = (run: () => void): void => void setImmediate(run)
    const free = new FreeDocuments({ storage: this.storage, queue: store.queue, serverClient: 9, defer })
    return { store, rooms: new Rooms({ files: store.files, free, defer, ...stillTime() }) }
  }

  async run(): Promise<void> {
    const lines = Array.from({ length: 1 + this.#random.below(8) }, () => this.#line())
    await write(this.store.files, PATH, lines.join(''))
    this.document = await this.store.files.open(at(PATH))
    for (const peer of this.peers) await peer.connect(this.rooms, PATH)
    await this.#settle()
    for (let round = 0; round < 2; round++) {
      for (const peer of this.peers) if (this.#random.below(3) > 0) await this.#part(peer)
      for (let n = this.#random.below(12); n > 0; n--) await this.#something()
      if (this.#random.below(4) === 0) await this.#settle()
      for (let n = this.#random.below(4); n > 0; n--) await this.#something()
      for (const peer of this.peers) if (!peer.isConnected) await this.#rejoin(peer)
      await this.#settle()
      const text = this.#head()
      for (const peer of this.peers) {
        expect(peer.closed).toBeUndefined()
        expect(peer.text.toJSON()).toBe(text)
      }
    }
  }

  /** Goes offline; what is under way may be lost. */
  async #part(peer: StockPeer): Promise<void> {
    if (this.#random.below(2) === 0) {
      this.#edit(peer)
      for (let n = this.#random.below(4); n > 0; n--) await this.#move(peer)
    }
    while (peer.isAhead) peer.take() // else nobody could tell whether it has seen a deletion
    peer.cut()
  }

  async #something(): Promise<void> {
    const peer = this.#random.one(this.peers)
    switch (this.#random.below(6)) {
      case 0: {
        const head = this.store.files.head(at(PATH)) ?? null
        await write(this.store.files, PATH, this.#changed(this.#head()), head, CLAUDE)
        return
      }
      case 1:
      case 2:
        if (peer.isConnected) await this.#move(peer)
        return
      default:
        this.#edit(peer)
    }
  }

  async #rejoin(peer: StockPeer): Promise<void> {
    const { live } = this.document ?? (await this.store.files.open(at(PATH)))
    await live.flushed()
    const base = peer.seen
    const theirs = peer.text.toJSON()
    await peer.connect(this.rooms, PATH)
    for (;;) {
      await this.#flush()
      if (peer.bringsUpdate) break
      if (peer.hasPost) peer.give()
      else if (peer.hasMail) peer.take()
      else throw new Error('the peer was not asked for what it has')
    }
    await live.flushed()
    const ours = this.#head()
    const before = new Map(this.store.files.openConflicts.map((conflict) => [conflict.id, theirsOf(conflict)]))
    peer.give()
    await live.flushed()
    const merged = merge3(base, ours, theirs)
    const why = { base, ours, theirs }
    expect({ ...why, text: this.#head() }).toEqual({ ...why, text: base === theirs ? ours : merged.text })
    const held = merged.hunks.flatMap((hunk) => (hunk.kind === 'hard' ? [hunk.theirsText] : []))
    // Another region may be anchored anew; what is held tells what was raised, or added to.
    const raised = this.store.files.openConflicts.filter((conflict) => before.get(conflict.id) !== theirsOf(conflict))
    expect({ ...why, held: raised.map(theirsOf).sort() }).toEqual({ ...why, held: held.sort() })
  }

  /** A frame moves, in either direction. */
  async #move(peer: StockPeer): Promise<void> {
    if (this.#random.below(2) === 0) peer.take()
    else peer.give()
    if (this.#random.below(2) === 0) await this.#flush()
  }

  async #settle(): Promise<void> {
    for (;;) {
      await this.#flush()
      const busy = this.peers.filter((peer) => peer.hasMail || peer.hasPost)
      if (busy.length === 0) return
      const peer = this.#random.one(busy)
      if (peer.hasPost) peer.give()
      else peer.take()
    }
  }

  async #flush(): Promise<void> {
    await turn()
    await turn()
  }

  #head(): string {
    if (this.document === undefined) throw new Error('there is no file yet')
    return this.document.text
  }

  #edit(peer: StockPeer): void {
    const before = peer.text.toJSON()
    const after = this.#changed(before)
    peer.type(after)
  }

  /** A line added, deleted, replaced, or a word of one changed. */
  #changed(text: string): string {
    const within = (line: string): string => {
      const words = line.split(' ')
      words.splice(
        this.#random.below(words.length),
        this.#random.below(2),
        this.#random.below(3) === 0 ? this.#mark() : this.#random.one(WORDS),
      )
      return words.join(' ')
    }
    return changedLine(text, this.#random, { line: () => this.#line(), within })
  }

  #line(): string {
    const words = Array.from({ length: 1 + this.#random.below(4) }, () => this.#random.one(WORDS))
    if (this.#random.below(2) === 0) words.push(this.#mark())
    return `${words.join(' ')}\n`
  }

  #mark(): string {
    return `<${++this.#markers}>`
  }
}

function theirsOf(conflict: Conflict): string {
  return conflict.reason === 'overlap' ? conflict.theirs : conflict.reason
}

describe('peers that come back', () => {
  test(`[SYNC-17] ${TRIALS} trials: the text is what merge3 makes of it, and what it holds is on record`, async () => {
    for (let n = 0; n < TRIALS; n++) {
      const trial = new Trial(SEED + n)
      await trial.run().catch((error: unknown) => {
        throw new Error(`seed ${SEED + n}`, { cause: error })
      })
    }
  }, 3_600_000)
})
