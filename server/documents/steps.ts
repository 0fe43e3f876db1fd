/**
 * What happened to a file's document, step by step, in the ids of Yjs: so that one can tell what a peer had before it when
 * it made an update, and which text it saw.
 *
 * 1. A step is what one writer did in one turn. Steps are numbered from 1 by document, and committed with their turn.
 * 2. Inserted ids tell by a state vector whether a peer has seen a step. Deleted ones are kept with their text, because Yjs
 *    forgets it.
 * 3. Of what is long the text stays in memory until it is in storage: kept longer, each would outlive V8's young generation, and
 *    wait as garbage of the old one.
 *
 * Rows: ['step', id, n] StoredStep.
 */
import * as Y from 'yjs'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import { rangeAt } from './range-at.js'

interface StoredStep {
  /** The file's revision before the turn; 0: it was none. */
  readonly before: number
  /** Yjs client of the peer that made it, or of the server; null: not known. */
  readonly by: number | null
  readonly inserted: readonly IdRange[]
  readonly deleted: readonly DeletedText[]
  /** What the peer deleted without knowing that others had. */
  readonly shared: readonly IdRange[]
}

export type IdRange = readonly [client: number, from: number, to: number]
export type DeletedText = readonly [client: number, from: number, text: string]

export interface Step extends StoredStep {
  readonly n: number
  /** Who made it, as long as the document is in memory. */
  readonly source: object | null
}

/** Who makes the changes that come next. */
export interface StepWriter {
  readonly source: object | null
  readonly client: number | null
}

/**
 * So many of the newest steps are kept in memory: what fifty who type do in ten seconds; fewer, where what they deleted is
 * longer than so many characters.
 */
const RECENT = 5_000
const RECENT_TEXT = 16 * 1024 * 1024
/** Longer texts, in characters, are read from storage when somebody asks for them. */
const LONG_TEXT = 1_024
/**
 * Of so many it is known by their ids who put in what, and what they deleted, up to the same length: what fifty who type, or
 * their server, may be behind when a machine has stood still for half a minute.
 */
const INDEXED = 32_000

const NONE: readonly never[] = []

/** What others than one writer did after a step, of which that writer had seen all before. */
export interface Since {
  /** Whether they put in what has this id. */
  readonly inserted: (client: number, clock: number) => boolean
  /** What they deleted. */
  readonly deleted: readonly IdRange[]
  /** Whether the writer has itself deleted since then what others had deleted. */
  readonly hasShared: boolean
}

/** A step in memory. */
interface Kept extends Omit<Step, 'deleted'> {
  /** Undefined: it is read from storage. */
  deleted: readonly DeletedText[] | undefined
  readonly deletedIds: readonly IdRange[]
  /** That it deleted. */
  readonly characters: number
}

interface Inserted {
  readonly from: number
  readonly to: number
  readonly n: number
  readonly source: object | null
}

export class Steps {
  readonly #storage: Storage
  readonly #id: string
  #last: number
  #stored: number
  /** The newest, ascending; all that may not be in storage yet are among them. */
  #recent: Kept[] = []
  /** Characters that they deleted. */
  #recentText = 0
  /** Of all steps behind this one: what they put in by client, ascending; and those that took something out. */
  #forgotten: number
  readonly #inserted = new Map<number, Inserted[]>()
  #taking: Kept[] = []
  #takenText = 0
  /** The newest steps, from this one on, have one source. */
  #runFrom: number
  #runSource: object | null = null
  /** Steps of the turn under way: how many of the recent ones. */
  #open = 0

  constructor(storage: Storage, id: string) {
    this.#storage = storage
    this.#id = id
    const [newest] = storage.range({ from: ['step', id, 0], to: ['step', id, Infinity], reverse: true, limit: 1 })
    this.#last = newest === undefined ? 0 : Number(newest.key[2])
    this.#stored = this.#last
    this.#forgotten = this.#last
    this.#runFrom = this.#last + 1
  }

  /** Number of the newest step; 0: there was none. */
  get last(): number {
    return this.#last
  }

  /** Notes what a transaction did, as part of the turn under way. Undefined: it did nothing. */
  note(transaction: Y.Transaction, content: Y.Text, before: number, writer: StepWriter): Step | undefined {
    const inserted = insertedBy(transaction)
    const deleted = deletedBy(transaction, content)
    if (inserted.length === 0 && deleted.length === 0) return undefined
    return this.#add({ before, by: writer.client, inserted, deleted, shared: NONE }, writer)
  }

  /** Notes that the writer deleted what others had deleted before. */
  noteShared(shared: readonly IdRange[], before: number, writer: StepWriter): void {
    if (shared.length > 0) this.#add({ before, by: writer.client, inserted: NONE, deleted: NONE, shared }, writer)
  }

  #add(step: StoredStep, { source }: StepWriter): Step {
    // What is spread comes last: V8 adds properties to a copy fifty times as slowly as it copies them.
    const added = { n: ++this.#last, source, ...step }
    const deletedIds = lean(step.deleted.map(([client, from, text]): IdRange => [client, from, from + text.length]))
    const characters = step.deleted.reduce((sum, [, , text]) => sum + text.length, 0)
    const kept = { deletedIds, characters, ...added }
    this.#open++
    this.#recent.push(kept)
    this.#index(kept)
    this.#recentText += characters
    if (source !== this.#runSource) {
      this.#runSource = source
      this.#runFrom = added.n
    }
    return added
  }

  #index(step: Kept): void {
    const { n, source, inserted, deletedIds, shared, characters } = step
    if (deletedIds.length > 0 || shared.length > 0) this.#taking.push(step)
    this.#takenText += characters
    for (const [client, from, to] of inserted) {
      const ranges = this.#inserted.get(client)
      if (ranges === undefined) this.#inserted.set(client, [{ from, to, n, source }])
      else ranges.push({ from, to, n, source })
    }
  }

  /** Whether `since` can tell of all that is behind step `n`. */
  remembers(n: number): boolean {
    return n >= this.#forgotten
  }

  /** Whether all that is behind step `n` is in memory: then looking through it costs some milliseconds at most. */
  isRecent(n: number): boolean {
    return this.#last - n <= this.#recent.length
  }

  /** @param n of a step that it remembers */
  since(n: number, source: object): Since {
    const deleted: IdRange[] = []
    let hasShared = false
    for (let at = this.#taking.length - 1; at >= 0; at--) {
      const step = this.#taking[at]
      if (step === undefined || step.n <= n) break
      if (step.source === source) hasShared ||= step.shared.length > 0
      else deleted.push(...step.deletedIds)
    }
    const inserted = (client: number, clock: number): boolean => {
      const range = this.#insertedBy(client, clock)
      return range !== undefined && range.n > n && range.source !== source
    }
    return { inserted, deleted, hasShared }
  }

  #insertedBy(client: number, clock: number): Inserted | undefined {
    const range = rangeAt(this.#inserted.get(client) ?? [], clock)
    return range !== undefined && range.from <= clock ? range : undefined
  }

  /** Whether anyone but `source` made a step behind step `n`. */
  hasOthers(n: number, { source }: { readonly source: object }): boolean {
    return this.#last > n && (this.#runSource !== source || this.#runFrom > n + 1)
  }

  /** Rows of the steps of the turn that ends. */
  seal(): Row[] {
    const sealed = this.#recent.slice(this.#recent.length - this.#open)
    this.#open = 0
    // None of them is in storage yet, so none is without its texts.
    return sealed.map(({ n, before, by, inserted, deleted = [], shared }) => {
      return { put: ['step', this.#id, n], value: { before, by, inserted, deleted, shared } satisfies StoredStep }
    })
  }

  /** Steps up to `n` are in storage. */
  committed(n: number): void {
    for (let at = this.#recent.length - (this.#last - this.#stored); at < this.#recent.length; at++) {
      const step = this.#recent[at]
      if (step === undefined || step.n > n) break
      if (step.characters > LONG_TEXT) step.deleted = undefined
    }
    this.#stored = Math.max(this.#stored, n)
    this.#forgetRecent()
    this.#forgetIndexed()
  }

  #forgetRecent(): void {
    if (this.#recent.length < 2 * RECENT && this.#recentText < 2 * RECENT_TEXT) return
    const inStorage = this.#recent.length - (this.#last - this.#stored)
    let drop = 0
    while (drop < inStorage && (this.#recent.length - drop > RECENT || this.#recentText > RECENT_TEXT)) {
      this.#recentText -= this.#recent[drop++]?.characters ?? 0
    }
    this.#recent = this.#recent.slice(drop)
  }

  #forgetIndexed(): void {
    if (this.#last - this.#forgotten < 2 * INDEXED && this.#takenText < 2 * RECENT_TEXT) return
    let drop = 0
    for (let step; (step = this.#taking[drop]) !== undefined; drop++) {
      if (step.n > this.#last - INDEXED && this.#takenText <= RECENT_TEXT) break
      this.#takenText -= step.characters
      this.#forgotten = step.n
    }
    this.#forgotten = Math.max(this.#forgotten, this.#last - INDEXED)
    this.#taking = this.#taking.slice(drop)
    for (const [client, ranges] of this.#inserted) {
      const kept = ranges.filter(({ n }) => n > this.#forgotten)
      if (kept.length > 0) this.#inserted.set(client, kept)
      else this.#inserted.delete(client)
    }
  }

  /** Newest first. */
  *backwards(): Iterable<Step> {
    for (let at = this.#recent.length - 1; at >= 0; at--) {
      const step = this.#recent[at]
      if (step !== undefined) yield isWhole(step) ? step : { ...step, deleted: this.#deletedBy(step.n) }
    }
    const to = this.#last - this.#recent.length + 1
    for (const { key, value } of this.#storage.range({
      ...{ from: ['step', this.#id, 0], to: ['step', this.#id, to] },
      reverse: true,
    })) {
      yield { ...stored<StoredStep>(value), n: Number(key[2]), source: null }
    }
  }

  #deletedBy(n: number): readonly DeletedText[] {
    return stored<StoredStep>(this.#storage.get(['step', this.#id, n])).deleted
  }
}

function isWhole(step: Kept): step is Kept & Step {
  return step.deleted !== undefined
}

function insertedBy({ beforeState, afterState }: Y.Transaction): readonly IdRange[] {
  const inserted: IdRange[] = []
  for (const [client, to] of afterState) {
    const from = beforeState.get(client) ?? 0
    if (to > from) inserted.push([client, from, to])
  }
  return lean(inserted)
}

/** What of the text the transaction deleted that was there before it; Yjs still has the characters. */
function deletedBy({ deleteSet, doc, beforeState }: Y.Transaction, content: Y.Text): readonly DeletedText[] {
  const deleted: DeletedText[] = []
  for (const [client, ranges] of deleteSet.clients) {
    for (const { clock, len } of ranges) {
      const end = Math.min(clock + len, beforeState.get(client) ?? 0)
      for (let at = clock; at < end;) {
        const item = Y.getItem(doc.store, Y.createID(client, at))
        const to = Math.min(end, item.id.clock + item.length)
        if (item instanceof Y.Item && item.parent === content && item.content instanceof Y.ContentString) {
          deleted.push([client, at, item.content.str.slice(at - item.id.clock, to - item.id.clock)])
        }
        at = to
      }
    }
  }
  return lean(deleted)
}

/** Without the room for sixteen more that an array has once something was pushed to it: thousands of them are kept. */
function lean<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice()
}
