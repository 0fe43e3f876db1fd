/** `ensemble status`, `ensemble server status`: one question to the server, one answer. */
import { join } from 'node:path'
import type { Conflict } from '../../../protocol/conflicts.js'
import type { Context } from '../context.js'
import { commandName } from '../context.js'
import { DATA_FOLDER, holderOf } from '../data-folder.js'
import type { Wishes } from '../discovery.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findServer } from '../find-server.js'
import { Tags } from '../live/tags.js'
import { getConflicts, getStatus } from '../server-api.js'
import { agentLines } from '../views/agents-view.js'
import { statusLines } from '../views/server-view.js'

export interface AskOptions extends Wishes {
  readonly json?: boolean
}

export async function showStatus({ json, ...wishes }: AskOptions, context: Context): Promise<ExitCode> {
  const { print, env, now } = context
  const server = await findServer(wishes, context)
  const status = await getStatus(server)
  if (json === true) {
    print.json({ schema: 'ensemble.status/1', url: server.url, ...status })
    return EXIT.ok
  }
  const tags = new Tags()
  tags.learn(status.agents)
  const open = status.conflicts.open === 0 ? [] : await getConflicts(server, 'open')
  print.lines([
    ...statusLines(status, server.url, print.paint),
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
  return others.length > 0 ? 'conflicts' : `conflicts show ${first.id.slice(0, 8)}`
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
    ...statusLines(status, server.url, print.paint),
    ...(pid === null ? [] : [`  process    ${pid}`]),
    ...(dataDir === null ? [] : [`  log        ${join(dataDir, 'server.log')}`]),
  ])
  return EXIT.ok
}
