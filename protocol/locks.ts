/**
 * Locks: leases of the server on a file, or on a region of it. Who may hold what beside whom is COMPATIBLE (rule LOCK-2).
 */
import { z } from 'zod'
import { lockToken, timestamp } from './files.js'
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
