/** Commands that stay: the server in a terminal, and a session that a program drives. */
import type { ChildProcess } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorIn, isAlive, kill, openPlace, outcomeOf, type Outcome, type Place } from '../support/cli.js'
import { until } from '../support/wait.js'

let place: Place
beforeEach(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'a.js'), 'a\n')
})
afterEach(() => place.close())

interface Running {
  readonly child: ChildProcess
  readonly lines: string[]
  readonly outcome: Promise<Outcome>
  say(line: string): void
}

function spawned(args: readonly string[], input: 'pipe' | 'ignore' = 'pipe'): Running {
  const child = place.spawn(args, { input })
  const lines: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line))
  return { child, lines, outcome: outcomeOf(child), say: (line) => child.stdin?.write(`${line}\n`) }
}

/** Where others in the network reach this machine. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address)
}

/** Addresses of this machine at which a server that listens on 127.0.0.1 is not to be found. */
function elsewhere(): string[] {
  // Linux takes all of 127.0.0.0/8 for itself, so that there is one to try where there is no network.
  return [...ownAddresses(), ...(process.platform === 'linux' ? ['127.0.0.2'] : [])]
}

/** The objects of a session, by type. */
function objects({ lines }: Running, type: string): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((object) => object['type'] === type)
}

const CONNECT = ['connect', '--agent', 'CLAUDE', '--instance', 'frontend', '--dir', 'copy-a']

async function background(): Promise<Record<string, unknown>> {
  return (await place.run(['server', 'start', 'project', '--port', '0', '--background', '--json'])).json()
}

/** Where it was before. */
async function startAgain(url: string): Promise<void> {
  const outcome = await place.run(['server', 'start', 'project', '--port', new URL(url).port, '--background', '--json'])
  expect({ code: outcome.code, error: errorIn(outcome) }).toEqual({ code: 0, error: '' })
}

async function isReady(session: Running): Promise<Record<string, unknown>> {
  return await until(() => objects(session, 'ready')[0], 'ready')
}

describe('a server in the foreground', () => {
  test('says that it is ready, where, and how to connect; Ctrl-C stops it cleanly', async () => {
    const server = spawned(['server', 'start', 'project', '--port', '0'])
    await until(() => server.lines.some((line) => line === 'Ctrl-C stops it.'), 'the last line')
    const text = server.lines.join('\n')
    expect(text).toMatch(/^Ready in [\d.]+ m?s: project, 1 file in step\n/)
    expect(text).toMatch(/\n {2}dashboard {2}http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{43}\n/)
    expect(text).toContain('  ensemble connect --agent CLAUDE --instance frontend --dir project-frontend\n')
    server.child.kill('SIGINT')
    const { code, stderr } = await server.outcome
    expect(code).toBe(0)
    expect(stderr).toMatch(/Reading the folder[^]*In step[^]*Stopping[^]*Stopped\.\n$/)
    expect(await place.run(['server', 'stop', '--workspace', 'project'])).toMatchObject({ code: 4 })
  })

  test('prints exactly one object with --json, and ends with the server that another command stops', async () => {
    const server = spawned(['server', 'start', 'project', '--port', '0', '--json'])
    await until(() => server.lines.length > 0, 'a line')
    expect(await place.run(['server', 'stop', '--workspace', 'project'])).toMatchObject({ code: 0 })
    const outcome = await server.outcome
    expect(outcome.code).toBe(0)
    expect(outcome.json()).toMatchObject({ schema: 'ensemble.server/1', workspace: place.path('project') })
  })

  test('ends with the command that started it, also when that is killed', async () => {
    const server = spawned(['server', 'start', 'project', '--port', '0', '--json'])
    const line = await until(() => server.lines[0], 'a line')
    const { pid } = JSON.parse(line) as { pid: number }
    place.adopt(pid)
    server.child.kill('SIGKILL')
    await until(() => !isAlive(pid), 'the end of the server')
    const again = await place.run(['server', 'start', 'project', '--port', '0', '--background', '--json'])
    expect(again).toMatchObject({ code: 0 })
  })

  test('[CLI-2] that dies is told with what to do, in an object of its own where JSON was asked for', async () => {
    const server = spawned(['server', 'start', 'project', '--port', '0', '--json'])
    const line = await until(() => server.lines[0], 'a line')
    process.kill((JSON.parse(line) as { pid: number }).pid, 'SIGKILL')
    expect((await server.outcome).code).toBe(1)
    expect(server.lines).toHaveLength(2)
    expect(JSON.parse(server.lines[1] ?? '')).toMatchObject({
      schema: 'ensemble.error/1',
      message: 'The server ended by itself (SIGKILL).',
    })
  })

  test('[AUTH-6] is reached on loopback alone', async () => {
    const { url, exposed } = await background()
    expect(exposed).toEqual([])
    expect((await fetch(`${String(url)}/healthz`)).status).toBe(200)
    for (const address of elsewhere()) {
      const there = `http://${address}:${new URL(String(url)).port}/healthz`
      await expect(fetch(there), there).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    }
  })

  test('[AUTH-6] says what it exposes when it is told to listen to the network', async () => {
    const server = spawned(['server', 'start', 'project', '--port', '0', '--host', '0.0.0.0', '--json'])
    const line = await until(() => server.lines[0], 'a line')
    const { url, exposed } = JSON.parse(line) as { url: string; exposed: string[] }
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/)
    const { port } = new URL(url)
    expect(exposed).toEqual(ownAddresses().map((address) => `http://${address}:${port}`))
    for (const address of elsewhere()) {
      const { status } = await fetch(`http://${address}:${port}/healthz`)
      expect([200, 403]).toContain(status) // it answers; of loopback's other addresses it serves none
    }
    server.child.kill('SIGTERM')
    expect((await server.outcome).code).toBe(0)
  })
})

describe('a session off a terminal', () => {
  test('speaks JSON both ways, tells what others do, and leaves when it is told to', async () => {
    await background()
    const session = spawned([...CONNECT, '--partition', 'src/', '--role', 'planner', '--role', 'reviewer'])
    expect(await isReady(session)).toMatchObject({
      schema: 'ensemble.connect/1',
      agentId: 'CLAUDE-frontend',
      files: 1,
      synced: true,
    })
    session.say('status')
    session.say('{"verb":"agents"}')
    session.say('conflicts')
    session.say('resume restore')
    session.say('agnets')
    const replies = await until(
      () => objects(session, 'reply').length === 4 && objects(session, 'reply'),
      'four replies',
    )
    const byVerb = Object.fromEntries(replies.map((reply) => [String(reply['verb']), reply] as const))
    expect(byVerb['status']).toMatchObject({ folder: { files: 1, waiting: 0 }, server: { state: 'ready' } })
    expect(byVerb['agents']).toMatchObject({
      agents: [{ agentId: 'CLAUDE-frontend', partition: 'src', roles: ['planner', 'reviewer'] }],
    })
    expect(byVerb['conflicts']).toMatchObject({ result: { conflicts: [] }, exit: 0 })
    expect(byVerb['resume']).toMatchObject({ resumed: false })
    expect(objects(session, 'error')).toMatchObject([{ code: 'E_USAGE', hint: 'Did you mean "agents"?' }])
    await writeFile(place.path('project', 'src', 'b.js'), 'b\n')
    await until(() => objects(session, 'event').some(({ event }) => isChangeOf(event, 'src/b.js')), 'an event')
    session.say('leave')
    expect((await session.outcome).code).toBe(0)
    expect(objects(session, 'left')).toEqual([{ type: 'left', agentId: 'CLAUDE-frontend' }])
    expect((await place.run(['status', '--json'])).json()['agents']).toEqual([])
  })

  test('ends with its input, and stays where that is /dev/null until it is asked to end', async () => {
    await background()
    const driven = spawned(CONNECT)
    await isReady(driven)
    driven.child.stdin?.end()
    expect((await driven.outcome).code).toBe(0)
    const alone = spawned(CONNECT, 'ignore')
    await isReady(alone)
    await writeFile(place.path('project', 'src', 'c.js'), 'c\n')
    await until(
      async () => (await readFile(place.path('copy-a', 'src', 'c.js'), 'utf8').catch(() => '')) === 'c\n',
      'c.js',
    )
    alone.child.kill('SIGTERM')
    expect((await alone.outcome).code).toBe(0)
    const interrupted = spawned(CONNECT, 'ignore')
    await isReady(interrupted)
    interrupted.child.kill('SIGINT')
    expect((await interrupted.outcome).code).toBe(130)
  })

  test('that was killed comes back under its name at once, which another one could not have', async () => {
    await background()
    const first = spawned(CONNECT)
    await isReady(first)
    const secret = async (): Promise<string> => {
      const file = JSON.parse(await readFile(place.path('copy-a', '.ensemble', 'session.json'), 'utf8')) as {
        secret: string
      }
      return file.secret
    }
    const before = await secret()
    // Stopped, not killed: the server still believes that it is there when it comes back.
    first.child.kill('SIGSTOP')
    const other = await place.run(['connect', '--agent', 'CLAUDE', '--instance', 'frontend', '--dir', 'copy-b'])
    expect(other.stderr).toContain('code  E_AGENT_TAKEN, exit 3')
    first.child.kill('SIGKILL')
    await first.outcome
    const again = spawned(CONNECT)
    await isReady(again)
    expect(await secret()).not.toBe(before)
    again.say('quit')
    expect((await again.outcome).code).toBe(0)
  })

  test('tells that the server is away, keeps what is written, and tells that it is back', async () => {
    const { pid, url } = await background()
    const session = spawned(CONNECT)
    await isReady(session)
    await kill(pid)
    await until(() => objects(session, 'state').some(({ state }) => state === 'offline'), 'offline')
    session.say('conflicts')
    await until(() => objects(session, 'error').some(({ code }) => code === 'E_UNREACHABLE'), 'a refusal')
    await writeFile(place.path('copy-a', 'src', 'a.js'), 'a, offline\n')
    await startAgain(String(url))
    await until(() => objects(session, 'state').some(({ state }) => state === 'synced'), 'in step again', 30_000)
    await until(
      async () => (await readFile(place.path('project', 'src', 'a.js'), 'utf8')) === 'a, offline\n',
      'the text',
      30_000,
    )
    session.say('leave')
    expect((await session.outcome).code).toBe(0)
  })

  test('ends with the server’s reason when that ends it for good', async () => {
    const { tokenFile, pid, url } = await background()
    const session = spawned(CONNECT)
    await isReady(session)
    await kill(pid)
    await writeFile(String(tokenFile), `${'x'.repeat(43)}\n`)
    await startAgain(String(url))
    expect((await session.outcome).code).toBe(3)
    expect(objects(session, 'error')).toMatchObject([{ schema: 'ensemble.error/1', code: 'E_UNAUTHORIZED' }])
  })
})

function isChangeOf(event: unknown, file: string): boolean {
  const { type, data } = event as { type: string; data: { file?: string } }
  return type === 'file:changed' && data.file === file
}
