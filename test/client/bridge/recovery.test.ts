import { expect, test } from 'vitest'
import { hasHappened } from '../../../client/bridge/recovery.js'

const write = { phase: 'placing', temporary: '/t' } as const
const removal = { phase: 'placing', temporary: null } as const

test.each([
  [
    'a write whose temporary file is there and not in its place',
    write,
    { isThere: false, hasTemporary: true, isOldMoved: false },
    false,
  ],
  ['a write whose file is in its place', write, { isThere: true, hasTemporary: false, isOldMoved: true }, true],
  [
    'a write linked to its place, its temporary name still there',
    write,
    { isThere: true, hasTemporary: true, isOldMoved: false },
    true,
  ],
  [
    'a write in whose place somebody put another file since',
    write,
    { isThere: false, hasTemporary: false, isOldMoved: true },
    true,
  ],
  [
    'a removal whose file is still in its place',
    removal,
    { isThere: false, hasTemporary: false, isOldMoved: false },
    false,
  ],
  ['a removal whose file was moved away', removal, { isThere: false, hasTemporary: false, isOldMoved: true }, true],
  [
    'whatever is said to be placed',
    { ...write, phase: 'placed' },
    { isThere: false, hasTemporary: true, isOldMoved: false },
    true,
  ],
] as const)('[BRIDGE-7] %s', (_what, intent, facts, happened) => {
  expect(hasHappened(intent, facts)).toBe(happened)
})
