/** Which events someone wants to hear of. */
import { z } from 'zod'
import { eventData, isEventType, type WorkspaceEvent } from './events.js'
import { pathsOf } from './event-paths.js'
import { compileGlob } from './globs.js'
import { pathGlob } from './path-glob.js'

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
