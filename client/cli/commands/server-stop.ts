/** `ensemble server stop`: asks the server's process to end, and waits until it has. */
import { resolve } from 'node:path'
import { EnsembleError } from '../../../protocol/errors.js'
import type { Context } from '../context.js'
import { holderOf } from '../data-folder.js'
import { EXIT, type ExitCode } from '../fault.js'
import { findEndpoint, runningServers } from '../find-server.js'
import { endProcess } from '../process.js'

export interface ServerStopOptions {
  readonly workspace?: string
  readonly port?: number
  readonly url?: string
  readonly json?: boolean
}

/** A server takes up to 8 s to store what waits. In milliseconds. */
const PATIENCE = 15_000

export async function serverStop(options: ServerStopOptions, context: Context): Promise<ExitCode> {
  const { print } = context
  const workspace = await workspaceToStop(options, context)
  const holder = await holderOf(workspace)
  if (holder === undefined) throw nothingRuns(`No server holds ${workspace}.`)
  if (!holder.isHere) {
    throw new EnsembleError('E_USAGE', `The server of ${workspace} runs on another machine.`, {
      hint: 'Stop it there.',
    })
  }
  await endProcess(holder.pid, holder.started, PATIENCE, `The server of ${workspace}`)
  if (options.json === true) {
    print.json({
      schema: 'ensemble.server-stopped/1',
      stopped: true,
      pid: holder.pid,
      workspace,
      url: holder.url ?? null,
    })
  } else print.say(`Stopped the server of ${workspace} (process ${holder.pid}).`)
  return EXIT.ok
}

async function workspaceToStop({ workspace, port, url }: ServerStopOptions, context: Context): Promise<string> {
  if (workspace !== undefined) return resolve(context.cwd, workspace)
  if (port !== undefined) {
    const found = (await runningServers(context.env)).find((server) => new URL(server.url).port === String(port))
    if (found?.workspace == null) throw nothingRuns(`No Ensemble server runs on port ${port} of this machine.`)
    return found.workspace
  }
  const server = await findEndpoint({ url }, context).catch((thrown: unknown) => {
    const isNone = thrown instanceof EnsembleError && thrown.code === 'E_UNREACHABLE'
    throw isNone ? nothingRuns(thrown.message) : thrown
  })
  if (server.workspace !== null) return server.workspace
  throw nothingRuns(`No Ensemble server of this machine is known at ${server.url}.`)
}

function nothingRuns(message: string): EnsembleError {
  return new EnsembleError('E_UNREACHABLE', message, { hint: 'There is nothing to stop.' })
}
