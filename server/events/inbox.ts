/**
 * The inbox of an agent: which messages wait for it, who has them in hand, what it has given a receipt for. Decisions only; the shell
 * is inbox-service.ts.
 *
 * 1. A message waits until a receipt covers it, or the agent acknowledged it. Being handed over is not enough: whoever took it may
 *    have died.
 * 2. While messages are handed over nobody else is given any: an agent's hooks run side by side, and each would show them again.
 * 3. What went to everybody, or to a role, counts from when the agent was first known; what was for it alone always counts.
 */
import { isFor } from '../../protocol/addressee.js'
import type { AgentId } from '../../protocol/ids.js'
import type { Message } from './message-table.js'

/** How long messages stay with whoever took them, without a receipt. In milliseconds. */
export const HANDED_OVER_MILLISECONDS = 30_000

export interface InboxState {
  /** The newest event when the agent became known. */
  readonly since: number
  /** Of what is no newer it has said that it got it. */
  readonly receipted: number
  readonly handed: { readonly until: number } | null
}

export interface Recipient {
  readonly agentId: AgentId
  readonly roles: readonly string[]
}

/** Whether a message belongs into the inbox, as long as there is no receipt for it. */
export function isWaiting({ seq, from, to }: Message, inbox: InboxState, { agentId, roles }: Recipient): boolean {
  if (seq <= inbox.receipted || from === agentId) return false
  const isForItAlone = to !== null && 'agent' in to
  if (seq <= inbox.since && !isForItAlone) return false
  return isFor(to ?? undefined, agentId, roles)
}

/** @param now milliseconds from any start, never backwards */
export function take(inbox: InboxState, now: number): { readonly inbox: InboxState; readonly given: boolean } {
  if (inbox.handed !== null && now < inbox.handed.until) return { inbox, given: false }
  return { inbox: { ...inbox, handed: { until: now + HANDED_OVER_MILLISECONDS } }, given: true }
}

export function receipt(inbox: InboxState, through: number): InboxState {
  if (through <= inbox.receipted) return inbox
  return { ...inbox, receipted: through, handed: null }
}
