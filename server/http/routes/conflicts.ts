/** `/api/conflicts`: what two wrote in one place, and what is decided about it. */
import { z } from 'zod'
import { conflictFilter, type ConflictChoice } from '../../../protocol/conflicts.js'
import { fileContent } from '../../../protocol/files.js'
import { conflictId } from '../../../protocol/ids.js'
import { methods } from '../../../protocol/messages.js'
import type { FileStore } from '../../documents/file-store.js'
import { route, type Route } from '../operation.js'

export interface ConflictsRouteOptions {
  readonly files: FileStore
  readonly maxBytes: number
}

const params = z.object({ id: conflictId })

const decision = z.discriminatedUnion('choice', [
  z.object({ choice: z.enum(['ours', 'theirs', 'both']) }),
  z.object({ choice: z.literal('text'), content: fileContent }),
])

export function conflictsRoutes({ files, maxBytes }: ConflictsRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'listConflicts', method: 'get', path: '/api/conflicts' },
        summary: 'The open conflicts, or all of them, of every file or of one.',
        asks: { query: conflictFilter },
        answer: methods.conflicts.result,
      },
      async ({ query }) => ({ conflicts: await files.conflicts.list(query) }),
    ),
    route(
      {
        ...{ id: 'getConflict', method: 'get', path: '/api/conflicts/{id}' },
        summary: 'One conflict, open or closed, and what stands in its place now.',
        asks: { params },
        answer: methods.conflict.result,
        errors: ['E_NOT_FOUND'],
      },
      ({ params: { id } }) => files.conflicts.show(id),
    ),
    route(
      {
        ...{ id: 'resolveConflict', method: 'post', path: '/api/conflicts/{id}/resolve' },
        summary: 'Decides a conflict: for one side, for both one after the other, or for a text of one’s own.',
        asks: { params, body: decision },
        maxBody: 2 * maxBytes,
        answer: methods.resolve.result,
        writes: true,
        errors: ['E_NOT_FOUND', 'E_CONFLICT_CLOSED', 'E_CONFLICT_MOVED', 'E_LOCK_HELD', 'E_NOT_TEXT', 'E_TOO_LARGE'],
      },
      ({ params: { id }, body, writeId, author }) => {
        const choice: ConflictChoice =
          body.choice === 'text' ? { kind: 'text', content: body.content } : { kind: body.choice }
        return files.conflicts.resolve({ id, writeId, choice }, author)
      },
    ),
    route(
      {
        ...{ id: 'materializeConflict', method: 'post', path: '/api/conflicts/{id}/materialize' },
        summary: 'Writes both sides, between markers, to where the conflict stands.',
        asks: { params },
        answer: methods.materialize.result,
        writes: true,
        errors: ['E_NOT_FOUND', 'E_CONFLICT_CLOSED', 'E_CONFLICT_MOVED', 'E_LOCK_HELD', 'E_NOT_TEXT', 'E_TOO_LARGE'],
      },
      ({ params: { id }, writeId, author }) => files.conflicts.materialize({ id, writeId }, author),
    ),
  ]
}
