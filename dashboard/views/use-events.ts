/** Events of some types, those that were and those that come, for as long as a view shows them. */
import { useEffect } from 'preact/hooks'
import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals'
import type { EventFilter } from '../../protocol/event-filter.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import { joinEvents } from '../model/agent-story.js'
import { usePage } from '../parts/context.js'

const MOST = 1_000

/** Oldest first; null: not read yet. */
export function useEvents(types: readonly string[]): ReadonlySignal<readonly WorkspaceEvent[] | null> {
  const { store, link } = usePage()
  const events = useSignal<readonly WorkspaceEvent[] | null>(null)
  const isLive = store.connection.value.kind === 'live'
  const take = (more: readonly WorkspaceEvent[]) => {
    events.value = joinEvents(events.peek() ?? [], more, MOST)
  }
  useEffect(() => {
    if (!isLive) return
    const filter: EventFilter = { types: [...types] }
    link.ask('events', { ...filter, limit: MOST }).then(
      (page) => take(page.events),
      // What is known stays; it is asked again with the next connection.
      () => undefined,
    )
  }, [isLive])
  useSignalEffect(() => {
    const more = store.news.value.filter((event) => types.includes(event.type))
    if (more.length > 0) take(more)
  })
  return events
}
