/** `/api/agents`: who is there; and the presence of agents that have no connection. */
import { z } from 'zod'
import { agent, announcement } from '../../../protocol/agents.js'
import { agentId } from '../../../protocol/ids.js'
import type { PresenceService } from '../../presence/presence-service.js'
import { route, type Route } from '../operation.js'

export interface AgentsRouteOptions {
  readonly presence: PresenceService
}

const params = z.object({ agentId })

export function agentsRoutes({ presence }: AgentsRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'listAgents', method: 'get', path: '/api/agents' },
        summary: 'The agents that are there, in the order of their first joining.',
        asks: {},
        answer: z.object({ agents: z.array(agent) }),
      },
      () => ({ agents: presence.agents() }),
    ),
    route(
      {
        ...{ id: 'getAgent', method: 'get', path: '/api/agents/{agentId}' },
        summary: 'One agent that is there.',
        asks: { params },
        answer: agent,
        errors: ['E_NOT_FOUND'],
      },
      ({ params: { agentId: id } }) => presence.agent(id),
    ),
    route(
      {
        ...{ id: 'putPresence', method: 'put', path: '/api/agents/{agentId}/presence' },
        summary: 'What an agent does; one without a connection is there for `ttl` seconds (60 unless told).',
        asks: { params, body: announcement },
        answer: agent,
        errors: ['E_AGENT_TAKEN'],
      },
      ({ params: { agentId: id }, body }) => presence.announce(id, body),
    ),
    route(
      {
        ...{ id: 'deletePresence', method: 'delete', path: '/api/agents/{agentId}/presence' },
        summary: 'An agent without a connection goes.',
        asks: { params },
        answer: z.object({}),
        errors: ['E_NOT_FOUND', 'E_AGENT_TAKEN'],
      },
      ({ params: { agentId: id } }) => {
        presence.withdraw(id)
        return {}
      },
    ),
  ]
}
