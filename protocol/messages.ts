/**
 * Messages of the agent socket (`/agent`), as JSON. How they are packed into WebSocket frames: frames.ts.
 *
 * Client → server: one `hello`, then `request`s. Server → client: `welcome`, one `reply` or `failed` a request, and what it feeds.
 */
import { z } from 'zod'
import { agent, knownAgent, presenceCommand } from './agents.js'
import { workspaceEvent } from './events.js'
import { eventFilter } from './event-filter.js'
import { eventPage, eventQuery, inbox, inboxQuery, publishCommand, shownEvent } from './event-requests.js'
import {
  deleteCommand,
  fileContent,
  fileHead,
  renameCommand,
  sequence,
  textEdit,
  timestamp,
  writeCommand,
  writeResult,
} from './files.js'
import {
  blame,
  blameQuery,
  fileVersion,
  historyPage,
  historyQuery,
  revertCommand,
  revertResult,
  versionQuery,
} from './history.js'
import { folderStatus } from './folder.js'
import { agentId, agentInstance, agentRole, agentType, conflictId, fileId, lockId, workspaceId } from './ids.js'
import { workspacePath } from './paths.js'
import { status } from './status.js'
import { lock, lockCommand, lockResult, locksList, locksQuery, renewCommand, unlockCommand } from './locks.js'
import { access } from './links.js'
import { contextCommand, contextReply, sharedContext } from './context.js'
import { taskCommand, taskList, taskReply } from './tasks.js'
import { conflict, conflictFilter, materializeCommand, resolveCommand, shownConflict } from './conflicts.js'

/**
 * What the server may push, each started by naming it in `hello`:
 * `heads`: every committed change of a file · `events`: the event log · `agents`: the roster, at each change, and a `tick`
 * every second.
 */
export const feed = z.enum(['heads', 'events', 'agents'])
export type Feed = z.infer<typeof feed>

export const hello = z.object({
  type: z.literal('hello'),
  protocol: z.int(),
  /** Program and version, for logs. */
  client: z.string().max(100),
  /** Null: an observer (dashboard, CLI), which takes part in nothing. */
  agent: z
    .object({
      type: agentType,
      instance: agentInstance,
      partition: workspacePath.nullable(),
      /** What it does in its team; events can be addressed to a role. Default: none. */
      roles: z.array(agentRole).max(10).optional(),
      /** Where it runs, for whoever finds its name taken. */
      process: z.object({ pid: z.int().positive(), host: z.string().max(255) }).optional(),
      /** From the `welcome` of an earlier session: proves that this is the same one coming back. */
      secret: z.string().max(200).optional(),
    })
    .nullable(),
  /** Under which name a person acts: what comes over this socket is by `PERSON-name`. Beside `agent: null` only. */
  person: agentInstance.optional(),
  feeds: z.array(feed),
  /** Of the feed `events`, which; default all that are for this agent. */
  events: eventFilter.optional(),
  /** Send what came after this. Absent: from now on. */
  since: z.object({ workspaceId, seq: sequence }).optional(),
})
export type Hello = z.infer<typeof hello>

const pathParams = z.object({ path: workspacePath })

/** Requests and their results; the one list of what a client may ask. */
export const methods = {
  /** Every file's head with `seq` above `since` (default 0), deleted ones included. */
  tree: {
    params: z.object({ since: sequence.optional() }),
    result: z.object({ seq: sequence, files: z.array(fileHead) }),
  },
  /** Contents; as many of `ids`, in order, as fit into 4 MB, at least one. Unknown and deleted ones are left out. */
  read: {
    params: z.object({ ids: z.array(fileId).min(1).max(1000) }),
    result: z.object({ files: z.array(z.object({ head: fileHead, content: fileContent })), rest: z.array(fileId) }),
  },
  write: { params: writeCommand, result: writeResult },
  delete: { params: deleteCommand, result: writeResult },
  /**
   * `accepted`: it is called so. `unchanged`: it is called as the head says, because someone renamed it before, or the new
   * path is not free. `conflict`: it was deleted meanwhile, and is back, under the new name.
   */
  rename: { params: renameCommand, result: writeResult },
  conflicts: { params: conflictFilter, result: z.object({ conflicts: z.array(conflict) }) },
  /** One conflict, open or closed. */
  conflict: { params: z.object({ id: conflictId }), result: shownConflict },
  /** Decides a conflict; what is decided is written upon the head as it is now. */
  resolve: { params: resolveCommand, result: z.object({ conflict, head: fileHead }) },
  /** Writes both sides, between markers, to where the conflict is. */
  materialize: { params: materializeCommand, result: z.object({ conflict, head: fileHead }) },
  /** Asks for locks, as the agent of this connection, and waits as long as it says. */
  lock: { params: lockCommand, result: lockResult },
  /** Releases own locks. */
  unlock: { params: unlockCommand, result: z.object({ locks: z.array(lock) }) },
  /** Begins the life of own locks anew. */
  renewLocks: { params: renewCommand, result: z.object({ locks: z.array(lock) }) },
  /** Who holds what, and who waits. */
  locks: { params: locksQuery, result: locksList },
  /** Takes a lock away from whoever holds it. */
  breakLock: { params: z.object({ id: lockId }), result: z.object({ lock }) },
  status: { params: z.object({}), result: status },
  /** A file's revisions, newest first, deleted files' too. */
  history: { params: historyQuery, result: historyPage },
  /** A file as one revision left it, and what that revision did. */
  version: { params: versionQuery, result: fileVersion },
  /** Who wrote which line. */
  blame: { params: blameQuery, result: blame },
  /** Takes back what an author wrote, or one revision; a revision of whoever asks, one a file. */
  revert: { params: revertCommand, result: revertResult },
  /** Says something to everybody, a role or an agent: one of the types of agent-events.ts. */
  publish: { params: publishCommand, result: z.object({ event: workspaceEvent }) },
  /** Notes, as an event, that the agent has taken note of an event. */
  acknowledge: { params: z.object({ seq: sequence }), result: z.object({ event: workspaceEvent }) },
  /** From now on the feed `events` brings what meets this, instead of what `hello` said; after `seq`. */
  subscribe: { params: eventFilter, result: z.object({ seq: sequence }) },
  /** Stored events, those for this agent, page by page. */
  events: { params: eventQuery, result: eventPage },
  event: { params: z.object({ seq: sequence }), result: shownEvent },
  /** What was published for this agent, and waits for its receipt. */
  inbox: { params: inboxQuery, result: inbox },
  /** The agent has got every message up to this one. */
  receipt: { params: z.object({ through: sequence }), result: z.object({ waiting: z.int().nonnegative() }) },
  /** The task, agents, locks and recent changes; decisions, notes and facts. */
  context: { params: z.object({}), result: sharedContext },
  /** Adds a decision, a note or a fact; or gives a fact another text. */
  addContext: { params: contextCommand, result: contextReply },
  /** Every task, those that go on first; and the files that can't be read as a task's. */
  tasks: { params: z.object({}), result: taskList },
  /** Changes the board; carried out as asked, or not at all. */
  task: { params: taskCommand, result: taskReply },
  /**
   * What was before the feeds began: the events since a time, oldest first, the newest 2,000 of them; and every agent that
   * ever joined, in that order.
   */
  recent: {
    params: z.object({ since: timestamp }),
    result: z.object({ events: z.array(workspaceEvent), agents: z.array(knownAgent) }),
  },
  /** Carries a document over this socket: frames of kind `document` with this number, y-protocols messages inside. */
  open: {
    params: z.object({ document: z.string().max(2048) }),
    result: z.object({ number: z.int().positive() }),
  },
  close: { params: z.object({ number: z.int().positive() }), result: z.object({}) },
  /** An agent tells what of its own folder is not in step; shown in the roster until it tells anew, or leaves. */
  folder: { params: folderStatus, result: z.object({}) },
  /** The agent tells what it does, until it tells anew. */
  presence: { params: presenceCommand, result: z.object({ agent }) },
  /** Leaves cleanly: others see it at once, and the session's secret ends. */
  leave: { params: z.object({}), result: z.object({}) },
  stat: { params: pathParams, result: z.object({ head: fileHead.nullable() }) },
} as const
export type Method = keyof typeof methods
export type Params<M extends Method> = z.infer<(typeof methods)[M]['params']>
export type Result<M extends Method> = z.infer<(typeof methods)[M]['result']>

export function isMethod(name: string): name is Method {
  return Object.hasOwn(methods, name)
}

const READING: ReadonlySet<Method> = new Set<Method>([
  ...(['tree', 'read', 'stat', 'history', 'version', 'blame', 'conflicts', 'conflict', 'locks', 'status'] as const),
  ...(['events', 'event', 'recent', 'context', 'tasks', 'subscribe', 'open', 'close', 'leave'] as const),
])

/** Whether it changes nothing that others see. */
export function isReading(method: Method): boolean {
  return READING.has(method)
}

/** `id` counts a connection's requests; a reply repeats it. `method` and `params` are checked against `methods`. */
export const request = z.object({
  type: z.literal('request'),
  id: z.int().positive(),
  method: z.string().max(64),
  params: z.unknown(),
})
export const clientMessage = z.discriminatedUnion('type', [hello, request])
export type ClientMessage = z.infer<typeof clientMessage>

/** `problem` on every wire: the agent socket, HTTP (application/problem+json adds type and title), the CLI's --json. */
export const problem = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  retry: z.boolean(),
  data: z.record(z.string(), z.unknown()).optional(),
})
export type Problem = z.infer<typeof problem>

/** A committed change. `edits` lead from `rev - 1` to the head; null where it is not text, or too large: then `read`. */
const headMessage = z.object({ type: z.literal('head'), head: fileHead, edits: z.array(textEdit).nullable() })
const eventMessage = z.object({ type: z.literal('event'), event: workspaceEvent })

export const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    protocol: z.int(),
    server: z.string(),
    workspaceId,
    /** Name of the served folder. */
    workspace: z.string(),
    agentId: agentId.nullable(),
    /** Only for agents: shown again in `hello` it lets this session continue after a broken connection. */
    secret: z.string().nullable(),
    /** What this connection may do. */
    access,
    /** The feeds begin after this. Above the `since` that was asked for where that is no longer kept: read `tree`. */
    seq: sequence,
  }),
  z.object({ type: z.literal('reply'), id: z.int(), result: z.unknown() }),
  z.object({ type: z.literal('failed'), id: z.int(), error: problem }),
  headMessage,
  eventMessage,
  /** What `since` asked for, some hundreds at a time, as if each had come by itself. */
  z.object({ type: z.literal('missed'), messages: z.array(z.discriminatedUnion('type', [headMessage, eventMessage])) }),
  z.object({ type: z.literal('agents'), agents: z.array(agent) }),
  z.object({
    type: z.literal('tick'),
    time: timestamp,
    seq: sequence,
    /** Rises with each change of what `locks` tells (rule LOCK-20). Absent from older servers. */
    locks: z.int().nonnegative().optional(),
  }),
  /** The server ended this document's number. */
  z.object({ type: z.literal('closed'), number: z.int(), error: problem }),
  /** Sent before the socket is closed for a fault. */
  z.object({ type: z.literal('refused'), error: problem }),
])
export type ServerMessage = z.infer<typeof serverMessage>
