import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

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
