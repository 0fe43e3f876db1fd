/** What an agent did and what was said, made of events: its edits, and its messages with who has taken note of them. */
import type { AgentEventType } from '../../protocol/agent-events.js'
import { isFor } from '../../protocol/addressee.js'
import type { SaidEvent } from '../../client/sdk/event-words.js'
import type { Addressee, EventType, WorkspaceEvent } from '../../protocol/events.js'
import type { ChangeType } from '../../protocol/revisions.js'
import { GROUP_SPAN, joins } from './feed.js'

export interface Edit {
  readonly file: string
  /** Of the last one: the file as the agent left it. */
  readonly rev: number
  readonly change: ChangeType
  readonly count: number
  readonly added: number
  readonly removed: number
  /** Of the last one. */
  readonly time: number
}

/** Newest first. @param events oldest first */
export function editsOf(events: readonly WorkspaceEvent[], author: string): readonly Edit[] {
  const edits: Edit[] = []
  for (const event of events) {
    if (event.type !== 'file:changed' || event.data.author !== author) continue
    const { file, rev, change_type: change, lines_added: added, lines_removed: removed } = event.data
    const time = Date.parse(event.timestamp)
    const last = edits.at(-1)
    if (last?.file === file && time - last.time <= GROUP_SPAN && joins(change, last.change)) {
      const sums = { count: last.count + 1, added: last.added + added, removed: last.removed + removed }
      edits[edits.length - 1] = { ...last, ...sums, rev, time }
    } else edits.push({ file, rev, change, count: 1, added, removed, time })
  }
  return edits.reverse()
}

/** What anyone may publish, in the order of agent-events.ts. */
const PUBLISHED: Readonly<Record<AgentEventType, true>> = {
  ...{
    broadcast: true,
    'plan:proposed': true,
    'plan:acknowledged': true,
    'plan:approved': true,
    'plan:amendment': true,
  },
  ...{ 'code:writing': true, 'code:written': true, 'review:requested': true, 'review:in_progress': true },
  ...{ 'review:completed': true, 'fix:suggested': true, 'fix:in_progress': true, 'fix:applied': true },
}

/** Of events: those that messages are made of. */
export const MESSAGE_TYPES = [...Object.keys(PUBLISHED), 'event:acknowledged']

export interface Message {
  readonly seq: number
  readonly time: number
  /** Null: someone without a name. */
  readonly from: string | null
  /** Null: everybody. */
  readonly to: Addressee | null
  readonly event: SaidEvent
  /** Who has taken note, in that order. */
  readonly acknowledged: readonly { readonly agentId: string; readonly time: number }[]
}

/** Newest first. @param events oldest first */
export function messagesOf(events: readonly WorkspaceEvent[]): readonly Message[] {
  const messages = new Map<number, Message>()
  for (const event of events) {
    const time = Date.parse(event.timestamp)
    if (event.type === 'event:acknowledged') {
      const message = messages.get(event.data.of)
      if (message === undefined || event.agent_id === undefined) continue
      const acknowledged = [...message.acknowledged, { agentId: event.agent_id, time }]
      messages.set(message.seq, { ...message, acknowledged })
    } else if (isPublished(event)) {
      const { seq, agent_id: from = null, to = null } = event
      messages.set(seq, { seq, time, from, to, event, acknowledged: [] })
    }
  }
  return [...messages.values()].reverse()
}

function isPublished(event: WorkspaceEvent): event is Extract<WorkspaceEvent, { type: AgentEventType }> {
  return Object.hasOwn(PUBLISHED, event.type satisfies EventType)
}

/** Whether an agent said it, or it is for the agent. */
export function concerns({ from, to }: Message, agentId: string, roles: readonly string[]): boolean {
  return from === agentId || isFor(to ?? undefined, agentId, roles)
}

/** Two lists as one, in the order of their numbers, nothing twice; of too many the oldest go. */
export function joinEvents(
  before: readonly WorkspaceEvent[],
  more: readonly WorkspaceEvent[],
  most: number,
): readonly WorkspaceEvent[] {
  if (more.length === 0) return before
  const known = new Map([...before, ...more].map((event) => [event.seq, event]))
  return [...known.values()].sort((a, b) => a.seq - b.seq).slice(-most)
}
