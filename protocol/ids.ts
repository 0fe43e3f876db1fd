/** Branded ids: parsed once at the door, never mixed up inside. */
import { z } from 'zod'
import { INSTANCE_NAME, INSTANCE_NAME_RULE } from './instance-name.js'

const id = (what: string) =>
  z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z0-9_-]+$/, `${what} may hold letters, digits, "-" and "_" only`)

/** A workspace's store: made anew when the data folder is. Revisions of another store mean nothing here. */
export const workspaceId = id('a workspace id').brand<'WorkspaceId'>()
export type WorkspaceId = z.infer<typeof workspaceId>

/** A file for life: its path may change, its history stays. */
export const fileId = id('a file id').brand<'FileId'>()
export type FileId = z.infer<typeof fileId>

/** Names one write for ever; sending it again returns the outcome of the first time (rule WRITE-4). */
export const writeId = id('a write id').brand<'WriteId'>()
export type WriteId = z.infer<typeof writeId>

export const conflictId = id('a conflict id').brand<'ConflictId'>()
export type ConflictId = z.infer<typeof conflictId>

export const taskId = id('a task id').brand<'TaskId'>()
export type TaskId = z.infer<typeof taskId>

export const lockId = id('a lock id').brand<'LockId'>()
export type LockId = z.infer<typeof lockId>

/** Lower-case hexadecimal SHA-256 of a file's bytes as they stand on disk. */
export const contentHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a content hash is 64 lower-case hexadecimal digits')
  .brand<'ContentHash'>()
export type ContentHash = z.infer<typeof contentHash>

/** `CLAUDE`, `CODEX`, `GEMINI`, or whatever the configuration allows. */
export const agentType = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,31}$/, 'an agent type is 1–32 capitals, digits or "_", beginning with a capital')
  .brand<'AgentType'>()
export type AgentType = z.infer<typeof agentType>

/** In place of an agent's type: a person who acts under a name, in the dashboard or by HTTP. It connects as no agent (rule MSG-17). */
export const PERSON_TYPE = agentType.parse('PERSON')

/** What an agent does in its team, beside its type: `planner`, `implementer`, `reviewer` … */
export const agentRole = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a role is 1–32 small letters, digits, "-" or "_", beginning with a letter')
  .brand<'AgentRole'>()
export type AgentRole = z.infer<typeof agentRole>

/** Unique among all connected agents, whatever their type. */
export const agentInstance = z.string().regex(INSTANCE_NAME, INSTANCE_NAME_RULE).brand<'AgentInstance'>()
export type AgentInstance = z.infer<typeof agentInstance>

/** `{TYPE}-{instance}`, split at the first `-`. */
export const agentId = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9_]{0,31}-[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'an agent id reads TYPE-instance, as CLAUDE-frontend',
  )
  .brand<'AgentId'>()
export type AgentId = z.infer<typeof agentId>

export function agentIdOf(type: AgentType, instance: AgentInstance): AgentId {
  return agentId.parse(`${type}-${instance}`)
}

export function splitAgentId(whole: AgentId): { readonly type: AgentType; readonly instance: AgentInstance } {
  const dash = whole.indexOf('-')
  return { type: agentType.parse(whole.slice(0, dash)), instance: agentInstance.parse(whole.slice(dash + 1)) }
}

/**
 * Who wrote a text: an agent's id, or one of three that are no agents. `DISK`: someone in the server's own folder;
 * `PEER`: a live Yjs connection that named no one; `git`: a git operation.
 */
export const author = z.union([agentId, z.enum(['DISK', 'PEER', 'git'])])
export type Author = z.infer<typeof author>

/** The agent, or person with a name, that an author is. */
export function agentOfAuthor(by: Author): AgentId | undefined {
  return by === 'DISK' || by === 'PEER' || by === 'git' ? undefined : by
}

/** The agent that someone is; undefined: a person, with a name or without, or a program of theirs. */
export function actingAgent(by: Author): AgentId | undefined {
  const agent = agentOfAuthor(by)
  return agent === undefined || splitAgentId(agent).type === PERSON_TYPE ? undefined : agent
}

/**
 * A new id that sorts by the time it was made: rows that are made together then lie together, and a tree that comes in at
 * once is appended instead of scattered.
 *
 * @param now milliseconds since 1970
 * @param random letters, digits, "-" and "_" with at least 90 bits of chance
 */
export function orderedId(now: number, random: string): string {
  return now.toString(36).padStart(9, '0') + random
}
