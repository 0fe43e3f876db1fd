import { describe, expect, test } from 'vitest'
import {
  accessBy,
  allowedHosts,
  checkHost,
  checkOrigin,
  queryToken,
  tokenOf,
} from '../../../server/auth/authenticate.js'

const gate = (hosts: ReadonlySet<string>) => ({ token: 'secret', accessOf: () => undefined, hosts })
const asking = (headers: Readonly<Record<string, string>>) => ({ headers })
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

describe('hosts', () => {
  test.each([
    ['127.0.0.1', [], [...LOOPBACK]],
    ['192.168.1.5', [], [...LOOPBACK, '192.168.1.5']],
    ['0.0.0.0', [], [...LOOPBACK, '10.0.0.7', '[fe80::1]']],
    ['::', [], [...LOOPBACK, '10.0.0.7', '[fe80::1]']],
    ['127.0.0.1', ['Dev.Example'], [...LOOPBACK, 'dev.example']],
  ])('[AUTH-2] served on %s with %j allowed: %j', (served, configured, expected) => {
    expect([...allowedHosts(served, configured, ['10.0.0.7', 'fe80::1'])].sort()).toEqual([...new Set(expected)].sort())
  })

  test('[AUTH-2] names are compared without port and case; what is missing or no name is refused', () => {
    const own = gate(allowedHosts('127.0.0.1', ['dev.example'], []))
    for (const host of ['localhost', 'LocalHost:9999', '127.0.0.1:1', '[::1]:9999', 'dev.example:443']) {
      expect(() => {
        checkHost(own, asking({ host }))
      }).not.toThrow()
    }
    for (const host of ['evil.example', 'localhost.evil.example', 'a b', 'localhost@evil.example']) {
      expect(() => {
        checkHost(own, asking({ host }))
      }).toThrow(expect.objectContaining({ code: 'E_FORBIDDEN_HOST' }))
    }
    expect(() => {
      checkHost(own, asking({}))
    }).toThrow()
  })

  test('[AUTH-3] no Origin is no page; any other must be of an allowed host', () => {
    const own = gate(allowedHosts('127.0.0.1', [], []))
    for (const headers of [{}, { origin: 'http://localhost:5173' }, { origin: 'https://[::1]' }]) {
      expect(() => {
        checkOrigin(own, asking(headers))
      }).not.toThrow()
    }
    for (const origin of ['null', 'https://evil.example', 'http://localhost.evil.example', '']) {
      expect(() => {
        checkOrigin(own, asking({ origin }))
      }).toThrow(expect.objectContaining({ code: 'E_FORBIDDEN_ORIGIN' }))
    }
  })
})

describe('[AUTH-1] the token', () => {
  const own = gate(new Set())
  const check = (headers: Readonly<Record<string, string>>, queried?: string) => () => {
    accessBy(own, tokenOf(asking(headers), queried))
  }

  test('is taken from the header, or from the address where that is asked for', () => {
    expect(check({ authorization: 'Bearer secret' })).not.toThrow()
    expect(check({ authorization: 'bearer   secret' })).not.toThrow()
    expect(check({}, 'secret')).not.toThrow()
    expect(check({ authorization: 'Bearer wrong' }, 'secret')).toThrow()
    for (const authorization of [
      'secret',
      'Basic secret',
      'Bearer',
      'Bearer secre',
      'Bearer secret2',
      'Bearer Secret',
    ]) {
      expect(check({ authorization })).toThrow(expect.objectContaining({ code: 'E_UNAUTHORIZED' }))
    }
    expect(check({})).toThrow('No token')
  })

  test('[AUTH-5] stands in no error', () => {
    try {
      check({ authorization: 'Bearer almost-secret' })()
      expect.unreachable()
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain('secret')
    }
  })

  test('is read from the query as browsers write it', () => {
    expect(queryToken('/agent?token=a%2Bb')).toBe('a+b')
    expect(queryToken('/sync/a%3Fb?agent=X-y&token=t')).toBe('t')
    expect(queryToken('/agent?x=?token=no')).toBeUndefined()
    expect(queryToken('/agent')).toBeUndefined()
  })
})
