/** A file's history through the real command line and server: who wrote what, taken back, and brought again after a restart. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { kill, openPlace, type Outcome, type Place } from '../support/cli.js'
import { openRawPeer } from '../server/sync/raw.js'
import { until } from '../support/wait.js'

let place: Place
let cwd: string
beforeEach(async () => {
  place = await openPlace()
  cwd = place.path('project')
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'a.ts'), 'one\r\ntwo\r\nx = 1\r\n')
})
afterEach(() => place.close())

const run = (...args: string[]): Promise<Outcome> => place.run(args, { cwd })
const start = async () => (await run('server', 'start', '--port', '0', '--background', '--json')).json()
const onDisk = (): Promise<string> => readFile(place.path('project', 'src', 'a.ts'), 'utf8')

async function put(url: unknown, agent: string, body: string): Promise<void> {
  const token = (await readFile(place.path('project', '.ensemble', 'token'), 'utf8')).trim()
  const headers = { Authorization: `Bearer ${token}`, 'X-Ensemble-Agent': agent }
  const { status } = await fetch(`${String(url)}/api/files/src/a.ts`, { method: 'PUT', headers, body })
  expect(status).toBe(200)
}

test('log, blame, show, revert and undo, with kill -9 in between; line ends and all come back', async () => {
  const first = await start()
  await put(first['url'], 'CLAUDE-a', 'one\r\nby claude\r\ntwo\r\nx = 2\r\n')
  await put(first['url'], 'CODEX-b', 'one\r\nby claude\r\ntwo\r\nby codex\r\nx = 3\r\n')
  expect((await run('blame', 'src/a.ts', '-L', '2,4', '--json')).json()).toMatchObject({
    lines: [{ author: 'CLAUDE-a' }, { author: 'DISK' }, { author: 'CODEX-b' }],
  })

  expect(await run('revert', '--agent', 'CLAUDE-a', '--dry-run')).toMatchObject({ code: 0 })
  const reverted = await run('revert', '--agent', 'CLAUDE-a', '--as', 'GEMINI-c', '--json')
  expect(reverted.code).toBe(3)
  expect(reverted.json()).toMatchObject({ files: [{ path: 'src/a.ts', outcome: 'conflict', rev: 4, held: 1 }] })
  await until(async () => (await onDisk()) === 'one\r\ntwo\r\nby codex\r\nx = 3\r\n', 'the revert on disk')
  expect((await run('conflicts', '--json')).json()).toMatchObject({
    conflicts: [{ ours: 'x = 3\n', theirs: 'x = 1\n' }],
  })

  await kill(first['pid'])
  await start()
  const undone = await run('undo', '--as', 'GEMINI-c')
  expect(undone).toMatchObject({ code: 0 })
  expect(undone.stdout).toContain('Took back revision 4 of src/a.ts')
  expect(undone.stdout).toContain('next  ensemble undo src/a.ts --as GEMINI-c')
  const whole = 'one\r\nby claude\r\ntwo\r\nby codex\r\nx = 3\r\n'
  await until(async () => (await onDisk()) === whole, 'the text again on disk')

  const log = (await run('log', 'src/a.ts', '--json')).json() as { entries: { author: string }[] }
  expect(log.entries.map(({ author }) => author)).toEqual(['GEMINI-c', 'GEMINI-c', 'CODEX-b', 'CLAUDE-a', 'DISK'])
  expect((await run('show', 'src/a.ts@3')).stdout).toBe(whole)
  expect((await run('show', 'src/a.ts@3', '--diff')).stdout).toContain('\n-x = 2\n+by codex\n+x = 3\n')
})

test('bad input is refused with what to do, and nothing changes', async () => {
  await start()
  const before = await onDisk()
  const refusals: [args: string[], exit: number, code: string][] = [
    [['log', 'none.ts'], 1, 'E_NOT_FOUND'],
    [['log', '../a.ts'], 2, 'E_USAGE'],
    [['show', 'src/a.ts@9'], 1, 'E_NOT_FOUND'],
    [['blame', 'src/a.ts', '-L', '3,2'], 2, 'E_USAGE'],
    [['blame', 'src/a.ts', '-L', '9'], 1, 'E_NOT_FOUND'],
    [['revert', '--agent', 'GEMINI-x'], 1, 'E_NOT_FOUND'],
    [['revert', '--agent', 'nobody'], 2, 'E_USAGE'],
    [['revert', '--agent', 'DISK', '--since', 'yesterday'], 2, 'E_USAGE'],
    [['revert', '--agent', 'DISK', '--since', '3'], 2, 'E_USAGE'],
    [['revert'], 2, 'E_USAGE'],
    [['undo'], 2, 'E_USAGE'],
    [['undo', '--as', 'GEMINI-x'], 1, 'E_NOT_FOUND'],
  ]
  const outcomes = await Promise.all(
    refusals.map(async ([args]) => {
      const { code, stderr } = await run(...args)
      return [args.join(' '), code, stderr]
    }),
  )
  expect(outcomes).toEqual(
    refusals.map(([args, exit, code]) => [args.join(' '), exit, expect.stringContaining(code) as unknown]),
  )
  expect(await onDisk()).toBe(before)
})

test('a rename is taken back, unless the name is not free', async () => {
  const { url } = await start()
  const token = (await readFile(place.path('project', '.ensemble', 'token'), 'utf8')).trim()
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const renamed = { method: 'PATCH', headers, body: '{"to":"src/b.ts"}' }
  expect((await fetch(`${String(url)}/api/files/src/a.ts`, renamed)).status).toBe(200)
  expect(await run('undo', 'src/b.ts')).toMatchObject({ code: 0 })
  expect(await run('undo', 'src/a.ts')).toMatchObject({ code: 0 })
  const put = { method: 'PUT', headers, body: 'another\n' }
  expect((await fetch(`${String(url)}/api/files/src/a.ts`, put)).status).toBe(201)
  const undone = await run('undo', 'src/b.ts')
  expect(undone).toMatchObject({ code: 1, stdout: '' })
  expect(undone.stderr).toContain('Revision 4 renamed src/a.ts; that name is not free')
  expect((await run('show', 'src/b.ts@2', '--diff')).stdout).toContain('the file has another name')
})

test('more than 20 files are not reverted unasked', async () => {
  for (let n = 0; n < 21; n++) await writeFile(place.path('project', `f${n}.txt`), 'text\n')
  await start()
  const refused = await run('revert', '--agent', 'DISK', '--no-input')
  expect(refused).toMatchObject({ code: 2 })
  expect(refused.stderr).toContain('would change 22 files')
  expect((await run('log', 'f0.txt', '--json')).json()).toMatchObject({ head: { rev: 1 } })
})

test('[TRACE-1, TRACE-2] trace shows the way of a revision, and the log has its steps under one id', async () => {
  const server = await place.run(['server', 'start', '--port', '0', '--background', '--json'], {
    cwd,
    env: { ENSEMBLE_LOG: 'debug' },
  })
  const url = String(server.json()['url'])
  const updateOf = async (named: string): Promise<string | undefined> => {
    const traced = (await run('trace', named, '--json')).json() as { steps: { arrivals: { update: string }[] } }
    return traced.steps.arrivals[0]?.update
  }
  const stepsOf = async (update: string | undefined): Promise<string[]> =>
    (await readFile(place.path('project', '.ensemble', 'server.log'), 'utf8'))
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { update?: string; msg: string }]))
      .filter((line) => line.update === update)
      .map(({ msg }) => msg)

  await put(url, 'CLAUDE-a', 'one\r\ntwo\r\nx = 2\r\n')
  const written = await updateOf('src/a.ts@2')
  await until(async () => (await stepsOf(written)).length === 4, 'the lines of the log')
  expect(await stepsOf(written)).toEqual(['arrived', 'merged', 'stored', 'told'])
  const shown = await run('trace', 'src/a.ts')
  expect(shown.stdout).toContain(`the write ${written}, from CLAUDE-a over HTTP`)
  expect(shown.stdout).toMatch(/stored +by a commit of \d+ rows/)

  const token = (await readFile(place.path('project', '.ensemble', 'token'), 'utf8')).trim()
  const peer = await (await openRawPeer(url, 'src/a.ts', { token, query: 'agent=CODEX-b' })).synced()
  peer.edit((text) => {
    text.insert(0, 'typed\n')
  })
  await until(() => peer.messages.some(({ type }) => type === 'update'), 'the echo')
  const typed = await updateOf('src/a.ts@3')
  await until(async () => (await stepsOf(typed)).length === 5, 'the lines of the log')
  expect(await stepsOf(typed)).toEqual(['arrived', 'merged', 'stored', 'sent', 'told'])
  expect((await run('trace', 'src/a.ts@3')).stdout).toMatch(/sent +to 1 peer\n/)
  peer.end()
})

test('trace says what is wrong with what it is asked for', async () => {
  await start()
  const refusals: readonly (readonly [named: string, exit: number, why: string])[] = [
    ['src/a.ts@9', 1, 'src/a.ts has no revision 9; its newest is 1'],
    ['src/a.ts@0', 2, 'src/a.ts@0 is no revision: they count from 1'],
    ['src/a.ts@x', 1, 'There is no file src/a.ts@x'],
    ['src/a.ts@99999999999999999999', 1, 'There is no file src/a.ts@99999999999999999999'],
    ['src/none.ts@1', 1, 'There is no file src/none.ts'],
    ['../a.ts@1', 2, 'outside of the workspace'],
    ['', 2, 'it is empty'],
  ]
  const outcomes = await Promise.all(
    refusals.map(async ([named]) => {
      const { code, stdout, stderr } = await run('trace', named)
      return [named, code, stdout, stderr]
    }),
  )
  expect(outcomes).toEqual(
    refusals.map(([named, exit, why]) => [named, exit, '', expect.stringContaining(why) as unknown]),
  )
})
