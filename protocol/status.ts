/** The state of a server in one object: `ensemble status --json`, `GET /api/status`. */
import { z } from 'zod'
import { agent } from './agents.js'
import { sequence } from './files.js'
import { workspaceId } from './ids.js'

/** What of a folder is not in step with the server, and why. */
export const folderStatus = z.object({
  /** Something waits for a person: what, and what there is to do. For `many-deletions` everything else goes on. */
  paused: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  /** Paths that stay out of step until they change: too large, not readable, no regular files. The log names them. */
  leftOut: z.int(),
})
export type FolderStatus = z.infer<typeof folderStatus>

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
  /** Of the served folder; null before it has been read. */
  folder: folderStatus.nullable().default(null),
})
export type Status = z.infer<typeof status>
