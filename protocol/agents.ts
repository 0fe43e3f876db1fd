/** Agents: who takes part, and what each is doing. */
import { z } from 'zod'
import { agentId, agentInstance, agentRole, agentType } from './ids.js'
import { workspacePath } from './paths.js'
import { timestamp } from './files.js'
import { folderStatus } from './folder.js'

export const agentState = z.enum(['idle', 'reading', 'editing', 'testing', 'reviewing', 'blocked'])
export type AgentState = z.infer<typeof agentState>

/** Of first joining, from 1; kept for ever. A dashboard takes an agent's number and colour from it. */
const order = z.int().positive()

/** An agent that has joined once, connected or not. */
export const knownAgent = z.object({ agentId, order })
export type KnownAgent = z.infer<typeof knownAgent>

/** A row of the roster. */
export const agent = z.object({
  agentId,
  type: agentType,
  instance: agentInstance,
  /** The folder that it works in; null: everywhere. */
  partition: workspacePath.nullable(),
  /** What it said it does in its team. */
  roles: z.array(agentRole).default([]),
  state: agentState,
  file: workspacePath.nullable(),
  /** What it works at in that file, as it said. */
  symbol: z.string().nullable().default(null),
  /** When it entered `state`. */
  since: timestamp,
  connectedAt: timestamp,
  order,
  /** What of its folder is not in step, as it said last; null: it keeps no folder, or has not said. */
  folder: folderStatus.nullable().default(null),
})
export type Agent = z.infer<typeof agent>

/** What an agent says that it does. Writing shows as `editing` for a while, whatever it said. */
export const presenceCommand = z.object({
  state: agentState,
  file: workspacePath.nullable().optional(),
  symbol: z.string().min(1).max(200).nullable().optional(),
})
export type PresenceCommand = z.infer<typeof presenceCommand>

/** The same from an agent that has no connection: it counts as there for `ttl` seconds, 60 unless told. */
export const announcement = presenceCommand.extend({
  ttl: z.int().min(1).max(3_600).optional(),
  partition: workspacePath.nullable().optional(),
  roles: z.array(agentRole).max(10).optional(),
})
export type Announcement = z.infer<typeof announcement>
