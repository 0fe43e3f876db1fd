/** `ensemble disconnect`: ends the session that runs in a folder, from outside of it. */
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EnsembleError } from '../../../protocol/errors.js'
import type { Context } from '../context.js'
import { readSession } from '../data-folder.js'
import { EXIT, type ExitCode } from '../fault.js'
import { isRunning } from '../../bridge/processes.js'
import { endProcess } from '../process.js'

export interface DisconnectOptions {
  readonly dir?: string
  readonly json?: boolean
}

/** Last writes are sent before it ends. In milliseconds. */
const PATIENCE = 15_000

export async function disconnect(options: DisconnectOptions, { print, cwd }: Context): Promise<ExitCode> {
  const named = resolve(cwd, options.dir ?? '.')
  const dir = await realpath(named).catch((cause: unknown) => {
    throw new EnsembleError('E_WORKSPACE', `The folder ${named} does not exist.`, {
      hint: 'Name the agent’s folder with --dir.',
      cause,
    })
  })
  const session = await readSession(dir)
  const held = session?.process ?? undefined
  if (session === undefined || held === undefined || !isRunning(held.pid, held.started)) {
    throw new EnsembleError('E_UNREACHABLE', `No agent is connected in ${dir}.`, { hint: 'There is nothing to end.' })
  }
  const { agentId } = session
  await endProcess(held.pid, held.started, PATIENCE, agentId)
  if (options.json === true) print.json({ schema: 'ensemble.disconnected/1', agentId, dir, pid: held.pid })
  else print.say(`${agentId} has left; ${dir} stays as it is and catches up when it connects again.`)
  return EXIT.ok
}
