/** What has just happened, newest first. It stands still while someone reads it, and says how much is new. */
import { Component } from 'preact'
import { useRef } from 'preact/hooks'
import { useComputed, useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals'
import { eventWords } from '../../client/sdk/event-words.js'
import { unreachable } from '../../protocol/errors.js'
import { countOf, type FeedRow } from '../model/feed.js'
import { ALL, compileFeedFilter, formatFeedFilter, isAll, parseFeedFilter } from '../model/feed-filter.js'
import { fileName, formatClock, formatCount, formatDuration } from '../model/format.js'
import { AgentTag } from '../parts/agent-tag.js'
import { useCommands, usePage } from '../parts/context.js'
import { FeedFilters } from '../parts/feed-filters.js'
import { Icon } from '../parts/icon.js'
import { RowUndo } from '../parts/undo.js'
import { formatRoute } from '../router.js'

const FILTERS = 'feed-filters'
const MOST_SHOWN = 200

export function EventFeed() {
  const { store } = usePage()
  const list = useRef<HTMLDivElement>(null)
  const held = useSignal(false)
  const hovered = useSignal(false)
  const scrolled = useSignal(false)
  /** By the keyboard. */
  const focused = useSignal(false)
  /** What stood there when it was stopped; null: it runs. */
  const stopped = useSignal<{ readonly rows: readonly FeedRow[]; readonly count: number } | null>(null)
  const news = useComputed(() => (stopped.value === null ? 0 : store.eventCount.value - stopped.value.count))

  const settle = () => {
    const stop = held.value || hovered.value || scrolled.value || focused.value
    if (!stop) stopped.value = null
    else stopped.value ??= { rows: store.feed.peek(), count: store.eventCount.peek() }
  }
  const run = () => {
    held.value = hovered.value = scrolled.value = focused.value = false
    settle()
    list.current?.scrollTo({ top: 0 })
  }
  const hold = () => {
    held.value = !held.value
    settle()
  }
  const filter = useSignal(parseFeedFilter(location.hash))
  const isFiltering = useSignal(!isAll(filter.peek()))
  useSignalEffect(() => {
    const hash = formatFeedFilter(filter.value)
    if (hash !== location.hash) history.replaceState(null, '', location.pathname + hash)
  })
  const toggle = () => {
    isFiltering.value = !isFiltering.peek()
    if (!isFiltering.peek()) filter.value = ALL
  }
  useCommands({
    hold,
    filterEvents: () => {
      isFiltering.value = true
      // Once they are there.
      requestAnimationFrame(() => document.querySelector<HTMLElement>(`#${FILTERS} select`)?.focus())
    },
  })

  const kept = useComputed(() => {
    const rows = stopped.value?.rows ?? store.feed.value
    return (isAll(filter.value) ? rows : rows.filter(compileFeedFilter(filter.value))).slice(0, MOST_SHOWN)
  })
  return (
    <section class="events" aria-labelledby="events-title">
      <div class="section-head">
        <h2 id="events-title">Events</h2>
        <span class="dim">{store.eventsPerMinute} in the last minute</span>
        <span class="section-end">
          {news.value > 0 && (
            <button type="button" class="pill" onClick={run}>
              +{news} new
            </button>
          )}
          <button
            type="button"
            class="button button-ghost"
            aria-expanded={isFiltering}
            aria-controls={FILTERS}
            onClick={toggle}
          >
            <Icon name="filter" />
            Filter
          </button>
          <button type="button" class="button button-ghost" aria-pressed={held} onClick={hold}>
            <Icon name="pause" />
            Hold
          </button>
        </span>
      </div>
      {isFiltering.value && <FeedFilters id={FILTERS} filter={filter} />}
      <div
        ref={list}
        class="feed"
        role="log"
        aria-live="off"
        aria-labelledby="events-title"
        tabIndex={0}
        onScroll={(event) => {
          scrolled.value = event.currentTarget.scrollTop > 0
          settle()
        }}
        onFocusIn={(event) => {
          focused.value = event.target instanceof HTMLElement && event.target.matches(':focus-visible')
          settle()
        }}
        onFocusOut={() => {
          focused.value = false
          settle()
        }}
        onPointerEnter={(event) => {
          hovered.value = event.pointerType === 'mouse'
          settle()
        }}
        onPointerLeave={() => {
          hovered.value = false
          settle()
        }}
      >
        <Rows rows={kept} isAll={isAll(filter.value)} />
      </div>
    </section>
  )
}

interface RowsProps {
  readonly rows: ReadonlySignal<readonly FeedRow[]>
  /** Nothing is filtered out. */
  readonly isAll: boolean
}

function Rows({ rows, isAll }: RowsProps) {
  const { store } = usePage()
  return (
    <ol>
      {blocksOf(rows.value).map((block) => (
        <FeedBlock key={block[0] && blockOf(block[0])} rows={block} />
      ))}
      {rows.value.length === 0 && (
        <li class="feed-none dim">
          {isAll
            ? store.recentKnown.value
              ? 'Nothing happened in the last 15 minutes.'
              : 'The last 15 minutes are not known yet.'
            : `Nothing of the last ${formatCount(store.feed.value.length, 'row')} is like that.`}
        </li>
      )}
    </ol>
  )
}

/** Rows are compared by blocks: an event changes one or two of them, and all others are passed over at one look. */
const BLOCK = 16

function blocksOf(rows: readonly FeedRow[]): readonly (readonly FeedRow[])[] {
  const blocks: FeedRow[][] = []
  for (const row of rows) {
    const block = blocks.at(-1)
    // By the row's own number, so that new rows above move no row into another block.
    if (block?.[0] !== undefined && blockOf(block[0]) === blockOf(row)) block.push(row)
    else blocks.push([row])
  }
  return blocks
}

const blockOf = ({ seq }: FeedRow): number => Math.floor(seq / BLOCK)

interface BlockProps {
  readonly rows: readonly FeedRow[]
}

interface RowProps {
  readonly row: FeedRow
}

class FeedBlock extends Component<BlockProps> {
  override shouldComponentUpdate({ rows }: BlockProps): boolean {
    const { rows: shown } = this.props
    return rows.length !== shown.length || rows.some((row, at) => row !== shown[at])
  }

  override render({ rows }: BlockProps) {
    return rows.map((row) => <FeedItem key={keyOf(row)} row={row} />)
  }
}

class FeedItem extends Component<RowProps> {
  override shouldComponentUpdate({ row }: RowProps): boolean {
    return row !== this.props.row
  }

  override render({ row }: RowProps) {
    if (row.kind === 'missed') {
      return (
        <li class="feed-none dim" tabIndex={-1}>
          {formatCount(row.count, 'event')} of the time without a connection {row.count === 1 ? 'is' : 'are'} not shown
          here.
        </li>
      )
    }
    return (
      <li class={row.kind === 'conflict' ? 'feed-conflict' : undefined} tabIndex={-1}>
        <time dateTime={new Date(row.time).toISOString()}>{formatClock(row.time)}</time>
        <AgentTag author={row.author} small />
        <span class="feed-text">
          <Sentence row={row} />
        </span>
        {row.kind === 'said' && <RowUndo event={row.event} />}
      </li>
    )
  }
}

function Sentence({ row }: { readonly row: Exclude<FeedRow, { kind: 'missed' }> }) {
  switch (row.kind) {
    case 'changed': {
      const verb = { created: 'created', modified: 'edited', renamed: 'renamed a file to', deleted: 'deleted' }[
        row.change
      ]
      const span = row.lastTime - row.time
      return (
        <>
          {verb}{' '}
          <a href={formatRoute({ view: 'files', path: row.file })} title={row.file}>
            <code>{fileName(row.file)}</code>
          </a>
          {row.count > 1 && `, ${countOf(row.change, row.count)} in ${formatDuration(span + 999)}`}
        </>
      )
    }
    case 'joined':
      return row.partition === null ? (
        <>joined</>
      ) : (
        <>
          joined for <code>{row.partition}</code>
        </>
      )
    case 'left':
      return (
        <>
          {
            { left: 'left', lost: 'was lost: its connection broke', replaced: 'came back on a new connection' }[
              row.reason
            ]
          }
        </>
      )
    case 'conflict':
      return (
        <>
          <b>
            collided with <AgentTag author={row.other} small />
          </b>{' '}
          in{' '}
          <a href={formatRoute({ view: 'conflicts', id: row.conflictId })}>
            <code>{fileName(row.file)}</code>
          </a>
        </>
      )
    case 'settled':
      return (
        <>
          closed a conflict in{' '}
          <a href={formatRoute({ view: 'files', path: row.file })} title={row.file}>
            <code>{fileName(row.file)}</code>
          </a>
          <Outcome row={row} />
        </>
      )
    case 'said':
      return <>{eventWords(row.event, (author) => author)}</>
    default:
      return unreachable(row)
  }
}

function Outcome({ row }: { readonly row: Extract<FeedRow, { kind: 'settled' }> }) {
  switch (row.outcome) {
    case 'ours':
    case 'theirs':
      return (
        <>
          : <AgentTag author={row[row.outcome]} small /> wrote what stands
        </>
      )
    case 'both':
      return <>: both stand</>
    case 'text':
      return <> with another text</>
    case 'superseded':
      return <>: it was written over</>
    default:
      return unreachable(row.outcome)
  }
}

function keyOf(row: FeedRow): string {
  return row.kind === 'changed' ? `${row.seq} ${row.file}` : `${row.seq} ${row.kind}`
}
