import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readHistory } from './merge-history.js'
import { compare } from './merge-score.js'

describe('compare', () => {
  const base = 'a\nb\nc\nd\n'
  const touching = { base, ours: 'a\nB1\nc\nd\n', theirs: 'a\nb\nC1\nd\n' }

  it('counts what is clean and equal, clean but different, and in conflict, here and in git', () => {
    const cases = [
      { id: 1, ...touching, result: 'a\nB1\nC1\nd\n' },
      { id: 2, ...touching, result: 'a\n' },
      { id: 3, base, ours: 'a\nB1\nc\nd\n', theirs: base, result: 'a\nB1\nc\nd\n' },
      { id: 4, base, ours: 'a\nX1\nc\nd\n', theirs: 'a\nY1\nc\nd\n', result: 'a\nX1\nc\nd\n' },
    ]
    const inConflict = { conflicts: 1, text: '<<<<<<<' }
    const result = compare(cases, [inConflict, inConflict, { conflicts: 0, text: 'a\nB1\nc\nd\n' }, inConflict])
    expect(result.ours).toEqual({ cleanAndEqual: 2, cleanButDifferent: 1, conflicts: 1 })
    expect(result.git).toEqual({ cleanAndEqual: 1, cleanButDifferent: 0, conflicts: 3 })
    expect(result).toMatchObject({
      ...{ cases: 4, lost: [], unnoted: [], extra: { merges: 2, equal: 1, noted: 2 } },
      ...{ soft: { insertions: 0, adjacent: 2, tokens: 0 }, hard: { hunks: 1, foreign: 0 } },
    })
  })

  it('names what git gets right and is lost here, and what comes out otherwise without a note', () => {
    const one = { id: 'x', base, ours: 'a\nX1\nc\nd\n', theirs: 'a\nY1\nc\nd\n', result: 'right' }
    expect(compare([one], [{ conflicts: 0, text: 'right' }]).lost).toEqual(['x'])
    const two = { id: 'y', base, ours: 'a\nX1\nc\nd\n', theirs: base, result: 'other' }
    expect(compare([two], [{ conflicts: 0, text: 'other' }])).toMatchObject({ lost: ['y'], unnoted: ['y'] })
  })
})

describe('readHistory', () => {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ensemble-history-'))
  })
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true })
  })

  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const commit = (files: Readonly<Record<string, string | Uint8Array>>): void => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content)
    git('add', '-A')
    git('commit', '-q', '-m', 'step')
  }

  it('finds the files that both parents changed, with what was committed in the end', () => {
    git('init', '-q', '-b', 'main')
    commit({ 'a b.ts': 'a\n', both: 'x\n', one: '1\n', data: 'a\0' })
    git('checkout', '-q', '-b', 'side')
    commit({ 'a b.ts': 'theirs\n', both: 'same\n', data: 'b\0', 'new.ts': 'n' })
    git('checkout', '-q', 'main')
    commit({ 'a b.ts': 'ours\n', both: 'same\n', one: '2\n', data: 'c\0' })
    expect(() => git('merge', '-q', 'side')).toThrow()
    commit({ 'a b.ts': 'decided\n', data: 'd\0' })
    const { cases, ...counts } = readHistory(dir)
    expect(counts).toEqual({ merges: 1, crossed: 0, skipped: 1 })
    const id = expect.stringMatching(/^[0-9a-f]{12} a b\.ts$/) as string
    expect(cases).toEqual([{ id, base: 'a\n', ours: 'ours\n', theirs: 'theirs\n', result: 'decided\n' }])
  })

  it('leaves out merges with more than one base', () => {
    git('init', '-q', '-b', 'main')
    commit({ a: '1' })
    git('checkout', '-q', '-b', 'side')
    commit({ b: '1' })
    git('checkout', '-q', 'main')
    commit({ c: '1' })
    const main = git('rev-parse', 'main').trim()
    git('merge', '-q', '--no-edit', 'side')
    git('checkout', '-q', 'side')
    git('merge', '-q', '--no-edit', main)
    commit({ b: '2' })
    git('checkout', '-q', 'main')
    commit({ b: '3', c: '3' })
    expect(() => git('merge', '-q', '--no-edit', 'side')).toThrow()
    commit({ b: '4' })
    expect(readHistory(dir)).toMatchObject({ cases: [], merges: 3, crossed: 1 })
  })
})
