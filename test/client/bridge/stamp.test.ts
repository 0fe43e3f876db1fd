import { describe, expect, test } from 'vitest'
import { isRacy, sightOf, type FileSight } from '../../../client/bridge/stamp.js'
import { Folder } from '../../support/bridge-folder.js'

const NOW = 1_700_000_000_123

function file(mtimeNs: bigint, ctimeNs: bigint): FileSight {
  return { kind: 'file', stamp: '', inode: 1n, size: 1, mode: 0, uid: 0, gid: 0, mtimeNs, ctimeNs }
}

describe('[BRIDGE-3] a file read now may change under the same stamp', () => {
  const before = (milliseconds: number): bigint => BigInt(NOW - milliseconds) * 1_000_000n + 1n
  test.each([
    ['changed 5 ms ago', file(before(5), before(5)), true],
    ['changed 21 ms ago', file(before(21), before(21)), false],
    ['dated back, changed 5 ms ago', file(before(9000), before(5)), true],
    ['dated into the future by touch', file(before(-9000), before(500)), false],
    ['dated into the future by touch, changed 5 ms ago', file(before(-9000), before(5)), true],
    ['changed just now by a clock that is a little ahead', file(before(-1500), before(-1500)), true],
    ['changed before the clock was set back', file(before(-9000), before(-9000)), false],
    [
      'changed a second ago, where times have whole seconds',
      file(1_699_999_999_000_000_000n, 1_699_999_999_000_000_000n),
      true,
    ],
    ['changed three seconds ago there', file(1_699_999_997_000_000_000n, 1_699_999_997_000_000_000n), false],
  ])('%s: %s', (_what, sight, racy) => {
    expect(isRacy(sight, NOW)).toBe(racy)
  })
})

test('what stands at a place is told without an exception', () => {
  const folder = new Folder()
  folder.write('f.txt', 'f\n')
  expect(sightOf(folder.of('f.txt'))).toMatchObject({ kind: 'file', size: 2 })
  expect(sightOf(folder.root)).toMatchObject({ kind: 'folder' })
  expect(sightOf(folder.of('nothing/there'))).toEqual({ kind: 'absent' })
  expect(sightOf(folder.of('f.txt/below'))).toEqual({ kind: 'under-file' })
  expect(sightOf('/dev/null')).toEqual({ kind: 'special' })
  expect(sightOf(folder.of('x'.repeat(300)))).toEqual({ kind: 'unreadable', code: 'ENAMETOOLONG' })
})
