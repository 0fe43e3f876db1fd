/** `/api/history`, `/api/version` and `/api/blame`: what a file's journal tells. `/api/trace`: how a revision came. `/api/revert` takes revisions back. */
import { z } from 'zod'
import {
  blame,
  blameQuery,
  fileVersion,
  historyPage,
  historyQuery,
  revertResult,
  revertTarget,
  versionQuery,
} from '../../../protocol/history.js'
import type { HistoryService } from '../../journal/history-service.js'
import type { RevertService } from '../../journal/revert-service.js'
import { trace, traceQuery } from '../../../protocol/trace.js'
import type { Traces } from '../../trace/traces.js'
import { route, type Route } from '../operation.js'

export interface HistoryRouteOptions {
  readonly history: HistoryService
  readonly reverts: RevertService
  readonly traces: Pick<Traces, 'of'>
}

const ofFile = { path: true } as const
const revertBody = z.object({ target: revertTarget, dryRun: z.boolean().default(false) })

export function historyRoutes({ history, reverts, traces }: HistoryRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'getHistory', method: 'get', path: '/api/history/{path}' },
        summary: 'A file’s revisions, newest first, deleted files’ too.',
        asks: { params: historyQuery.pick(ofFile), query: historyQuery.omit(ofFile) },
        answer: historyPage,
        errors: ['E_PATH', 'E_NOT_FOUND'],
      },
      ({ params, query }) => history.history({ ...params, ...query }),
    ),
    route(
      {
        ...{ id: 'getVersion', method: 'get', path: '/api/version/{path}' },
        summary: 'A file as one revision left it, and what that revision did.',
        asks: { params: versionQuery.pick(ofFile), query: versionQuery.omit(ofFile) },
        answer: fileVersion,
        errors: ['E_PATH', 'E_NOT_FOUND'],
      },
      ({ params, query }) => history.version({ ...params, ...query }),
    ),
    route(
      {
        ...{ id: 'getBlame', method: 'get', path: '/api/blame/{path}' },
        summary: 'Who wrote which line of a file.',
        asks: { params: blameQuery.pick(ofFile), query: blameQuery.omit(ofFile) },
        answer: blame,
        errors: ['E_PATH', 'E_NOT_FOUND', 'E_NOT_TEXT'],
      },
      ({ params, query }) => history.blame({ ...params, ...query }),
    ),
    route(
      {
        ...{ id: 'getTrace', method: 'get', path: '/api/trace/{path}' },
        summary: 'The way of one revision through the server: what came in, when it was stored, who was sent it.',
        asks: { params: traceQuery.pick(ofFile), query: traceQuery.omit(ofFile) },
        answer: trace,
        errors: ['E_PATH', 'E_NOT_FOUND'],
      },
      async ({ params: { path }, query: { rev: asked } }) => {
        const { fileId, rev, seq, author, time, writeId } = (await history.open(path)).entry(asked)
        return { path, rev, seq, author, time, writeId, steps: traces.of(fileId, rev) }
      },
    ),
    route(
      {
        ...{ id: 'revert', method: 'post', path: '/api/revert' },
        summary: 'Takes back what an author wrote, or one revision.',
        asks: { body: revertBody },
        answer: revertResult,
        writes: true,
        errors: ['E_NOT_FOUND', 'E_NOT_TEXT'],
      },
      ({ body: { target, dryRun }, writeId, author }) => reverts.revert({ writeId, target, dryRun }, author),
    ),
  ]
}
