import { describe, expect, test } from 'vitest'
import { formatRoute, parseRoute } from '../../dashboard/router.js'
import { keyFromInput, takeKey } from '../../dashboard/token.js'

describe('an address', () => {
  test.each([
    ['/', { view: 'overview' }],
    ['/files', { view: 'files', path: null }],
    ['/files/src/a%3Fb%23c%20d.ts', { view: 'files', path: 'src/a?b#c d.ts' }],
    ['/files/%E2%82%AC/100%25.txt', { view: 'files', path: '€/100%.txt' }],
    ['/conflicts', { view: 'conflicts', id: null }],
    ['/conflicts/c1', { view: 'conflicts', id: 'c1' }],
    ['/tasks', { view: 'tasks', id: null, subtask: null }],
    [
      '/tasks/TASK-ACTIVE-20260205-001-checkout',
      { view: 'tasks', id: 'TASK-ACTIVE-20260205-001-checkout', subtask: null },
    ],
    ['/tasks/TASK-1/2', { view: 'tasks', id: 'TASK-1', subtask: '2' }],
    ['/locks', { view: 'locks', id: null }],
    ['/locks/l7', { view: 'locks', id: 'l7' }],
    ['/agents', { view: 'agents', id: null }],
    ['/agents/CLAUDE-a%20b', { view: 'agents', id: 'CLAUDE-a b' }],
    ['/nowhere', { view: 'unknown', address: '/nowhere' }],
  ] as const)('%s is read, and written the same', (address, route) => {
    expect(parseRoute(address)).toEqual(route)
    expect(formatRoute(route)).toBe(address)
  })

  test('with a stray "%" names a file that does not exist, instead of failing', () => {
    expect(parseRoute('/files/100%.txt')).toEqual({ view: 'files', path: '100%.txt' })
  })
})

describe('what opens the page', () => {
  function place(hash: string, kept: string | null = null) {
    const replaced: string[] = []
    const store = new Map(kept === null ? [] : [['ensemble-token', kept]])
    const key = takeKey({
      location: { hash, pathname: '/files/a.ts', search: '' },
      history: { replaceState: (_data, _unused, url) => replaced.push(url) },
      storage: {
        getItem: (name) => store.get(name) ?? null,
        setItem: (name, value) => store.set(name, value),
        removeItem: (name) => store.delete(name),
      },
    })
    return { key, replaced }
  }

  test.each(['code', 'token'] as const)(
    '[AUTH-10] a %s is taken from the address, and stripped from the bar at once',
    (kind) => {
      expect(place(`#${kind}=abc`)).toEqual({ key: { kind, text: 'abc' }, replaced: ['/files/a.ts'] })
    },
  )

  test('the address wins over what was kept', () => {
    expect(place('#code=new', 'old').key).toEqual({ kind: 'code', text: 'new' })
  })

  test('a token that was kept serves addresses without one, whose fragment stays', () => {
    expect(place('#L12', 'old')).toEqual({ key: { kind: 'token', text: 'old' }, replaced: [] })
  })

  test('is nothing where there never was anything', () => {
    expect(place('').key).toBeNull()
    expect(place('#code=').key).toBeNull()
  })

  test.each([
    ['  abc ', { kind: 'token', text: 'abc' }],
    ['http://127.0.0.1:9999/#token=abc', { kind: 'token', text: 'abc' }],
    ['http://127.0.0.1:9999/#code=abc', { kind: 'code', text: 'abc' }],
    ['http://127.0.0.1:9999/#code=', null],
    [' ', null],
  ])('is found in pasted %j', (input, expected) => {
    expect(keyFromInput(input)).toEqual(expected)
  })
})
