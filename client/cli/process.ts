/** Other processes of this machine: whether one still runs, and ending it. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnsembleError } from '../../protocol/errors.js'
import { codeOf } from '../bridge/node-error.js'

/**
 * @param started when it began, in the system's words (Linux: clock ticks since the start of the machine); where it is
 * known, a later process with the same number is not taken for this one
 */
export async function isRunning(pid: number, started?: string | null): Promise<boolean> {
  if (!exists(pid)) return false
  const now = await startOf(pid)
  if (now === 'ended') return false
  return now === undefined || started === undefined || started === null || started === now
}

/** `ended`: it waits for someone to ask for its exit code. Undefined: this system does not tell. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name stands in brackets and may hold blanks and brackets; the state follows the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return 'ended'
  return fields[19]
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM' // it belongs to someone else
  }
}

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
  while (await isRunning(pid, started)) {
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
