import { expect, test } from 'vitest'
import { mayDelete } from '../../../client/bridge/brake.js'

test.each([
  [{ gone: 1, recent: 0, tracked: 1 }, true],
  [{ gone: 2, recent: 0, tracked: 2 }, true],
  [{ gone: 3, recent: 0, tracked: 3 }, false],
  [{ gone: 3, recent: 0, tracked: 4 }, true],
  [{ gone: 20, recent: 0, tracked: 21 }, true],
  [{ gone: 21, recent: 0, tracked: 22 }, false],
  [{ gone: 100, recent: 0, tracked: 400 }, true],
  [{ gone: 101, recent: 0, tracked: 400 }, false],
  // 100 of 400 went a moment ago, 20 more of the rest go now
  [{ gone: 1, recent: 100, tracked: 300 }, false],
  [{ gone: 10, recent: 10, tracked: 30 }, true],
  [{ gone: 11, recent: 10, tracked: 30 }, false],
])('[BRIDGE-14] of %j, deleted without asking: %s', (facts, verdict) => {
  expect(mayDelete(facts)).toBe(verdict)
})
