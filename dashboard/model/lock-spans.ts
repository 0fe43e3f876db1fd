/**
 * Who held a lock, and who waited for one, when: the bars and the hatching of the score. Locks, and waits that are over, are
 * told by events; of who waits, and of what was taken long ago, the server's list tells. Nothing is drawn that neither has told.
 */
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { LocksList } from '../../protocol/locks.js'
import { LANE_SPAN, type Lanes } from './lanes.js'

/** What the score draws. */
export interface ScoreTable {
  readonly lanes: Lanes
  readonly locks: LockSpans
  /** Whose lanes are not as they were with the wrapper before; null: any. */
  readonly touched: ReadonlySet<string> | null
}

export interface Span {
  readonly from: number
  /** Null: it lasts. */
  readonly to: number | null
}

interface Own extends Span {
  readonly author: string
}

export class LockSpans {
  readonly #held = new Map<string, Own>()
  readonly #waits = new Map<string, Own>()

  /** @param time of the event */
  note(event: WorkspaceEvent, time: number): void {
    switch (event.type) {
      case 'lock:acquired': {
        const { lock_id: id, holder } = event.data
        const known = this.#held.get(id)
        this.#held.set(id, { author: holder, from: Math.min(known?.from ?? time, time), to: known?.to ?? null })
        this.#waited(holder, event.data.waited, time)
        return
      }
      case 'lock:failed':
        this.#waited(event.agent_id ?? null, event.data.waited, time)
        return
      case 'lock:released':
      case 'lock:expired': {
        const known = this.#held.get(event.data.lock_id)
        if (known !== undefined) this.#held.set(event.data.lock_id, { ...known, to: time })
        return
      }
      default:
        return
    }
  }

  #waited(author: string | null, waited: number, time: number): void {
    if (author === null || waited === 0) return
    const from = time - waited
    this.#waits.set(`${author} ${from}`, { author, from, to: time })
  }

  /** @param now by the server's clock: whatever the list has no more has ended by then */
  takeList({ locks, waiting }: LocksList, now: number): void {
    for (const { id, holder, acquiredAt } of locks) {
      if (!this.#held.has(id)) this.#held.set(id, { author: holder, from: acquiredAt, to: null })
    }
    const waits = waiting.map(({ agent, since }) => ({
      key: `${agent} ${since}`,
      author: agent,
      from: since,
      to: null,
    }))
    for (const { key, ...wait } of waits) if (!this.#waits.has(key)) this.#waits.set(key, wait)
    end(this.#held, new Set<string>(locks.map(({ id }) => id)), now)
    end(this.#waits, new Set(waits.map(({ key }) => key)), now)
  }

  /** One bar for all that an agent holds at a time, oldest first. */
  held(author: string, from: number): readonly Span[] {
    return joined(ofAuthor(this.#held, author, from))
  }

  waits(author: string, from: number): readonly Span[] {
    return joined(ofAuthor(this.#waits, author, from))
  }

  clear(): void {
    this.#held.clear()
    this.#waits.clear()
  }
}

function end(spans: Map<string, Own>, lasting: ReadonlySet<string>, now: number): void {
  for (const [key, span] of spans) {
    if (span.to === null && !lasting.has(key)) spans.set(key, { ...span, to: now })
    else if (span.to !== null && span.to < now - LANE_SPAN) spans.delete(key)
  }
}

function ofAuthor(spans: ReadonlyMap<string, Own>, author: string, from: number): readonly Span[] {
  return [...spans.values()].filter((span) => span.author === author && (span.to ?? Infinity) >= from)
}

function joined(spans: readonly Span[]): readonly Span[] {
  const bars: Span[] = []
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = bars.at(-1)
    if (last === undefined || (last.to !== null && last.to < from)) bars.push({ from, to })
    else bars[bars.length - 1] = { from: last.from, to: last.to === null || to === null ? null : Math.max(last.to, to) }
  }
  return bars
}
