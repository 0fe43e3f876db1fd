/** Events through the real command line and server. */
import { mkdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorIn, kill, openPlace, type Outcome, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('src'))
  await writeFile(place.path('src', 'a.ts'), 'one\n')
})
afterEach(() => place.close())

const run = (...args: string[]): Promise<Outcome> => place.run(args)
const start = async (port = '0') => (await run('server', 'start', '--port', port, '--background', '--json')).json()
const say = async (data: object, ...args: string[]): Promise<number> => {
  const outcome = await run('broadcast', 'broadcast', '--data', JSON.stringify(data), '--json', ...args)
  return (outcome.json()['event'] as { seq: number }).seq
}

test('what is said is listed, acknowledged, and comes once to who was away', async () => {
  await start()
  const first = await say({ text: 'to all' }, '--as', 'CLAUDE-ui')
  const own = await say({ text: 'to you' }, '--as', 'CLAUDE-ui', '--to', 'CODEX-api')
  await say({ text: 'to reviewers' }, '--role', 'reviewer')
  const listed = (await run('events', '--since', String(first - 1), '--type', 'broadcast', '--json')).json()
  expect(listed['events']).toMatchObject([{ seq: first }, { seq: own, to: { agent: 'CODEX-api' } }, { seq: own + 1 }])
  const shown = await run('events', '--path', 'src/**')
  expect(shown.stdout).toMatch(
    /\d+ {2}\d\d:\d\d:\d\d {2}someone in the workspace made src\/a\.ts\n\nnext {2}ensemble events --since/,
  )
  expect((await run('inbox', '--as', 'CODEX-api', '--peek')).stdout).toContain('to you')
  expect((await run('inbox', '--as', 'CODEX-api', '--json')).json()).toMatchObject({
    messages: [{ seq: own }],
    waiting: 1,
  })
  expect((await run('inbox', '--as', 'CODEX-api')).stdout).toBe('No message waits.\n')
  expect((await run('ack', String(own), '--as', 'CODEX-api')).stdout).toBe(
    `CODEX-api has taken note of event ${own}.\n`,
  )
  expect((await run('events', '-n', '1')).stdout).toContain(`CODEX-api has taken note of a message, event ${own}`)
})

test('an agent without a session shows in the roster with what it does', async () => {
  await start()
  const args = [
    'presence',
    'reviewing',
    '--file',
    'src/a.ts',
    '--symbol',
    'main',
    '--role',
    'reviewer',
    '--as',
    'CODEX-r',
  ]
  expect(await run(...args)).toMatchObject({ code: 0, stdout: 'CODEX-r: reviewing src/a.ts main\n' })
  expect((await run('status', '--json')).json()['agents']).toMatchObject([
    { agentId: 'CODEX-r', state: 'reviewing', file: 'src/a.ts', symbol: 'main', roles: ['reviewer'] },
  ])
})

test('followed events go on after the server was killed', async () => {
  const { pid, url } = await start()
  const follower = place.spawn(['events', '--follow', '--json', '--type', 'broadcast'])
  let out = ''
  follower.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  const seqs = (): number[] =>
    out.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { event: { seq: number } }).event.seq]))
  const first = await say({ n: 1 })
  await until(() => seqs().includes(first), 'the first')
  await kill(pid)
  await start(new URL(String(url)).port)
  const second = await say({ n: 2 })
  await until(() => seqs().includes(second), 'the second', 20_000)
  expect(seqs()).toEqual([first, second])
  follower.kill('SIGINT')
  expect(await once(follower, 'exit')).toEqual([130, null])
})

test.each<[string, string[], number, RegExp]>([
  ['no JSON', ['broadcast', 'broadcast', '--data', '{"a": x}'], 2, /from character 7 on[^]*\^/],
  ['an unknown type', ['broadcast', 'plan:made', '--data', '{}'], 1, /"plan:made" is no type[^]*plan:proposed/],
  ['a wrong schema', ['broadcast', 'review:completed', '--data', '{"status":"OK"}'], 1, /status[^]*findings/],
  ['a wrong address', ['broadcast', 'broadcast', '--data', '{}', '--to', 'codex'], 2, /TYPE-instance/],
  ['nobody', ['inbox'], 2, /Which agent asks/],
])('%s is refused without a server, and says why', async (_, args, code, words) => {
  const outcome = await run(...args)
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({
    code,
    error: expect.stringMatching(words) as unknown,
  })
})
