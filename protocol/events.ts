/** Events: what happened, numbered, in words that agents and people share. */
import { z } from 'zod'
import { agentEventData } from './agent-events.js'
import { conflictOutcome, conflictReason } from './conflicts.js'
import { revision, sequence, timestamp, softOverlap } from './files.js'
import { waitStep } from './locks.js'
import { agentId, agentInstance, agentRole, agentType, author, conflictId, fileId, lockId, taskId } from './ids.js'
import { changeType } from './revisions.js'
import { workspacePath } from './paths.js'

const lines = z.int().nonnegative()

/** A lock as events tell of it. */
const lock = {
  lock_id: lockId,
  path: workspacePath,
  /** Lines are counted from 1, `to` included, as they were at the time; null: not known. */
  region: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('file') }),
    z.object({ kind: z.literal('lines'), from: lines, to: lines }),
    z.object({ kind: z.literal('symbol'), name: z.string(), lines: z.object({ from: lines, to: lines }).nullable() }),
  ]),
  lock_type: z.enum(['EXCLUSIVE', 'REVIEW', 'SHARED']),
  holder: author,
}
/** The fencing token: of two locks the later one has the greater. */
const token = z.int().positive()
/** For how long the request has waited, in milliseconds; 0: not at all. */
const waited = z.int().nonnegative()

const task = {
  task_id: taskId,
  title: z.string(),
  status: z.enum(['ACTIVE', 'HALTED', 'COMPLETED']),
  mode: z.enum(['SOLO', 'PAR-MULTI', 'GCC-RT']),
  /** Of the whole task, in percent. */
  progress: z.number().min(0).max(100),
}

/** The data of every type. A new type is a line here and one in `workspaceEvent`. */
export const eventData = {
  'agent:joined': z.object({
    agent_type: agentType,
    instance: agentInstance,
    partition: workspacePath.nullable(),
  }),
  'agent:left': z.object({ reason: z.enum(['left', 'lost', 'replaced']) }),
  'file:changed': z.object({
    file: workspacePath,
    file_id: fileId,
    rev: revision,
    change_type: changeType,
    /** What it was called before; absent: the same. */
    renamed_from: workspacePath.optional(),
    author,
    /** As git counts them: a line that was changed within is removed and added. 0 where either side is not text. */
    lines_added: lines,
    lines_removed: lines,
    /** Where a merge holds both sides of an overlap, and someone may want to look. Absent: nowhere. */
    soft: z.array(softOverlap).optional(),
  }),
  /**
   * The file did not become `to`, and is called `file`. `renamed`: others gave it that name first. `taken`: another file is, or
   * is in the way, at `to`. Without a reason: a lock on the whole of `locked`, which is `file` or `to`, kept its name.
   */
  'rename:refused': z.object({
    ...{ file: workspacePath, file_id: fileId, to: workspacePath, author },
    reason: z.enum(['renamed', 'taken']).optional(),
    ...{ locked: workspacePath.optional(), lock_id: lockId.optional(), holder: author.optional() },
  }),
  'lock:acquired': z.object({ ...lock, token, expires_at: timestamp, waited }),
  /** `agent_id` asked, `holder` has it. What was asked for is `path`, `region` and `lock_type`; `lock_id` is what stands in the way. */
  'lock:failed': z.object({
    ...lock,
    /** Null: the holder waits for it itself, and is first. */
    lock_id: lockId.nullable(),
    reason: z.enum(['held', 'timeout', 'deadlock']),
    waited,
    /** When the holder got it. */
    since: timestamp,
    /** In milliseconds, at most; null: not known. */
    expected_wait: z.number().nonnegative().nullable(),
    /** From 1; null: it does not wait. */
    queue_place: z.int().positive().nullable(),
    /** Of a deadlock: who waited for whom. */
    cycle: z.array(waitStep).optional(),
  }),
  'lock:released': z.object({
    ...lock,
    token,
    reason: z.enum(['released', 'left', 'lost', 'forced']),
    /** Who took it away by force; absent: its holder gave it back, or is gone. */
    by: author.optional(),
  }),
  'lock:expired': z.object({ ...lock, token }),
  /** One entry of the shared context is new, changed or gone. */
  'context:update': z.object({
    kind: z.enum(['decision', 'note', 'fact']),
    id: z.string(),
    change: z.enum(['added', 'changed', 'removed']),
    /** Its first line, cut; empty: it is gone. */
    preview: z.string(),
  }),
  /** Many entries of the shared context came at once: from older files, or from a peer that was away. Nothing tells it yet. */
  'context:sync': z.object({ source: z.enum(['imported', 'rejoined']), entries: z.int().nonnegative() }),
  /** `subtask`: the one that changed; null: the task itself did. */
  'task:updated': z.object({
    ...task,
    change: z.string(),
    subtask: z
      .object({
        id: z.string(),
        title: z.string(),
        assignee: z.string().nullable(),
        state: z.enum(['waiting', 'running', 'review', 'done']),
        progress: z.number().min(0).max(100),
        depends_on: z.array(z.string()),
      })
      .nullable(),
  }),
  /** A task's file can't be read as one: it is left as it is, and the board too. */
  'task:malformed': z.object({ file: workspacePath, message: z.string() }),
  'conflict:raised': z.object({
    conflict_id: conflictId,
    file: workspacePath,
    ours: author,
    theirs: author,
    reason: conflictReason,
    /** The lines of an overlap when it was raised, from 1; null: of the whole file, or none stand there. */
    lines: z.object({ from: lines, to: lines }).nullable(),
    /** The first line of what is held that says something, cut; empty: a deletion, or bytes. */
    preview: z.string(),
  }),
  'conflict:resolved': z.object({
    conflict_id: conflictId,
    file: workspacePath,
    ours: author,
    theirs: author,
    outcome: conflictOutcome,
    by: author,
    rev: revision,
  }),
  /** `agent` owns `partition` from now on; null: nobody does, or it owns none. */
  'partition:changed': z.object({ partition: workspacePath, agent: agentId.nullable(), before: agentId.nullable() }),
  /** `agent_id` has taken note of an event. */
  'event:acknowledged': z.object({ of: sequence, of_type: z.string() }),
  ...agentEventData,
} as const
export type EventType = keyof typeof eventData
export type EventData<T extends EventType> = z.infer<(typeof eventData)[T]>

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventData, type)
}

/** Whom an event is for. A role is an agent's type (`CLAUDE`), or one that it named itself (`reviewer`). */
export const addressee = z.union([
  z.strictObject({ agent: agentId }),
  z.strictObject({ role: z.union([agentType, agentRole]) }),
])
export type Addressee = z.infer<typeof addressee>

type EventOf<T extends EventType> = {
  readonly seq: number
  readonly type: T
  /** Who did it; absent: a person, or the server. */
  readonly agent_id?: z.infer<typeof agentId> | undefined
  /** Absent: everybody. */
  readonly to?: Addressee | undefined
  /** ISO 8601, UTC. */
  readonly timestamp: string
  readonly data: EventData<T>
}
export type WorkspaceEvent = { [T in EventType]: EventOf<T> }[EventType]

const variant = <T extends EventType>(type: T) =>
  z.object({
    seq: sequence,
    type: z.literal(type),
    agent_id: agentId.optional(),
    to: addressee.optional(),
    timestamp: z.iso.datetime(),
    data: eventData[type],
  })

export const workspaceEvent = z.discriminatedUnion('type', [
  variant('agent:joined'),
  variant('agent:left'),
  variant('file:changed'),
  variant('rename:refused'),
  variant('lock:acquired'),
  variant('lock:failed'),
  variant('lock:released'),
  variant('lock:expired'),
  variant('broadcast'),
  variant('context:update'),
  variant('context:sync'),
  variant('task:updated'),
  variant('task:malformed'),
  variant('plan:proposed'),
  variant('plan:acknowledged'),
  variant('plan:approved'),
  variant('plan:amendment'),
  variant('code:writing'),
  variant('code:written'),
  variant('review:requested'),
  variant('review:in_progress'),
  variant('review:completed'),
  variant('fix:suggested'),
  variant('fix:in_progress'),
  variant('fix:applied'),
  variant('conflict:raised'),
  variant('conflict:resolved'),
  variant('partition:changed'),
  variant('event:acknowledged'),
])
