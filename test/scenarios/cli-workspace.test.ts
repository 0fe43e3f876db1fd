/** The three lines of the README, as processes: a server, two agents in folders of their own, and what may befall them. */
import { appendFile, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorIn, isAlive, kill, openPlace, treeOf, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

/** Folders here ask for a lost server again every two seconds; the rest is for a busy machine. In milliseconds. */
const COMES_BACK = 30_000

let place: Place
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'a.js'), lines(40))
  await writeFile(place.path('project', 'README.md'), '# Project\n')
})
afterEach(() => place.close())

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')
}

async function start(port = 0): Promise<Record<string, unknown>> {
  const args = ['server', 'start', 'project', '--port', String(port), '--background', '--json']
  const outcome = await place.run(args)
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
  return outcome.json()
}

async function connect(agent: string, instance: string, dir: string): Promise<Record<string, unknown>> {
  const args = ['connect', '--agent', agent, '--instance', instance, '--dir', dir, '--background', '--json']
  const outcome = await place.run(args)
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
  return outcome.json()
}

async function insert(dir: string, line: number, text: string): Promise<void> {
  const file = place.path(dir, 'src', 'a.js')
  const all = (await readFile(file, 'utf8')).split('\n')
  all.splice(line, 0, text)
  await writeFile(file, all.join('\n'))
}

/** Every folder has the same files, and `texts` stand in src/a.js exactly once each. */
async function untilSame(dirs: readonly string[], texts: readonly string[]): Promise<void> {
  await until(
    async () => {
      const [first, ...others] = await Promise.all(dirs.map((dir) => treeOf(place.path(dir))))
      const content = first?.['src/a.js'] ?? ''
      const isOnce = texts.every((text) => content.split(text).length === 2)
      return isOnce && others.every((other) => JSON.stringify(sorted(other)) === JSON.stringify(sorted(first ?? {})))
    },
    `${texts.join(', ')} once in each of ${dirs.join(', ')}`,
    COMES_BACK,
  )
}

function sorted(tree: Record<string, string>): [string, string][] {
  return Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1))
}

test('two agents and the workspace stay the same, through kill -9 of the server, and an agent that was away', async () => {
  const server = await start()
  expect(Object.keys(server)).toEqual(
    expect.arrayContaining(['schema', 'url', 'dashboard', 'pid', 'workspace', 'dataDir', 'tokenFile']),
  )
  expect(server).toMatchObject({ schema: 'ensemble.server/1', workspace: place.path('project'), files: 2 })
  const { agentId, dir, files, synced } = await connect('CLAUDE', 'frontend', 'copy-a')
  expect({ agentId, dir, files, synced }).toEqual({
    ...{ agentId: 'CLAUDE-frontend', dir: place.path('copy-a'), files: 2, synced: true },
  })
  await connect('CODEX', 'reviewer', 'copy-b')
  const all = ['project', 'copy-a', 'copy-b']

  await Promise.all([insert('copy-a', 5, 'by a'), insert('copy-b', 20, 'by b'), insert('project', 35, 'by hand')])
  await untilSame(all, ['by a', 'by b', 'by hand'])

  await kill(server['pid'])
  await insert('copy-a', 10, 'a while down')
  await insert('copy-b', 30, 'b while down')
  await insert('project', 1, 'hand while down')
  const again = await start(Number(new URL(String(server['url'])).port))
  expect(again['url']).toBe(server['url'])
  const texts = ['by a', 'by b', 'by hand', 'a while down', 'b while down', 'hand while down']
  await untilSame(all, texts)

  const away = await place.run(['disconnect', '--dir', 'copy-b', '--json'])
  expect(away.json()).toMatchObject({ schema: 'ensemble.disconnected/1', agentId: 'CODEX-reviewer' })
  const status = (await place.run(['status', '--json'])).json()
  expect(status).toMatchObject({ schema: 'ensemble.status/1', url: server['url'], state: 'ready', files: 2 })
  expect((status['agents'] as { agentId: string }[]).map((agent) => agent.agentId)).toEqual(['CLAUDE-frontend'])
  await insert('copy-b', 15, 'b offline')
  await rm(place.path('copy-b', 'README.md'))
  await insert('copy-a', 38, 'a meanwhile')
  await untilSame(['project', 'copy-a'], [...texts, 'a meanwhile'])
  await connect('CODEX', 'reviewer', 'copy-b')
  await untilSame(all, [...texts, 'b offline', 'a meanwhile'])
  expect(Object.keys(await treeOf(place.path('project')))).toEqual(['src/a.js'])
  expect((await place.run(['conflicts', '--json'])).json()).toEqual({ schema: 'ensemble.conflicts/1', conflicts: [] })

  const stopped = await place.run(['server', 'stop', '--json'])
  expect(stopped.json()).toMatchObject({ stopped: true, pid: again['pid'], workspace: place.path('project') })
  expect(await place.run(['server', 'stop'])).toMatchObject({ code: 4 })
})

test('[CLI-5] --background returns when the server is healthy, and when the folder is the same, with where and how', async () => {
  const server = await start()
  expect((await fetch(`${String(server['url'])}/healthz`)).status).toBe(200)
  const data = place.path('project', '.ensemble')
  expect(server).toMatchObject({
    ...{ url: expect.stringMatching(/^http:/) as unknown, dashboard: expect.stringMatching(/^http:/) as unknown },
    ...{ pid: expect.any(Number) as unknown, workspace: place.path('project') },
    ...{ dataDir: data, tokenFile: join(data, 'token') },
  })
  const copy = await connect('CLAUDE', 'frontend', 'copy-a')
  expect(await treeOf(place.path('copy-a'))).toEqual(await treeOf(place.path('project')))
  expect(copy).toMatchObject({
    ...{ agentId: 'CLAUDE-frontend', dir: place.path('copy-a'), pid: expect.any(Number) as unknown },
    ...{ files: 2, synced: true },
  })
  for (const { pid } of [server, copy]) expect(isAlive(Number(pid))).toBe(true)
})

test('what both wrote at one place is a conflict that the command line shows', async () => {
  const server = await start()
  await Promise.all([connect('CLAUDE', 'frontend', 'copy-a'), connect('CODEX', 'reviewer', 'copy-b')])
  await untilSame(['project', 'copy-a', 'copy-b'], [])
  await kill(server['pid']) // nobody hears of the other's line before it has written its own
  for (const dir of ['copy-a', 'copy-b']) {
    const file = place.path(dir, 'src', 'a.js')
    await writeFile(file, (await readFile(file, 'utf8')).replace('line 7\n', `line 7 as ${dir} wants it\n`))
  }
  await start(Number(new URL(String(server['url'])).port))
  const open = await until(
    async () => {
      const { conflicts } = (await place.run(['conflicts', '--json'])).json() as { conflicts: unknown[] }
      return conflicts.length === 1 && conflicts
    },
    'a conflict',
    COMES_BACK,
  )
  expect(open).toMatchObject([{ path: 'src/a.js', reason: 'overlap', state: 'open' }])
  const shown = await place.run(['conflicts'])
  expect(shown.stdout).toMatch(/src\/a\.js +same lines +(C1 frontend +X1 reviewer|X1 reviewer +C1 frontend)/)
})

test('[BRIDGE-14] files that vanish while the server is down are held, which start and status say until they are back', async () => {
  const many = Array.from({ length: 44 }, (_, index) => place.path('project', `many-${index}.txt`))
  for (const file of many) await writeFile(file, 'one of many\n')
  await start()
  expect((await place.run(['server', 'stop'])).code).toBe(0)
  for (const file of many) await rm(file)

  expect(await start()).toMatchObject({ folder: { paused: { code: 'many-deletions' } } })
  expect((await place.run(['server', 'stop'])).code).toBe(0)
  const again = await place.run(['server', 'start', 'project', '--port', '0', '--background'])
  place.adopt(Number((await place.run(['server', 'status', '--json'])).json()['pid']))
  expect(again.stdout).toMatch(
    /files on the server\n[^]* held {7}44 files of .*\n.* and 39 others\n +to delete .* --delete\n/,
  )
  expect((await place.run(['status'])).stdout).toMatch(/ held {7}44 files of /)
  expect((await place.run(['server', 'status'])).stdout).toMatch(/ held {7}44 files of /)

  const copy = await connect('CLAUDE', 'frontend', 'copy-a')
  expect(copy).toMatchObject({ folder: { paused: null, leftOut: 0 }, conflicts: 0 })
  for (const file of many) await cp(place.path('copy-a', basename(file)), file)
  const isWhole = async (): Promise<boolean> => {
    const { folder } = (await place.run(['status', '--json'])).json()
    return JSON.stringify(folder) === '{"paused":null,"leftOut":0}'
  }
  await until(isWhole, 'nothing held', COMES_BACK)
})

test('[CLI-4] a command finds its server from within the workspace and from within an agent’s folder, among several', async () => {
  await mkdir(place.path('other'))
  const server = await start()
  const other = await place.run(['server', 'start', '--workspace', 'other', '--port', '0', '--background', '--json'])
  const byUrl = ['--url', String(server['url'])]
  const copy = await place.run([
    'connect',
    '--agent',
    'CLAUDE',
    '--instance',
    'a',
    '--dir',
    'copy-a',
    '--background',
    '--json',
    ...byUrl,
  ])
  expect(copy).toMatchObject({ code: 0 })

  const urlFrom = async (cwd: string, args: readonly string[] = [], env = {}): Promise<unknown> => {
    const outcome = await place.run(['status', '--json', ...args], { cwd: place.path(cwd), env })
    return outcome.code === 0 ? outcome.json()['url'] : outcome.stdout
  }
  expect(
    await Promise.all([
      urlFrom('project/src'),
      urlFrom('copy-a/src'),
      urlFrom('other'),
      urlFrom('other', byUrl),
      urlFrom('other', [], { ENSEMBLE_URL: server['url'] }),
    ]),
  ).toEqual([server['url'], server['url'], other.json()['url'], server['url'], server['url']])
  const several = await place.run(['status'])
  expect(several).toMatchObject({ code: 2 })
  expect(several.stderr).toContain(`${String(server['url'])}  ${place.path('project')}`)
  expect(several.stderr).toContain(`${String(other.json()['url'])}  ${place.path('other')}`)

  const text = await place.run(['server', 'status'], { cwd: place.path('other') })
  expect(text.stdout).toContain(`process    ${String(other.json()['pid'])}`)
  expect(await place.run(['server', 'stop', '--port', new URL(String(server['url'])).port])).toMatchObject({ code: 0 })
  expect(await urlFrom('.')).toBe(other.json()['url'])
})

test('[AUTH-10] the token is shown nowhere, the link to the dashboard once, and the token’s file is its owner’s', async () => {
  const server = await start()
  const token = (await readFile(String(server['tokenFile']), 'utf8')).trim()
  expect(server['dashboard']).toMatch(new RegExp(`^${String(server['url'])}/#code=[\\w-]{43}$`))
  expect(JSON.stringify(server)).not.toContain(token)
  expect((await stat(String(server['tokenFile']))).mode & 0o777).toBe(0o600)
  await connect('CLAUDE', 'frontend', 'copy-a')
  const said = await Promise.all(
    [
      ['status'],
      ['status', '--json'],
      ['server', 'status'],
      ['server', 'status', '--json'],
      ['conflicts'],
      ['dashboard', '--print-url'],
    ].map((args) => place.run(args)),
  )
  for (const { stdout, stderr } of said) expect(stdout + stderr).not.toContain(token)
  for (const log of [
    place.path('project', '.ensemble', 'server.log'),
    place.path('copy-a', '.ensemble', 'connect.log'),
  ]) {
    expect(await readFile(log, 'utf8')).not.toContain(token)
  }
})

test('a big first sync is whole: 300 files, deep and odd names', async () => {
  for (let n = 0; n < 300; n++) {
    const dir = place.path('project', `d${n % 7}`, 'ä b', String(n % 3))
    await mkdir(dir, { recursive: true })
    await appendFile(join(dir, `file ${n}#?.txt`), `content ${n}\n`)
  }
  await start()
  expect(await connect('CLAUDE', 'frontend', 'copy-a')).toMatchObject({ files: 302 })
  expect(sorted(await treeOf(place.path('copy-a')))).toEqual(sorted(await treeOf(place.path('project'))))
})
