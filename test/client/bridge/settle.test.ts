import { describe, expect, test } from 'vitest'
import { settleWait, unsettledNow, type SettleFacts } from '../../../client/bridge/settle.js'
import type { FileSight } from '../../../client/bridge/stamp.js'

const NOW = 1_000_000

/** Times in milliseconds before now. */
function file(
  facts: { size?: number; inode?: bigint; written?: number; moved?: number; stamp?: string } = {},
): FileSight {
  const { size = 5, inode = 1n, written = 100, stamp = 's' } = facts
  const { moved = written } = facts
  const ns = (ago: number): bigint => BigInt(NOW - ago) * 1_000_000n
  return {
    kind: 'file',
    ...{ stamp, inode, size, mode: 0o644, uid: 0, gid: 0, mtimeNs: ns(written), ctimeNs: ns(moved) },
  }
}

const KNOWN = '1:7:5:0:0'
const wait = (facts: Partial<SettleFacts> & { sight: FileSight }): number =>
  settleWait({ known: KNOWN, unsettled: undefined, now: NOW, elapsed: NOW, quiet: 10, ...facts })

describe('how long a changed file is left alone', () => {
  test('not at all, if it has been quiet for long enough', () => {
    expect(wait({ sight: file({ written: 10 }) })).toBe(0)
  })

  test('for what is left of the quiet time', () => {
    expect(wait({ sight: file({ written: 4 }) })).toBe(6)
  })

  test('not at all, if it was renamed to its place after its last write', () => {
    expect(wait({ sight: file({ inode: 2n, written: 5, moved: 0 }) })).toBe(0)
    expect(wait({ sight: file({ inode: 2n, written: 5, moved: 0 }), known: undefined })).toBe(0)
  })

  test('for the quiet time, if it is a new file that is still being written', () => {
    expect(wait({ sight: file({ inode: 2n, written: 0 }) })).toBe(10)
  })

  test('for the quiet time, if the same inode was changed in mode only', () => {
    expect(wait({ sight: file({ written: 500, moved: 0 }) })).toBe(10)
  })

  test('[BRIDGE-5] for 300 ms of our own watching, if it is empty, whatever its date', () => {
    const since = (ago: number) => ({ stamp: 's', since: NOW - ago, first: NOW - ago })
    expect(wait({ sight: file({ size: 0, written: 5000 }) })).toBe(300)
    expect(wait({ sight: file({ size: 0, inode: 2n, written: 5000, moved: 4000 }) })).toBe(300)
    expect(wait({ sight: file({ size: 0, written: 5000 }), unsettled: since(100) })).toBe(200)
    expect(wait({ sight: file({ size: 0, written: 5000 }), unsettled: since(300) })).toBe(0)
  })

  test('[BRIDGE-5] for 300 ms, if in place less than half of it is there: the rest may be on its way', () => {
    const known = '1:7:100:0:0'
    expect(wait({ sight: file({ size: 49, written: 20 }), known })).toBe(280)
    expect(wait({ sight: file({ size: 49, written: 300 }), known })).toBe(0)
    expect(wait({ sight: file({ size: 50, written: 20 }), known })).toBe(0)
    expect(wait({ sight: file({ size: 49, inode: 2n, written: 20 }), known })).toBe(0)
  })

  test('[BRIDGE-5] by our own watching, if another size stands under the old date, as while a file is truncated', () => {
    const sight = file({ written: 5000 })
    const known = `1:7:9:${sight.mtimeNs}:${sight.ctimeNs}`
    expect(wait({ sight, known })).toBe(10)
    expect(wait({ sight, known: '' })).toBe(10)
    expect(wait({ sight, known, unsettled: { stamp: 's', since: NOW - 10, first: NOW - 10 } })).toBe(0)
  })

  test('by our own watching, if its date lies in the future', () => {
    const sight = file({ written: -5000 })
    expect(wait({ sight })).toBe(10)
    expect(wait({ sight, unsettled: { stamp: 's', since: NOW - 7, first: NOW - 7 } })).toBe(3)
    expect(wait({ sight, unsettled: { stamp: 's', since: NOW - 10, first: NOW - 10 } })).toBe(0)
    expect(wait({ sight, unsettled: { stamp: 'other', since: NOW - 10, first: NOW - 10 } })).toBe(10)
  })

  test('[BRIDGE-17] no longer than a second, if it never rests', () => {
    expect(wait({ sight: file({ written: 0 }), unsettled: { stamp: 'x', since: NOW, first: NOW - 999 } })).toBe(10)
    expect(wait({ sight: file({ written: 0 }), unsettled: { stamp: 'x', since: NOW, first: NOW - 1000 } })).toBe(0)
    const empty = file({ size: 0, written: 0 })
    expect(wait({ sight: empty, unsettled: { stamp: 'x', since: NOW, first: NOW - 5000 } })).toBe(300)
  })
})

test('a file is unsettled since its first change, and with this stamp since it was first seen', () => {
  const first = unsettledNow(file({ stamp: 'a' }), undefined, 1)
  expect(first).toEqual({ stamp: 'a', since: 1, first: 1 })
  expect(unsettledNow(file({ stamp: 'a' }), first, 2)).toBe(first)
  expect(unsettledNow(file({ stamp: 'b' }), first, 3)).toEqual({ stamp: 'b', since: 3, first: 1 })
})

test('a wall clock that was set back meanwhile makes nobody wait for it', () => {
  const sight = file({ written: 0 })
  const seen = unsettledNow(sight, undefined, 5_000)
  expect(wait({ sight, unsettled: seen, now: NOW - 120_000, elapsed: 5_009 })).toBe(1)
  expect(wait({ sight, unsettled: seen, now: NOW - 120_000, elapsed: 5_010 })).toBe(0)
})
