/** The agents' table: who is here, and who has just gone. Rows keep their place: they are ordered by joining. */
import type { Agent, AgentState, KnownAgent } from '../../protocol/agents.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { ServerMessage } from '../../protocol/messages.js'
import { SPAN } from './span.js'
import { agentParts } from './tags.js'

/** Of one that went before the page was opened, what events tell. */
export type RowAgent = Omit<Agent, 'type' | 'instance' | 'folder' | 'roles' | 'symbol'> & {
  readonly type: string
  readonly instance: string
} & Partial<Pick<Agent, 'folder' | 'roles' | 'symbol'>>

export interface AgentRow {
  readonly agent: RowAgent
  readonly state: AgentState | 'left' | 'lost'
  /** When it entered `state`, by the server's clock. */
  readonly since: number
}

export interface Departure {
  readonly reason: 'left' | 'lost' | 'replaced'
  readonly time: number
}

/**
 * Who has gone stays in the table for as long as its lane shows what it did.
 * @param departures the last `agent:left` of each agent; the roster goes ahead of it, and the row is set right by it
 * @param assumed how those went of whom no such event is known
 * @param now by the server's clock
 */
export function nextRows(
  rows: readonly AgentRow[],
  roster: readonly RowAgent[],
  departures: ReadonlyMap<string, Departure>,
  assumed: 'left' | 'lost',
  now: number,
): readonly AgentRow[] {
  const here = new Set(roster.map((agent) => agent.agentId))
  const gone = rows
    .filter((row) => !here.has(row.agent.agentId))
    .map((row) => departed(row, departures.get(row.agent.agentId), assumed, now))
    .filter((row) => now - row.since < SPAN)
  const before = new Map(rows.map((row) => [row.agent.agentId, row]))
  const present = roster.map((agent) => presentRow(agent, before.get(agent.agentId)))
  return [...present, ...gone].sort((a, b) => a.agent.order - b.agent.order)
}

/** The same row as before where nothing in it is new: of fifty agents mostly one has moved, and only that one is drawn. */
function presentRow(agent: RowAgent, before: AgentRow | undefined): AgentRow {
  const { state, since } = agent
  return before?.state === state && before.since === since && isSame(before.agent, agent)
    ? before
    : { agent, state, since }
}

/** Of two values as JSON has them, whether they say the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const entries = Object.entries(a)
  return entries.length === Object.keys(b).length && entries.every(([key, value]) => isSame(value, Reflect.get(b, key)))
}

/** The rows of those who went while the page did not look. @param events of that time, oldest first */
export function goneRows(
  agents: readonly KnownAgent[],
  departures: ReadonlyMap<string, Departure>,
  events: readonly WorkspaceEvent[],
): readonly AgentRow[] {
  return agents.flatMap(({ agentId, order }): AgentRow[] => {
    const departure = departures.get(agentId)
    if (departure === undefined) return []
    const { time: since, reason } = departure
    const joined = events.findLast((event) => event.type === 'agent:joined' && event.agent_id === agentId)
    const changed = events.findLast((event) => event.type === 'file:changed' && event.data.author === agentId)
    const partition = joined?.type === 'agent:joined' ? joined.data.partition : null
    const file = changed?.type === 'file:changed' ? changed.data.file : null
    const who = { agentId, ...agentParts(agentId), order, partition, file }
    return [
      {
        agent: { ...who, state: 'idle', since, connectedAt: since },
        state: reason === 'lost' ? 'lost' : 'left',
        since,
      },
    ]
  })
}

export function isHere(row: AgentRow): boolean {
  return row.state !== 'left' && row.state !== 'lost'
}

export function isWorking(row: AgentRow): boolean {
  return isHere(row) && row.state !== 'idle' && row.state !== 'blocked'
}

function departed(row: AgentRow, departure: Departure | undefined, assumed: 'left' | 'lost', now: number): AgentRow {
  const { agent } = row
  if (departure === undefined || departure.time < agent.connectedAt) {
    return isHere(row) ? { agent, state: assumed, since: now } : row
  }
  return { agent, state: departure.reason === 'lost' ? 'lost' : 'left', since: departure.time }
}

/** The last roster, and before it those that have somebody who is in the last no more. */
export function tellingRosters(messages: readonly ServerMessage[]): readonly (readonly Agent[])[] {
  const rosters = messages.flatMap((message) => (message.type === 'agents' ? [message.agents] : []))
  if (rosters.length < 2) return rosters
  const last = rosters.at(-1)
  const present = new Set(last?.map(({ agentId }) => agentId))
  return rosters.filter((roster) => roster === last || roster.some(({ agentId }) => !present.has(agentId)))
}
