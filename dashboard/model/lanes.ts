/**
 * Lanes: what each agent did in the last quarter of an hour, for the score. Edits are gathered into short buckets, about
 * one to a pixel column, so that a lane's size and the cost of drawing it are bounded however busy its agent is.
 */

/** In milliseconds. */
export const LANE_SPAN = 15 * 60_000
export const BUCKET = 2_000

const MOST_BUCKETS = LANE_SPAN / BUCKET + 1

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
  readonly #ticks = new Map<string, Map<number, { added: number; removed: number }>>()
  readonly #collisions = new Map<string, Collision>()

  /** @param added,removed lines; an edit that changes neither count still leaves a tick */
  addEdit(author: string, time: number, added: number, removed: number): void {
    const bucket = Math.floor(time / BUCKET)
    const lane = this.#ticks.get(author) ?? new Map<number, { added: number; removed: number }>()
    this.#ticks.set(author, lane)
    const tick = lane.get(bucket)
    if (tick !== undefined) {
      tick.added += added
      tick.removed += removed
      return
    }
    lane.set(bucket, { added, removed })
    if (lane.size <= MOST_BUCKETS) return
    const oldest = Math.max(...lane.keys()) - MOST_BUCKETS
    for (const key of lane.keys()) if (key <= oldest) lane.delete(key)
  }

  addCollision(collision: Collision): void {
    this.#collisions.set(collision.id, collision)
    for (const [id, { time }] of this.#collisions) if (time < collision.time - LANE_SPAN) this.#collisions.delete(id)
  }

  ticks(author: string, from: number): Tick[] {
    return [...(this.#ticks.get(author) ?? [])]
      .map(([bucket, lines]) => ({ time: bucket * BUCKET, ...lines }))
      .filter((tick) => tick.time >= from - BUCKET)
  }

  collisions(from: number): Collision[] {
    return [...this.#collisions.values()].filter((collision) => collision.time >= from)
  }

  clear(): void {
    this.#ticks.clear()
    this.#collisions.clear()
  }
}
