/** A file's revisions on a line of time: what the history of a file draws, and where its slider may stand. */
import type { HistoryEntry } from '../../protocol/history.js'

/** Joins pages of a history: oldest first, each revision once. */
export function joinEntries(known: readonly HistoryEntry[], read: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const byRev = new Map([...known, ...read].map((entry) => [entry.rev, entry]))
  return [...byRev.values()].sort((a, b) => a.rev - b.rev)
}

export interface Tick {
  readonly rev: number
  readonly author: string
  /** 0: at the left end, 1: now. */
  readonly x: number
  /** Lines touched; of bytes, 1. */
  readonly size: number
}

/** @param entries oldest first */
export function ticksOf(entries: readonly HistoryEntry[], now: number): readonly Tick[] {
  const from = entries[0]?.time ?? now
  const span = Math.max(1, now - from)
  return entries.map(({ rev, author, time, lines }) => ({
    ...{ rev, author, x: Math.min(1, (time - from) / span) },
    size: lines === null ? 1 : lines.added + lines.removed,
  }))
}

/** The revision that stood at a place of the line; null: at its right end, where it is live. */
export function revAt(ticks: readonly Tick[], x: number): number | null {
  if (x >= 1) return null
  const found = ticks.findLast((tick) => tick.x <= x) ?? ticks[0]
  return found?.rev ?? null
}

/** One revision further: from live to the newest but one, from the newest but one to live. */
export function stepFrom(ticks: readonly Tick[], rev: number | null, step: -1 | 1): number | null {
  const index = rev === null ? ticks.length - 1 : ticks.findIndex((tick) => tick.rev === rev)
  const next = Math.max(0, index + step)
  return next >= ticks.length - 1 ? null : (ticks[next]?.rev ?? null)
}
