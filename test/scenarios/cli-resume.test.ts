/** What a folder holds back, decided by `ensemble resume`, as processes. */
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorIn, isAlive, kill, openPlace, treeOf, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

const COUNT = 60

let place: Place
let server: Record<string, unknown>
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  for (let file = 0; file < COUNT; file++)
    await writeFile(place.path('project', 'src', `${file}.js`), `first ${file}\n`)
  server = await json(['server', 'start', 'project', '--port', '0', '--background', '--json'])
})
afterEach(() => place.close())

async function json(args: readonly string[], cwd?: string): Promise<Record<string, unknown>> {
  const outcome = await place.run(args, cwd === undefined ? {} : { cwd })
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
  return outcome.json()
}

async function connect(dir: string, instance = dir): Promise<Record<string, unknown>> {
  return await json(['connect', '--agent', 'CLAUDE', '--instance', instance, '--dir', dir, '--background', '--json'])
}

/** Of the roster. */
async function pauseOf(agentId: string): Promise<unknown> {
  const { agents } = (await json(['status', '--json'])) as { agents: { agentId: string; folder: unknown }[] }
  const folder = agents.find((agent) => agent.agentId === agentId)?.folder
  return (folder as { paused?: unknown } | null | undefined)?.paused ?? undefined
}

function git(dir: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=n', '-c', 'user.email=e@x', '-c', 'init.defaultBranch=main']
  execFileSync('git', [...identity, ...args], { cwd: place.path(dir), stdio: 'pipe' })
}

test('[BRIDGE-20, BRIDGE-21] git checkout in a background agent’s folder is held, shown in the roster, and taken back', async () => {
  await connect('a')
  await connect('b')
  await writeFile(place.path('a', '.gitignore'), '.ensemble\n')
  git('a', 'init')
  git('a', 'add', '.')
  git('a', 'commit', '-m', 'first')
  for (let file = 0; file < COUNT; file++) {
    await writeFile(place.path('project', 'src', `${file}.js`), `second ${file}\n`)
    // Slowly enough to be one edit after another.
    await until(
      async () => (await readFile(place.path('a', 'src', `${file}.js`), 'utf8')) === `second ${file}\n`,
      'edit',
    )
  }
  git('a', 'commit', '-a', '-m', 'second')
  git('a', 'checkout', 'HEAD~1')

  const paused = await until(() => pauseOf('CLAUDE-a'), 'the pause')
  expect(paused).toMatchObject({ code: 'git-operation', files: COUNT, choices: ['accept', 'restore'] })
  const shown = (await place.run(['status'], { cwd: place.path('project') })).stdout
  expect(shown).toMatch(/CLAUDE-a +paused/)
  expect(shown).toContain('to bring back here what the server has:  ensemble resume --restore')

  // Decided where it is, by someone who has only that folder, with or without a server.
  const inside = place.path('a', 'src')
  const asked = await place.run(['resume', '--no-input'], { cwd: inside })
  expect(asked).toMatchObject({ code: 2 })
  expect(errorIn(asked)).toContain('Give --accept or --restore.')
  expect((await place.run(['resume', '--delete'], { cwd: inside })).code).toBe(2)
  const told = await place.run(['resume', '--dir', 'a'])
  expect(told.code).toBe(3)
  expect(told.stdout).toContain(`ensemble resume --dir ${place.path('a')} --accept`)
  await kill(server['pid'])
  const offline = await place.run(['status'], { cwd: inside })
  expect(offline.code).toBe(4)
  expect(offline.stdout).toContain('git changed 60 files')
  const done = await json(['resume', '--restore', '--json'], inside)
  expect(done).toMatchObject({ schema: 'ensemble.resume/1', resumed: true, choice: 'restore', files: COUNT })
  expect(await readFile(join(String(done['kept']), 'src', '7.js'), 'utf8')).toBe('first 7\n')
  const port = new URL(String(server['url'])).port
  await json(['server', 'start', 'project', '--port', port, '--background', '--json'])
  const isBack = async (): Promise<boolean> => (await treeOf(place.path('a')))['src/59.js'] === 'second 59\n'
  await until(isBack, 'the server’s texts', 30_000)
  expect((await treeOf(place.path('b')))['src/7.js']).toBe('second 7\n')
  expect(await place.run(['resume', '--dir', 'a'])).toMatchObject({
    code: 0,
    stdout: `Nothing is held in ${place.path('a')}.\n`,
  })
})

test('[BRIDGE-21] deletions of the served folder, and of an agent’s, are decided by a command', async () => {
  await connect('a')
  await rm(place.path('project', 'src'), { recursive: true })
  const isHeld = async (): Promise<boolean> => {
    const { folder } = (await json(['status', '--json'])) as { folder: { paused: unknown } }
    return folder.paused !== null
  }
  await until(isHeld, 'the pause')
  expect(await json(['resume', '--dir', 'project', '--restore', '--json'])).toMatchObject({
    resumed: true,
    files: COUNT,
  })
  await until(async () => Object.keys(await treeOf(place.path('project'))).length === COUNT, 'the files')

  await rm(place.path('a', 'src'), { recursive: true })
  await until(() => pauseOf('CLAUDE-a'), 'the pause')
  expect((await place.run(['resume', '--dir', 'a', '--delete'])).stdout).toBe(
    `${COUNT} files are deleted for everyone.\n`,
  )
  await until(async () => Object.keys(await treeOf(place.path('project'))).length === 0, 'no files')
  await until(async () => (await pauseOf('CLAUDE-a')) === undefined, 'no pause')
})

test('a session whose data folder is deleted ends by itself, and its name is free', async () => {
  await mkdir(place.path('a'))
  await writeFile(place.path('a', 'ensemble.config.json'), '{"bridge":{"auditSeconds":1}}') // it is the audit that sees it
  const { pid } = await connect('a')
  const taken = await place.run(['connect', '--agent', 'CODEX', '--instance', 'a', '--dir', 'c', '--background'])
  expect(taken.code).toBe(3)
  expect(errorIn(taken)).toContain(`which is process ${String(pid)} on `)
  await rm(place.path('a', '.ensemble'), { recursive: true })
  await until(() => !isAlive(Number(pid)), 'the end of the process', 30_000)
  await connect('a')
  expect(Object.keys(await treeOf(place.path('a')))).toHaveLength(COUNT + 1)
})

test('status names what stays out of step in the folder it is asked in, and why', async () => {
  await connect('a')
  await mkdir(place.path('elsewhere'))
  await writeFile(place.path('elsewhere', 'x'), '')
  const { symlink } = await import('node:fs/promises')
  await rm(place.path('a', 'src', '1.js'))
  await symlink(place.path('elsewhere', 'x'), place.path('a', 'src', '1.js'))
  const inside = place.path('a', 'src')
  await until(async () => {
    const { stdout } = await place.run(['status'], { cwd: inside })
    return stdout.includes('src/1.js stays out of step: it is a link, a socket or a device')
  }, 'the path')
  expect(await json(['status', '--json'], inside)).toMatchObject({
    here: { agentId: 'CLAUDE-a', dir: place.path('a'), blocked: { 'src/1.js': 'not a regular file' } },
  })
})
