import { describe, expect, test } from 'vitest'
import { EnsembleError } from '../../../protocol/errors.js'
import { freshness } from '../../../dashboard/model/freshness.js'
import { aWelcome } from '../builders.js'

const live = { kind: 'live', welcome: aWelcome() } as const
const error = new EnsembleError('E_UNREACHABLE', 'gone')
const waiting = { kind: 'waiting', attempt: 1, until: 20_000, error } as const

describe('the picture is', () => {
  test.each([
    ['live up to three seconds after the last word', 3_000, { kind: 'live' }],
    ['behind after that', 6_100, { kind: 'behind', seconds: 6 }],
    ['not live after ten seconds, though the connection stands', 10_001, { kind: 'offline', since: 0, final: false }],
  ])('%s', (_, age, expected) => {
    expect(freshness(live, 0, age)).toMatchObject(expected)
  })

  test('the same while all is well, whenever a word came: nobody is told of it', () => {
    expect(freshness(live, 1_000, 1_000)).toBe(freshness(live, 2_000, 2_100))
  })

  test('no news while a broken line is younger than three seconds', () => {
    expect(freshness(waiting, 0, 2_900)).toEqual({ kind: 'live' })
  })

  test('not live when a broken line is older, and says when it tries again', () => {
    expect(freshness(waiting, 0, 3_001)).toMatchObject({ kind: 'offline', since: 0, retryAt: 20_000 })
  })

  test('not live for good when the server refuses, with its reason', () => {
    const closed = { kind: 'closed', error: new EnsembleError('E_UNAUTHORIZED', 'This token is not valid.') } as const
    expect(freshness(closed, null, 0)).toMatchObject({
      ...{ kind: 'offline', cause: 'This token is not valid.', final: true, since: null },
    })
  })

  test('opening until the first word, unless the first attempt failed', () => {
    expect(freshness({ kind: 'connecting', attempt: 0 }, null, 9_000)).toEqual({ kind: 'opening' })
    expect(freshness({ kind: 'connecting', attempt: 1 }, null, 9_000)).toMatchObject({ kind: 'offline' })
  })
})
