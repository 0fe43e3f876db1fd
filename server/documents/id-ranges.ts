/** Sets of Yjs ids: ranges of clocks by client, each with the text of its characters where that is known. */
import type * as Y from 'yjs'
import { rangeAt } from './range-at.js'
import type { Step } from './steps.js'

export type DecodedUpdate = ReturnType<typeof Y.decodeUpdate>

interface Range {
  readonly from: number
  readonly to: number
  /** As long as the range, or empty. */
  readonly text: string
}

/** What a set says of one id, and of the ids behind it. */
export interface Found {
  readonly has: boolean
  /** Of the id's character on, as far as the same holds; empty where no text is kept. */
  readonly text: string
  /** The first clock for which something else holds. */
  readonly until: number
}

export class IdRanges {
  readonly #clients = new Map<number, Range[]>()
  #isSorted = true

  /** Ids from (client, from) up to, not including, `to`. A set holds an id once. */
  add(client: number, from: number, to: number, text = ''): void {
    if (to <= from) return
    const ranges = this.#clients.get(client)
    const last = ranges?.at(-1)
    if (last !== undefined && from < last.to) this.#isSorted = false
    if (ranges === undefined) this.#clients.set(client, [{ from, to, text }])
    else ranges.push({ from, to, text })
  }

  find(client: number, clock: number): Found {
    this.#sort()
    const range = rangeAt(this.#clients.get(client) ?? [], clock)
    if (range === undefined) return { has: false, text: '', until: Infinity }
    if (range.from > clock) return { has: false, text: '', until: range.from }
    return { has: true, text: range.text.slice(clock - range.from), until: range.to }
  }

  /** Whether any id from `from` up to, not including, `to` is in it. */
  meets(client: number, from: number, to: number): boolean {
    const { has, until } = this.find(client, from)
    return has || until < to
  }

  #sort(): void {
    if (this.#isSorted) return
    for (const ranges of this.#clients.values()) ranges.sort((a, b) => a.from - b.from)
    this.#isSorted = true
  }
}

export function idsOf(ranges: Step['inserted']): IdRanges {
  const ids = new IdRanges()
  for (const [client, from, to] of ranges) ids.add(client, from, to)
  return ids
}

export function textsOf(texts: Step['deleted']): IdRanges {
  const ids = new IdRanges()
  for (const [client, from, text] of texts) ids.add(client, from, from + text.length, text)
  return ids
}

/** Whether each id of a range is in one of the sets. */
export function cover(sets: readonly IdRanges[], client: number, from: number, to: number): boolean {
  let clock = from
  while (clock < to) {
    const found = sets.map((set) => set.find(client, clock)).filter(({ has }) => has)
    if (found.length === 0) return false
    clock = Math.max(...found.map(({ until }) => until))
  }
  return true
}

/** Every deletion that an update names. */
export function deletedIn({ ds }: Pick<DecodedUpdate, 'ds'>): IdRanges {
  const deleted = new IdRanges()
  for (const [client, ranges] of ds.clients) {
    for (const { clock, len } of ranges) deleted.add(client, clock, clock + len)
  }
  return deleted
}
