/** `/api/links`: one-time links to the dashboard, and the sessions that they are exchanged for. */
import { link, linkCommand, pageSession, useLinkCommand } from '../../../protocol/links.js'
import type { Links } from '../../auth/links.js'
import { route, type Route } from '../operation.js'

export interface LinksRouteOptions {
  readonly links: Links
}

export function linksRoutes({ links }: LinksRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'makeLink', method: 'post', path: '/api/links' },
        summary: 'Makes a link that opens the dashboard once: its address, with #code=… behind it.',
        asks: { body: linkCommand },
        answer: link,
      },
      ({ body: { access = 'write' } }) => links.make(access),
    ),
    route(
      {
        ...{ id: 'useLink', method: 'post', path: '/api/links/use' },
        summary: 'Exchanges the code of a link for the token of a session.',
        asks: { body: useLinkCommand },
        answer: pageSession,
        open: true,
      },
      ({ body: { code } }) => links.use(code),
    ),
  ]
}
