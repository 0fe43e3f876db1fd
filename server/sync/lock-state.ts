/** What the awareness of a file's document tells of its locks (rule LOCK-16). */
import type { LocksList, LocksQuery } from '../../protocol/locks.js'
import type { WorkspacePath } from '../../protocol/paths.js'

/** Locks as rooms see them. */
export interface ShownLocks {
  list(query: LocksQuery): LocksList
  /** Hears the path of all that `list` may tell otherwise now. */
  onChange(listener: (path: WorkspacePath) => void): unknown
  /** An awareness client that nobody else has. */
  readonly newClient: () => number
}

/** A file may have more than a cursor's neighbours want to know: a state has to fit into every peer's awareness. */
const MAX_SHOWN = 64

/** Null: there is nothing to show. Tokens are left out: they are for those who write. */
export function lockState({ locks, waiting }: LocksList): object | null {
  if (locks.length === 0 && waiting.length === 0) return null
  return {
    locks: locks.slice(0, MAX_SHOWN).map(({ id, holder, path, region, lines, type, acquiredAt, expiresAt, ttl }) => ({
      ...{ id, holder, path, region, lines, type, acquiredAt, expiresAt, ttl },
    })),
    waiting: waiting
      .slice(0, MAX_SHOWN)
      .map(({ agent, since, until, waitsFor }) => ({ agent, since, until, waitsFor })),
  }
}
