import type { EventEmitter } from 'node:events'
import { symbols } from 'pino'
import { expect, test } from 'vitest'
import { createLog } from '../../server/log.js'

test('a full disk takes nothing of the log, and the server goes on', () => {
  const log = createLog('/dev/full')
  // pino types its stream by a symbol only.
  const stream = (log as unknown as Record<symbol, EventEmitter>)[symbols.streamSym]
  log.info('one')
  expect(() => stream?.emit('error', new Error('ENOSPC'))).not.toThrow()
  // Again: pino's own listener takes an error once, and no more.
  expect(stream?.emit('error', new Error('ENOSPC'))).toBe(true)
})
