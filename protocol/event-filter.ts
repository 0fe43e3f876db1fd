/** Which events someone wants to hear of. */
import { unreachable } from './errors.js'
import type { Addressee, WorkspaceEvent } from './events.js'
import { splitAgentId, type AgentId } from './ids.js'
import type { WorkspacePath } from './paths.js'

/** The files and folders that an event is about. */
export function pathsOf(event: WorkspaceEvent): readonly WorkspacePath[] {
  switch (event.type) {
    case 'file:changed':
    case 'conflict:raised':
    case 'conflict:resolved':
    case 'code:writing':
    case 'code:written':
    case 'fix:suggested':
    case 'fix:in_progress':
    case 'fix:applied':
      return [event.data.file]
    case 'lock:acquired':
    case 'lock:failed':
    case 'lock:released':
    case 'lock:expired':
      return [event.data.path]
    case 'review:requested':
    case 'review:in_progress':
      return event.data.files ?? []
    case 'review:completed': {
      const found = event.data.findings.flatMap(({ file }) => file ?? [])
      return [...new Set([...(event.data.files ?? []), ...found])]
    }
    case 'plan:proposed':
      return event.data.steps?.flatMap(({ paths }) => paths ?? []) ?? []
    case 'partition:changed':
      return [event.data.partition]
    case 'agent:joined':
    case 'agent:left':
    case 'broadcast':
    case 'context:update':
    case 'context:sync':
    case 'task:updated':
    case 'plan:acknowledged':
    case 'plan:approved':
    case 'plan:amendment':
    case 'event:acknowledged':
      return []
    default:
      return unreachable(event)
  }
}

/** Whether an event with this address is for an agent. @param roles that the agent named itself */
export function isFor(to: Addressee | undefined, agent: AgentId, roles: readonly string[]): boolean {
  if (to === undefined) return true
  if ('agent' in to) return to.agent === agent
  return to.role === splitAgentId(agent).type || roles.includes(to.role)
}
