/** The agents' table: who is here, and who has just gone. Rows keep their place: they are ordered by joining. */
import type { Agent, AgentState } from '../../protocol/agents.js'

export interface AgentRow {
  readonly agent: Agent
  readonly state: AgentState | 'left' | 'lost'
  /** When it entered `state`, by the server's clock. */
  readonly since: number
}

export interface Departure {
  readonly reason: 'left' | 'lost' | 'replaced'
  readonly time: number
}

/** One that has gone stays in the table for as long as its lane shows what it did. In milliseconds. */
export const KEEP_GONE = 15 * 60_000

/**
 * @param departures the last `agent:left` of each agent
 * @param now by the server's clock
 */
export function nextRows(
  rows: readonly AgentRow[],
  roster: readonly Agent[],
  departures: ReadonlyMap<string, Departure>,
  now: number,
): readonly AgentRow[] {
  const here = new Set(roster.map((agent) => agent.agentId))
  const gone = rows
    .filter((row) => !here.has(row.agent.agentId))
    .map((row) => (isHere(row) ? departed(row.agent, departures.get(row.agent.agentId), now) : row))
    .filter((row) => now - row.since < KEEP_GONE)
  const present = roster.map((agent): AgentRow => ({ agent, state: agent.state, since: agent.since }))
  return [...present, ...gone].sort((a, b) => a.agent.order - b.agent.order)
}

export function isHere(row: AgentRow): boolean {
  return row.state !== 'left' && row.state !== 'lost'
}

export function isWorking(row: AgentRow): boolean {
  return isHere(row) && row.state !== 'idle' && row.state !== 'blocked'
}

function departed(agent: Agent, departure: Departure | undefined, now: number): AgentRow {
  const fresh = departure !== undefined && departure.time >= agent.connectedAt ? departure : undefined
  return { agent, state: fresh?.reason === 'lost' ? 'lost' : 'left', since: fresh?.time ?? now }
}
