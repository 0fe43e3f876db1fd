/**
 * The shared context: what everyone has to know. Decisions, notes and facts stand in the document `~context`, in three root
 * maps: id → entry; of facts the id is the key that its giver chose. Peers may write there themselves.
 */
import { z } from 'zod'
import { timestamp } from './files.js'
import { agentId, agentType, author, taskId, writeId } from './ids.js'
import { lockType } from './locks.js'
import { workspacePath } from './paths.js'
import { changeType } from './revisions.js'
import { assignee, taskMode, taskStatus } from './tasks.js'

export const contextKind = z.enum(['decision', 'note', 'fact'])
export type ContextKind = z.infer<typeof contextKind>

/** Root maps of the document. */
export const CONTEXT_ROOTS = { decision: 'decisions', note: 'notes', fact: 'facts' } as const

/** Of one kind; the oldest decisions and notes are not dropped for new ones: whoever adds more is refused. */
export const MAX_ENTRIES = 2_000

export const contextEntry = z.object({ text: z.string().min(1).max(10_000), by: author, time: timestamp })
export type ContextEntry = z.infer<typeof contextEntry>

/** Of decisions and notes without an id the write id is one, so that repeating it adds nothing. */
export const contextAdd = z.object({
  kind: contextKind,
  /** Of a fact: its key, needed; the newest text of a key holds. */
  id: z.string().min(1).max(128).optional(),
  text: contextEntry.shape.text,
})
export type ContextAdd = z.infer<typeof contextAdd>
export const contextCommand = contextAdd.extend({ writeId })
export type ContextCommand = z.infer<typeof contextCommand>

const listed = contextEntry.extend({ id: z.string() })
export const contextReply = z.object({ kind: contextKind, entry: listed })
export type ContextReply = z.infer<typeof contextReply>

export const sharedContext = z.object({
  /** Name of the served folder. */
  workspace: z.string(),
  /** The newest task that is active, else the newest one; null: there is none. */
  task: z
    .object({ id: taskId, title: z.string(), status: taskStatus, mode: taskMode, agents: z.array(assignee) })
    .nullable(),
  active_agents: z.array(
    z.object({
      agent_id: agentId,
      agent_type: agentType,
      partition: workspacePath.nullable(),
      connected_at: timestamp,
    }),
  ),
  /** By path; of several locks in one file the oldest. All of them: /api/locks. */
  locks: z.record(z.string(), z.object({ agent_id: agentId, lock_type: lockType, acquired_at: timestamp })),
  /** The newest 50, newest first. */
  recent_changes: z.array(
    z.object({ file: workspacePath, agent_id: author, change_type: changeType, timestamp: z.iso.datetime() }),
  ),
  decisions: z.array(listed),
  notes: z.array(listed),
  facts: z.array(listed),
})
export type SharedContext = z.infer<typeof sharedContext>
