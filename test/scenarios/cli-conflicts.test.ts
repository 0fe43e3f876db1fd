/** A conflict from two saves to its end, as processes: seen and decided on the command line, by an agent or a person. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Conflict } from '../../protocol/conflicts.js'
import { errorIn, kill, openPlace, type Outcome, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

/** Folders here ask for a lost server again every two seconds; the rest is for a busy machine. In milliseconds. */
const COMES_BACK = 30_000
const FOLDERS = ['project', 'copy-a', 'copy-b'] as const

let place: Place
let server: Record<string, unknown>
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'a.js'), lines({}))
  server = await start(0)
  await Promise.all([connect('CLAUDE', 'frontend', 'copy-a'), connect('CODEX', 'reviewer', 'copy-b')])
})
afterEach(() => place.close())

function lines(replaced: Readonly<Record<number, string>>): string {
  return Array.from({ length: 12 }, (_, number) => `${replaced[number] ?? `line ${number}`}\n`).join('')
}

async function start(port: number): Promise<Record<string, unknown>> {
  return (await ok(['server', 'start', 'project', '--port', String(port), '--background', '--json'])).json()
}

async function connect(agent: string, instance: string, dir: string): Promise<void> {
  await ok(['connect', '--agent', agent, '--instance', instance, '--dir', dir, '--background', '--json'])
}

async function ok(args: readonly string[], env = {}): Promise<Outcome> {
  const outcome = await place.run(args, { env })
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
  return outcome
}

async function conflicts(...args: string[]): Promise<Conflict[]> {
  const { conflicts: found } = (await ok(['conflicts', 'list', '--json', ...args])).json()
  return found as Conflict[]
}

const textIn = (dir: string): Promise<string> => readFile(place.path(dir, 'src', 'a.js'), 'utf8')

async function untilAll(text: string): Promise<void> {
  const isThere = async (): Promise<boolean> => (await Promise.all(FOLDERS.map(textIn))).every((one) => one === text)
  await until(isThere, `in every folder:\n${text}`, COMES_BACK)
}

/** Both folders change line 7 while the server is down. */
async function collide(): Promise<{ readonly id: string; readonly ours: string; readonly theirs: string }> {
  const port = Number(new URL(String(server['url'])).port)
  await kill(server['pid'])
  for (const dir of ['copy-a', 'copy-b'])
    await writeFile(place.path(dir, 'src', 'a.js'), lines({ 7: `seven of ${dir}` }))
  server = await start(port)
  const [conflict] = await until(
    async () => {
      const open = await conflicts()
      return open.length === 1 && open
    },
    'a conflict',
    COMES_BACK,
  )
  if (conflict?.reason !== 'overlap') throw new Error('an overlap is expected')
  await untilAll(lines({ 7: conflict.ours.trimEnd() }))
  return conflict
}

describe('[CONFLICT-8] what two wrote at one place', () => {
  test('is shown, taken by an agent in every folder, and closed for the next one, across two kills', async () => {
    const { id, theirs } = await collide()
    await kill(server['pid'])
    server = await start(Number(new URL(String(server['url'])).port))
    const short = id.slice(0, 6)
    const shown = await ok(['conflicts', 'show', short])
    expect(shown.stdout).toMatch(/^src\/a\.js, line 8: same lines, /)
    expect(shown.stdout).toContain('  | seven of copy-a\n')
    expect(shown.stdout).toContain('  | seven of copy-b\n')
    expect(shown.stdout).not.toMatch(/ours:|theirs:/)
    const resolved = await ok(['conflicts', 'resolve', short, '--theirs', '--json', '--as', 'CLAUDE-frontend'])
    expect(resolved.json()).toMatchObject({
      schema: 'ensemble.conflict-resolved/1',
      conflict: { state: 'resolved', resolution: { outcome: 'theirs', by: 'CLAUDE-frontend' } },
      head: { author: 'CLAUDE-frontend' },
    })
    await untilAll(lines({ 7: theirs.trimEnd() }))
    expect(await conflicts()).toEqual([])
    expect(await conflicts('--all', '--path', 'src/a.js')).toMatchObject([{ id, state: 'resolved' }])
    expect(await conflicts('--all', '--path', 'src/b.js')).toEqual([])

    const again = await place.run(['conflicts', 'resolve', short, '--ours'])
    expect(again.code).toBe(3)
    expect(errorIn(again)).toMatch(/^error: The conflict in src\/a\.js is closed: CLAUDE-frontend decided it/)
    const unknown = await place.run(['conflicts', 'resolve', 'nothing', '--ours'])
    expect(unknown.code).toBe(1)
    expect(errorIn(unknown)).toContain('E_NOT_FOUND')
  })

  test('[CONFLICT-11] is written into the files on request, and closed by taking the markers out', async () => {
    const { id, ours, theirs } = await collide()
    await ok(['conflicts', 'materialize', id], { ENSEMBLE_AGENT: 'CODEX-reviewer' })
    const [record] = await conflicts()
    const { authors } = record ?? { authors: { ours: '', theirs: '' } }
    await untilAll(lines({ 7: `<<<<<<< ${authors.ours}\n${ours}=======\n${theirs}>>>>>>> ${authors.theirs}` }))
    await writeFile(place.path('copy-b', 'src', 'a.js'), lines({ 7: 'seven of both' }))
    await untilAll(lines({ 7: 'seven of both' }))
    expect(await conflicts()).toEqual([])
    expect(await conflicts('--all')).toMatchObject([{ state: 'superseded', resolution: { by: 'CODEX-reviewer' } }])
  })

  test('is decided with lines from a file; what was asked for wrongly changes nothing', async () => {
    const { id } = await collide()
    const before = await textIn('project')
    await writeFile(place.path('own.txt'), 'seven of my own\nand a half\n')
    const wrong: readonly (readonly [string[], NodeJS.ProcessEnv, number, RegExp])[] = [
      [['resolve', id], {}, 2, /Give one of --ours, --theirs, --both and --file/],
      [['resolve', id, '--ours', '--theirs'], {}, 2, /--ours/],
      [['resolve', id, '--file', 'missing.txt'], {}, 2, /missing\.txt cannot be read/],
      [['resolve', id, '--ours', '--as', 'me'], {}, 2, /CLAUDE-frontend/],
      [['resolve', id, '--ours'], { ENSEMBLE_AGENT: 'me' }, 2, /ENSEMBLE_AGENT is "me"/],
      [['show', 'nothing'], {}, 1, /There is no conflict nothing/],
      [['sohw', id], {}, 2, /./],
    ]
    const outcomes = await Promise.all(wrong.map(([args, env]) => place.run(['conflicts', ...args], { env })))
    expect(outcomes.map((outcome) => [outcome.code, errorIn(outcome)])).toEqual(
      wrong.map(([, , code, message]) => [code, expect.stringMatching(message) as unknown]),
    )
    expect(await textIn('project')).toBe(before)
    await ok(['conflicts', 'resolve', id, '--file', 'own.txt'])
    await untilAll(lines({ 7: 'seven of my own\nand a half' }))
  })
})
