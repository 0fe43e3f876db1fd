/** `ensemble connect`: an agent's own folder, kept in step, with a live session in this terminal or in the background. */
import type { ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EnsembleError } from '../../../protocol/errors.js'
import type { AgentInstance, AgentRole, AgentType } from '../../../protocol/ids.js'
import type { WorkspacePath } from '../../../protocol/paths.js'
import { statusOf } from '../../bridge/folder-status.js'
import type { AgentFolder, AgentFolderOptions } from '../agent-folder.js'
import { giveBack, takePlace } from '../agent-place.js'
import { letGo, startChild } from '../child.js'
import { commandName, type Context } from '../context.js'
import { isLoopback, type Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { connectInfo, type ConnectInfo, type ConnectOrder } from '../reports.js'
import { getStatus } from '../server-api.js'
import { Interrupted, unlessInterrupted } from '../signals.js'
import { folderLines } from '../views/folder-view.js'
import { count, duration, quoted } from '../words.js'

export interface ConnectOptions extends Wishes {
  readonly agent: AgentType
  readonly instance: AgentInstance
  readonly partition?: WorkspacePath
  readonly role?: readonly AgentRole[]
  readonly dir?: string
  readonly background?: boolean
  readonly json?: boolean
}

export async function connect(options: ConnectOptions, context: Context): Promise<ExitCode> {
  const { print } = context
  const server = await findServer(options, context)
  // Asked first: whether it answers, knows the token, and which folder it serves, before anything is made.
  const status = await getStatus(server)
  const workspace = server.workspace ?? (isLoopback(server.url) ? status.workspace : null)
  const { real, isNew } = await takePlace(resolve(context.cwd, options.dir ?? '.'), workspace)
  if (isNew) print.say(`Made the folder ${real}.`)
  const order: ConnectOrder = {
    ...{ dir: real, url: server.url, token: server.token, tokenFile: server.tokenFile },
    agent: {
      ...{ type: options.agent, instance: options.instance, partition: options.partition ?? null },
      roles: [...(options.role ?? [])],
    },
  }
  const giveUp = async (): Promise<void> => {
    if (isNew && (await giveBack(real))) print.say(`Took the folder ${real} away again.`)
  }
  const start = options.background === true ? inBackground : inForeground
  return await start(order, options, context, giveUp).catch((thrown: unknown) => {
    throw withWayOut(thrown, real)
  })
}

/** Whoever syncs a folder can be ended by a command of ours. */
function withWayOut(thrown: unknown, dir: string): unknown {
  if (!(thrown instanceof EnsembleError) || thrown.code !== 'E_WORKSPACE_BUSY') return thrown
  const { code, message, data, cause } = thrown
  const hint = 'End that one first, or use a folder of its own for each agent.'
  return new EnsembleError(code, message, {
    ...{ hint, cause },
    data: { ...data, try: `ensemble disconnect --dir ${quoted(dir)}` },
  })
}

type GiveUp = () => Promise<void>

async function inBackground(
  order: ConnectOrder,
  { json }: ConnectOptions,
  context: Context,
  giveUp: GiveUp,
): Promise<ExitCode> {
  const { print, env } = context
  const progress = print.progress()
  let spawned: ChildProcess | undefined
  const start = startChild({
    args: [fileURLToPath(new URL('../connect-process.js', import.meta.url))],
    ...{ detached: true, env, info: connectInfo, message: order },
    onProgress: (step) => progress.step(step),
    onSpawn: (child) => {
      spawned = child
    },
  })
  const { child, info } = await unlessInterrupted(start, () => {
    spawned?.kill('SIGTERM')
  }).catch(async (thrown: unknown) => {
    if (!(thrown instanceof Interrupted)) await giveUp()
    throw thrown
  })
  progress.end()
  const leave = `${commandName(env)} disconnect --dir ${quoted(info.dir)}`
  if (json === true) print.json({ schema: 'ensemble.connect/1', ...info })
  else {
    const notInStep = folderLines(info.folder, {
      whose: { kind: 'shell', dir: info.dir, command: commandName(env) },
      ...{ now: context.now(), paint: print.paint },
    })
    print.lines([...readyLines(info, commandName(env)), ...notInStep, `Leave with: ${leave}`])
  }
  letGo(child)
  return EXIT.ok
}

function readyLines(info: ConnectInfo, command: string): string[] {
  const { agentId, dir, files, readyMilliseconds, workspace, conflicts, folder } = info
  const what = `${count(files, 'file')} ${folder.paused === null ? 'in step with' : 'of'} ${workspace}`
  return [
    `${agentId} works in ${dir}: ${what} after ${duration(readyMilliseconds)}`,
    ...(conflicts === 0
      ? []
      : [`Changes made here meanwhile raised ${count(conflicts, 'conflict')}: ${command} conflicts`]),
  ]
}

async function inForeground(
  order: ConnectOrder,
  { json }: ConnectOptions,
  context: Context,
  giveUp: GiveUp,
): Promise<ExitCode> {
  const { print } = context
  const startedAt = performance.now()
  // Here alone: in the background another process loads all that keeps a folder in step.
  const { openAgentFolder } = await import('../agent-folder.js')
  const { liveSession } = await import('../live/live-session.js')
  const progress = print.progress()
  const options: AgentFolderOptions = { ...order, onProgress: (step) => progress.step(step) }
  const folder = await openAgentFolder(options)
  let isReady = false
  try {
    await unlessInterrupted(folder.synced(), () => progress.end())
    progress.end()
    isReady = true
    const info = describe(folder, order.url, performance.now() - startedAt)
    const speaksJson = json === true || context.stdin.isTTY !== true || !print.isTerminal
    if (!speaksJson) {
      const notInStep = folderLines(info.folder, { whose: { kind: 'session' }, now: context.now(), paint: print.paint })
      const help = 'Type "help" for what can be done here; Ctrl-D leaves.'
      print.lines([...readyLines(info, commandName(context.env)), ...notInStep, help, ''])
    }
    const { partition, roles } = order.agent
    return await liveSession({ folder, info, partition, roles, speaksJson, token: order.token, context })
  } catch (thrown) {
    if (thrown instanceof Interrupted) print.say('Leaving …')
    throw thrown
  } finally {
    await folder.leave()
    if (!isReady) await giveUp()
  }
}

/** After `synced`. */
export function describe(folder: AgentFolder, url: string, milliseconds: number): ConnectInfo {
  const { agentId, dir, bridge, connection } = folder
  const { state } = connection
  const { files, conflicts } = bridge.stats
  return {
    ...{ agentId, dir, pid: process.pid, files, synced: true, url },
    ...{ folder: statusOf(bridge), conflicts },
    workspace: state.kind === 'live' ? state.welcome.workspace : '',
    readyMilliseconds: Math.round(milliseconds),
  }
}
