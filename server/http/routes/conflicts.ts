/**
 * `/api/conflicts`: GET the open ones, or all (`?state=all`), or those of one file (`?path=`); GET one by its id; POST to
 * `:id/resolve` what was decided, `{"choice": "ours" | "theirs" | "both"}` or `{"choice": "text", "content": …}`; POST to
 * `:id/materialize` to have both sides written into the file, between markers.
 */
import { json, Router } from 'express'
import { z } from 'zod'
import { conflictFilter, type ConflictChoice } from '../../../protocol/conflicts.js'
import { EnsembleError } from '../../../protocol/errors.js'
import { fileContent } from '../../../protocol/files.js'
import { conflictId, type ConflictId } from '../../../protocol/ids.js'
import type { FileStore } from '../../documents/file-store.js'
import { authorOf, writeIdOf } from '../headers.js'

export interface ConflictsRouteOptions {
  readonly files: FileStore
  readonly maxBytes: number
  readonly newId: () => string
}

const decision = z.discriminatedUnion('choice', [
  z.object({ choice: z.enum(['ours', 'theirs', 'both']) }),
  z.object({ choice: z.literal('text'), content: fileContent }),
])

export function conflictsRoute({ files, maxBytes, newId }: ConflictsRouteOptions): Router {
  const router = Router()

  router.get('/', async (request, response) => {
    const filter = conflictFilter.safeParse(request.query)
    if (!filter.success)
      throw badRequest('The query', filter.error, 'It may be ?state=open or ?state=all, and ?path=FILE.')
    response.json({ conflicts: await files.conflicts.list(filter.data) })
  })

  router.get('/:id', async (request, response) => {
    response.json(await files.conflicts.show(idOf(request.params.id)))
  })

  router.post('/:id/resolve', json({ limit: 2 * maxBytes, type: () => true }), async (request, response) => {
    const body = decision.safeParse(request.body)
    if (!body.success) throw badRequest('The body', body.error, 'It may be {"choice":"ours"}, "theirs" or "both".')
    const choice: ConflictChoice =
      body.data.choice === 'text' ? { kind: 'text', content: body.data.content } : { kind: body.data.choice }
    const command = { id: idOf(request.params.id), writeId: writeIdOf(request, newId), choice }
    response.json(await files.conflicts.resolve(command, authorOf(request)))
  })

  router.post('/:id/materialize', async (request, response) => {
    const command = { id: idOf(request.params.id), writeId: writeIdOf(request, newId) }
    response.json(await files.conflicts.materialize(command, authorOf(request)))
  })

  return router
}

/** @throws EnsembleError E_NOT_FOUND */
function idOf(text: string): ConflictId {
  const id = conflictId.safeParse(text)
  if (id.success) return id.data
  throw new EnsembleError('E_NOT_FOUND', `There is no conflict ${text}.`, { hint: 'GET /api/conflicts lists them.' })
}

function badRequest(what: string, error: z.ZodError, hint: string): EnsembleError {
  return new EnsembleError('E_BAD_REQUEST', `${what} is not valid: ${z.prettifyError(error)}`, { hint })
}
