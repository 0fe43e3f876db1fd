import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unifiedDiff } from '../../../client/cli/views/unified-diff.js'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-diff-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** What `git apply` makes of a text with the difference. */
async function applied(before: string, lines: readonly string[]): Promise<string> {
  await writeFile(join(dir, 'a.txt'), before)
  await writeFile(join(dir, 'diff'), `${lines.join('\n')}\n`)
  await new Promise<void>((resolve, reject) => {
    execFile('git', ['apply', '--unidiff-zero', 'diff'], { cwd: dir }, (error, _, stderr) =>
      error === null ? resolve() : reject(new Error(`${stderr}\n${lines.join('\n')}`)),
    )
  })
  return readFile(join(dir, 'a.txt'), 'utf8')
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('')

describe('a difference', () => {
  it.each([
    ['in the middle', numbers(0, 20), `${numbers(0, 9)}nine\n${numbers(10, 20)}`],
    ['far apart: two hunks', numbers(0, 40), `first\n${numbers(1, 30)}${numbers(31, 40)}`],
    ['near: one hunk', numbers(0, 20), `${numbers(0, 5)}x\n${numbers(5, 9)}${numbers(10, 20)}`],
    ['at the end, without a line end', 'one\ntwo', 'one\ntwo\nthree'],
    ['a line end more', 'one', 'one\n'],
    ['everything', 'a\nb\n', 'c\n'],
    ['added to one line', 'a\n', 'a\nb\nc\n'],
  ])('%s is one that git applies', async (_, before, after) => {
    expect(await applied(before, unifiedDiff(before, after, 'a.txt'))).toBe(after)
  })

  it('of equal texts is nothing', () => {
    expect(unifiedDiff('a\n', 'a\n', 'a.txt')).toEqual([])
  })

  it('reads as diff -u writes it', () => {
    expect(unifiedDiff(numbers(0, 8), `${numbers(0, 4)}four\n${numbers(5, 8)}`, 'a.txt')).toEqual([
      ...['--- a/a.txt', '+++ b/a.txt', '@@ -2,7 +2,7 @@', ' 1', ' 2', ' 3', '-4', '+four', ' 5', ' 6', ' 7'],
    ])
  })
})
