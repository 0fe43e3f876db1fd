/** `_locks.json`, the lock file of an older protocol: what it says, and how ours read in it. One lock a path, no types, no regions. */
import { z } from 'zod'
import { agentId, agentType, type AgentId } from '../../protocol/ids.js'
import { MAX_TTL, type Lock } from '../../protocol/locks.js'
import { workspacePath, type WorkspacePath } from '../../protocol/paths.js'

/** An agent had no instance there: its locks are those of this one. */
const IMPORTED = 'imported'
const DEFAULT_MINUTES = 30
/** In milliseconds. */
const SECOND = 1_000
const MINUTE = 60_000

const oldLock = z.object({
  agent: z.string(),
  acquired_at: z.string(),
  ttl_minutes: z.number().positive().default(DEFAULT_MINUTES),
})
const oldFile = z.object({ locks: z.record(z.string(), z.unknown()) })

export interface ImportedLock {
  readonly path: WorkspacePath
  readonly holder: AgentId
  /** Milliseconds that are left of it. */
  readonly left: number
}

export interface LocksFileReading {
  readonly locks: readonly ImportedLock[]
  /** Locks that cannot be taken over, each with the reason; those that have run out are not among them. */
  readonly faults: readonly string[]
}

/**
 * What still holds at `now`. A time in the future gives nobody longer than the whole life of the lock.
 * @returns undefined: the file is none of these
 */
export function readLocksFile(text: string, now: number): LocksFileReading | undefined {
  const parsed = oldFile.safeParse(jsonOf(text))
  if (!parsed.success) return undefined
  const locks: ImportedLock[] = []
  const faults: string[] = []
  for (const [name, value] of Object.entries(parsed.data.locks)) {
    const old = oldLock.safeParse(value)
    if (!old.success) {
      faults.push(`${JSON.stringify(name)}: not a lock of that format`)
      continue
    }
    const { agent, acquired_at: acquired, ttl_minutes: minutes } = old.data
    const life = Math.min(minutes * MINUTE, MAX_TTL * 1000)
    const left = Math.min(life, Date.parse(acquired) + minutes * MINUTE - now)
    if (!(left >= SECOND)) continue // less than any lock is given for, or no time at all
    const path = workspacePath.safeParse(name.replaceAll('\\', '/').replace(/^\.\//, ''))
    const holder = holderOf(agent)
    if (!path.success) faults.push(path.error.issues[0]?.message ?? name)
    else if (holder === undefined) faults.push(`${name}: ${JSON.stringify(agent)} can't be the name of an agent`)
    else locks.push({ path: path.data, holder, left })
  }
  return { locks, faults }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return undefined // told by whoever asked: it has the file's name
  }
}

function holderOf(agent: string): AgentId | undefined {
  const whole = agentId.safeParse(agent)
  if (whole.success) return whole.data
  const type = agentType.safeParse(agent.trim().toUpperCase())
  return type.success ? agentId.parse(`${type.data}-${IMPORTED}`) : undefined
}

/**
 * Of several locks in one file the first EXCLUSIVE one, else the first. REVIEW is left out, it keeps nobody from anything.
 * @param locks oldest first
 */
export function locksFileText(locks: readonly Lock[], now: number): string {
  const shown = new Map<WorkspacePath, Lock>()
  for (const lock of locks) {
    const known = shown.get(lock.path)
    if (lock.type === 'REVIEW') continue
    if (known === undefined || (known.type !== 'EXCLUSIVE' && lock.type === 'EXCLUSIVE')) shown.set(lock.path, lock)
  }
  const rows = [...shown.values()].map(({ path, holder, acquiredAt, expiresAt }): [string, object] => [
    path,
    {
      agent: holder,
      task_id: null,
      acquired_at: timeText(acquiredAt),
      ttl_minutes: Math.ceil((expiresAt - acquiredAt) / MINUTE),
    },
  ])
  return `${JSON.stringify({ locks: Object.fromEntries(rows), last_cleanup: timeText(now) }, null, 2)}\n`
}

/** With an offset: readers of that format do not all know the letter Z. */
function timeText(time: number): string {
  return new Date(time).toISOString().replace('Z', '+00:00')
}
