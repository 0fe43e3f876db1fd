/** What the other rooms know of a workspace at work, in the words of the shared context. */
import type { Agent } from '../../protocol/agents.js'
import type { SharedContext } from '../../protocol/context.js'
import type { Lock } from '../../protocol/locks.js'

export type WorkingState = Pick<SharedContext, 'workspace' | 'task' | 'active_agents' | 'locks'>

/** @param locks of several on one path, the oldest is named */
export function workingState(
  workspace: string,
  task: WorkingState['task'],
  agents: readonly Agent[],
  locks: readonly Lock[],
): WorkingState {
  const oldestLast = locks.toSorted((a, b) => b.acquiredAt - a.acquiredAt)
  return {
    workspace,
    task,
    active_agents: agents.map(({ agentId, type, partition, connectedAt }) => ({
      ...{ agent_id: agentId, agent_type: type, partition, connected_at: connectedAt },
    })),
    locks: Object.fromEntries(
      oldestLast.map(({ path, holder, type, acquiredAt }) => [
        path,
        { agent_id: holder, lock_type: type, acquired_at: acquiredAt },
      ]),
    ),
  }
}
