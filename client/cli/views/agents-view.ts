/** Agents as a table. */
import type { Agent } from '../../../protocol/agents.js'
import type { Paint } from '../colour.js'
import { table } from '../table.js'
import type { Tags } from '../live/tags.js'
import { cutPath, duration } from '../words.js'
import { leftOutWords } from './folder-view.js'
import { heldPaths, shellWays } from './resume-view.js'

/** Widest path in a table. In characters. */
const PATH_WIDTH = 48

export function agentLines(agents: readonly Agent[], tags: Tags, now: number, paint: Paint): string[] {
  if (agents.length === 0) return ['No agent is connected.']
  const rows = agents.map(({ agentId, state, file, partition, since, folder }) => [
    { text: tags.short(agentId) },
    { text: agentId },
    folder?.paused ? { text: 'paused', tone: 'waiting' as const } : { text: state, ...toneOf(state) },
    { text: cutPath(file ?? (partition === null ? '' : `${partition}/`), PATH_WIDTH) },
    { text: duration(Math.max(0, now - since)) },
  ])
  return [
    ...table(['', 'agent', 'state', 'where', 'since'], rows, paint),
    ...agents.flatMap((one) => folderOf(one, tags, now)),
  ]
}

function toneOf(state: Agent['state']): { tone?: 'good' | 'waiting' } {
  return state === 'editing' ? { tone: 'good' } : state === 'blocked' ? { tone: 'waiting' } : {}
}

/** Its folder may stand on another machine: there it is decided, and there the paths are named. */
function folderOf({ agentId, folder }: Agent, tags: Tags, now: number): string[] {
  if (folder === null) return []
  const { paused, leftOut } = folder
  const out = leftOut === 0 ? [] : ['', `${tags.name(agentId)}: left out, ${leftOutWords(leftOut, 'ensemble')}`]
  if (paused === null) return out
  const age = paused.since === null ? '' : ` (for ${duration(Math.max(0, now - paused.since))})`
  const ways = paused.choices.length === 0 ? [paused.hint] : shellWays(paused, 'ensemble resume')
  return [
    '',
    `${tags.name(agentId)}: ${paused.message}${age}`,
    ...[...heldPaths(paused), ...ways].map((line) => `  ${line}`),
    ...out,
  ]
}
