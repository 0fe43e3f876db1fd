/**
 * Lanes: what each agent did in the last quarter of an hour, for the score. Edits are gathered into short buckets, about
 * one to a pixel column, so that a lane's size and the cost of drawing it are bounded however busy its agent is.
 */
import type { WorkspaceEvent } from '../../protocol/events.js'
import { SPAN } from './span.js'

/** In milliseconds. */
export const LANE_SPAN = SPAN
export const BUCKET = 2_000

const MOST_BUCKETS = LANE_SPAN / BUCKET + 1

const NONE: readonly Tick[] = []

export interface Tick {
  /** Where the bucket begins, by the server's clock. */
  readonly time: number
  readonly added: number
  readonly removed: number
}

export interface Collision {
  readonly id: string
  readonly time: number
  readonly authors: readonly [string, string]
}

export class Lanes {
  /** Of each lane, oldest first. */
  readonly #ticks = new Map<string, { time: number; added: number; removed: number }[]>()
  readonly #collisions = new Map<string, Collision>()

  /** @param added,removed lines; an edit that changes neither count still leaves a tick */
  addEdit(author: string, time: number, added: number, removed: number): void {
    const begin = Math.floor(time / BUCKET) * BUCKET
    const lane = this.#ticks.get(author) ?? []
    this.#ticks.set(author, lane)
    const before = lane.findLastIndex((tick) => tick.time <= begin)
    const tick = lane[before]
    if (tick?.time === begin) {
      tick.added += added
      tick.removed += removed
      return
    }
    lane.splice(before + 1, 0, { time: begin, added, removed })
    if (lane.length > MOST_BUCKETS) lane.shift()
  }

  addCollision(collision: Collision): void {
    this.#collisions.set(collision.id, collision)
    for (const [id, { time }] of this.#collisions) if (time < collision.time - LANE_SPAN) this.#collisions.delete(id)
  }

  /** All that are kept, oldest first: it is asked for with each drawing, and nothing is copied. */
  ticks(author: string): readonly Tick[] {
    return this.#ticks.get(author) ?? NONE
  }

  collisions(from: number): Collision[] {
    return [...this.#collisions.values()].filter((collision) => collision.time >= from)
  }

  clear(): void {
    this.#ticks.clear()
    this.#collisions.clear()
  }
}

/** Whose lanes look another way after these events; null: more than single lanes, such as a collision that joins two. */
export function touchedBy(events: readonly WorkspaceEvent[]): ReadonlySet<string> | null {
  const authors = new Set<string>()
  for (const { type, data } of events) {
    if (type === 'file:changed') authors.add(data.author)
    else if (type.startsWith('lock:') || type.startsWith('conflict:')) return null
  }
  return authors
}
