/** What waits for a person: what collided first, then what the server had to break, then what somebody stopped. */
import type { Conflict } from '../../protocol/conflicts.js'
import type { Task } from '../../protocol/tasks.js'
import { formatCount } from './format.js'
import type { Deadlock } from './deadlocks.js'

export type InboxItem =
  | { readonly kind: 'conflict'; readonly conflict: Conflict }
  | { readonly kind: 'deadlock'; readonly deadlock: Deadlock }
  | { readonly kind: 'halted'; readonly task: Task }

export interface Waiting {
  readonly conflicts: readonly Conflict[]
  readonly deadlocks: readonly Deadlock[]
  readonly tasks: readonly Task[]
}

export function inboxOf({ conflicts, deadlocks, tasks }: Waiting): readonly InboxItem[] {
  return [
    ...conflicts.map((conflict) => ({ kind: 'conflict', conflict }) as const),
    ...deadlocks.map((deadlock) => ({ kind: 'deadlock', deadlock }) as const),
    ...tasks.filter(({ status }) => status === 'HALTED').map((task) => ({ kind: 'halted', task }) as const),
  ]
}

const NOUNS: Readonly<Record<InboxItem['kind'], string>> = {
  conflict: 'conflict',
  deadlock: 'broken deadlock',
  halted: 'halted task',
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
  }
}
