/**
 * What waits for a person: what collided first, then what the server had to break, then folders that hold something back, then
 * agents that have gone quiet, then what somebody stopped.
 */
import type { Conflict } from '../../protocol/conflicts.js'
import type { Task } from '../../protocol/tasks.js'
import { formatCount } from './format.js'
import type { Pause } from '../../protocol/folder.js'
import type { Route } from '../router.js'
import type { Deadlock } from './deadlocks.js'
import type { QuietAgent } from './quiet.js'
import { isHere, type AgentRow } from './roster.js'

export type InboxItem =
  | { readonly kind: 'conflict'; readonly conflict: Conflict }
  | { readonly kind: 'deadlock'; readonly deadlock: Deadlock }
  | { readonly kind: 'quiet'; readonly agent: QuietAgent }
  | { readonly kind: 'halted'; readonly task: Task }
  | ({ readonly kind: 'paused' } & PausedFolder)

/** A folder that holds something back. */
export interface PausedFolder {
  /** Whose; null: it is the one that the server serves. */
  readonly who: string | null
  readonly pause: Pause
}

/** @param served what the folder that the server serves holds back; null: nothing */
export function pausedFolders(served: Pause | null, rows: readonly AgentRow[]): readonly PausedFolder[] {
  const agents = rows.filter(isHere).map(({ agent }) => ({ who: agent.agentId, pause: agent.folder?.paused ?? null }))
  const all = [{ who: null, pause: served }, ...agents]
  return all.flatMap(({ who, pause }) => (pause === null ? [] : { who, pause }))
}

export interface Waiting {
  readonly conflicts: readonly Conflict[]
  readonly deadlocks: readonly Deadlock[]
  readonly tasks: readonly Task[]
  readonly paused: readonly PausedFolder[]
  readonly quiet: readonly QuietAgent[]
}

export function inboxOf({ conflicts, deadlocks, tasks, paused, quiet }: Waiting): readonly InboxItem[] {
  return [
    ...conflicts.map((conflict) => ({ kind: 'conflict', conflict }) as const),
    ...deadlocks.map((deadlock) => ({ kind: 'deadlock', deadlock }) as const),
    ...paused.map((folder) => ({ kind: 'paused', ...folder }) as const),
    ...quiet.filter(({ waits }) => waits).map((agent) => ({ kind: 'quiet', agent }) as const),
    ...tasks.filter(({ status }) => status === 'HALTED').map((task) => ({ kind: 'halted', task }) as const),
  ]
}

const NOUNS: Readonly<Record<InboxItem['kind'], string>> = {
  conflict: 'conflict',
  deadlock: 'broken deadlock',
  halted: 'halted task',
  quiet: 'quiet agent',
  paused: 'paused folder',
}

/** "2 conflicts", "1 halted task"; of several kinds "3 things". */
export function inboxCount(items: readonly InboxItem[]): string {
  const [first] = items
  const isOneKind = items.every(({ kind }) => kind === first?.kind)
  return formatCount(items.length, first !== undefined && isOneKind ? NOUNS[first.kind] : 'thing')
}

/** Names a row, for as long as it stands there. */
export function inboxKey(item: InboxItem): string {
  switch (item.kind) {
    case 'conflict':
      return item.conflict.id
    case 'deadlock':
      return `deadlock ${item.deadlock.seq}`
    case 'halted':
      return item.task.id
    case 'quiet':
      return `quiet ${item.agent.id}`
    case 'paused':
      return `paused ${item.who ?? ''}`
  }
}

/** Where it is dealt with. */
export function inboxRoute(item: InboxItem): Route {
  switch (item.kind) {
    case 'conflict':
      return { view: 'conflicts', id: item.conflict.id }
    case 'deadlock':
      return { view: 'locks', id: null }
    case 'halted':
      return { view: 'tasks', id: item.task.id, subtask: null }
    case 'quiet':
      return { view: 'agents', id: item.agent.id }
    case 'paused':
      return item.who === null ? { view: 'overview' } : { view: 'agents', id: item.who }
  }
}
