/** The state of a server in one object: `ensemble status --json`, `GET /api/status`. */
import { z } from 'zod'
import { agent } from './agents.js'
import { sequence } from './files.js'
import { folderStatus } from './folder.js'
import { workspaceId } from './ids.js'
import { taskFault } from './tasks.js'

export const status = z.object({
  version: z.string(),
  protocol: z.int(),
  workspaceId,
  /** Absolute path of the folder that is served. */
  workspace: z.string(),
  /** `starting`: the own folder is being read. `degraded`: storage refuses writes, `reason` says why. */
  state: z.enum(['starting', 'ready', 'degraded', 'stopping']),
  reason: z.string().nullable(),
  seq: sequence,
  uptimeSeconds: z.number(),
  files: z.int(),
  documents: z.object({ open: z.int() }),
  connections: z.object({ agents: z.int(), observers: z.int(), peers: z.int() }),
  conflicts: z.object({ open: z.int() }),
  /** Of the last 1,000 group commits, in milliseconds; null before the first. */
  commitLatency: z.object({ p50: z.number(), p99: z.number() }).nullable(),
  /** Resident set of the server's process. */
  memoryBytes: z.number(),
  agents: z.array(agent),
  /** Files that can't be read as a task's; the first 20 of them. */
  taskFaults: z.array(taskFault).default([]),
  /** Of the served folder; null before it has been read. */
  folder: folderStatus.nullable().default(null),
})
export type Status = z.infer<typeof status>
