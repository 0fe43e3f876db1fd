/** The three ways to narrow the feed down. */
import type { Signal } from '@preact/signals'
import { ALL, FEED_KINDS, isAll, pathFault, type FeedFilter } from '../model/feed-filter.js'
import { capitalize } from '../model/format.js'
import { usePage } from './context.js'

export interface FeedFiltersProps {
  readonly filter: Signal<FeedFilter>
  readonly id: string
}

export function FeedFilters({ filter, id }: FeedFiltersProps) {
  const { store } = usePage()
  const { kind, author, path } = filter.value
  const set = (more: Partial<FeedFilter>) => {
    filter.value = { ...filter.peek(), ...more }
  }
  const known = store.agents.value.map((row) => row.agent.agentId as string)
  const authors = [
    ...known,
    'DISK',
    ...(author === null || author === 'DISK' || known.includes(author) ? [] : [author]),
  ]
  const fault = pathFault(path)
  return (
    <div id={id} class="feed-filters">
      <select
        class="field"
        aria-label="Kind of event"
        value={kind ?? ''}
        onChange={(event) => set({ kind: FEED_KINDS.find((one) => one === event.currentTarget.value) ?? null })}
      >
        <option value="">Everything</option>
        {FEED_KINDS.map((one) => (
          <option key={one} value={one}>
            {capitalize(one)}
          </option>
        ))}
      </select>
      <select
        class="field"
        aria-label="By whom"
        value={author ?? ''}
        onChange={(event) => set({ author: event.currentTarget.value === '' ? null : event.currentTarget.value })}
      >
        <option value="">By anyone</option>
        {authors.map((one) => (
          <option key={one} value={one}>
            {store.isAgent(one) ? `${store.tag(one).text} ${one}` : store.tag(one).text}
          </option>
        ))}
      </select>
      <input
        class="field path"
        type="search"
        aria-label="Paths, as src/**"
        placeholder="src/**"
        spellcheck={false}
        value={path}
        aria-invalid={fault !== null}
        title={fault ?? undefined}
        onInput={(event) => set({ path: event.currentTarget.value })}
      />
      <button type="button" class="button button-ghost" disabled={isAll(filter.value)} onClick={() => set(ALL)}>
        Clear
      </button>
    </div>
  )
}
