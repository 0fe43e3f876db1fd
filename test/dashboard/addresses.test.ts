import { describe, expect, test } from 'vitest'
import { formatRoute, parseRoute } from '../../dashboard/router.js'
import { takeToken, tokenFromInput } from '../../dashboard/token.js'

describe('an address', () => {
  test.each([
    ['/', { view: 'overview' }],
    ['/files', { view: 'files', path: null }],
    ['/files/src/a%3Fb%23c%20d.ts', { view: 'files', path: 'src/a?b#c d.ts' }],
    ['/files/%E2%82%AC/100%25.txt', { view: 'files', path: '€/100%.txt' }],
    ['/conflicts', { view: 'conflicts', id: null }],
    ['/conflicts/c1', { view: 'conflicts', id: 'c1' }],
    ['/nowhere', { view: 'unknown', address: '/nowhere' }],
  ] as const)('%s is read, and written the same', (address, route) => {
    expect(parseRoute(address)).toEqual(route)
    expect(formatRoute(route)).toBe(address)
  })

  test('with a stray "%" names a file that does not exist, instead of failing', () => {
    expect(parseRoute('/files/100%.txt')).toEqual({ view: 'files', path: '100%.txt' })
  })
})

describe('the token', () => {
  function place(hash: string, kept: string | null = null) {
    const replaced: string[] = []
    const store = new Map(kept === null ? [] : [['ensemble-token', kept]])
    const token = takeToken({
      location: { hash, pathname: '/files/a.ts', search: '' },
      history: { replaceState: (_data, _unused, url) => replaced.push(url) },
      storage: {
        getItem: (key) => store.get(key) ?? null,
        setItem: (key, value) => store.set(key, value),
        removeItem: (key) => store.delete(key),
      },
    })
    return { token, replaced, kept: store.get('ensemble-token') }
  }

  test('is taken from the address, kept for the tab, and stripped from the bar at once', () => {
    expect(place('#token=abc')).toEqual({ token: 'abc', kept: 'abc', replaced: ['/files/a.ts'] })
  })

  test('of the address wins over the one that was kept', () => {
    expect(place('#token=new', 'old')).toMatchObject({ token: 'new', kept: 'new' })
  })

  test('that was kept serves addresses without one, whose fragment stays', () => {
    expect(place('#L12', 'old')).toEqual({ token: 'old', kept: 'old', replaced: [] })
  })

  test('is null where there never was one', () => {
    expect(place('').token).toBeNull()
  })

  test.each([
    ['  abc ', 'abc'],
    ['http://127.0.0.1:9999/#token=abc', 'abc'],
    ['http://127.0.0.1:9999/#token=', ''],
  ])('is found in pasted %j', (input, expected) => {
    expect(tokenFromInput(input)).toBe(expected)
  })
})
