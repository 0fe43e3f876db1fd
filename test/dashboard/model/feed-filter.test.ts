import { expect, test } from 'vitest'
import { addToFeed, withMissed, type FeedRow } from '../../../dashboard/model/feed.js'
import {
  ALL,
  compileFeedFilter,
  formatFeedFilter,
  kindOf,
  parseFeedFilter,
  pathFault,
  type FeedFilter,
} from '../../../dashboard/model/feed-filter.js'
import { EVENT_DATA } from '../../support/events.js'
import { aChange, anEvent, NOON } from '../builders.js'

const rowOf = (type: keyof typeof EVENT_DATA, seq = 1): FeedRow =>
  addToFeed([], [anEvent(seq, type, 'CLAUDE-a', NOON, EVENT_DATA[type])])[0]!
const edit = addToFeed([], [aChange(1, 'CODEX-b', 'src/ui/a.ts')])[0]!
const keeps = (filter: Partial<FeedFilter>, row: FeedRow) => compileFeedFilter({ ...ALL, ...filter })(row)

test('each row is of one kind', () => {
  expect(kindOf(edit)).toBe('edits')
  expect(
    (
      ['conflict:raised', 'conflict:resolved', 'agent:left', 'lock:failed', 'task:updated', 'context:update'] as const
    ).map((type) => kindOf(rowOf(type))),
  ).toEqual(['conflicts', 'conflicts', 'agents', 'locks', 'tasks', 'context'])
  expect((['broadcast', 'review:requested', 'event:acknowledged'] as const).map((type) => kindOf(rowOf(type)))).toEqual(
    Array.from({ length: 3 }, () => 'messages'),
  )
})

test('what is asked for must all be met: kind, author, and a glob over one of its paths', () => {
  expect(keeps({}, edit)).toBe(true)
  expect([keeps({ kind: 'edits' }, edit), keeps({ kind: 'locks' }, edit)]).toEqual([true, false])
  expect([keeps({ author: 'CODEX-b' }, edit), keeps({ author: 'CLAUDE-a' }, edit)]).toEqual([true, false])
  expect([keeps({ path: 'src/**' }, edit), keeps({ path: 'src/*.ts' }, edit)]).toEqual([true, false])
  expect(keeps({ path: 'src/**', kind: 'locks' }, edit)).toBe(false)
  const lock = rowOf('lock:acquired')
  expect([keeps({ path: 'src/auth' }, lock), keeps({ path: 'docs' }, lock)]).toEqual([true, false])
  expect(keeps({ path: '**' }, rowOf('agent:joined'))).toBe(false)
})

test('events that are not known may be of any kind, by anybody, about anything', () => {
  const [hole] = withMissed([], 4, 20_004, NOON)
  expect(hole).toMatchObject({ count: 20_000 })
  expect(keeps({ kind: 'locks', author: 'CLAUDE-a', path: 'src/**' }, hole!)).toBe(true)
  expect(withMissed([], 4, 4, NOON)).toEqual([])
})

test('of a conflict both who collided are its authors', () => {
  const row = rowOf('conflict:raised')
  if (row.kind !== 'conflict') throw new Error('not a conflict')
  expect([keeps({ author: row.author }, row), keeps({ author: row.other }, row)]).toEqual([true, true])
})

test('a glob that is not finished keeps nothing out, and is told of', () => {
  expect(keeps({ path: 'src/{a' }, edit)).toBe(true)
  expect([pathFault('src/{a'), pathFault(''), pathFault('src/*')]).toEqual(['its braces do not pair up', null, null])
})

test.each<[FeedFilter, string]>([
  [ALL, ''],
  [{ kind: 'locks', author: null, path: '' }, '#events?kind=locks'],
  [{ kind: null, author: 'CLAUDE-a', path: 'src/**' }, '#events?author=CLAUDE-a&path=src%2F**'],
])('%j stands in the address, and is read from it', (filter, hash) => {
  expect(formatFeedFilter(filter)).toBe(hash)
  expect(parseFeedFilter(hash)).toEqual(filter)
})

test('an address that says something else, or nonsense, keeps nothing out', () => {
  expect([parseFeedFilter('#L12'), parseFeedFilter('#events?kind=sheep')]).toEqual([ALL, ALL])
})
