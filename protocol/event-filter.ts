/** Which events someone wants to hear of. */
import { z } from 'zod'
import { unreachable } from './errors.js'
import { eventData, isEventType, type WorkspaceEvent } from './events.js'
import { compileGlob, pathGlob } from './globs.js'
import type { WorkspacePath } from './paths.js'

/** A type, or all of a kind: `lock:*`. */
const typePattern = z.string().superRefine((pattern, context) => {
  const types = Object.keys(eventData)
  const kind = pattern.endsWith(':*') ? pattern.slice(0, -1) : undefined
  if (isEventType(pattern) || (kind !== undefined && types.some((type) => type.startsWith(kind)))) return
  const message = `${JSON.stringify(pattern)} is no type of event; there are ${types.join(', ')}, and as "lock:*" all of a kind`
  context.addIssue({ code: 'custom', message })
})

/** What is given must all be met: one of the types, and one of the globs by one path of the event. */
export const eventFilter = z.object({
  types: z.array(typePattern).max(100).optional(),
  paths: z.array(pathGlob).max(100).optional(),
})
export type EventFilter = z.infer<typeof eventFilter>

/** Events that are about no path meet no `paths`. */
export function compileFilter({ types, paths }: EventFilter): (event: WorkspaceEvent) => boolean {
  const exact = new Set(types)
  const kinds = (types ?? []).filter((type) => type.endsWith(':*')).map((type) => type.slice(0, -1))
  const globs = paths?.map(compileGlob)
  return (event) => {
    if (types !== undefined && !exact.has(event.type) && !kinds.some((kind) => event.type.startsWith(kind)))
      return false
    return globs === undefined || pathsOf(event).some((path) => globs.some((matches) => matches(path)))
  }
}

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
