/** `/api/history/<path>`, `/api/version/<path>?rev=N` and `/api/blame/<path>`: what a file's journal tells, as JSON. */
import { Router, type Request } from 'express'
import { blameQuery, historyQuery, versionQuery } from '../../../protocol/history.js'
import type { HistoryService } from '../../journal/history-service.js'
import { numberIn, parseQuery, pathIn, wordIn } from '../query.js'

export interface HistoryRouteOptions {
  readonly history: HistoryService
}

export function historyRoutes({ history }: HistoryRouteOptions): Router {
  const router = Router()
  const historyOf = Router()
  historyOf.get(/.*/, async (request, response) => {
    const query = { path: pathIn(request), ...numbers(request, 'before', 'limit'), author: wordIn(request, 'author') }
    response.json(await history.history(parseQuery(historyQuery, query)))
  })
  const blameOf = Router()
  blameOf.get(/.*/, async (request, response) => {
    const query = { path: pathIn(request), ...numbers(request, 'rev', 'from', 'to') }
    response.json(await history.blame(parseQuery(blameQuery, query)))
  })
  const versionOf = Router()
  versionOf.get(/.*/, async (request, response) => {
    const query = { path: pathIn(request), ...numbers(request, 'rev') }
    response.json(await history.version(parseQuery(versionQuery, query)))
  })
  router.use('/history', historyOf)
  router.use('/version', versionOf)
  router.use('/blame', blameOf)
  return router
}

function numbers(request: Request, ...names: readonly string[]): Record<string, number | undefined> {
  return Object.fromEntries(names.map((name) => [name, numberIn(request, name)]))
}
