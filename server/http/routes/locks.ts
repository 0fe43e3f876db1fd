/** `/api/locks`: who holds what; to ask for locks, to keep them, to give them back, to take them away. */
import { z } from 'zod'
import { lockId } from '../../../protocol/ids.js'
import { refusalError } from '../../../protocol/lock-words.js'
import { lockCommand, locksQuery, lockResult, renewCommand, unlockCommand } from '../../../protocol/locks.js'
import { methods } from '../../../protocol/messages.js'
import type { LockService } from '../../locks/lock-service.js'
import { agentOf } from '../../auth/agent-of.js'
import { route, type Route } from '../operation.js'

export interface LocksRouteOptions {
  readonly locks: LockService
}

export function locksRoutes({ locks }: LocksRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'listLocks', method: 'get', path: '/api/locks' },
        summary: 'Who holds what, and who waits; of one file, or of one agent.',
        asks: { query: locksQuery },
        answer: methods.locks.result,
      },
      ({ query }) => locks.list(query),
    ),
    route(
      {
        ...{ id: 'acquireLocks', method: 'post', path: '/api/locks' },
        summary: 'Asks for locks, all or none, in the name of an agent, and waits as long as it says.',
        asks: { body: lockCommand },
        answer: lockResult.options[0],
        writes: true,
        errors: [
          'E_LOCK_HELD',
          'E_LOCK_TIMEOUT',
          'E_LOCK_DEADLOCK',
          'E_NOT_FOUND',
          'E_UNKNOWN_SYMBOL',
          'E_RANGE',
          'E_LIMIT',
        ],
      },
      async ({ body, author, response }) => {
        const gone = new AbortController()
        response.on('close', () => {
          gone.abort()
        })
        const result = await locks.acquire(body, agentOf(author), gone.signal)
        if (result.outcome === 'refused') throw refusalError(result.refusal)
        return result
      },
    ),
    route(
      {
        ...{ id: 'releaseLocks', method: 'post', path: '/api/locks/release' },
        summary: 'Releases locks of an agent, by id, or those on a file.',
        asks: { body: unlockCommand },
        answer: methods.unlock.result,
        writes: true,
        errors: ['E_LOCK_NOT_HELD'],
      },
      async ({ body, author }) => ({ locks: [...(await locks.release(body, agentOf(author)))] }),
    ),
    route(
      {
        ...{ id: 'renewLocks', method: 'post', path: '/api/locks/renew' },
        summary: 'Begins the life of locks of an agent anew.',
        asks: { body: renewCommand },
        answer: methods.renewLocks.result,
        writes: true,
        errors: ['E_LOCK_NOT_HELD'],
      },
      async ({ body, author }) => ({ locks: [...(await locks.renew(body, agentOf(author)))] }),
    ),
    route(
      {
        ...{ id: 'breakLock', method: 'post', path: '/api/locks/{id}/break' },
        summary: 'Takes a lock away from whoever holds it.',
        asks: { params: z.object({ id: lockId }) },
        answer: methods.breakLock.result,
        writes: true,
        errors: ['E_NOT_FOUND'],
      },
      async ({ params: { id }, author }) => ({ lock: await locks.break(id, author) }),
    ),
  ]
}
