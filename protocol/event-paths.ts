/** Where events happened. Without the schemas, which are half of a page. */
import { unreachable } from './errors.js'
import type { WorkspaceEvent } from './events.js'
import type { WorkspacePath } from './paths.js'

/** The files and folders that an event is about. */
export function pathsOf(event: WorkspaceEvent): readonly WorkspacePath[] {
  switch (event.type) {
    case 'file:changed':
    case 'conflict:raised':
    case 'conflict:resolved':
    case 'task:malformed':
    case 'code:writing':
    case 'code:written':
    case 'fix:suggested':
    case 'fix:in_progress':
    case 'fix:applied':
      return [event.data.file]
    case 'rename:refused':
      return [event.data.file, event.data.to]
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
