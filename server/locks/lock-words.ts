/** Locks as the protocol tells of them: on the wire, in events, and as errors. */
import type { EventData } from '../../protocol/events.js'
import { type Lock, type LockRefusal, type LockWaiter, type WaitStep } from '../../protocol/locks.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Places, Lease, Waiting, Want } from './blockers.js'
import { type Decided, type LockCommandInside, type LockTable, type Refused } from './lock-table.js'
import { linesOfSpan } from './span.js'
import type { Moment } from './stored-leases.js'

export function lockOf(lease: Lease, { time, elapsed }: Moment): Lock {
  const { id, token, holder, path, region, span, type, since, expires, ttl } = lease
  return {
    ...{ id, token, holder, path, region, type },
    lines: span === null ? null : linesOfSpan(span),
    acquiredAt: shown(time - elapsed + since),
    expiresAt: shown(time - elapsed + expires),
    ttl: ttl / 1000,
  }
}

/** A time of day, in whole milliseconds. */
function shown(time: number): number {
  return Math.max(0, Math.round(time))
}

export function waiterOf(places: Places, asking: Waiting, { time, elapsed }: Moment): LockWaiter {
  return {
    agent: asking.holder,
    wants: asking.wants.map(({ path, region, type }) => ({ path, region, type })),
    since: shown(time - elapsed + asking.since),
    until: shown(time - elapsed + asking.until),
    waitsFor: [...places.waitsOf(asking)].map(({ waitsFor }) => waitsFor),
  }
}

export function refusalOf({ reason, blocker, expectedWait, place, cycle }: Refused, moment: Moment): LockRefusal {
  const { want, theirs, lease, holder, since } = blocker
  return {
    reason,
    ...{ path: want.path, region: want.region, type: want.type },
    holder,
    lockId: lease?.id ?? null,
    heldRegion: theirs.region,
    heldLines: theirs.span === null ? null : linesOfSpan(theirs.span),
    heldType: theirs.type,
    since: shown(moment.time - moment.elapsed + since),
    expectedWait: Math.ceil(expectedWait),
    queuePlace: place,
    ...(cycle.length === 0 ? {} : { cycle: cycle.map(stepOf) }),
  }
}

function stepOf({ agent, waitsFor, reason }: Refused['cycle'][number]): WaitStep {
  return { agent, waitsFor, path: reason?.path ?? null }
}

type EventLock = Pick<EventData<'lock:expired'>, 'lock_id' | 'path' | 'region' | 'lock_type' | 'holder'>

export function eventLock(lease: Lease): EventLock & { readonly token: number } {
  const { id, token, path, type, holder } = lease
  return { lock_id: id, token, path, region: eventRegion(lease), lock_type: type, holder }
}

export function eventRegion({ region, span }: Want): EventLock['region'] {
  const lines = span === null ? null : linesOfSpan(span)
  switch (region.kind) {
    case 'file':
      return region
    case 'lines':
      return { kind: 'lines', ...(lines ?? region) }
    case 'symbol':
      return { ...region, lines }
  }
}

/** Where locks and those who wait for them are others now than before the command, or stand elsewhere. */
export function changedPaths(
  before: LockTable,
  { table, settled, ended }: Decided,
  command: LockCommandInside,
): ReadonlySet<WorkspacePath> {
  const fresh = settled.flatMap((one) => (one.outcome === 'granted' ? one.leases : []))
  const changed = fresh.filter((lease) => before.leases.get(lease.id) !== lease)
  const renewed = command.kind === 'renew' ? command.ids.flatMap((id) => table.leases.get(id) ?? []) : []
  const moved = command.kind === 'moved' ? [command.from, command.to] : []
  const shifted =
    command.kind === 'edited' ? [...table.leases.values()].filter((lease) => isShifted(before, lease)) : []
  const were = new Set(before.waiting.map(({ request }) => request))
  const are = new Set(table.waiting.map(({ request }) => request))
  const waits = [
    ...before.waiting.filter(({ request }) => !are.has(request)),
    ...table.waiting.filter(({ request }) => !were.has(request)),
  ].flatMap(({ wants }) => wants)
  const leases = [...changed, ...ended.map(({ lease }) => lease), ...renewed, ...shifted]
  return new Set([...[...leases, ...waits].map(({ path }) => path), ...moved])
}

function isShifted({ leases }: LockTable, lease: Lease): boolean {
  const was = leases.get(lease.id)
  if (was === undefined || was === lease || was.span === null || lease.span === null) return false
  const [before, now] = [linesOfSpan(was.span), linesOfSpan(lease.span)]
  return before.from !== now.from || before.to !== now.to
}
