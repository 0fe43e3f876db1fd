import { expect, test } from 'vitest'
import { judgeTrace } from './trace.js'

const write = '10 1.0 writev(19, [{iov_base="..@mark-0@..", iov_len=4096}], 1) = 4096'
const sync = '10 1.1 fdatasync(19) = 0'
const send = String.raw`9 1.2 writev(30, [{iov_base="\202\37", iov_len=2}, {iov_base="..@mark-0@..", iov_len=20}], 2) = 22`
const judge = (...lines: string[]) => judgeTrace(lines.join('\n'), ['@mark-0@'])

test('an echo that is sent after the sync of its write is durable', () => {
  expect(judge(write, sync, send)).toEqual({ after: 1, before: 0, without: 0 })
})

test('an echo that is sent before the sync is found out', () => {
  expect(judge(write, send, sync)).toEqual({ after: 0, before: 1, without: 0 })
})

test('a sync counts from its end: one that is still under way proves nothing', () => {
  const begun = '10 1.1 fdatasync(19 <unfinished ...>'
  const ended = '10 1.3 <... fdatasync resumed>) = 0'
  expect(judge(write, begun, send, ended).before).toBe(1)
  expect(judge(write, begun, ended, send).after).toBe(1)
})

test('a sync before the write proves nothing, and neither does a marker that was never stored or sent', () => {
  expect(judge(sync, write, send).without).toBe(1)
  expect(judge(sync, send).without).toBe(1)
  expect(judge(write, sync).without).toBe(1)
})

test('what is written to other files and to other sockets counts neither as stored nor as sent', () => {
  const otherFile = '9 0.9 write(31, "..@mark-0@..", 20) = 20'
  const otherSocket = String.raw`9 0.9 writev(28, [{iov_base="\201~", iov_len=2}, {iov_base="..@mark-0@..", iov_len=20}], 2)`
  expect(judge(otherFile, otherSocket, write, sync, send).after).toBe(1)
  expect(judge(otherFile, sync, send).without).toBe(1)
})
