/** Who waits for whom: finds circles, pure. */
import type { AgentId } from '../../protocol/ids.js'

export interface Wait<Reason> {
  readonly waitsFor: AgentId
  readonly reason: Reason
}

export type WaitsFor<Reason> = ReadonlyMap<AgentId, readonly Wait<Reason>[]>

export interface Step<Reason> extends Wait<Reason> {
  readonly agent: AgentId
}

/**
 * Whether anyone waits for itself, over others, who can be reached from `starts`.
 * @param waitsOf for whom an agent waits; of those in `done` nothing more need be told: their ways lead nowhere new
 */
export function hasCircle(
  starts: Iterable<AgentId>,
  waitsOf: (agent: AgentId, done: ReadonlySet<AgentId>) => Iterable<AgentId>,
): boolean {
  const done = new Set<AgentId>()
  const way = new Set<AgentId>()
  const leadsBack = (agent: AgentId): boolean => {
    way.add(agent)
    for (const next of waitsOf(agent, done)) {
      if (way.has(next) || (!done.has(next) && leadsBack(next))) return true
    }
    way.delete(agent)
    done.add(agent)
    return false
  }
  for (const start of starts) if (!done.has(start) && leadsBack(start)) return true
  return false
}

/**
 * A shortest circle that leads from `start` back to it, each step's `waitsFor` the next one's `agent`; undefined: there is
 * none.
 */
export function findCycle<Reason>(start: AgentId, graph: WaitsFor<Reason>): readonly Step<Reason>[] | undefined {
  const cameBy = new Map<AgentId, Step<Reason>>()
  const reached: AgentId[] = [start]
  for (const agent of reached) {
    for (const wait of graph.get(agent) ?? []) {
      const step = { agent, ...wait }
      if (wait.waitsFor === start) return wayTo(step, start, cameBy)
      if (cameBy.has(wait.waitsFor)) continue
      cameBy.set(wait.waitsFor, step)
      reached.push(wait.waitsFor)
    }
  }
  return undefined
}

function wayTo<Reason>(
  last: Step<Reason>,
  start: AgentId,
  cameBy: ReadonlyMap<AgentId, Step<Reason>>,
): readonly Step<Reason>[] {
  const way = [last]
  for (let agent = last.agent; agent !== start;) {
    const step = cameBy.get(agent)
    if (step === undefined) return way
    way.unshift(step)
    agent = step.agent
  }
  return way
}
