/** Agents as a table. */
import type { Agent } from '../../../protocol/agents.js'
import type { Paint } from '../colour.js'
import { table } from '../table.js'
import type { Tags } from '../live/tags.js'
import { cutPath, duration } from '../words.js'

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
