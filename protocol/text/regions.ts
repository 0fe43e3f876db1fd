/**
 * Where the changes of two sides meet, seen from their common base.
 *
 * Changes overlap if they share a base line, if one inserts strictly inside what the other replaces, or if both insert at
 * one point. Overlapping changes form one region; changes that only touch form regions of their own, next to each other.
 */

import type { Change } from './sequence-diff.js'

/** Base lines [from, to) and the lines that either side has there; the changes in it are all on overlapping ground. */
export interface Region {
  readonly from: number
  readonly to: number
  readonly oursFrom: number
  readonly oursTo: number
  readonly theirsFrom: number
  readonly theirsTo: number
  readonly ours: readonly Change[]
  readonly theirs: readonly Change[]
}

/** Both lists go from the base to a side, ascending. Pieces of one side may touch each other. */
export function overlapRegions(ours: readonly Change[], theirs: readonly Change[], start: Start = ORIGIN): Region[] {
  const regions: Region[] = []
  let oursShift = start.ours - start.base
  let theirsShift = start.theirs - start.base
  let i = 0
  let j = 0
  while (i < ours.length || j < theirs.length) {
    const inOurs: Change[] = []
    const inTheirs: Change[] = []
    const from = Math.min(ours[i]?.aFrom ?? Infinity, theirs[j]?.aFrom ?? Infinity)
    let to = from
    const joins = (change: Change): boolean => {
      if (inOurs.length === 0 && inTheirs.length === 0) return true
      return change.aFrom < to || (from === to && change.aTo === to)
    }
    for (;;) {
      const one = ours[i]
      const two = theirs[j]
      const isOurs = one !== undefined && (two === undefined || comesFirst(one, two))
      const next = isOurs ? one : two
      if (next === undefined || !joins(next)) break
      to = Math.max(to, next.aTo)
      if (isOurs) {
        inOurs.push(next)
        i++
      } else {
        inTheirs.push(next)
        j++
      }
    }
    const oursFrom = from + oursShift
    const theirsFrom = from + theirsShift
    oursShift += growth(inOurs)
    theirsShift += growth(inTheirs)
    const oursTo = to + oursShift
    const theirsTo = to + theirsShift
    regions.push({ from, to, oursFrom, oursTo, theirsFrom, theirsTo, ours: inOurs, theirs: inTheirs })
  }
  return regions
}

/** Regions that follow one another, as one. */
export function joinRegions(first: Region, rest: readonly Region[]): Region {
  const last = rest.at(-1) ?? first
  return {
    from: first.from,
    to: last.to,
    oursFrom: first.oursFrom,
    oursTo: last.oursTo,
    theirsFrom: first.theirsFrom,
    theirsTo: last.theirsTo,
    ours: [first, ...rest].flatMap((region) => region.ours),
    theirs: [first, ...rest].flatMap((region) => region.theirs),
  }
}

/** Regions in runs: those of one run touch, each the next. */
export function touchingRuns(regions: readonly Region[]): Region[][] {
  const runs: Region[][] = []
  let end = -1
  for (const region of regions) {
    if (region.from === end) runs.at(-1)?.push(region)
    else runs.push([region])
    end = region.to
  }
  return runs
}

/** The line of each text that a list of regions begins to count from. */
export interface Start {
  readonly base: number
  readonly ours: number
  readonly theirs: number
}

const ORIGIN: Start = { base: 0, ours: 0, theirs: 0 }

/** At one line an insertion comes before a replacement. */
function comesFirst(one: Change, two: Change): boolean {
  return one.aFrom < two.aFrom || (one.aFrom === two.aFrom && one.aTo <= two.aTo)
}

function growth(changes: readonly Change[]): number {
  return changes.reduce((sum, change) => sum + change.bTo - change.bFrom - (change.aTo - change.aFrom), 0)
}
