/** The HTTP side: health, metrics, the API, and the dashboard's files. */
import { join } from 'node:path'
import express, { type Express, type RequestHandler } from 'express'
import { EnsembleError } from '../../protocol/errors.js'
import type { AgentType } from '../../protocol/ids.js'
import { assertKnownAuthor } from '../auth/agent-type.js'
import { accessBy, checkHost, checkOrigin, tokenOf, type Gate } from '../auth/authenticate.js'
import { authorOf } from './headers.js'
import { lookOnly } from '../auth/look-only.js'
import type { TokenRates } from '../auth/rates.js'
import type { Traces } from '../trace/traces.js'
import type { Metrics } from './metrics.js'
import { openapiRoute } from './openapi.js'
import { mount, type Route, type Writes } from './operation.js'
import { problems } from './respond.js'
import { agentsRoutes, type AgentsRouteOptions } from './routes/agents.js'
import { conflictsRoutes } from './routes/conflicts.js'
import { eventsRoutes, type EventsRouteOptions } from './routes/events.js'
import { filesRoutes, type FilesRouteOptions } from './routes/files.js'
import { linksRoutes, type LinksRouteOptions } from './routes/links.js'
import { locksRoutes, type LocksRouteOptions } from './routes/locks.js'
import { historyRoutes, type HistoryRouteOptions } from './routes/history.js'
import { contextRoutes, type ContextRouteOptions } from './routes/context.js'
import { tasksRoutes, type TasksRouteOptions } from './routes/tasks.js'
import { statusRoutes, type StatusRouteOptions } from './routes/status.js'

export interface AppOptions
  extends
    AgentsRouteOptions,
    Omit<EventsRouteOptions, 'mayStill'>,
    FilesRouteOptions,
    HistoryRouteOptions,
    LinksRouteOptions,
    LocksRouteOptions,
    TasksRouteOptions,
    ContextRouteOptions,
    StatusRouteOptions {
  readonly gate: Gate
  readonly rates: TokenRates
  /** Why nothing is answered now, if so. */
  readonly closedFor: () => EnsembleError | undefined
  readonly metrics: Metrics
  readonly version: string
  readonly newId: () => string
  readonly traces: Pick<Traces, 'asked' | 'of'>
  readonly agentTypes: readonly AgentType[]
  /** Folder of the built dashboard. */
  readonly dashboardDir: string
  readonly onError: (error: EnsembleError) => void
}

/** Nothing from elsewhere, nothing inline but CodeMirror's style elements; sockets to this server only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function createApp(options: AppOptions): Express {
  const { gate, rates, closedFor, status, metrics, version, newId, traces } = options
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((request, response, next) => {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Referrer-Policy', 'no-referrer')
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
    checkHost(gate, request)
    checkOrigin(gate, request)
    next()
  })

  app.get('/healthz', (_request, response) => {
    const { state } = status()
    response.setHeader('X-Ensemble', version)
    response.status(state === 'ready' ? 200 : 503).json({ state }) // the reason names places on the disk, and is in the status
  })

  const authorized: RequestHandler = (request, response, next) => {
    const token = tokenOf(request)
    const access = accessBy(gate, token)
    rates.spend(token ?? '')
    const closed = closedFor()
    if (closed !== undefined) throw closed
    // To look at what waits for an agent may hand it over.
    if (access === 'read' && request.headers['x-ensemble-agent'] !== undefined) throw lookOnly('To speak for an agent')
    response.locals['access'] = access
    next()
  }
  app.use(['/api', '/metrics'], (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    next()
  })
  const links = linksRoutes(options)
  const isOpen = ({ operation }: Route): boolean => operation.open === true
  const writes: Writes = {
    newId,
    asked: (writeId, author) => {
      traces.asked(writeId, { via: 'http', socket: null }, author)
    },
  }
  mount(app, links.filter(isOpen), writes)
  app.use(['/api', '/metrics'], authorized)
  app.use('/api', (request, _response, next) => {
    assertKnownAuthor(options.agentTypes, authorOf(request))
    next()
  })
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
  const routes = [
    ...statusRoutes(options),
    ...agentsRoutes(options),
    ...eventsRoutes({
      ...options,
      mayStill: (request) => {
        accessBy(gate, tokenOf(request))
      },
    }),
    ...filesRoutes(options),
    ...conflictsRoutes(options),
    ...historyRoutes(options),
    ...locksRoutes(options),
    ...tasksRoutes(options),
    ...contextRoutes(options),
    ...links,
  ]
  const guarded = routes.filter((one) => !isOpen(one))
  mount(app, [...guarded, openapiRoute(routes, version)], writes)
  app.use('/api', nothingHere)

  serveDashboard(app, options.dashboardDir)
  app.use(nothingHere)
  app.use(problems(options.onError))
  return app
}

const nothingHere: RequestHandler = ({ method, originalUrl }) => {
  throw new EnsembleError('E_NOT_FOUND', `There is no ${method} ${originalUrl.split('?', 1)[0] ?? ''}.`)
}

function serveDashboard(app: Express, dir: string): void {
  app.use('/assets', express.static(join(dir, 'assets'), { immutable: true, maxAge: '1y', fallthrough: false }))
  app.use(express.static(dir, { index: false }))
  // Every other address is a view of the dashboard.
  app.get(/.*/, (_request, response) => {
    response.setHeader('Cache-Control', 'no-cache')
    response.sendFile('index.html', { root: dir })
  })
}
