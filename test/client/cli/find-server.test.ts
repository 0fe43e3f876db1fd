import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentId } from '../../../protocol/ids.js'
import { holderOf, readSession, writeSession, type SessionFile } from '../../../client/cli/data-folder.js'
import { findEndpoint, findServer, readToken, runningServers } from '../../../client/cli/find-server.js'
import { startOf } from '../../../client/bridge/processes.js'

/** A process that has ended for sure: no system gives out numbers as high as this. */
const NO_PROCESS = 2 ** 30

let dir: string
let env: Record<string, string>
const servers: Server[] = []

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'ensemble-find-')))
  env = { XDG_STATE_HOME: join(dir, 'state') }
  await mkdir(join(dir, 'state', 'ensemble', 'servers'), { recursive: true })
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await rm(dir, { recursive: true })
})

/** Answers as an Ensemble server does to whoever asks for its health. */
async function answering(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('X-Ensemble', 'test').end('{}')
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Holding {
  readonly url?: string
  readonly pid?: number
  readonly started?: string | null
}

/** A folder as a server holds it. */
async function workspace(name: string, { url, pid = process.pid, started }: Holding = {}): Promise<string> {
  const data = join(dir, name, '.ensemble')
  await mkdir(data, { recursive: true })
  await writeFile(join(data, 'token'), `token-of-${name}\n`)
  const begun = started === undefined ? (startOf(process.pid) ?? null) : started
  const holder = { pid, host: hostname(), boot: null, numbers: null, started: begun, since: 0, ...(url && { url }) }
  await writeFile(join(data, 'lock.3'), JSON.stringify({ holder }))
  await writeFile(join(data, 'lock.2'), JSON.stringify({ released: true }))
  return join(dir, name)
}

/** A file in the user's state folder. */
async function announce(port: number, url: string, folder: string, pid = process.pid): Promise<void> {
  const file = { port, url, workspace: folder, tokenFile: join(folder, '.ensemble', 'token'), pid, workspaceId: 'w' }
  await writeFile(join(dir, 'state', 'ensemble', 'servers', `${port}.json`), JSON.stringify(file))
}

function session(folder: string, url: string, tokenFile: string | null): Omit<SessionFile, 'schema'> {
  return { ...{ dir: folder, url, tokenFile, secret: 's' }, agentId: agentId.parse('CLAUDE-frontend'), process: null }
}

describe('who holds a folder', () => {
  it('is the process of the highest lock', async () => {
    const folder = await workspace('a', { url: 'http://127.0.0.1:1' })
    expect(await holderOf(folder)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:1', isHere: true })
  })

  it('is nobody after a release, or where the process has ended', async () => {
    const folder = await workspace('a')
    await writeFile(join(folder, '.ensemble', 'lock.10'), JSON.stringify({ released: true }))
    expect(await holderOf(folder)).toBeUndefined()
    expect(await holderOf(await workspace('b', { pid: NO_PROCESS }))).toBeUndefined()
    expect(await holderOf(join(dir, 'missing'))).toBeUndefined()
  })

  it.runIf(process.platform === 'linux')('is nobody where a later process has the same number', async () => {
    expect(await holderOf(await workspace('a', { started: '1' }))).toBeUndefined()
  })
})

describe('servers that run', () => {
  it('are those whose workspace they still hold; what dead ones left is removed', async () => {
    const alive = await workspace('alive', { url: 'http://127.0.0.1:9001' })
    await announce(9001, 'http://127.0.0.1:9001', alive)
    await announce(9002, 'http://127.0.0.1:9002', await workspace('dead', { pid: NO_PROCESS }), NO_PROCESS)
    // Its number was given to another process; the workspace is held by a later server.
    await announce(9003, 'http://127.0.0.1:9003', alive, process.ppid)
    await writeFile(join(dir, 'state', 'ensemble', 'servers', '9004.json'), '{ torn')
    expect(await runningServers(env)).toEqual([
      { url: 'http://127.0.0.1:9001', workspace: alive, tokenFile: join(alive, '.ensemble', 'token') },
    ])
    expect(await readdir(join(dir, 'state', 'ensemble', 'servers'))).toEqual(['9001.json', '9004.json'])
  })

  it('are none without a state folder', async () => {
    expect(await runningServers({ XDG_STATE_HOME: join(dir, 'none') })).toEqual([])
  })
})

describe('the server of a folder', () => {
  it('is the one that serves it, or that serves a folder above', async () => {
    const url = await answering()
    const folder = await workspace('a', { url })
    await mkdir(join(folder, 'src', 'deep'), { recursive: true })
    const found = await findServer({}, { cwd: join(folder, 'src', 'deep'), env })
    expect(found).toMatchObject({ url, workspace: folder, token: 'token-of-a' })
  })

  it('is the one that it was connected to', async () => {
    const url = await answering()
    const tokenFile = join(await workspace('a'), '.ensemble', 'token')
    await mkdir(join(dir, 'copy', '.ensemble'), { recursive: true })
    await writeSession(session(join(dir, 'copy'), url, tokenFile))
    expect(await findServer({}, { cwd: join(dir, 'copy'), env })).toMatchObject({ url, token: 'token-of-a' })
  })

  it('is not the dead one that it remembers, if another runs', async () => {
    const url = await answering()
    await announce(9001, url, await workspace('alive', { url }))
    await mkdir(join(dir, 'copy', '.ensemble'), { recursive: true })
    await writeSession(session(join(dir, 'copy'), 'http://127.0.0.1:1', null))
    expect((await findEndpoint({}, { cwd: join(dir, 'copy'), env })).url).toBe(url)
  })

  it('is named where it is dead and no other runs', async () => {
    await mkdir(join(dir, 'copy', '.ensemble'), { recursive: true })
    await writeSession(session(join(dir, 'copy'), 'http://127.0.0.1:1', null))
    await expect(findServer({}, { cwd: join(dir, 'copy'), env })).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:1, does not answer/,
    )
  })

  it('ENSEMBLE_URL and ENSEMBLE_TOKEN come before it', async () => {
    const folder = await workspace('a', { url: await answering() })
    const own = { ...env, ENSEMBLE_URL: 'http://127.0.0.1:7', ENSEMBLE_TOKEN: 'mine' }
    expect(await findServer({}, { cwd: folder, env: own })).toEqual({
      ...{ url: 'http://127.0.0.1:7', workspace: null, token: 'mine', tokenFile: null },
    })
  })
})

describe('a session’s file', () => {
  it('is for its owner’s eyes, and of no use in a copy of the folder', async () => {
    for (const name of ['copy', 'copy-of-copy']) await mkdir(join(dir, name, '.ensemble'), { recursive: true })
    const file = session(join(dir, 'copy'), 'http://127.0.0.1:1', null)
    await writeSession(file)
    expect(await readSession(join(dir, 'copy'))).toEqual({ schema: 'ensemble.session/1', ...file })
    const { copyFile, stat } = await import('node:fs/promises')
    const place = join(dir, 'copy', '.ensemble', 'session.json')
    expect((await stat(place)).mode & 0o777).toBe(0o600)
    await copyFile(place, join(dir, 'copy-of-copy', '.ensemble', 'session.json'))
    expect(await readSession(join(dir, 'copy-of-copy'))).toBeUndefined()
  })
})

describe('a token file', () => {
  it.each([
    ['that is missing', 'missing', /it does not exist/],
    ['that is empty', 'empty', /is empty/],
    ['that is a folder', '', /it is a folder/],
    ['of two lines', 'lines', /lines does not hold a token, which is one line of letters/],
    ['of other letters', 'letters', /letters does not hold a token/],
  ])('%s is refused with where the token stands', async (_, name, message) => {
    await writeFile(join(dir, 'empty'), '\n')
    await writeFile(join(dir, 'lines'), 'some\ntoken\n')
    await writeFile(join(dir, 'letters'), 'nöpe')
    const refusal = readToken(join(dir, name))
    await expect(refusal).rejects.toThrow(message)
    await expect(refusal).rejects.toMatchObject({ code: 'E_UNAUTHORIZED' })
  })
})
