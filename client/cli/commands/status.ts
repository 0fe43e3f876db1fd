/** `ensemble status`, `ensemble server status`: one question to the server, one answer. */
import { join } from 'node:path'
import type { Conflict } from '../../../protocol/conflicts.js'
import type { Status } from '../../../protocol/status.js'
import { askControl, type FolderReport } from '../../bridge/control-socket.js'
import type { Context } from '../context.js'
import { commandName } from '../context.js'
import { DATA_FOLDER, holderOf, SERVER_LOG } from '../data-folder.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer, type Server } from '../find-server.js'
import { Tags } from '../live/tags.js'
import { getConflicts, getStatus } from '../server-api.js'
import { faultLines, taskSummary } from '../views/tasks-view.js'
import { getTasks } from './tasks.js'
import { agentLines } from '../views/agents-view.js'
import { shortIds } from '../views/conflicts-view.js'
import { blockedLines, folderLines } from '../views/folder-view.js'
import { statusLines, type StatusWords } from '../views/server-view.js'
import { count } from '../words.js'
import { folderAbove } from './resume.js'

export interface AskOptions extends Wishes {
  readonly json?: boolean
}

export async function showStatus({ json, ...wishes }: AskOptions, context: Context): Promise<ExitCode> {
  const { print, env, now } = context
  const here = await folderHere(context)
  const words = { command: commandName(env), now: now(), paint: print.paint }
  const { server, status } = await theServer(wishes, context).catch((thrown: unknown) => {
    if (json !== true && here !== undefined) print.lines(hereLines(here, words))
    throw thrown
  })
  if (json === true) {
    print.json({ schema: 'ensemble.status/1', url: server.url, ...status, here: here ?? null })
    return EXIT.ok
  }
  const tags = new Tags()
  tags.learn(status.agents)
  const open = status.conflicts.open === 0 ? [] : await getConflicts(server, 'open')
  const { tasks } = await getTasks(server)
  print.lines([
    ...statusLines(status, server.url, words),
    ...taskSummary(tasks, print.paint),
    ...faultLines(status.taskFaults, print.paint).map((line) => `  ${line}`),
    ...(here === undefined ? [] : here.agentId === null ? blockedLines(here.blocked) : ['', ...hereLines(here, words)]),
    '',
    ...agentLines(status.agents, tags, now(), print.paint),
    '',
    `next  ${commandName(env)} ${nextStep(open)}`,
  ])
  return EXIT.ok
}

/** With one conflict open, to that one. */
function nextStep(open: readonly Conflict[]): string {
  const [first, ...others] = open
  if (first === undefined) return 'connect --help'
  return others.length > 0 ? 'conflicts' : `conflicts show ${shortIds([])(first.id)}`
}

async function theServer(wishes: Wishes, context: Context): Promise<{ server: Server; status: Status }> {
  const server = await findServer(wishes, context)
  return { server, status: await getStatus(server) }
}

interface Here extends FolderReport {
  readonly dir: string
}

/** The folder that the command was given in, as the process tells that keeps it in step. */
async function folderHere({ cwd }: Context): Promise<Here | undefined> {
  const dir = await folderAbove(cwd)
  if (dir === undefined) return undefined
  // Something else may be asked and answered in spite of it.
  const told = await askControl(join(dir, DATA_FOLDER), { ask: 'folder' }).catch(() => undefined)
  return told !== undefined && 'folder' in told ? { dir, ...told.folder } : undefined
}

function hereLines({ dir, agentId, state, files, blocked, ...folder }: Here, words: StatusWords): string[] {
  const { command, now, paint } = words
  const name = agentId ?? 'the server'
  return [
    `${dir}, the folder of ${name}: ${STATES[state]}, ${count(files, 'file')}`,
    ...folderLines({ ...folder, leftOut: 0 }, { whose: { kind: 'shell', dir, command }, now, paint }),
    ...blockedLines(blocked),
  ]
}

const STATES: Readonly<Record<FolderReport['state'], string>> = {
  starting: 'catching up',
  syncing: 'catching up',
  synced: 'in step',
  offline: 'offline; edits are kept, and go out when the server is back',
  paused: 'waits for someone',
  closed: 'ended',
}

export async function showServerStatus({ json, ...wishes }: AskOptions, context: Context): Promise<ExitCode> {
  const { print } = context
  const server = await findServer(wishes, context)
  const status = await getStatus(server)
  const holder = server.workspace === null ? undefined : await holderOf(server.workspace)
  const dataDir = server.workspace === null ? null : join(server.workspace, DATA_FOLDER)
  const pid = holder?.pid ?? null
  if (json === true) {
    const { version, state, reason, workspace, workspaceId, uptimeSeconds, files, memoryBytes, commitLatency } = status
    print.json({
      schema: 'ensemble.server-status/1',
      running: true,
      ...{ url: server.url, pid, workspace, dataDir, tokenFile: server.tokenFile },
      ...{ version, state, reason, workspaceId, uptimeSeconds, files, memoryBytes, commitLatency },
    })
    return EXIT.ok
  }
  print.lines([
    ...statusLines(status, server.url, { command: commandName(context.env), now: context.now(), paint: print.paint }),
    ...(pid === null ? [] : [`  process    ${pid}`]),
    ...(dataDir === null ? [] : [`  log        ${join(dataDir, SERVER_LOG)}`]),
  ])
  return EXIT.ok
}
