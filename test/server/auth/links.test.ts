import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { Links } from '../../../server/auth/links.js'
import { ManualClock } from '../../support/manual-clock.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

function open(secret = 'secret', clock = new ManualClock()) {
  return { clock, links: new Links({ secret, now: clock.now, elapsed: clock.elapsed, randomBytes }) }
}

const refused = (reason: string) => expect.objectContaining({ code: 'E_UNAUTHORIZED', data: { reason } }) as Error

test('[AUTH-8] a code is good once, for ten minutes, whatever is done to the clock', async () => {
  const { links, clock } = open()
  const { code, expiresAt } = links.make('write')
  expect(expiresAt).toBe(clock.now() + 10 * MINUTE)
  clock.set(DAY)
  await clock.advance(10 * MINUTE - 1)
  expect(links.use(code).access).toBe('write')
  expect(() => links.use(code)).toThrow(refused('used'))
})

test('[AUTH-9] one that is too old, or that nobody made, is refused as such', async () => {
  const { links, clock } = open()
  const { code } = links.make('read')
  await clock.advance(10 * MINUTE)
  expect(() => links.use(code)).toThrow(refused('expired'))
  expect(() => links.use(code.slice(1))).toThrow(refused('unknown'))
  await clock.advance(DAY)
  links.make('read')
  expect(() => links.use(code)).toThrow(refused('unknown'))
})

test('[AUTH-8] a thousand codes are remembered, the newest', () => {
  const { links } = open()
  const codes = Array.from({ length: 1_001 }, () => links.make('read').code)
  expect(() => links.use(codes[0]!)).toThrow(refused('unknown'))
  expect(links.use(codes[1]!).access).toBe('read')
})

test.each(['write', 'read'] as const)(
  '[AUTH-9] the token of a session says %s for seven days, to any server of the workspace',
  async (access) => {
    const { links, clock } = open()
    const { token, expiresAt } = links.use(links.make(access).code)
    expect(expiresAt).toBe(clock.now() + 7 * DAY)
    const restarted = open('secret', clock).links
    expect([links.accessOf(token), restarted.accessOf(token)]).toEqual([access, access])
    expect(open('another', clock).links.accessOf(token)).toBeUndefined()
    await clock.advance(7 * DAY)
    expect(restarted.accessOf(token)).toBe('expired')
  },
)

test('[AUTH-9] no bit of a token can be another one', () => {
  const { links } = open()
  const { token } = links.use(links.make('read').code)
  const bytes = Buffer.from(token, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const forged = Buffer.from(bytes)
    forged[bit >> 3] = forged[bit >> 3]! ^ (1 << (bit & 7))
    expect(links.accessOf(forged.toString('base64url'))).toBeUndefined()
  }
  expect(['', 'secret', token.slice(0, -2), `${token}AA`].map((one) => links.accessOf(one))).toEqual(
    Array.from({ length: 4 }, () => undefined),
  )
})
