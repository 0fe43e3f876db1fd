/** The command line as a process, with a state folder and a place of its own; whatever it leaves running is ended. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, realpath, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './wait.js'

export const BIN = fileURLToPath(new URL('../../client/cli/ensemble.js', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The one object that `--json` promises. */
  json(): Record<string, unknown>
}

export interface Place {
  /** Empty at first; the current folder of every command. */
  readonly dir: string
  path(...parts: string[]): string
  run(args: readonly string[], options?: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string }): Promise<Outcome>
  /** Left running; its streams are pipes, or its input is /dev/null. */
  spawn(args: readonly string[], options?: { readonly input?: 'pipe' | 'ignore' }): ChildProcess
  /** Asks a process of ours to end with the place. */
  adopt(pid: number): void
  /** Ends everything, removes everything. */
  close(): Promise<void>
}

/** A word of the npm that runs the tests must not change what commands print. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|ENSEMBLE_|NO_COLOR$|FORCE_COLOR$|VITEST|NODE_)/.test(name),
  )
  return Object.fromEntries(kept)
}

export async function openPlace(): Promise<Place> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'ensemble-cli-')))
  const dir = await realpath(await mkdtemp(join(root, 'place-')))
  const env = { ...cleanEnvironment(), XDG_STATE_HOME: join(root, 'state') }
  const running = new Set<ChildProcess>()
  const adopted = new Set<number>()
  const start = (
    args: readonly string[],
    own: NodeJS.ProcessEnv = {},
    cwd = dir,
    input: 'pipe' | 'ignore' = 'pipe',
  ): ChildProcess => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      env: { ...env, ...own },
      stdio: [input, 'pipe', 'pipe'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    return child
  }
  return {
    dir,
    path: (...parts) => join(dir, ...parts),
    run: async (args, options = {}) => {
      const child = start(args, options.env, options.cwd)
      child.stdin?.end()
      const outcome = await outcomeOf(child)
      const pid: unknown =
        args.includes('--background') && args.includes('--json') && outcome.code === 0 && outcome.json()['pid']
      if (typeof pid === 'number') adopted.add(pid)
      return outcome
    },
    spawn: (args, { input = 'pipe' } = {}) => start(args, {}, dir, input),
    adopt: (pid) => void adopted.add(pid),
    close: async () => {
      for (const pid of [...adopted, ...(await serversOf(env.XDG_STATE_HOME))]) endNow(pid)
      for (const child of running) {
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
      }
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return {
    ...{ code, stdout, stderr },
    json: () => {
      const lines = stdout.trim().split('\n')
      if (lines.length !== 1) throw new Error(`one line was promised, not:\n${stdout}\n${stderr}`)
      return JSON.parse(lines[0] ?? '') as Record<string, unknown>
    },
  }
}

/** The error's lines, or its object. */
export function errorIn({ stdout, stderr }: Outcome): string {
  return (/^error: [^]*/m.exec(stderr) ?? /^{"schema":"ensemble\.error[^]*/m.exec(stdout))?.[0] ?? ''
}

/** kill -9, and its number is free again: until someone asks for its exit code a process is still listed. */
export async function kill(pid: unknown): Promise<void> {
  process.kill(Number(pid), 'SIGKILL')
  await until(() => !isAlive(Number(pid)), `the end of process ${String(pid)}`)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Servers that run in the background, by the files that they leave for others to find them. */
async function serversOf(state: string): Promise<number[]> {
  const dir = join(state, 'ensemble', 'servers')
  const names = await readdir(dir).catch(() => [])
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8').catch(() => '{}')))
  return texts.flatMap((text) => {
    const { pid } = JSON.parse(text) as { pid?: unknown }
    return typeof pid === 'number' ? [pid] : []
  })
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** Path → content of everything that is synced. */
export async function treeOf(dir: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const place = join(entry.parentPath, entry.name)
    const path = relative(dir, place)
    if (!entry.isFile() || path.split('/').includes('.ensemble')) continue
    const text = await readFile(place, 'utf8').catch(() => undefined) // deleted since it was listed
    if (text !== undefined) tree[path] = text
  }
  return tree
}
