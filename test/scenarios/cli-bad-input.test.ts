/** Bad input of the command line: each is refused with what to do, and nothing is made, changed or lost. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, readFile, readdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { errorIn, openPlace, type Place } from '../support/cli.js'

let place: Place
/** Of the one server that most of these meet. */
let url: string
let pid: number

beforeAll(async () => {
  place = await openPlace()
  await mkdir(place.path('project', 'src'), { recursive: true })
  await writeFile(place.path('project', 'src', 'a.js'), 'a\n')
  const server = await place.run(['server', 'start', 'project', '--port', '0', '--background', '--json'])
  url = String(server.json()['url'])
  pid = Number(server.json()['pid'])
})
afterAll(() => place.close())

let before: string[]
beforeEach(async () => {
  before = await readdir(place.dir)
})

async function refused(
  args: readonly string[],
  exit: number,
  code: string,
  message: RegExp,
  env = {},
): Promise<string> {
  const outcome = await place.run(args, { env })
  const error = errorIn(outcome)
  expect(error).toMatch(message)
  expect(error).toContain(`\n  code  ${code}, exit ${exit}\n`)
  expect(outcome).toMatchObject({ code: exit, stdout: '' })
  return error
}

const connect = (dir: string, ...rest: string[]): string[] => [
  'connect',
  '--agent',
  'CODEX',
  '--instance',
  'b',
  '--dir',
  dir,
  ...rest,
]
const start = (dir: string, ...rest: string[]): string[] => [
  'server',
  'start',
  dir,
  '--port',
  '0',
  '--background',
  ...rest,
]

describe('the folder to serve', () => {
  test('is missing', async () => {
    await refused(start('nowhere'), 1, 'E_WORKSPACE', /^error: The folder .*nowhere does not exist\n {2}Create it/)
    expect(await readdir(place.dir)).toEqual(before)
  })

  test('is a file', async () => {
    await refused(start('project/src/a.js'), 1, 'E_WORKSPACE', /a\.js is a file; a workspace is a folder/)
  })

  test('cannot be read', async () => {
    await symlink('circle', place.path('circle'))
    await refused(start('circle'), 1, 'E_WORKSPACE', /circle cannot be read/)
  })

  test('lies inside another workspace', async () => {
    await refused(start('project/src'), 1, 'E_WORKSPACE', /src lies inside the workspace .*project/)
    expect(await readdir(place.path('project', 'src'))).toEqual(['a.js'])
  })

  test('is served already: by whom and where', async () => {
    const error = await refused(start('project'), 3, 'E_WORKSPACE_BUSY', /The workspace is open in process/)
    expect(error).toContain(`process ${pid}, which serves ${url}`)
    expect(error).toContain(`  try   ensemble server stop --workspace ${place.path('project')}\n`)
  })

  test('was named twice', async () => {
    await refused(start('project', '--workspace', 'src'), 2, 'E_USAGE', /Two folders were named/)
  })

  test('has a configuration with an unknown field, which is named', async () => {
    await mkdir(place.path('configured'))
    await writeFile(place.path('configured', 'ensemble.config.json'), '{"limit":{"fileBytes":1}}')
    await refused(start('configured'), 1, 'E_CONFIG', /limit/)
    expect(await readdir(place.path('configured'))).toEqual(['ensemble.config.json'])
  })

  test.each([
    ['cut in half', (file: string, bytes: number) => truncate(file, bytes / 2)],
    ['empty', (file: string) => truncate(file, 0)],
    ['overwritten', (file: string, bytes: number) => writeFile(file, Buffer.alloc(bytes, 0x5a))],
  ])('has a database that was %s: how to recover is said, nothing is touched', async (name, damage) => {
    const dir = `damaged-${name.replaceAll(' ', '-')}`
    await mkdir(place.path(dir))
    // More than all the rest of the database, which may lie in its first half alone: what is cut off must be in use.
    const text = randomBytes(256 * 1024).toString('hex')
    await writeFile(place.path(dir, 'a.txt'), text)
    expect(await place.run(start(dir, '--json'))).toMatchObject({ code: 0 })
    expect(await place.run(['server', 'stop', '--workspace', dir])).toMatchObject({ code: 0 })
    const file = place.path(dir, '.ensemble', 'ensemble.mdb')
    await damage(file, (await readFile(file)).length)
    const bytes = await readFile(file)
    const error = await refused(start(dir), 1, 'E_STORAGE_DAMAGED', /is damaged/)
    expect(error).toContain(`move the folder ${place.path(dir, '.ensemble')} away`)
    expect((await readFile(file)).equals(bytes)).toBe(true)
    expect(await readFile(place.path(dir, 'a.txt'), 'utf8')).toBe(text)
  })
})

describe('the port', () => {
  test('is taken by a server of ours', async () => {
    await mkdir(place.path('second'))
    const args = ['server', 'start', 'second', '--background', '--port', new URL(url).port]
    const error = await refused(args, 3, 'E_PORT_TAKEN', /^error: Port \d+ is taken by the Ensemble server of/)
    expect(error).toContain(`the Ensemble server of ${place.path('project')}\n`)
    expect(error).toContain(`  try   ensemble server stop --port ${new URL(url).port}\n`)
  })

  test('is taken by another program', async () => {
    const other = createServer((_, response) => response.end('hello'))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    await mkdir(place.path('third'))
    const { port } = other.address() as AddressInfo
    await refused(
      ['server', 'start', 'third', '--background', '--port', String(port)],
      3,
      'E_PORT_TAKEN',
      /is taken by another program/,
    )
    other.close()
    // The refusal let go of the folder: the next start may have it.
    expect(await place.run(start('third', '--json'))).toMatchObject({ code: 0 })
    expect(await place.run(['server', 'stop', '--workspace', 'third'])).toMatchObject({ code: 0 })
  })
})

describe('the agent’s folder', () => {
  test('and the one above it are missing', async () => {
    await refused(connect('no/copy'), 1, 'E_WORKSPACE', /^error: Neither .*copy nor the folder above it exists/)
    expect(await readdir(place.dir)).toEqual(before)
  })

  test('is a file', async () => {
    await refused(connect('project/src/a.js'), 1, 'E_WORKSPACE', /a\.js is a file; an agent needs a folder/)
  })

  test('cannot be read', async () => {
    await symlink('loop', place.path('loop'))
    await refused(connect('loop'), 1, 'E_WORKSPACE', /it is a symbolic link that leads in circles/)
  })

  test.each([
    ['is the workspace', 'project', /is the workspace that a server .* serves/],
    ['lies in the workspace', 'project/src', /lies inside the workspace/],
    ['would lie in the workspace', 'project/copy', /lies inside the workspace/],
    ['contains the workspace', '.', /contains the workspace/],
  ])('%s', async (_, dir, message) => {
    await refused(connect(dir), 1, 'E_WORKSPACE', message)
    expect(await readdir(place.path('project'))).toEqual(['.ensemble', 'src'])
  })

  test('is connected already: by which process', async () => {
    const first = await place.run([
      'connect',
      '--agent',
      'CLAUDE',
      '--instance',
      'a',
      '--dir',
      'copy-a',
      '--background',
      '--json',
    ])
    const busy = new RegExp(`\\(${String(first.json()['pid'])}\\) already syncs`)
    const error = await refused(connect('copy-a'), 3, 'E_WORKSPACE_BUSY', busy)
    expect(error).toContain(`  try   ensemble disconnect --dir ${place.path('copy-a')}\n`)
    expect((await place.run(['disconnect', '--dir', 'copy-a'])).code).toBe(0)
    await refused(['disconnect', '--dir', 'copy-a'], 4, 'E_UNREACHABLE', /No agent is connected in/)
    await refused(
      connect('copy-a/src/deep'),
      1,
      'E_WORKSPACE',
      /lies inside .*copy-a, which Ensemble already uses|^error: Neither/,
    )
  })
})

describe('the agent', () => {
  test('is of a type that the workspace does not know: what it knows is said, and nothing is left behind', async () => {
    const args = ['connect', '--agent', 'AIDER', '--instance', 'x', '--dir', 'copy-x']
    const error = await refused(
      args,
      3,
      'E_AGENT_TYPE',
      /AIDER is no type of agent here; known are CLAUDE, CODEX, GEMINI/,
    )
    expect(error).toContain('Add it to agentTypes in ensemble.config.json')
    await refused([...args, '--background'], 3, 'E_AGENT_TYPE', /AIDER is no type of agent here/)
    expect(await readdir(place.dir)).toEqual(before)
  })

  test('has a name that another one is connected with, whatever its type', async () => {
    const first = await place.run([
      'connect',
      '--agent',
      'CLAUDE',
      '--instance',
      'taken',
      '--dir',
      'copy-t',
      '--background',
      '--json',
    ])
    expect(first).toMatchObject({ code: 0 })
    const args = (type: string): string[] => ['connect', '--agent', type, '--instance', 'taken', '--dir', 'copy-u']
    for (const type of ['CLAUDE', 'CODEX']) {
      for (const way of [[], ['--background']]) {
        await refused([...args(type), ...way], 3, 'E_AGENT_TAKEN', /The name "taken" is taken by CLAUDE-taken/)
      }
    }
    expect(await readdir(place.dir)).toEqual([...before, 'copy-t'].sort())
    expect((await place.run(['disconnect', '--dir', 'copy-t'])).code).toBe(0)
  })
})

describe('the server', () => {
  test('is not there', async () => {
    const nobody = createServer()
    nobody.listen(0, '127.0.0.1')
    await once(nobody, 'listening')
    const { port } = nobody.address() as AddressInfo
    nobody.close()
    const env = { ENSEMBLE_TOKEN: 'x' }
    const at = ['--url', `127.0.0.1:${port}`]
    await Promise.all([
      refused(['status', ...at], 4, 'E_UNREACHABLE', /No server answers at/, env),
      refused(connect('copy-z', ...at), 4, 'E_UNREACHABLE', /No server answers at/, env),
      refused(['status', ...at], 4, 'E_UNREACHABLE', /No server answers at/), // nor is a token known
      refused(['server', 'stop', '--port', String(port)], 4, 'E_UNREACHABLE', /No Ensemble server runs on port/),
    ])
    expect(await readdir(place.dir)).toEqual(before)
  })

  test('is one of several, or none at all', async () => {
    const env = { XDG_STATE_HOME: place.path('empty-state') }
    await refused(['status'], 4, 'E_UNREACHABLE', /No Ensemble server runs on this machine/, env)
    await refused(['server', 'stop'], 4, 'E_UNREACHABLE', /on this machine\n {2}There is nothing to stop\.\n/, env)
    const json = await place.run(['status', '--json'], { env })
    expect(json.stderr).toBe('')
    expect(json.json()).toMatchObject({ schema: 'ensemble.error/1', code: 'E_UNREACHABLE', exit: 4 })
  })

  test('does not know the token; or there is none', async () => {
    await writeFile(place.path('wrong-token'), 'wrong\n')
    const elsewhere = { XDG_STATE_HOME: place.path('empty-state') }
    const copy = connect('copy-z', '--token-file', 'wrong-token', '--background')
    const unknown = /The token is not the one of this workspace/
    const missing = /missing cannot be read: it does not exist/
    await Promise.all([
      refused(['status', '--token-file', 'wrong-token'], 3, 'E_UNAUTHORIZED', unknown),
      refused(['status'], 3, 'E_UNAUTHORIZED', /The token is not the one/, { ENSEMBLE_TOKEN: 'wrong' }),
      refused(['status', '--token-file', 'missing'], 3, 'E_UNAUTHORIZED', missing),
      refused(['status', '--url', url], 3, 'E_UNAUTHORIZED', /No token is known for/, elsewhere),
      refused(copy, 3, 'E_UNAUTHORIZED', /The token is not the one/),
    ])
    expect((await readdir(place.dir)).filter((name) => name === 'copy-z')).toEqual([])
  })
})
