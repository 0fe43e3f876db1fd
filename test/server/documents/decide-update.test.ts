import { expect, test } from 'vitest'
import { collide } from '../../../server/documents/decide-update.js'

test('[SYNC-18] the very same text put in by both collides if it is more than one character', () => {
  const put = (added: string) => [{ at: 3, removed: '', added }]
  expect(collide(put('xy'), put('xy'))).toBe(true)
  expect(collide(put('x'), put('x'))).toBe(false)
  expect(collide(put('xy'), put('xz'))).toBe(false)
})
