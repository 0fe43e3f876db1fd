/** Servers and agents as a user runs them: processes of their own, through the command line. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { startChild } from '../../client/cli/child.js'
import { Connection } from '../../client/sdk/connection.js'
import { openNodeSocket } from '../../client/sdk/node-socket.js'
import { agentInstance, agentType } from '../../protocol/ids.js'
import type { Feed } from '../../protocol/messages.js'

const ENSEMBLE = fileURLToPath(new URL('../../../client/cli/ensemble.js', import.meta.url))

const SERVER = fileURLToPath(new URL('../../server/main.js', import.meta.url))

const serverInfo = z.object({
  url: z.string(),
  pid: z.int(),
  workspace: z.string(),
  tokenFile: z.string(),
  dashboard: z.string(),
})
export type ServerInfo = z.infer<typeof serverInfo>

const agentInfo = z.object({ agentId: z.string(), dir: z.string(), pid: z.int(), files: z.int() })
export type AgentInfo = z.infer<typeof agentInfo>

/** A scratch folder with its own state, so that nothing meets servers that run on this machine. */
export class Lab {
  readonly dir: string
  readonly #pids = new Set<number>()
  readonly #env: NodeJS.ProcessEnv

  private constructor(dir: string) {
    this.dir = dir
    this.#env = { ...process.env, XDG_STATE_HOME: join(dir, 'state'), NO_COLOR: '1' }
  }

  static async make(): Promise<Lab> {
    return new Lab(await mkdtemp(join(tmpdir(), 'ensemble-bench-')))
  }

  async folder(name: string): Promise<string> {
    const dir = join(this.dir, name)
    await mkdir(dir, { recursive: true })
    return dir
  }

  async run(...args: readonly string[]): Promise<unknown> {
    return this.#run(args, this.#env)
  }

  async #run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> {
    const { stdout } = await promisify(execFile)(process.execPath, [ENSEMBLE, ...args], { env })
    return JSON.parse(stdout)
  }

  /** @param env what of its environment is its own */
  async server(workspace: string, port = 0, env: NodeJS.ProcessEnv = {}): Promise<ServerInfo> {
    const args = ['server', 'start', workspace, '--port', String(port), '--background', '--json']
    const info = serverInfo.parse(await this.#run(args, { ...this.#env, ...env }))
    this.#pids.add(info.pid)
    return info
  }

  /** Its process alone, without a command that starts it: a child of this one, on a free port. */
  async serverProcess(workspace: string): Promise<ServerInfo> {
    const { info } = await startChild({
      ...{ args: [SERVER, '--workspace', workspace, '--port', '0'], detached: false, env: this.#env, info: serverInfo },
      onProgress: () => undefined,
    })
    this.#pids.add(info.pid)
    return info
  }

  async agent(type: string, instance: string, dir: string, { url, tokenFile }: ServerInfo): Promise<AgentInfo> {
    const who = ['connect', '--agent', type, '--instance', instance, '--dir', dir]
    const where = ['--url', url, '--token-file', tokenFile, '--background', '--json']
    const info = agentInfo.parse(await this.run(...who, ...where))
    this.#pids.add(info.pid)
    return info
  }

  /** A process that talks over IPC. @param env what of its environment is its own */
  spawn(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    if (child.pid !== undefined) this.#pids.add(child.pid)
    return child
  }

  async close(): Promise<void> {
    for (const pid of this.#pids) kill(pid, 'SIGKILL')
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false // it has ended already
  }
}

/** A process that has ended, and that nobody has asked about yet, is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '') // it is gone
  return stat !== '' && stat[stat.lastIndexOf(')') + 2] !== 'Z'
}

export async function token(info: ServerInfo): Promise<string> {
  return (await readFile(info.tokenFile, 'utf8')).trim()
}

/** An agent's socket in this process, live. @param instance of type CLAUDE */
export async function connect(
  { url }: ServerInfo,
  secret: string,
  instance: string,
  feeds: readonly Feed[] = [],
): Promise<Connection> {
  const connection = new Connection({
    ...{ url, token: secret, client: 'bench/0', feeds, openSocket: openNodeSocket },
    agent: { type: agentType.parse('CLAUDE'), instance: agentInstance.parse(instance), partition: null },
  })
  connection.start()
  await connection.live()
  return connection
}

/** Memory of a process, in bytes: all that is resident, the most that ever was, and the part that is not a file's cache. */
export async function memory(
  pid: number,
): Promise<{ readonly resident: number; readonly peak: number; readonly anonymous: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const read = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) * 1024
  return { resident: read('VmRSS'), peak: read('VmHWM'), anonymous: read('RssAnon') }
}

/** The peak of a process's memory counts from now. */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** Processor time of a process so far, in seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
