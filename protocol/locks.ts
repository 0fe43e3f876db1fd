/**
 * Locks: leases of the server on a file, or on a region of it. Who may hold what beside whom is COMPATIBLE (rule LOCK-2).
 */
import { z } from 'zod'
import { lockToken, timestamp } from './files.js'
import { EnsembleError } from './errors.js'
import { agentId, lockId } from './ids.js'
import { workspacePath } from './paths.js'
import { lineRange } from './conflicts.js'

/**
 * `EXCLUSIVE`: the text is the holder's alone to change. `SHARED`: several hold it, nobody takes it EXCLUSIVE.
 * `REVIEW`: shows who reviews; holds up nobody, waits for nobody.
 */
export const lockType = z.enum(['EXCLUSIVE', 'REVIEW', 'SHARED'])
export type LockType = z.infer<typeof lockType>

/** Whether two agents may hold locks of these types at one place. Symmetric. */
export const COMPATIBLE: Readonly<Record<LockType, Readonly<Record<LockType, boolean>>>> = {
  EXCLUSIVE: { EXCLUSIVE: false, REVIEW: true, SHARED: false },
  REVIEW: { EXCLUSIVE: true, REVIEW: true, SHARED: true },
  SHARED: { EXCLUSIVE: false, REVIEW: true, SHARED: true },
}

const MAX_SYMBOL = 200

/** What of a file is meant. `lines` are counted from 1, `to` included; a symbol reads `name`, or `Class.method`. */
export const lockRegion = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file') }),
  z
    .object({ kind: z.literal('lines'), from: z.int().positive(), to: z.int().positive() })
    .refine(({ from, to }) => from <= to, { error: 'a range of lines ends where it begins, or later' }),
  z.object({ kind: z.literal('symbol'), name: z.string().min(1).max(MAX_SYMBOL) }),
])
export type LockRegion = z.infer<typeof lockRegion>

/** Default and bound of a lock's life, and bound of a wait. In seconds. */
export const DEFAULT_TTL = 300
export const MAX_TTL = 24 * 3600
export const MAX_WAIT = 3600
/** Places that one request may name. */
export const MAX_WANTS = 32

const ttl = z.number().min(1).max(MAX_TTL)

/** A lock that is held. */
export const lock = z.object({
  id: lockId,
  token: lockToken,
  holder: agentId,
  path: workspacePath,
  /** As it was asked for. */
  region: lockRegion,
  /** Where the region stands now; null: the whole file. */
  lines: lineRange.nullable(),
  type: lockType,
  acquiredAt: timestamp,
  expiresAt: timestamp,
  /** In seconds; renewing begins it anew. */
  ttl,
})
export type Lock = z.infer<typeof lock>

export const lockWant = z.object({
  path: workspacePath,
  /** Default: the whole file. */
  region: lockRegion.default({ kind: 'file' }),
  /** Default: EXCLUSIVE. */
  type: lockType.default('EXCLUSIVE'),
})
export type LockWant = z.infer<typeof lockWant>

/** All of `wants`, or none of them. `ttl` and `wait` in seconds; `wait` 0 asks once. */
export const lockCommand = z.object({
  wants: z.array(lockWant).min(1).max(MAX_WANTS),
  ttl: ttl.default(DEFAULT_TTL),
  wait: z.number().min(0).max(MAX_WAIT).default(0),
})
export type LockCommand = z.infer<typeof lockCommand>

/** Locks by id; or all that the agent holds in a file. */
export const unlockCommand = z.union([
  z.object({ ids: z.array(lockId).min(1).max(MAX_WANTS) }),
  z.object({ path: workspacePath, region: lockRegion.optional() }),
])
export type UnlockCommand = z.infer<typeof unlockCommand>

/** Begins the life of these locks anew; `ttl` in seconds, default: as before. */
export const renewCommand = z.object({ ids: z.array(lockId).min(1).max(MAX_WANTS), ttl: ttl.optional() })
export type RenewCommand = z.infer<typeof renewCommand>

/** One step of a circle: `agent` waits for `waitsFor`, for a lock on `path`; null: for a task. */
export const waitStep = z.object({ agent: agentId, waitsFor: agentId, path: workspacePath.nullable() })
export type WaitStep = z.infer<typeof waitStep>

/**
 * Why a lock was not granted. `held`: someone has it. `timeout`: the wait was over. `deadlock`: waiting would have closed a
 * circle, and this request was chosen to end it.
 */
export const lockRefusal = z.object({
  reason: z.enum(['held', 'timeout', 'deadlock']),
  /** What was asked for, and stands against something. */
  path: workspacePath,
  region: lockRegion,
  type: lockType,
  /** Who stands in the way, and with what. `lockId` null: it waits itself, and is first. */
  holder: agentId,
  lockId: lockId.nullable(),
  heldRegion: lockRegion,
  heldLines: lineRange.nullable(),
  heldType: lockType,
  since: timestamp,
  /** Until what is held now has ended at the latest, in milliseconds; it may be renewed. */
  expectedWait: z.number().nonnegative(),
  /** Which place one has, or would have, among those who wait; from 1. */
  queuePlace: z.int().positive(),
  /** Of a deadlock: who waits for whom. */
  cycle: z.array(waitStep).optional(),
})
export type LockRefusal = z.infer<typeof lockRefusal>

/** A path that was locked though no file is there yet, and the paths of files that may have been meant, nearest first. */
export const lockedAhead = z.object({ path: workspacePath, near: z.array(workspacePath) })
export type LockedAhead = z.infer<typeof lockedAhead>

export const lockResult = z.discriminatedUnion('outcome', [
  /** `waited` in milliseconds; `ahead` absent: every file is there. */
  z.object({
    outcome: z.literal('granted'),
    locks: z.array(lock),
    waited: z.number().nonnegative(),
    ahead: z.array(lockedAhead).optional(),
  }),
  z.object({ outcome: z.literal('refused'), refusal: lockRefusal }),
])
export type LockResult = z.infer<typeof lockResult>

/** Someone who waits. */
export const lockWaiter = z.object({
  agent: agentId,
  wants: z.array(lockWant),
  since: timestamp,
  /** When it gives up. */
  until: timestamp,
  /** For whom. */
  waitsFor: z.array(agentId),
})
export type LockWaiter = z.infer<typeof lockWaiter>

/** Default: all. */
export const locksQuery = z.object({ path: workspacePath.optional(), holder: agentId.optional() })
export type LocksQuery = z.infer<typeof locksQuery>

/** Oldest first; those who wait in the order of their turn. */
export const locksList = z.object({ locks: z.array(lock), waiting: z.array(lockWaiter) })
export type LocksList = z.infer<typeof locksList>

/** `src/app.ts`, `src/app.ts:10-20`, `src/app.ts#App.render`: a region as people write it. */
export function placeText(path: string, region: LockRegion): string {
  switch (region.kind) {
    case 'file':
      return path
    case 'lines':
      return `${path}:${region.from}-${region.to}`
    case 'symbol':
      return `${path}#${region.name}`
  }
}

const CODES = { held: 'E_LOCK_HELD', timeout: 'E_LOCK_TIMEOUT', deadlock: 'E_LOCK_DEADLOCK' } as const

/** For whoever takes a refusal as an error. */
export function refusalError(refusal: LockRefusal, nameOf: (agent: string) => string = String): EnsembleError {
  const { reason, path, region, holder, lockId, heldRegion, expectedWait, cycle = [] } = refusal
  const who = nameOf(holder)
  const what = placeText(path, heldRegion)
  const left = `${clock(expectedWait)} left`
  const held = lockId === null ? `${who} waits for ${what}, and is first` : `${who} holds ${what}, ${left}`
  const isPart = heldRegion.kind !== 'file' && region.kind !== 'file'
  const rest = isPart ? ` "ensemble lock list --file ${path}" shows what of it is taken.` : ''
  const data = { refusal }
  switch (reason) {
    case 'held':
      return new EnsembleError('E_LOCK_HELD', `${held}.`, {
        hint: `Wait for it, or work elsewhere meanwhile.${rest}`,
        data,
      })
    case 'timeout':
      return new EnsembleError(CODES[reason], `The wait is over: ${held}.`, {
        hint: 'Ask again, or work elsewhere.',
        data,
      })
    case 'deadlock': {
      const circle = cycle.map(({ agent, waitsFor, path: where }) =>
        where === null
          ? `${nameOf(agent)} waits for a task of ${nameOf(waitsFor)}`
          : `${nameOf(agent)} waits for ${where} of ${nameOf(waitsFor)}`,
      )
      return new EnsembleError(CODES[reason], `Waiting would never have ended: ${circle.join(', ')}.`, {
        hint: 'This request began to wait last, so it was ended. Release what you hold, and ask again for all at once.',
        data,
      })
    }
  }
}

function clock(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
