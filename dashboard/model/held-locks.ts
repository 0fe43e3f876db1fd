/** What the page shows of locks: who holds what, who waits for it, and who waits for whom. */
import type { Lock, LocksList, LockRegion, LockWaiter } from '../../protocol/locks.js'
import { fileName } from './format.js'

export interface FileLock {
  readonly lock: Lock
  /** Who waits for the holder longest, for something in this file; null: nobody. */
  readonly next: string | null
}

/** What a holder does, by the type of its lock. */
export const VERBS = { EXCLUSIVE: 'holds', REVIEW: 'reviews', SHARED: 'shares' } as const

export function locksOf(list: LocksList, path: string): readonly FileLock[] {
  return list.locks
    .filter((lock) => lock.path === path)
    .map((lock) => ({ lock, next: queueOf(list, lock)[0]?.agent ?? null }))
}

/** Who waits for the holder, for something in this file; in the order of their turn. */
export function queueOf({ waiting }: LocksList, { holder, path }: Lock): readonly LockWaiter[] {
  return waiting.filter(({ waitsFor, wants }) => waitsFor.includes(holder) && wants.some((want) => want.path === path))
}

export interface WaitsGraph {
  /** Whoever waits, or is waited for. */
  readonly agents: readonly string[]
  /** `from` waits for `to`, once for each pair; `label` names what it wants. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: string }[]
}

export function waitsGraph(waiting: readonly LockWaiter[]): WaitsGraph {
  const labels = new Map<string, { readonly from: string; readonly to: string; readonly files: Set<string> }>()
  for (const { agent, waitsFor, wants } of waiting) {
    for (const to of waitsFor) {
      const edge = labels.get(`${agent} ${to}`) ?? { from: agent, to, files: new Set<string>() }
      labels.set(`${agent} ${to}`, edge)
      for (const { path } of wants) edge.files.add(fileName(path))
    }
  }
  const edges = [...labels.values()].map(({ from, to, files }) => ({ from, to, label: [...files].join(', ') }))
  return { agents: [...new Set(edges.flatMap(({ from, to }) => [from, to]))], edges }
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

/** When whoever holds a lock is told that it ends: in milliseconds before, and in words. */
const WARNED_AT = [
  { left: 10_000, words: 'ten seconds' },
  { left: 60_000, words: 'a minute' },
]

/** What is said of one's own locks that end soon, as a sentence each; the same until there is something else to be said. */
export function endingSoon({ locks }: Pick<LocksList, 'locks'>, holder: string, now: number): readonly string[] {
  return locks.flatMap((lock) => {
    const within = WARNED_AT.find(({ left }) => lock.expiresAt - now <= left)
    if (lock.holder !== holder || within === undefined) return []
    return `Your lock on ${regionWords(lock.region, lock.lines)} of ${fileName(lock.path)} ends within ${within.words}`
  })
}

/** "0:48", "2:05", "1:00:00" of what is left; never below zero. */
export function formatLeft(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = String(seconds % 60).padStart(2, '0')
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes).padStart(2, '0')}:${rest}`
}
