/** Whom a message can be for, as a list to choose from. */
import type { Addressee } from '../../protocol/events.js'
import { trusted } from '../../client/sdk/trusted.js'
import { isHere, type AgentRow } from './roster.js'

export interface Choice {
  /** Names it in a list; empty: everybody. */
  readonly key: string
  readonly label: string
  /** Null: everybody. */
  readonly to: Addressee | null
}

/** Everybody, each agent that is here, and each role that one of them has. @param also an agent that need not be here */
export function addresseesOf(rows: readonly AgentRow[], also: string | null): readonly Choice[] {
  const here = rows.filter(isHere).map((row) => row.agent)
  const agents = here.map((agent) => agent.agentId as string)
  const absent = also === null || agents.includes(also) ? [] : [also]
  const roles = new Set(here.flatMap((agent) => [agent.type, ...(agent.roles ?? [])]))
  return [
    { key: '', label: 'everybody', to: null },
    ...[...agents, ...absent].map((agent): Choice => choice({ agent: trusted(agent) }, agent)),
    ...[...roles].sort().map((role): Choice => choice({ role: trusted(role) }, `every ${role}`)),
  ]
}

function choice(to: Addressee, label: string): Choice {
  return { key: addressKey(to), label, to }
}

export function addressKey(to: { readonly agent: string } | { readonly role: string }): string {
  return 'agent' in to ? `agent ${to.agent}` : `role ${to.role}`
}
