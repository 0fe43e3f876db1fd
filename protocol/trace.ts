/** The way of one revision through the server: what it was made of, when it was stored, who was sent it. */
import { z } from 'zod'
import { author, writeId } from './ids.js'
import { revision, sequence, timestamp } from './files.js'
import { workspacePath } from './paths.js'

/** What carried it: a stock provider, an agent's socket, a request, or the served folder's own bridge. */
export const arrivalVia = z.enum(['sync', 'agent', 'http', 'folder'])

/** Milliseconds, with fractions, since the first arrival. */
const after = z.number().nonnegative()

/** Something that came in and became part of the revision. */
export const arrival = z.object({
  /** Follows it through the log (`update`): the write's own id, or of a live update the socket's number and its place on it. */
  update: z.string(),
  via: arrivalVia,
  /** Numbers the server's connections since it started; null: it came over none that lasts. */
  socket: z.int().positive().nullable(),
  author,
  /** Of a live update; null: a write, whose size is that of its text. */
  bytes: z.int().nonnegative().nullable(),
  after,
})
export type Arrival = z.infer<typeof arrival>

export const traceSteps = z.object({
  /** When the first of it came. */
  time: timestamp,
  /** In their order; at most the first 20. Empty: the server made the revision itself. */
  arrivals: z.array(arrival),
  /** How many there were in all. */
  arrived: z.int().nonnegative(),
  /** The text was decided, and handed to storage. */
  merged: z.object({ after }),
  /** On stable storage: of the group commit that it went with, how long that took, and its size. Null: not yet. */
  stored: z
    .object({
      after,
      commitMs: z.number().nonnegative(),
      rows: z.int().nonnegative(),
      bytes: z.int().nonnegative(),
      attempt: z.int().positive(),
    })
    .nullable(),
  /** Sent to the peers of its document. Null: nobody has it open. */
  sent: z.object({ after, peers: z.int().nonnegative() }).nullable(),
  /** Told to the sessions, folders among them, that follow heads. */
  told: z.object({ after, sessions: z.int().nonnegative() }).nullable(),
})
export type TraceSteps = z.infer<typeof traceSteps>

export const trace = z.object({
  path: workspacePath,
  rev: revision,
  seq: sequence,
  author,
  time: timestamp,
  writeId: writeId.nullable(),
  /** Null: the server remembers the steps of its last 2,000 revisions, until it ends. */
  steps: traceSteps.nullable(),
})
export type Trace = z.infer<typeof trace>

export const traceQuery = z.object({ path: workspacePath, rev: revision.min(1) })
