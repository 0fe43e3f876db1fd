/** What the page shows of locks: those of one file, each with who is next in line for it. */
import type { Lock, LocksList, LockRegion } from '../../protocol/locks.js'

export interface FileLock {
  readonly lock: Lock
  /** Who waits for the holder longest, for something in this file; null: nobody. */
  readonly next: string | null
}

/** What is asked for in the name of whoever sits at this page. */
export const PERSON = 'PERSON-dashboard'

export function locksOf({ locks, waiting }: LocksList, path: string): readonly FileLock[] {
  return locks
    .filter((lock) => lock.path === path)
    .map((lock) => ({
      lock,
      next:
        waiting.find(
          ({ waitsFor, wants }) => waitsFor.includes(lock.holder) && wants.some((want) => want.path === path),
        )?.agent ?? null,
    }))
}

/** "applyDiscount", "lines 13 to 27", "the whole file" */
export function regionWords(region: LockRegion, lines: Lock['lines']): string {
  switch (region.kind) {
    case 'symbol':
      return region.name
    case 'file':
      return 'the whole file'
    case 'lines': {
      const { from, to } = lines ?? region
      return to <= from ? `line ${from}` : `lines ${from} to ${to}`
    }
  }
}

/** "0:48", "2:05", "1:00:00" of what is left; never below zero. */
export function formatLeft(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = String(seconds % 60).padStart(2, '0')
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes).padStart(2, '0')}:${rest}`
}
