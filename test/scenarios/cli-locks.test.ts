/** Locks on the command line, and many processes that want the same few. */
import { mkdir, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPlace, type Place } from '../support/cli.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'a.js'), 'one\ntwo\nthree\nfour\n')
  await place.run(['server', 'start', 'project', '--port', '0', '--background'])
})
afterEach(() => place.close())

const lock = (...args: string[]) => place.run(['lock', ...args], { cwd: place.path('project') })

describe('ensemble lock', () => {
  test('[CLI-3] takes, refuses with 3, waits in vain with 5, lists, renews and releases', async () => {
    const got = await lock('acquire', '--file', 'src/a.js', '--lines', '2-3', '--as', 'CLAUDE-one', '--json')
    expect(got).toMatchObject({ code: 0 })
    expect(got.json()).toMatchObject({
      schema: 'ensemble.lock-acquired/1',
      locks: [{ id: 'l1', token: 1, holder: 'CLAUDE-one', lines: { from: 2, to: 3 }, type: 'EXCLUSIVE', ttl: 300 }],
    })
    const refused = await lock('acquire', '--file', 'src/a.js', '--lines', '3-4', '--as', 'CODEX-two')
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toMatch(
      /^error: \S.* holds src\/a\.js:2-3, \d:\d\d left\n  .*lock list --file src\/a\.js" shows what of it is taken\.\n  try   ensemble lock acquire --file src\/a\.js --lines 3-4 --as CODEX-two --wait \d+\n  code  E_LOCK_HELD, exit 3\n$/s,
    )
    expect((await lock('acquire', '--file', 'src/a.js', '--wait', '0.05', '--as', 'CODEX-two')).code).toBe(5)
    expect((await lock('acquire', '--file', 'src/a.js', '--lines', '4-9', '--as', 'CODEX-two')).code).toBe(1)
    expect((await lock('acquire', '--file', '../a.js', '--as', 'CODEX-two')).code).toBe(2)
    expect((await lock('acquire', '--file', 'src/a.js', '--ttl', '-1', '--as', 'CODEX-two')).code).toBe(2)
    expect((await lock('release', '--id', 'l1', '--as', 'CODEX-two')).code).toBe(3)
    expect((await lock('renew', '--id', 'l1', '--ttl', '900', '--as', 'CLAUDE-one')).code).toBe(0)
    const listed = (await lock('list')).stdout
    expect(listed).toMatch(/l1 +src\/a\.js:2-3 +2–3 +EXCLUSIVE +\S+.* +1\d:\d\d/)
    expect(listed).toContain('next  ensemble lock acquire --file src/a.js --wait 60 --as AGENT')
    expect((await lock('break', '--id', 'l1')).code).toBe(2)
    expect((await lock('release', '--file', 'src/a.js', '--as', 'CLAUDE-one')).code).toBe(0)
    expect((await lock('list', '--json')).json()).toMatchObject({ locks: [], waiting: [] })
  })

  test('[LOCK-3] a path without a file is locked, and said to be one, with what may have been meant; without a verb it lists', async () => {
    const ahead = await lock('acquire', '--file', 'src/b.js', '--as', 'CLAUDE-one')
    expect(ahead).toMatchObject({ code: 0 })
    expect(ahead.stdout).toContain('\nsrc/b.js does not exist yet. Did you mean src/a.js?\n')
    const far = await lock('acquire', '--file', 'docs/plan.md', '--as', 'CLAUDE-one', '--json')
    expect(far.json()).toMatchObject({ ahead: [{ path: 'docs/plan.md', near: [] }] })
    const there = await lock('acquire', '--file', 'src/a.js', '--as', 'CLAUDE-one', '--json')
    expect(there.json()).not.toHaveProperty('ahead')
    const listed = await lock()
    expect(listed).toMatchObject({ code: 0 })
    expect(listed.stdout).toMatch(/src\/b\.js +all +EXCLUSIVE/)
    expect((await lock('acquir')).code).toBe(2)
  })
})
