/**
 * What a process that was started in the background, or for the foreground, tells the command that started it: its progress,
 * then that it is ready or why it failed. server/main.ts and connect-process.ts speak it over Node's IPC channel.
 */
import { z } from 'zod'
import { agentInstance, agentRole, agentType } from '../../protocol/ids.js'
import { problem } from '../../protocol/messages.js'
import { workspacePath } from '../../protocol/paths.js'
import { folderStatus } from '../../protocol/folder.js'

export const report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), phase: z.string(), done: z.number(), total: z.number() }),
  z.object({ type: z.literal('ready'), info: z.unknown() }),
  z.object({ type: z.literal('failed'), problem }),
])
export type Report = z.infer<typeof report>

export const serverInfo = z.object({
  url: z.string(),
  /** A link that is good once (rule AUTH-8): for the person who started the server, and for nobody's log. */
  dashboard: z.string(),
  pid: z.int(),
  workspace: z.string(),
  dataDir: z.string(),
  tokenFile: z.string(),
  files: z.int(),
  /** What of the folder waits for a person, or is left out. */
  folder: folderStatus,
  readyMilliseconds: z.number(),
  /** Addresses at which other machines reach it. */
  exposed: z.array(z.string()),
})
export type ServerInfo = z.infer<typeof serverInfo>

export const connectInfo = z.object({
  agentId: z.string(),
  dir: z.string(),
  pid: z.int(),
  files: z.int(),
  synced: z.literal(true),
  folder: folderStatus,
  /** Raised by what was changed here meanwhile; what was written here is held. */
  conflicts: z.int(),
  url: z.string(),
  workspace: z.string(),
  readyMilliseconds: z.number(),
})
export type ConnectInfo = z.infer<typeof connectInfo>

/** What `connect --background` hands to its process; over the channel, because a command line is seen by everyone. */
export const connectOrder = z.object({
  dir: z.string(),
  url: z.string(),
  token: z.string(),
  tokenFile: z.string().nullable(),
  agent: z.object({
    type: agentType,
    instance: agentInstance,
    partition: workspacePath.nullable(),
    roles: z.array(agentRole),
  }),
})
export type ConnectOrder = z.infer<typeof connectOrder>
