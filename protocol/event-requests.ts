/** What is asked of the event log, and what an agent's inbox says. */
import { z } from 'zod'
import { eventFilter } from './event-filter.js'
import { addressee, workspaceEvent } from './events.js'
import { sequence, timestamp } from './files.js'
import { agentId, writeId } from './ids.js'

/** `type` and `data` are checked by parseAgentEvent (agent-events.ts). The same `writeId` again gives the event of the first time. */
export const publishCommand = z.object({
  writeId,
  type: z.string().max(100),
  data: z.unknown(),
  /** Default: everybody. */
  to: addressee.optional(),
})
export type PublishCommand = z.infer<typeof publishCommand>

export const eventQuery = eventFilter.extend({
  /** Only events after this one, the oldest first. Absent: the newest ones, in the same order. */
  since: sequence.optional(),
  /** At most so many; default 200. */
  limit: z.int().min(1).max(1_000).optional(),
})
export type EventQuery = z.infer<typeof eventQuery>

export const eventPage = z.object({
  events: z.array(workspaceEvent),
  /** What to ask for next, as `since`: all up to this one has been looked at. */
  next: sequence,
  /** Whether there is more behind `next` already. */
  more: z.boolean(),
})
export type EventPage = z.infer<typeof eventPage>

/** An event, and which agents have taken note of it, in that order. */
export const shownEvent = z.object({
  event: workspaceEvent,
  acknowledged: z.array(z.object({ agentId, time: timestamp })),
})
export type ShownEvent = z.infer<typeof shownEvent>

export const inboxQuery = z.object({
  /** Hands the messages over: for 30 seconds nobody else gets them, and then only if there was no receipt. Default: a look. */
  take: z.boolean().optional(),
  /** At most so many; default 50. */
  limit: z.int().min(1).max(200).optional(),
})
export type InboxQuery = z.infer<typeof inboxQuery>

/** Published events for an agent that it has given no receipt for, the oldest first. */
export const inbox = z.object({
  messages: z.array(workspaceEvent),
  /** How many there are in all. */
  waiting: z.int().nonnegative(),
  /** They are with someone else who took them for the same agent a moment ago. */
  taken: z.boolean(),
  /** Some came so long ago that they were forgotten unread. */
  forgotten: z.boolean(),
})
export type Inbox = z.infer<typeof inbox>
