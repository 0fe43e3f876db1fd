/** `/api/context`: what everyone has to know. */
import { contextAdd, contextReply, sharedContext } from '../../../protocol/context.js'
import type { ContextService } from '../../context/context-service.js'
import { route, type Route } from '../operation.js'

export interface ContextRouteOptions {
  readonly context: ContextService
}

export function contextRoutes({ context }: ContextRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'getContext', method: 'get', path: '/api/context' },
        summary: 'The task, the agents, locks and recent changes; decisions, notes and facts.',
        asks: {},
        answer: sharedContext,
        errors: ['E_STORAGE_DEGRADED'],
      },
      () => context.get(),
    ),
    route(
      {
        ...{ id: 'addContext', method: 'post', path: '/api/context' },
        summary: 'Adds a decision, a note or a fact.',
        asks: { body: contextAdd },
        answer: contextReply,
        writes: true,
      },
      ({ body, writeId, author }) => context.add({ ...body, writeId }, author),
    ),
  ]
}
