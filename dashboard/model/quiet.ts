/** Agents that are at work, and of whom no event tells any more: whoever sits here may want to look. */
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { LocksList } from '../../protocol/locks.js'
import type { TaskList } from '../../protocol/tasks.js'
import { isHere, isWorking, type AgentRow } from './roster.js'
import { SPAN } from './span.js'

/** From when on it is noted beside the agent, and from when on it waits for a person. In milliseconds. */
const NOTED_AFTER = 5 * 60_000
const WAITS_AFTER = SPAN
/** Of what was before the page was opened the server tells so many events at most: `RECENT` of its event log. */
const MOST_TOLD = 2_000

export interface QuietAgent {
  readonly id: string
  /** Since when at least, by the server's clock. */
  readonly since: number
  /** It waits for a person. */
  readonly waits: boolean
}

/** When an event told of each agent last. */
export class LastEvents {
  readonly #times = new Map<string, number>()
  /** Before it nothing is known. */
  #from = Infinity

  /**
   * After a long absence, too, of which the feeds do not bring all.
   * @param events oldest first @param since when all are told, unless there are too many; by the server's clock
   */
  takeRecent(events: readonly WorkspaceEvent[], since: number): void {
    for (const event of events) this.note(event, Date.parse(event.timestamp))
    const first = events.length < MOST_TOLD ? undefined : events[0]
    this.#from = Math.min(this.#from, first === undefined ? since : Date.parse(first.timestamp))
  }

  note({ type, agent_id: agent, data }: WorkspaceEvent, time: number): void {
    // Its time ran out, or someone took it away: that is nothing that the agent did.
    if (agent === undefined || type === 'lock:expired' || (type === 'lock:released' && data.reason === 'forced')) return
    this.#times.set(agent, Math.max(this.#times.get(agent) ?? 0, time))
  }

  /** The latest time of which is known that no event told of it since; Infinity: nothing is known. */
  of(agent: string): number {
    return Math.max(this.#times.get(agent) ?? 0, this.#from)
  }

  clear(): void {
    this.#times.clear()
    this.#from = Infinity
  }
}

/** Of those who are here: who says to be at work, or has begun a subtask. Who waits for a lock is told of otherwise. */
export function quietAgents(
  rows: readonly AgentRow[],
  { tasks }: Pick<TaskList, 'tasks'>,
  { waiting }: Pick<LocksList, 'waiting'>,
  last: LastEvents,
  now: number,
): readonly QuietAgent[] {
  const begun = new Set(
    tasks
      .filter(({ status }) => status === 'ACTIVE')
      .flatMap(({ subtasks }) => subtasks.filter(({ state }) => state === 'running').map(({ assignee }) => assignee)),
  )
  return rows.flatMap((row): QuietAgent[] => {
    const { agentId: id, connectedAt } = row.agent
    const isAtWork = isWorking(row) || (begun.has(id) && row.state !== 'blocked')
    if (!isHere(row) || !isAtWork || waiting.some(({ agent }) => agent === id)) return []
    const since = Math.max(last.of(id), row.since, connectedAt)
    return now - since < NOTED_AFTER ? [] : [{ id, since, waits: now - since >= WAITS_AFTER }]
  })
}

export function isSameQuiet(a: QuietAgent, b: QuietAgent): boolean {
  return a.id === b.id && a.since === b.since && a.waits === b.waits
}
