/** `/api/status`: the state of the server in one object. */
import { status as schema, type Status } from '../../../protocol/status.js'
import { route, type Route } from '../operation.js'

export interface StatusRouteOptions {
  readonly status: () => Status
}

export function statusRoutes({ status }: StatusRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'getStatus', method: 'get', path: '/api/status' },
        summary: 'The state of the server, with the agents that are connected.',
        asks: {},
        answer: schema,
      },
      status,
    ),
  ]
}
