/** A real git repository that merges with Ensemble, from the built program. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPlace, type Place } from '../support/cli.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
})
afterEach(async () => {
  await place.close()
})

const env = {
  ...{ PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A' },
  GIT_COMMITTER_EMAIL: 'a@example.org',
}
const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: place.dir, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] })
const put = (name: string, text: string): void => {
  writeFileSync(place.path(name), text)
}

/** Two branches, each with its own text of each file. */
function branches(files: Readonly<Record<string, readonly [base: string, ours: string, theirs: string]>>): void {
  git('init', '-q', '-b', 'main')
  const commit = (side: number): void => {
    for (const [name, texts] of Object.entries(files)) put(name, texts[side] ?? '')
    git('add', '-A')
    git('commit', '-q', '-m', `side ${side}`)
  }
  commit(0)
  git('checkout', '-q', '-b', 'other')
  commit(2)
  git('checkout', '-q', 'main')
  commit(1)
}

function merge(): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('git', ['merge', '-q', '--no-edit', 'other'], {
    cwd: place.dir,
    encoding: 'utf8',
    env,
  })
  return { status, output: stdout + stderr }
}

describe('ensemble init --git-merge-driver', () => {
  it('lets git merge edits that touch, and says where', async () => {
    branches({ "it's 100%.ts": ['a\nb\nc\nd\n', 'a\nB1\nc\nd\n', 'a\nb\nC1\nd\n'] })
    const { code, stderr } = await place.run(['init', '--git-merge-driver'])
    expect(code).toBe(0)
    expect(stderr).toContain(`Written into ${place.path('.git', 'config')}:\n  merge.ensemble.name=`)
    expect(git('status', '--porcelain')).toBe('')
    const { status, output } = merge()
    expect({ status, output }).toMatchObject({ status: 0 })
    expect(output).toContain("it's 100%.ts:2-3: both sides changed lines that touch\n")
    expect(readFileSync(place.path("it's 100%.ts"), 'utf8')).toBe('a\nB1\nC1\nd\n')
  })

  it('leaves a conflict to git, with markers of the size that it asks for', async () => {
    branches({
      'a.ts': ['a\nb\n', 'a\nX1\n', 'a\nY1\n'],
      'b.lock': ['a\nb\nc\n', 'a\nB1\nc\n', 'a\nb\nC1\n'],
      '.gitattributes': ['', '*.ts conflict-marker-size=9\n*.lock -merge\n', ''],
    })
    await place.run(['init', '--git-merge-driver'])
    const { status, output } = merge()
    expect(status).toBe(1)
    expect(output).toContain('Merge conflict in a.ts')
    expect(readFileSync(place.path('a.ts'), 'utf8')).toBe('a\n<<<<<<<<< ours\nX1\n=========\nY1\n>>>>>>>>> theirs\n')
    // What the project says about its files stays in force.
    expect(readFileSync(place.path('b.lock'), 'utf8')).toBe('a\nB1\nc\n')
  })

  it('does nothing the second time, and --remove takes back all of it', async () => {
    git('init', '-q')
    const before = readFileSync(place.path('.git', 'config'), 'utf8')
    const first = (await place.run(['init', '--git-merge-driver', '--json'])).json()
    expect(first).toMatchObject({ schema: 'ensemble.init/1', gitMergeDriver: true })
    expect(first['changed']).toHaveLength(3)
    const written = readFileSync(place.path('.git', 'config'), 'utf8')
    expect((await place.run(['init', '--git-merge-driver', '--json'])).json()['changed']).toEqual([])
    expect(readFileSync(place.path('.git', 'config'), 'utf8')).toBe(written)
    await place.run(['init', '--git-merge-driver', '--remove'])
    expect(readFileSync(place.path('.git', 'config'), 'utf8')).toBe(before)
    const last = await place.run(['init', '--git-merge-driver', '--remove', '--json'])
    expect({ code: last.code, changed: last.json()['changed'] }).toEqual({ code: 0, changed: [] })
  })

  it('leaves another default driver alone', async () => {
    git('init', '-q')
    git('config', 'merge.default', 'mine')
    const { code, stderr } = await place.run(['init', '--git-merge-driver'])
    expect(code).toBe(3)
    expect(stderr).toContain('merge.default is "mine"')
    await place.run(['init', '--git-merge-driver', '--remove'])
    expect(git('config', 'merge.default')).toBe('mine\n')
  })

  it('says so outside of a repository, and when nothing is named', async () => {
    const outside = await place.run(['init', '--git-merge-driver'], { env: { GIT_CEILING_DIRECTORIES: '/' } })
    expect(outside.code).toBe(1)
    expect(outside.stderr).toContain('is in no git repository')
    expect((await place.run(['init'])).code).toBe(2)
  })
})

it('[MERGE-9] merge-file ends with 255 where nothing was merged, also when it is called wrongly', async () => {
  put('a', 'a\n')
  put('b', 'a\0\n')
  for (const args of [
    ['a', 'a', 'b'],
    ['a', 'a', 'missing'],
    ['a', 'a'],
    ['--what', 'a', 'a', 'a'],
    ['a', 'a', 'a', 'a'],
    ['--batch', 'a'],
  ]) {
    const { code, stdout, stderr } = await place.run(['merge-file', ...args])
    expect({ args, code, stdout }).toEqual({ args, code: 255, stdout: '' })
    expect(stderr).toMatch(/^error: .+[^]*exit 255\n$/)
  }
})
