import { expect, test } from 'vitest'
import { openConnectLog } from '../../../client/cli/connect-log.js'

test('a full disk takes nothing of a log, and the process goes on', () => {
  const log = openConnectLog('/dev', 'full')
  expect(() => {
    log.info('one')
    log.info('two')
  }).not.toThrow()
})
