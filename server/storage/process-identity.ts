/** Which process, so that it can be told from a later one with the same number. */
import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import { z } from 'zod'
import { hasCode } from './files.js'

/** Null is what this system does not tell. */
export const processIdentity = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Changes when the machine starts. */
  boot: z.string().nullable(),
  /** A container sees its own numbers. */
  numbers: z.string().nullable(),
  /** When the process started, in the words of the system. */
  started: z.string().nullable(),
})

export type ProcessIdentity = z.infer<typeof processIdentity>

export async function ownIdentity(): Promise<ProcessIdentity> {
  const [place, started] = await Promise.all([placeOfProcesses(), startOf(process.pid)])
  return { pid: process.pid, ...place, started: started === 'none' ? null : started }
}

/** `unknown`: it ran on another machine or in another container, where this process can't look. */
export async function stateOf(known: ProcessIdentity): Promise<'running' | 'ended' | 'unknown'> {
  const here = await placeOfProcesses()
  if (known.host !== here.host) return 'unknown'
  if (known.boot !== here.boot) return 'ended'
  if (known.numbers !== here.numbers) return 'unknown'
  const started = await startOf(known.pid)
  if (started === 'none') return 'ended'
  return started === null || known.started === null || started === known.started ? 'running' : 'ended'
}

async function placeOfProcesses(): Promise<Pick<ProcessIdentity, 'host' | 'boot' | 'numbers'>> {
  const [boot, numbers] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(trim, () => null),
    readlink('/proc/self/ns/pid').catch(() => null),
  ])
  return { host: hostname(), boot, numbers }
}

/** `none` when there is no such process, null when there is one but nothing tells when it started. */
async function startOf(pid: number): Promise<string | 'none' | null> {
  if (!exists(pid)) return 'none'
  if (process.platform === 'linux') {
    // pid (name) state … start time: the name may hold spaces and parentheses, so count from the last one.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    if (state === 'Z' || state === 'X') return 'none' // ended, and nobody has asked for its exit code yet
    return fields[19] ?? null
  }
  if (process.platform === 'win32') return null
  return promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).then(
    ({ stdout }) => trim(stdout),
    () => null,
  )
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return hasCode(thrown, 'EPERM') // it belongs to someone else
  }
}

function trim(text: string): string {
  return text.trim()
}
