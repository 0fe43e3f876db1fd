import { expect, test } from 'vitest'
import { judgeTrace } from './trace.js'

const write = '10 1.0 pwrite64(19, "..@mark-0@..", 4096, 0) = 4096'
const sync = '10 1.1 fdatasync(19) = 0'
const send = '9 1.2 write(30, "..@mark-0@..", 20) = 20'

test('an echo that is sent after the sync of its write is durable', () => {
  expect(judgeTrace([write, sync, send].join('\n'), ['@mark-0@'])).toEqual({ after: 1, before: 0, without: 0 })
})

test('an echo that is sent before the sync is found out', () => {
  expect(judgeTrace([write, send, sync].join('\n'), ['@mark-0@'])).toEqual({ after: 0, before: 1, without: 0 })
})

test('a sync counts from its end: one that is still under way proves nothing', () => {
  const begun = '10 1.1 fdatasync(19 <unfinished ...>'
  const ended = '10 1.3 <... fdatasync resumed>) = 0'
  expect(judgeTrace([write, begun, send, ended].join('\n'), ['@mark-0@']).before).toBe(1)
  expect(judgeTrace([write, begun, ended, send].join('\n'), ['@mark-0@']).after).toBe(1)
})

test('a sync before the write proves nothing, and neither does a marker that was never stored or sent', () => {
  expect(judgeTrace([sync, write, send].join('\n'), ['@mark-0@']).without).toBe(1)
  expect(judgeTrace([sync, send].join('\n'), ['@mark-0@']).without).toBe(1)
  expect(judgeTrace([write, sync].join('\n'), ['@mark-0@']).without).toBe(1)
})
