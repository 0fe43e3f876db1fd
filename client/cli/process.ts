/** Ending another process of this machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { EnsembleError } from '../../protocol/errors.js'
import { codeOf } from '../bridge/node-error.js'
import { isRunning } from '../bridge/processes.js'

/** Between two looks whether a process has ended. In milliseconds. */
const LOOK_AGAIN = 25

/**
 * Asks a process to end, and waits until it has.
 * @param patience in milliseconds
 * @throws EnsembleError E_TIMEOUT; E_WORKSPACE_BUSY where it is another user's
 */
export async function endProcess(pid: number, started: string | null, patience: number, what: string): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (thrown) {
    if (codeOf(thrown) === 'ESRCH') return
    throw new EnsembleError('E_WORKSPACE_BUSY', `${what} (process ${pid}) belongs to another user.`, {
      hint: 'Stop it as that user.',
      cause: thrown,
    })
  }
  const deadline = performance.now() + patience
  while (isRunning(pid, started)) {
    if (performance.now() > deadline) {
      throw new EnsembleError(
        'E_TIMEOUT',
        `${what} (process ${pid}) still runs ${patience / 1_000} s after it was asked to stop.`,
        {
          hint: 'What is stored is safe: it may be ended by force.',
          data: { pid, try: `kill -9 ${pid}` },
        },
      )
    }
    await sleep(LOOK_AGAIN)
  }
}
