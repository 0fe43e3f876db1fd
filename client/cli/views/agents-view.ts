/** Agents and conflicts as tables. */
import type { Agent } from '../../../protocol/agents.js'
import type { Conflict } from '../../../protocol/conflicts.js'
import { unreachable } from '../../../protocol/errors.js'
import type { Paint } from '../colour.js'
import { table } from '../table.js'
import type { Tags } from '../live/tags.js'
import { count, cutPath, duration } from '../words.js'

/** Widest path in a table. In characters. */
const PATH_WIDTH = 48

export function agentLines(agents: readonly Agent[], tags: Tags, now: number, paint: Paint): string[] {
  if (agents.length === 0) return ['No agent is connected.']
  const rows = agents.map(({ agentId, state, file, partition, since }) => [
    { text: tags.short(agentId) },
    { text: agentId },
    {
      text: state,
      ...(state === 'editing' ? { tone: 'good' as const } : state === 'blocked' ? { tone: 'waiting' as const } : {}),
    },
    { text: cutPath(file ?? (partition === null ? '' : `${partition}/`), PATH_WIDTH) },
    { text: duration(Math.max(0, now - since)) },
  ])
  return table(['', 'agent', 'state', 'where', 'since'], rows, paint)
}

export function conflictLines(
  conflicts: readonly Conflict[],
  nameOf: (author: string) => string,
  now: number,
  paint: Paint,
): string[] {
  if (conflicts.length === 0) return ['No conflict is open.']
  const rows = conflicts.map((conflict) => [
    { text: cutPath(conflict.path, PATH_WIDTH) },
    { text: reasonOf(conflict), tone: 'bad' as const },
    { text: nameOf(conflict.authors.ours) },
    { text: nameOf(conflict.authors.theirs) },
    { text: duration(Math.max(0, now - conflict.time)) },
  ])
  return [
    ...table(['file', 'what', 'stays', 'held', 'age'], rows, paint),
    '',
    `${count(conflicts.length, 'conflict')}; nothing of either side is lost. The dashboard shows both.`,
  ]
}

function reasonOf({ reason }: Conflict): string {
  switch (reason) {
    case 'overlap':
      return 'same lines'
    case 'create':
      return 'both made it'
    case 'delete':
      return 'deleted and changed'
    case 'binary':
      return 'not text'
    default:
      return unreachable(reason)
  }
}
