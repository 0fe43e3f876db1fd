import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BIN } from '../support/cli.js'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))

let dir: string
const started = new Set<ChildProcess>()

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ensemble-server-'))
  await mkdir(join(dir, 'workspace'))
})

afterEach(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  started.clear()
  await rm(dir, { recursive: true })
})

function startServer(program: string, args: readonly string[] = []): ChildProcess {
  const child = fork(program, ['--workspace', join(dir, 'workspace'), '--port', '0', ...args], {
    env: { ...process.env, XDG_STATE_HOME: join(dir, 'state') },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  started.add(child)
  return child
}

async function messageOf(child: ChildProcess, type: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [{ type: string; info?: Record<string, unknown> }]
    if (message.type === type) return message.info ?? {}
  }
}

async function runCli(args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, XDG_STATE_HOME: join(dir, 'state') },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let stdout = ''
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout }
}

test('the dashboard is served from a checkout whose path has blanks, percents and umlauts', async () => {
  const checkout = join(dir, 'some place 100%25 für uns')
  await mkdir(checkout)
  await cp(join(CHECKOUT, 'dist'), join(checkout, 'dist'), { recursive: true })
  await cp(join(CHECKOUT, 'package.json'), join(checkout, 'package.json'))
  await symlink(join(CHECKOUT, 'node_modules'), join(checkout, 'node_modules'))
  const { url } = await messageOf(startServer(join(checkout, 'dist/server/main.js')), 'ready')
  const page = await fetch(String(url))
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('<html')
})

test.each(['before it has begun', 'while it reads the folder'])(
  'an attached server ends when whoever started it goes %s',
  async (moment) => {
    for (let n = 0; n < 50; n++) await writeFile(join(dir, 'workspace', `${n}.txt`), `${n}\n`)
    const child = startServer(join(CHECKOUT, 'dist/server/main.js'), ['--attached'])
    if (moment === 'while it reads the folder') await once(child, 'message')
    const exited = once(child, 'exit')
    child.disconnect()
    const [code] = (await exited) as [number | null]
    expect(code).toBe(0)
  },
)

test('[BRIDGE-17] a server that is stopped has put on disk what it had answered, although the path was at rest', async () => {
  const file = join(dir, 'workspace', 'a.txt')
  await writeFile(file, 'start\n')
  const child = startServer(join(CHECKOUT, 'dist/server/main.js'))
  const { url, tokenFile } = await messageOf(child, 'ready')
  const authorization = `Bearer ${(await readFile(String(tokenFile), 'utf8')).trim()}`
  for (let n = 0; n < 10; n++) {
    await fetch(`${String(url)}/api/files/a.txt`, { method: 'PUT', headers: { authorization }, body: `version ${n}\n` })
  }
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
  expect(await readFile(file, 'utf8')).toBe('version 9\n')
})

test('[STORE-10, SYNC-1] a server whose data folder is deleted under it ends, and whatever it had answered is there when it is started again', async () => {
  const workspace = join(dir, 'workspace')
  const child = startServer(join(CHECKOUT, 'dist/server/main.js'))
  const { url, tokenFile } = await messageOf(child, 'ready')
  const token = await readFile(String(tokenFile), 'utf8')
  const headers = { authorization: `Bearer ${token.trim()}` }
  const put = (at: unknown, body: string) => fetch(`${String(at)}/api/files/a.txt`, { method: 'PUT', headers, body })
  let answered = 'before\n'
  await put(url, answered)
  const ended = once(child, 'exit')
  await rm(join(workspace, '.ensemble'), { recursive: true })
  for (let n = 0; child.exitCode === null; n++) {
    const answer = await put(url, `version ${n}\n`).catch(() => undefined)
    if (answer?.ok === true) answered = `version ${n}\n`
  }
  await ended

  const { url: again } = await messageOf(startServer(join(CHECKOUT, 'dist/server/main.js')), 'ready')
  expect(await readFile(String(tokenFile), 'utf8')).toBe(token)
  const versions = await Promise.all(
    ['?rev=1', ''].map(async (rev) => (await fetch(`${String(again)}/api/files/a.txt${rev}`, { headers })).text()),
  )
  expect(versions).toEqual(['before\n', answered])
  expect(await readFile(join(workspace, 'a.txt'), 'utf8')).toBe(answered)
})

const PRLIMIT = '/usr/bin/prlimit'

test.skipIf(!existsSync(PRLIMIT))(
  '[SYNC-3] a server that is stopped while its storage fails ends in time, with 1, and names what is not stored; so does whoever stopped it',
  async () => {
    const workspace = join(dir, 'workspace')
    const child = startServer(join(CHECKOUT, 'dist/server/main.js'), ['--log', join(workspace, '.ensemble/server.log')])
    const { url, tokenFile } = await messageOf(child, 'ready')
    const authorization = `Bearer ${(await readFile(String(tokenFile), 'utf8')).trim()}`
    const put = (path: string, body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${String(url)}/api/files/${path}`, { method: 'PUT', headers: { authorization }, body })
    expect((await put('kept.txt', 'kept\n')).status).toBe(201)
    const database = join(workspace, '.ensemble')
    const sizes = await Promise.all(
      (await readdir(database)).map(async (name) => (await stat(join(database, name))).size),
    )
    // Within a page: of a short write lmdb says only that it failed. Refused one whole, it overruns its message (disk-room.ts).
    execFileSync(PRLIMIT, [`--fsize=${Math.max(...sizes) + 100}:unlimited`, '--pid', String(child.pid)])
    const refused = await put('lost.bin', new Uint8Array(randomBytes(60_000)))
    expect(refused.status).toBe(503)
    const ended = once(child, 'exit')
    const stopped = await runCli(['server', 'stop', '--workspace', workspace, '--json'])
    expect((await ended)[0]).toBe(1)
    expect([stopped.code, JSON.parse(stopped.stdout)]).toMatchObject([
      1,
      { code: 'E_STORAGE_DEGRADED', data: { documents: ['lost.bin', '~workspace'] } },
    ])
    const again = startServer(join(CHECKOUT, 'dist/server/main.js'))
    expect(await messageOf(again, 'ready')).toMatchObject({ files: 1 })
  },
)
