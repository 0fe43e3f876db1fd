/** Deadlocks that the server has broken: whose request was ended, and who waited for whom. */
import type { EventData, WorkspaceEvent } from '../../protocol/events.js'
import type { WaitStep } from '../../protocol/locks.js'
import { SPAN } from './span.js'

export interface Deadlock {
  /** Of the event that told it. */
  readonly seq: number
  readonly time: number
  /** Whose request was ended. */
  readonly loser: string
  /** What it did not get. */
  readonly place: Pick<EventData<'lock:failed'>, 'path' | 'region'>
  /** Each waits for the next, the last for the first. */
  readonly cycle: readonly WaitStep[]
}

/**
 * Oldest first. Whoever got what it asked for after all, or left, needs nobody's help any more.
 * @param event in any order: what came before a deadlock does not end it
 */
export function withEvent(deadlocks: readonly Deadlock[], event: WorkspaceEvent): readonly Deadlock[] {
  const who = event.agent_id
  switch (event.type) {
    case 'lock:failed': {
      const { reason, path, region, cycle = [] } = event.data
      if (reason !== 'deadlock' || who === undefined) return deadlocks
      const own = { seq: event.seq, time: Date.parse(event.timestamp), loser: who, place: { path, region }, cycle }
      if (deadlocks.some(({ loser, seq }) => loser === who && seq >= own.seq)) return deadlocks
      return [...deadlocks.filter(({ loser }) => loser !== who), own].sort((a, b) => a.seq - b.seq)
    }
    case 'lock:acquired':
      return without(
        deadlocks,
        ({ loser, seq, place }) => seq < event.seq && loser === who && place.path === event.data.path,
      )
    case 'agent:left':
      return without(deadlocks, ({ loser, seq }) => seq < event.seq && loser === who)
    default:
      return deadlocks
  }
}

export function stillTold(deadlocks: readonly Deadlock[], now: number): readonly Deadlock[] {
  return without(deadlocks, ({ time }) => time < now - SPAN)
}

function without(deadlocks: readonly Deadlock[], isOver: (one: Deadlock) => boolean): readonly Deadlock[] {
  return deadlocks.some(isOver) ? deadlocks.filter((one) => !isOver(one)) : deadlocks
}
