import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentInstance, agentType } from '../../../protocol/ids.js'
import { workspacePath } from '../../../protocol/paths.js'
import { openAgentFolder, type AgentFolder } from '../../../client/cli/agent-folder.js'
import { describe as describeFolder } from '../../../client/cli/commands/connect.js'
import type { Context } from '../../../client/cli/context.js'
import { readSession } from '../../../client/cli/data-folder.js'
import { liveSession } from '../../../client/cli/live/live-session.js'
import { sessionVerbs } from '../../../client/cli/session-program.js'
import { Print } from '../../../client/cli/print.js'
import { startServer, TOKEN, type TestServer } from '../../support/server.js'
import { until } from '../../support/wait.js'

let dir: string
let server: TestServer
beforeEach(async () => {
  server = await startServer()
  dir = await realpath(await mkdtemp(join(tmpdir(), 'ensemble-live-')))
})
afterEach(async () => {
  await server.stop()
  await rm(dir, { recursive: true })
})

async function open(name = 'copy', url = server.url): Promise<AgentFolder> {
  await mkdir(join(dir, name), { recursive: true })
  return await openAgentFolder({
    ...{ dir: join(dir, name), url, token: TOKEN, tokenFile: '/t' },
    agent: {
      type: agentType.parse('CLAUDE'),
      instance: agentInstance.parse('frontend'),
      partition: workspacePath.parse('src'),
      roles: [],
    },
  })
}

/** A person at a terminal. */
async function atTerminal() {
  const folder = await open()
  await folder.synced()
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  let screen = ''
  stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  const sink = { isTTY: true, write: (text: string) => stdout.write(text) }
  const print = new Print({ stdout: sink, stderr: sink, env: {}, colour: 'never', quiet: false, timers: globalThis })
  const context: Context = {
    print,
    stdin,
    stdout,
    cwd: dir,
    env: {},
    allowsInput: true,
    now: Date.now,
    verbs: sessionVerbs,
  }
  const info = describeFolder(folder, server.url, 1)
  const ended = liveSession({ folder, info, partition: 'src', roles: [], speaksJson: false, token: TOKEN, context })
  const seen = (text: string): Promise<unknown> => until(() => screen.includes(text), `"${text}" on the screen`)
  return { folder, ended, seen, type: (text: string) => stdin.write(text), screen: () => screen }
}

describe('a session at a terminal', () => {
  it('has a prompt with tag, name and partition; answers verbs; tells what concerns it; leaves on Ctrl-D', async () => {
    const { folder, ended, seen, type, screen } = await atTerminal()
    await seen('C1 frontend src › ')
    type('status\r')
    await seen(`CLAUDE-frontend in ${join(dir, 'copy')}: in step`)
    await seen('workspace  ready')
    type('conflicts\r')
    await seen('No conflict is open.')
    type('agents\r')
    await seen('C1  CLAUDE-frontend  idle   src/')
    type('help\r')
    await seen('resume restore')
    type('resume delete\r')
    await seen('Nothing waits for a word of yours.')
    type('stauts\r')
    await seen('error: There is no "stauts" here.\n  Did you mean "status"?')
    await server.connectAs('CODEX-reviewer')
    await seen('X1 reviewer joined')
    const before = screen().length
    type('\u0004')
    expect(await ended).toBe(0)
    await folder.leave()
    expect(screen().slice(before)).not.toContain('error')
  })

  it('says that the server is away; verbs that need it fail kindly', async () => {
    const { folder, ended, seen, type } = await atTerminal()
    await server.stop()
    await seen('offline; edits are kept, and go out when the server is back')
    await seen('C1 frontend src offline › ')
    type('agents\r')
    await seen('error: There is no connection to the server.')
    type('status\r')
    await seen('0 files, 0 paths wait')
    type('leave\r')
    expect(await ended).toBe(0)
    await folder.leave()
  })
})

describe('a session that a program drives', () => {
  it('[CLI-6] answers everything that was asked before it says that it has left, under the id of the line', async () => {
    const folder = await open()
    await folder.synced()
    const stdin = new PassThrough()
    let text = ''
    const sink = { write: (more: string) => (text += more) }
    const print = new Print({ stdout: sink, stderr: sink, env: {}, colour: 'never', quiet: false, timers: globalThis })
    const context: Context = {
      ...{
        print,
        stdin,
        stdout: new PassThrough(),
        cwd: dir,
        env: {},
        allowsInput: true,
        now: Date.now,
        verbs: sessionVerbs,
      },
    }
    const info = describeFolder(folder, server.url, 1)
    const ended = liveSession({ folder, info, partition: 'src', roles: [], speaksJson: true, token: TOKEN, context })
    stdin.end('{"id":1,"verb":"status"}\n{"id":"two","verb":"conflicts"}\n{"id":3,"verb":"frob"}\nagents\nleave\n')
    expect(await ended).toBe(0)
    await folder.leave()
    const said = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; id?: unknown; verb?: string })
      .filter(({ type }) => type !== 'event')
    expect(said.at(-1)).toMatchObject({ type: 'left' })
    const answers = said.slice(1, -1).map(({ type, id, verb }) => [type, id, verb])
    expect(answers.sort()).toEqual([
      ['error', 3, undefined],
      ['reply', undefined, 'agents'],
      ['reply', 1, 'status'],
      ['reply', 'two', 'conflicts'],
    ])
  })
})

describe('the verbs of the command line in a session', () => {
  it('act as its agent; their faults are answers', async () => {
    const folder = await open()
    await folder.synced()
    const stdin = new PassThrough()
    let text = ''
    const sink = { write: (more: string) => (text += more) }
    const print = new Print({ stdout: sink, stderr: sink, env: {}, colour: 'never', quiet: false, timers: globalThis })
    const context: Context = {
      ...{ print, stdin, stdout: new PassThrough(), cwd: dir, env: {} },
      ...{ allowsInput: true, now: Date.now, verbs: sessionVerbs },
    }
    const info = describeFolder(folder, server.url, 1)
    const ended = liveSession({ folder, info, partition: 'src', roles: [], speaksJson: true, token: TOKEN, context })
    stdin.write('{"id":1,"verb":"new","args":["--title","Checkout now"]}\n')
    stdin.write('{"id":2,"verb":"tasks","args":["show","none"]}\n{"id":3,"verb":"tasks","args":["frob"]}\n')
    stdin.end('{"id":4,"verb":"events","args":["--follow"]}\n')
    await ended
    await folder.leave()
    const said = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id?: number })
    expect(said.find(({ id }) => id === 1)).toMatchObject({
      ...{ type: 'reply', verb: 'new', exit: 0 },
      result: { task: { title: 'Checkout now', by: 'CLAUDE-frontend' } },
    })
    expect(said.find(({ id }) => id === 2)).toMatchObject({ type: 'error', code: 'E_NOT_FOUND' })
    expect(said.find(({ id }) => id === 3)).toMatchObject({ type: 'error', code: 'E_USAGE' })
    expect(said.find(({ id }) => id === 4)).toMatchObject({ type: 'error', code: 'E_USAGE' })
  })
})

describe('an agent’s folder', () => {
  it('notes its session for the next one, for its owner’s eyes, and forgets the secret when it leaves', async () => {
    const folder = await open()
    await folder.synced()
    const place = join(dir, 'copy', '.ensemble', 'session.json')
    const session = await readSession(join(dir, 'copy'))
    expect(session).toMatchObject({
      agentId: 'CLAUDE-frontend',
      url: server.url,
      tokenFile: '/t',
      process: { pid: process.pid },
    })
    expect(session?.secret).toMatch(/^.{16,}$/)
    expect((await stat(place)).mode & 0o777).toBe(0o600)
    expect((await stat(join(dir, 'copy', '.ensemble'))).mode & 0o777).toBe(0o700)
    await folder.leave()
    await folder.leave()
    expect(await readSession(join(dir, 'copy'))).toMatchObject({ url: server.url, secret: null, process: null })
  })

  it('shows the secret of its last session, and so takes its own place while the server still believes in it', async () => {
    const lost = await server.connectAs('CLAUDE-frontend')
    const welcome = lost.state.kind === 'live' ? lost.state.welcome : undefined
    await mkdir(join(dir, 'copy', '.ensemble'), { recursive: true })
    const session = {
      schema: 'ensemble.session/1',
      dir: join(dir, 'copy'),
      agentId: 'CLAUDE-frontend',
      url: server.url,
    }
    const rest = { tokenFile: null, secret: welcome?.secret, process: null }
    await writeFile(join(dir, 'copy', '.ensemble', 'session.json'), JSON.stringify({ ...session, ...rest }))
    const folder = await open()
    await folder.synced()
    await until(() => lost.state.kind === 'closed', 'the end of the lost one')
    expect(lost.state).toMatchObject({ kind: 'closed', error: { code: 'E_REPLACED' } })
    await folder.leave()
  })

  it('is refused at once where the name is taken, the server is away, or another process has it', async () => {
    const other = await server.connectAs('CODEX-frontend')
    const refused = await open()
    await expect(refused.synced()).rejects.toMatchObject({ code: 'E_AGENT_TAKEN' })
    await refused.leave()
    await other.close()
    const unheard = await open('copy', 'http://127.0.0.1:1')
    await expect(unheard.synced()).rejects.toMatchObject({ code: 'E_UNREACHABLE' })
    await expect(open()).rejects.toMatchObject({ code: 'E_WORKSPACE_BUSY', data: { pid: process.pid } })
    await unheard.leave()
  })

  it('sends what was just written before it leaves', async () => {
    const folder = await open()
    await folder.synced()
    await writeFile(join(dir, 'copy', 'last.txt'), 'last words\n')
    await until(() => folder.bridge.state.kind !== 'synced' || folder.bridge.stats.files === 1, 'the bridge to notice')
    await folder.leave()
    const other = await server.connect()
    const { files } = await other.request('tree', {})
    expect(files.map(({ path }) => path)).toEqual(['last.txt'])
    expect(await readFile(join(dir, 'copy', 'last.txt'), 'utf8')).toBe('last words\n')
  })
})
