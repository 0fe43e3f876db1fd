/** `ensemble server start`: the server as a process of its own, in this terminal or in the background. */
import type { ChildProcess } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EnsembleError } from '../../../protocol/errors.js'
import { letGo, startChild } from '../child.js'
import { commandName, type Context } from '../context.js'
import { DATA_FOLDER, holderOf, SERVER_LOG } from '../data-folder.js'
import { EXIT, type ExitCode } from '../fault.js'
import { runningServers, type Environment } from '../find-server.js'
import type { ProgressStep } from '../print.js'
import { serverInfo, type ServerInfo } from '../reports.js'
import { onSignals, unlessInterrupted, type Signal } from '../signals.js'
import { readyLines } from '../views/server-view.js'
import { quoted } from '../words.js'

export interface ServerStartOptions {
  readonly workspace?: string
  readonly port: number
  readonly host: string
  readonly background?: boolean
  readonly json?: boolean
}

/** A second Ctrl-C ends the server at once; npm passes on the first one a second time. In milliseconds. */
const SECOND_THOUGHT = 1_000

export async function serverStart(
  dir: string | undefined,
  options: ServerStartOptions,
  context: Context,
): Promise<ExitCode> {
  const { print, cwd, env } = context
  const { background = false } = options
  const workspace = workspaceOf(dir, options.workspace, cwd)
  const progress = print.progress()
  const { child, info } = await launchServer({
    ...options,
    workspace,
    background,
    env,
    onProgress: (step) => progress.step(step),
  }).catch(async (thrown: unknown) => {
    throw await withWayOut(thrown, workspace)
  })
  progress.end()
  // Before it is said how to stop it: whoever reads that may do so at once.
  const ended = background ? undefined : attend(child, context)
  if (options.json === true) print.json(readyObject(info))
  else {
    const others = (await runningServers(env)).filter(({ url }) => url !== info.url)
    const command = commandName(env)
    print.lines(
      readyLines({ info, cwd, command, background, isAlone: others.length === 0, now: context.now() }, print.paint),
    )
  }
  if (ended !== undefined) return await ended
  letGo(child)
  return EXIT.ok
}

/** A server on this machine that has the folder can be stopped by a command of ours. */
async function withWayOut(thrown: unknown, workspace: string): Promise<unknown> {
  if (!(thrown instanceof EnsembleError) || thrown.code !== 'E_WORKSPACE_BUSY') return thrown
  const holder = await holderOf(await realpath(workspace).catch(() => workspace))
  if (holder?.isHere !== true) return thrown
  const { code, message, hint, data, cause } = thrown
  return new EnsembleError(code, message, {
    ...{ cause, data: { ...data, try: `ensemble server stop --workspace ${quoted(workspace)}` } },
    ...(hint === undefined ? {} : { hint }),
  })
}

/** @throws EnsembleError E_USAGE */
function workspaceOf(argument: string | undefined, option: string | undefined, cwd: string): string {
  if (argument !== undefined && option !== undefined && resolve(cwd, argument) !== resolve(cwd, option)) {
    throw new EnsembleError('E_USAGE', `Two folders were named: ${argument} and --workspace ${option}.`, {
      hint: 'Name one; a server serves one folder.',
    })
  }
  return resolve(cwd, argument ?? option ?? '.')
}

function readyObject({
  url,
  dashboard,
  pid,
  workspace,
  dataDir,
  tokenFile,
  files,
  folder,
  readyMilliseconds,
  exposed,
}: ServerInfo): object {
  return {
    schema: 'ensemble.server/1',
    ...{ url, dashboard, pid, workspace, dataDir, tokenFile },
    ...{ files, folder, readyMilliseconds, exposed },
  }
}

export interface LaunchOptions {
  /** Absolute. */
  readonly workspace: string
  readonly port: number
  readonly host: string
  /** Lives on when this process ends. */
  readonly background: boolean
  readonly env: Environment
  readonly onProgress: (step: ProgressStep) => void
}

/** @throws EnsembleError what the server says, Interrupted */
export async function launchServer(
  options: LaunchOptions,
): Promise<{ readonly child: ChildProcess; readonly info: ServerInfo }> {
  const { workspace, port, host, background, env, onProgress } = options
  const script = fileURLToPath(new URL('../../../server/main.js', import.meta.url))
  const log = join(workspace, DATA_FOLDER, SERVER_LOG)
  const args = [script, '--workspace', workspace, '--port', String(port), '--host', host, '--log', log]
  let child: ChildProcess | undefined
  const start = startChild({
    args: background ? args : [...args, '--attached'],
    ...{ detached: background, env, info: serverInfo, onProgress },
    onSpawn: (spawned) => {
      child = spawned
    },
  })
  return await unlessInterrupted(start, () => {
    child?.kill('SIGTERM')
  })
}

/** Stays while the server runs, passes on what should end it, and ends as it ends. */
async function attend(child: ChildProcess, { print }: Context): Promise<ExitCode> {
  let asked: { readonly at: number } | undefined
  const dispose = onSignals((signal: Signal) => {
    const at = performance.now()
    if (asked === undefined) {
      asked = { at }
      print.say(signal === 'SIGINT' ? '\nStopping; what waits is being stored …' : 'Stopping …')
      child.kill('SIGTERM')
    } else if (at - asked.at > SECOND_THOUGHT) child.kill('SIGKILL')
  })
  const { code, signal } = await exitOf(child)
  dispose()
  if (asked !== undefined) {
    print.say(code === 0 ? 'Stopped.' : 'Stopped; something could not be stored, the log of the server tells what.')
    return code === 0 ? EXIT.ok : EXIT.failed
  }
  if (code === 0) {
    print.say('The server was stopped.')
    return EXIT.ok
  }
  throw new EnsembleError('E_INTERNAL', `The server ended by itself (${signal ?? `exit code ${code ?? '?'}`}).`, {
    hint: 'Everything that it had confirmed is stored; start it again. Its log is server.log in the data folder.',
  })
}

async function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode !== null || child.signalCode !== null) return { code: child.exitCode, signal: child.signalCode }
  return await new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal })
    })
  })
}
