/** Events: what happened, numbered, in words that agents and people share. */
import { z } from 'zod'
import { agentId, agentInstance, agentType, author, conflictId, fileId } from './ids.js'
import { conflictOutcome, conflictReason } from './conflicts.js'
import { revision, sequence } from './files.js'
import { changeType } from './revisions.js'
import { workspacePath } from './paths.js'

const lines = z.int().nonnegative()

/** The data of every type. A new type is a line here; nothing else lists them. */
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
    author,
    lines_added: lines,
    lines_removed: lines,
  }),
  'conflict:raised': z.object({
    conflict_id: conflictId,
    file: workspacePath,
    ours: author,
    theirs: author,
    /** Absent in events of earlier versions, as are the next two. */
    reason: conflictReason.optional(),
    /** The lines of an overlap when it was raised, from 1; null: of the whole file, or none stand there. */
    lines: z.object({ from: lines, to: lines }).nullable().default(null),
    /** The first line of what is held that says something, cut; empty: a deletion, or bytes. */
    preview: z.string().default(''),
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
} as const
export type EventType = keyof typeof eventData

type EventOf<T extends EventType> = {
  readonly seq: number
  readonly type: T
  readonly agent_id?: z.infer<typeof agentId> | undefined
  /** ISO 8601, UTC. */
  readonly timestamp: string
  readonly data: z.infer<(typeof eventData)[T]>
}
export type WorkspaceEvent = { [T in EventType]: EventOf<T> }[EventType]

const variant = <T extends EventType>(type: T) =>
  z.object({
    seq: sequence,
    type: z.literal(type),
    agent_id: agentId.optional(),
    timestamp: z.iso.datetime(),
    data: eventData[type],
  })

export const workspaceEvent = z.discriminatedUnion('type', [
  variant('agent:joined'),
  variant('agent:left'),
  variant('file:changed'),
  variant('conflict:raised'),
  variant('conflict:resolved'),
])
