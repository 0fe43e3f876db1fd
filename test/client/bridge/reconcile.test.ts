import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  reconcile,
  type Base,
  type Decision,
  type Disk,
  type Facts,
  type Head,
} from '../../../client/bridge/reconcile.js'

/** Contents by a letter; a capital may be executed. */
const version = (letter: string) => ({ hash: letter.toLowerCase(), executable: letter !== letter.toLowerCase() })

/** `-` nothing · `a` on this disk, of this store · `~a` only its text counts */
const base = (name: string): Base | null =>
  name === '-' ? null : { ...version(name.replace('~', '')), standing: name.startsWith('~') ? 'text' : 'live' }
/** `-` absent · `?` unknown · `a` a file */
const disk = (name: string): Disk => {
  if (name === '-') return { kind: 'absent' }
  return name === '?' ? { kind: 'unknown' } : { kind: 'file', ...version(name) }
}
/** `-` never heard of · `xa` deleted, was a · `a` live */
const head = (name: string): Head | null =>
  name === '-' ? null : { ...version(name.replace('x', '')), deleted: name.startsWith('x') }

const decide = (names: string, ignored = false): string => {
  const [b = '', d = '', h = ''] = names.split(' ')
  const decision = reconcile({ base: base(b), disk: disk(d), head: head(h), ignored })
  return decision.kind === 'submit' ? `submit upon ${decision.upon}` : decision.kind
}

describe('base, disk and head', () => {
  test.each([
    // nothing was ever agreed on
    ['- - -', 'nothing'],
    ['- - a', 'write'],
    ['- - xa', 'nothing'],
    ['- a -', 'submit upon nothing'],
    ['- a a', 'adopt'],
    ['- a b', 'submit upon nothing'],
    ['- a A', 'submit upon nothing'],
    ['- a xa', 'submit upon nothing'],
    ['- a xb', 'submit upon nothing'],
    // a is agreed on
    ['a - -', 'forget'],
    ['a - a', 'delete'],
    ['a - b', 'delete'],
    ['a - xa', 'forget'],
    ['a - xb', 'forget'],
    ['a a -', 'submit upon nothing'],
    ['a a a', 'nothing'],
    ['a a b', 'write'],
    ['a a A', 'write'],
    ['a a xa', 'remove'],
    ['a a xb', 'remove'],
    ['a b -', 'submit upon nothing'],
    ['a b a', 'submit upon base'],
    ['a A a', 'submit upon base'],
    ['a b b', 'adopt'],
    ['a b c', 'submit upon base'],
    ['a A b', 'submit upon base'],
    ['a b xa', 'submit upon base'],
    ['a b xb', 'submit upon base'],
    // the text of a counts, not that it was here
    ['~a - -', 'forget'],
    ['~a - a', 'write'],
    ['~a - b', 'write'],
    ['~a - xa', 'forget'],
    ['~a a -', 'submit upon nothing'],
    ['~a a a', 'adopt'],
    ['~a a b', 'write'],
    ['~a a xa', 'submit upon nothing'],
    ['~a b -', 'submit upon nothing'],
    ['~a b b', 'adopt'],
    ['~a b c', 'submit upon base'],
    ['~a b xa', 'submit upon nothing'],
    // nobody knows what is on disk
    ...['- ? -', '- ? a', '- ? xa', 'a ? -', 'a ? a', 'a ? b', 'a ? xa', '~a ? a', '~a ? xa'].map(
      (names) => [names, 'nothing'] as const,
    ),
  ] as const)('%s: %s', (names, decision) => {
    expect(decide(names)).toBe(decision)
  })

  test.each([
    ['- a b', 'nothing'],
    ['a - a', 'nothing'.replace('nothing', 'untrack')],
    ['a b c', 'untrack'],
    ['a a xa', 'untrack'],
    ['~a - a', 'nothing'],
    ['~a b xa', 'nothing'],
  ])('of an ignored path, %s: %s', (names, decision) => {
    expect(decide(names, true)).toBe(decision)
  })
})

const letters = fc.constantFrom('a', 'b', 'c', 'A', 'B')
const anywhere: fc.Arbitrary<Facts> = fc.record({
  base: fc.oneof(
    fc.constant(null),
    fc.tuple(letters, fc.boolean()).map(([l, live]) => base(live ? l : `~${l}`)),
  ),
  disk: fc.oneof(fc.constantFrom(disk('-'), disk('?')), letters.map(disk)),
  head: fc.oneof(
    fc.constant(null),
    fc.tuple(letters, fc.boolean()).map(([l, gone]) => head(gone ? `x${l}` : l)),
  ),
  ignored: fc.boolean(),
  file: fc.constantFrom('here', 'here', 'elsewhere', 'left'),
})
/** Elsewhere is a file alone that was here. */
const facts = anywhere.map((all): Facts => {
  const isHere = all.base?.standing !== 'live' || all.head === null
  return isHere ? { ...all, file: 'here' } : all
})

/** What the world is after a decision was carried out, by a server that always takes the submitted text. */
function after(facts: Facts, decision: Decision): Facts {
  const { disk: on, head: known } = facts
  // Of a file that is elsewhere nothing is left here, once its name is given up.
  const isGivenUp = facts.file !== 'here' && ['move', 'remove', 'delete', 'forget'].includes(decision.kind)
  if (isGivenUp) return { base: null, disk: { kind: 'absent' }, head: null, ignored: facts.ignored, file: 'here' }
  const asBase = (v: { hash: string; executable: boolean }): Base => ({ ...v, standing: 'live' })
  switch (decision.kind) {
    case 'nothing':
      return facts
    case 'untrack':
      return { ...facts, base: facts.base && { ...facts.base, standing: 'text' } }
    case 'forget':
      return { ...facts, base: null }
    case 'adopt':
      return { ...facts, base: asBase(known!) }
    case 'submit':
      if (on.kind !== 'file') throw new Error('submitted what is not there')
      return { ...facts, base: asBase(on), head: { hash: on.hash, executable: on.executable, deleted: false } }
    case 'delete':
      return { ...facts, base: null, head: { ...known!, deleted: true } }
    case 'write':
      return {
        ...facts,
        base: asBase(known!),
        disk: { kind: 'file', hash: known!.hash, executable: known!.executable },
      }
    case 'move':
      throw new Error('moved what is here')
    case 'remove':
      return { ...facts, base: null, disk: { kind: 'absent' } }
  }
}

const same = (a: { hash: string; executable: boolean }, b: { hash: string; executable: boolean }): boolean =>
  a.hash === b.hash && a.executable === b.executable

test('[BRIDGE-2] whatever the facts, two decisions lead to rest', () => {
  fc.assert(
    fc.property(facts, (start) => {
      let now = start
      for (let step = 0; step < 2; step++) now = after(now, reconcile(now))
      expect(reconcile(now)).toEqual({ kind: 'nothing' })
    }),
  )
})

test('[BRIDGE-5] what is on disk is overwritten or removed only where it is exactly the base', () => {
  fc.assert(
    fc.property(facts, (all) => {
      const { kind } = reconcile(all)
      if (kind !== 'write' && kind !== 'remove') return
      expect(
        all.disk.kind === 'absent' || (all.disk.kind === 'file' && all.base !== null && same(all.disk, all.base)),
      ).toBe(true)
    }),
  )
})

test('[BRIDGE-14] a deletion is told only of a file that was on this disk, is seen to be gone, and is not ignored', () => {
  fc.assert(
    fc.property(facts, (all) => {
      if (reconcile(all).kind !== 'delete') return
      expect(all).toMatchObject({
        disk: { kind: 'absent' },
        base: { standing: 'live' },
        head: { deleted: false },
        ignored: false,
      })
    }),
  )
})

describe('of a file that was renamed on the server', () => {
  const named = (names: string, file: 'elsewhere' | 'left'): string => {
    const [b = '', d = '', h = ''] = names.split(' ')
    const decision = reconcile({ base: base(b), disk: disk(d), head: head(h), ignored: false, file })
    return decision.kind === 'submit' ? `submit upon ${decision.upon}` : decision.kind
  }

  test.each([
    ['a a a', 'move', 'remove'],
    ['a a b', 'move', 'remove'],
    ['a b a', 'move', 'submit upon base'],
    ['a - a', 'delete', 'forget'],
    ['a ? a', 'nothing', 'nothing'],
    ['a a xa', 'remove', 'remove'],
    ['a b xa', 'submit upon base', 'submit upon base'],
    ['a - xa', 'forget', 'forget'],
  ] as const)(
    '[BRIDGE-15] %s: %s; where it is on this disk under its new name already: %s',
    (names, elsewhere, left) => {
      expect([named(names, 'elsewhere'), named(names, 'left')]).toEqual([elsewhere, left])
    },
  )
})
