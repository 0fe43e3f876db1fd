/** Other processes of this machine: whether one still runs. */
import { readFileSync } from 'node:fs'
import { codeOf } from './node-error.js'

/**
 * @param started when it began, as `startOf` tells; where it is known, a later process with the same number is not taken for
 * this one
 */
export function isRunning(pid: number, started?: string | null): boolean {
  if (!exists(pid)) return false
  const now = startOf(pid)
  if (now === 'ended') return false
  return now === undefined || started === undefined || started === null || started === now
}

/**
 * When a process began, in the system's words (Linux: clock ticks since the start of the machine). `ended`: it waits for
 * someone to ask for its exit code. Undefined: this system does not tell, or there is no such process.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  // The name stands in brackets and may hold blanks and brackets; the state follows the last one.
  const stat = statOf(pid)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return 'ended'
  return fields[19]
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}

function exists(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM' // it belongs to someone else
  }
}
