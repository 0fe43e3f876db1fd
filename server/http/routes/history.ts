/** `/api/history/<path>`, `/api/version/<path>?rev=N` and `/api/blame/<path>`: what a file's journal tells, as JSON. POST
 * `/api/revert` {target, dryRun?} takes revisions back. */
import { json, Router, type Request } from 'express'
import { z } from 'zod'
import { EnsembleError } from '../../../protocol/errors.js'
import { blameQuery, historyQuery, revertTarget, versionQuery } from '../../../protocol/history.js'
import type { HistoryService } from '../../journal/history-service.js'
import type { RevertService } from '../../journal/revert-service.js'
import { authorOf, writeIdOf } from '../headers.js'
import { numberIn, parseQuery, pathIn, wordIn } from '../query.js'

const COMMAND_BYTES = 64 * 1024

const revertBody = z.object({ target: revertTarget, dryRun: z.boolean().default(false) })

export interface HistoryRouteOptions {
  readonly history: HistoryService
  readonly reverts: RevertService
  readonly newId: () => string
}

export function historyRoutes({ history, reverts, newId }: HistoryRouteOptions): Router {
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
  router.post('/revert', json({ limit: COMMAND_BYTES }), async (request, response) => {
    const given = revertBody.safeParse(request.body)
    if (!given.success)
      throw new EnsembleError('E_BAD_REQUEST', `The body is not valid: ${z.prettifyError(given.error)}`)
    const { target, dryRun } = given.data
    response.json(await reverts.revert({ writeId: writeIdOf(request, newId), target, dryRun }, authorOf(request)))
  })
  router.use('/history', historyOf)
  router.use('/version', versionOf)
  router.use('/blame', blameOf)
  return router
}

function numbers(request: Request, ...names: readonly string[]): Record<string, number | undefined> {
  return Object.fromEntries(names.map((name) => [name, numberIn(request, name)]))
}
