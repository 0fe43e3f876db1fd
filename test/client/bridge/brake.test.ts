import { expect, test } from 'vitest'
import { judge, mayDelete, type BulkFacts } from '../../../client/bridge/brake.js'

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

const QUIET: BulkFacts = {
  ...{ deletions: { gone: 0, recent: 0, tracked: 60 }, overwritten: 0, recentlyOverwritten: 0 },
  ...{ byGit: false, isServed: false },
}
const NOTHING = { holdsDeletions: false, holdsOverwrites: false }

test.each<[Partial<BulkFacts>, object]>([
  [{ overwritten: 20 }, NOTHING],
  [{ overwritten: 21 }, { ...NOTHING, holdsOverwrites: true }],
  [
    { overwritten: 1, recentlyOverwritten: 20 },
    { ...NOTHING, holdsOverwrites: true },
  ],
  [
    { overwritten: 21, isServed: true },
    { ...NOTHING, holdsOverwrites: true },
  ],
  [{ overwritten: 100, deletions: { gone: 0, recent: 0, tracked: 400 } }, NOTHING],
  [{ overwritten: 11, deletions: { gone: 10, recent: 0, tracked: 60 } }, NOTHING],
  [
    { overwritten: 11, deletions: { gone: 10, recent: 0, tracked: 60 }, byGit: true },
    { holdsDeletions: true, holdsOverwrites: true },
  ],
  ...[20, 21].map((overwritten): [Partial<BulkFacts>, object] => [
    { overwritten, deletions: { gone: 0, recent: 0, tracked: 4_000 }, byGit: true },
    { holdsDeletions: overwritten === 21, holdsOverwrites: overwritten === 21 },
  ]),
  [{ overwritten: 21, deletions: { gone: 0, recent: 0, tracked: 4_000 } }, NOTHING],
  [{ overwritten: 60, byGit: true, isServed: true }, NOTHING],
])('[BRIDGE-19] of %j is held: %j', (facts, verdict) => {
  expect(judge({ ...QUIET, ...facts })).toEqual(verdict)
})
