import { describe, expect, test } from 'vitest'
import { formatLeft, locksOf, regionWords } from '../../../dashboard/model/held-locks.js'
import { formatPlace, parsePlace } from '../../../dashboard/model/place.js'
import { locksList } from '../../../protocol/locks.js'
import { NOON } from '../builders.js'

describe('a place in an address', () => {
  test.each([
    ['', { rev: null, lines: null }],
    ['#L12', { rev: null, lines: { from: 12, to: 12 } }],
    ['#L12-20', { rev: null, lines: { from: 12, to: 20 } }],
    ['#r41', { rev: 41, lines: null }],
    ['#r41L3-4', { rev: 41, lines: { from: 3, to: 4 } }],
  ])('%j is read, and written the same', (hash, place) => {
    expect(parsePlace(hash)).toEqual(place)
    expect(formatPlace(place)).toBe(hash)
  })

  test.each(['#L0', '#r0', '#token=x', '#L9999999999', '#content'])('%j is none', (hash) => {
    expect(parsePlace(hash)).toEqual({ rev: null, lines: null })
  })

  test('that ends before it begins is its first line', () => {
    expect(parsePlace('#L9-3').lines).toEqual({ from: 9, to: 9 })
  })
})

describe('locks', () => {
  const aLock = (id: string, path: string, holder: string) => ({
    ...{ id, token: 1, holder, path, region: { kind: 'lines', from: 3, to: 4 }, lines: { from: 5, to: 6 } },
    ...{ type: 'EXCLUSIVE', acquiredAt: NOON, expiresAt: NOON + 60_000, ttl: 60 },
  })
  const want = (path: string) => ({ path, region: { kind: 'file' }, type: 'EXCLUSIVE' })
  const list = locksList.parse({
    locks: [aLock('l1', 'a.ts', 'CODEX-x'), aLock('l2', 'b.ts', 'CODEX-x')],
    waiting: [
      { agent: 'CLAUDE-b', wants: [want('b.ts')], since: NOON, until: NOON + 1, waitsFor: ['CODEX-x'] },
      { agent: 'CLAUDE-a', wants: [want('a.ts')], since: NOON, until: NOON + 1, waitsFor: ['CODEX-x'] },
    ],
  })

  test('of a file are shown with who waits for them there', () => {
    expect(locksOf(list, 'a.ts')).toMatchObject([{ lock: { id: 'l1' }, next: 'CLAUDE-a' }])
    expect(locksOf(list, 'c.ts')).toEqual([])
  })

  test('are named by where they are now', () => {
    const [lock] = list.locks
    expect(lock && regionWords(lock.region, lock.lines)).toBe('lines 5 to 6')
    expect(regionWords({ kind: 'symbol', name: 'App.render' }, null)).toBe('App.render')
  })

  test.each([
    [48_000, '0:48'],
    [125_000, '2:05'],
    [3_600_000, '1:00:00'],
    [-5_000, '0:00'],
  ])('with %i ms left say %s', (left, words) => {
    expect(formatLeft(left)).toBe(words)
  })
})
