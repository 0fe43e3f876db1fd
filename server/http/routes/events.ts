/** `/api/events` and `/api/inbox`: what happened, as pages or as it happens; to publish, to take note, to get what was missed. */
import { z } from 'zod'
import {
  eventPage,
  eventQuery,
  inbox,
  inboxQuery,
  publishCommand,
  shownEvent,
} from '../../../protocol/event-requests.js'
import { sequence } from '../../../protocol/files.js'
import { methods } from '../../../protocol/messages.js'
import { agentOf } from '../../auth/agent-of.js'
import type { InboxService } from '../../events/inbox-service.js'
import { EventStreams, type EventStreamsOptions } from '../event-streams.js'
import { route, type Route } from '../operation.js'

export interface EventsRouteOptions extends EventStreamsOptions {
  readonly inboxes: InboxService
}

const SSE = 'text/event-stream'
const params = z.object({ seq: z.coerce.number().pipe(sequence) })

export function eventsRoutes(options: EventsRouteOptions): readonly Route[] {
  const { events, inboxes } = options
  const streams = new EventStreams(options)
  return [
    route(
      {
        ...{ id: 'listEvents', method: 'get', path: '/api/events' },
        summary:
          'Events: a page of those that are stored; as text/event-stream all after `since`, and then each as it comes.',
        asks: { query: eventQuery },
        headers: {
          'Last-Event-ID': 'Of a stream: the number after which it goes on, instead of `since`.',
        },
        answer: eventPage,
        media: [SSE],
        errors: ['E_EVENTS_GONE', 'E_LIMIT'],
      },
      ({ query, author, request, response }) => {
        if (request.accepts(['json', SSE]) !== SSE) return events.page(query, author)
        streams.open(response, request.get('last-event-id'), query, author)
        return undefined
      },
    ),
    route(
      {
        ...{ id: 'publishEvent', method: 'post', path: '/api/events' },
        summary: 'Says something to everybody, a role or an agent.',
        asks: { body: publishCommand.omit({ writeId: true }) },
        maxBody: 256 * 1024,
        answer: methods.publish.result,
        writes: true,
        errors: ['E_TOO_LARGE', 'E_LIMIT'],
      },
      async ({ body, writeId, author }) => ({ event: await events.publish({ ...body, writeId }, author) }),
    ),
    route(
      {
        ...{ id: 'getEvent', method: 'get', path: '/api/events/{seq}' },
        summary: 'One event, and which agents have taken note of it.',
        asks: { params },
        answer: shownEvent,
        errors: ['E_NOT_FOUND'],
      },
      ({ params: { seq } }) => events.show(seq),
    ),
    route(
      {
        ...{ id: 'acknowledgeEvent', method: 'post', path: '/api/events/{seq}/acknowledge' },
        summary: 'Notes that an agent has taken note of an event.',
        asks: { params },
        answer: methods.acknowledge.result,
        writes: true,
        errors: ['E_NOT_FOUND', 'E_LIMIT'],
      },
      async ({ params: { seq }, author }) => ({ event: await events.acknowledge(seq, agentOf(author)) }),
    ),
    route(
      {
        ...{ id: 'getInbox', method: 'get', path: '/api/inbox' },
        summary: 'What was published for an agent, and waits for its receipt.',
        asks: { query: inboxQuery },
        answer: inbox,
      },
      ({ query, author }) => inboxes.look(query, agentOf(author)),
    ),
    route(
      {
        ...{ id: 'receiptInbox', method: 'post', path: '/api/inbox/receipt' },
        summary: 'An agent has got every message up to a number.',
        asks: { body: methods.receipt.params },
        answer: methods.receipt.result,
        writes: true,
      },
      ({ body, author }) => inboxes.receipt(body.through, agentOf(author)),
    ),
  ]
}
