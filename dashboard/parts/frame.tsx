/** What stands around every view: the bar, the ways to the views, and the word about a connection that is not there. */
import type { ComponentChildren } from 'preact'
import { useComputed } from '@preact/signals'
import type { ConnectionState } from '../../client/sdk/connection-state.js'
import { formatClock, formatDuration } from '../model/format.js'
import type { Freshness } from '../model/freshness.js'
import { isHere } from '../model/roster.js'
import { subtasksDone } from '../model/tasks.js'
import { formatRoute, type Route } from '../router.js'
import type { Store } from '../store.js'
import { usePage } from './context.js'
import { Icon, type IconName } from './icon.js'
import { KeyCaps, openKeyHelp } from './key-help.js'
import { PersonButton } from './person.js'
import { UndoBar } from './undo.js'

/** How long the page says that it is live again. In milliseconds. */
const SAID_FOR = 6_000

export interface FrameProps {
  readonly children: ComponentChildren
  /** The view fills the window, and scrolls inside of itself. */
  readonly fills?: boolean
  /** The ways are icons only, to leave more room. */
  readonly narrow?: boolean
}

export function Frame({ children, fills = false, narrow = false }: FrameProps) {
  const { freshness } = usePage().store
  return (
    <div
      class={`frame${fills ? ' frame-fills' : ''}${narrow ? ' frame-narrow' : ''}${freshness.value.kind === 'offline' ? ' stale' : ''}`}
    >
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <TopBar />
      <nav class="side-nav" aria-label="Views">
        <MainWays />
        <OtherWays />
      </nav>
      <main id="content" tabIndex={-1}>
        <OfflineBar />
        <DegradedBar />
        {children}
        <UndoBar />
      </main>
      <nav class="bottom-nav" aria-label="Views">
        <MainWays />
        <More />
      </nav>
    </div>
  )
}

function TopBar() {
  const { store, theme, keys } = usePage()
  const next = theme.theme.value === 'dark' ? 'light' : 'dark'
  return (
    <header class="top-bar">
      <a class="brand" href="/" aria-label="Ensemble, overview">
        <svg viewBox="0 0 18 18" aria-hidden="true">
          <path d="M1 4h16M1 9h16M1 14h16" fill="none" stroke="currentColor" stroke-width="1.5" />
          <g fill="currentColor">
            <circle cx="5" cy="4" r="2.4" />
            <circle cx="12" cy="9" r="2.4" />
            <circle cx="7.5" cy="14" r="2.4" />
          </g>
        </svg>
        <span>Ensemble</span>
      </a>
      <b class="workspace">{store.workspace}</b>
      <button type="button" class="find" title="Find or run anything" onClick={() => keys.run('find')}>
        <Icon name="search" />
        <span>Find or run</span>
        <span class="find-keys" aria-hidden="true">
          <KeyCaps keys="Ctrl+k" />
        </span>
      </button>
      {store.readOnly.value && (
        <span class="read-only" title="You see everything, and can change nothing">
          <Icon name="eye" />
          Read-only
        </span>
      )}
      <LiveWord freshness={store.freshness.value} />
      <PersonButton />
      <button
        type="button"
        class="icon-button"
        aria-label={`Use ${next} colours`}
        title={`Use ${next} colours`}
        onClick={() => theme.toggle()}
      >
        <Icon name={next === 'dark' ? 'moon' : 'sun'} />
      </button>
      <button
        type="button"
        class="icon-button wide-only"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts"
        onClick={openKeyHelp}
      >
        <Icon name="help" />
      </button>
    </header>
  )
}

function LiveWord({ freshness }: { readonly freshness: Freshness }) {
  // The first question is asked while the page still starts: its time is the page's, not the line's.
  const { store } = usePage()
  const roundTrip = store.health.value.slice(1).at(-1)?.roundTrip
  switch (freshness.kind) {
    case 'opening':
      return <span class="live">Connecting</span>
    case 'live':
      if (store.degraded.value !== null) {
        return (
          <span class="live live-behind">
            <span class="live-dot live-dot-off" />
            Stores nothing
          </span>
        )
      }
      return (
        <span class="live">
          <span class="live-dot" />
          Live
          {roundTrip !== undefined && (
            <span class="dim wide-only" title="From a question to the server's answer">
              {Math.round(roundTrip)} ms
            </span>
          )}
        </span>
      )
    case 'behind':
      return (
        <span class="live live-behind">
          <span class="live-dot live-dot-off" />
          {freshness.seconds} s behind
        </span>
      )
    case 'offline':
      return (
        <span class="live live-off">
          <span class="live-dot live-dot-off" />
          <b>Not live</b>
          {freshness.since !== null && <span class="dim wide-only">since {formatClock(freshness.since)}</span>}
        </span>
      )
  }
}

function OfflineBar() {
  const { store, signOut } = usePage()
  const freshness = store.freshness.value
  if (freshness.kind !== 'offline') return <BackBar />
  return (
    <div class="banner">
      <Icon name="unplug" />
      <p>
        <b>{freshness.cause}</b>{' '}
        {freshness.since !== null && (
          <>You see the workspace as it was at {formatClock(freshness.since)}. Agents may still be working. </>
        )}
        {outlook(freshness, store.connection.value, store.now.value)}
      </p>
      {freshness.final && (
        <button type="button" class="button" onClick={signOut}>
          Open another link
        </button>
      )}
    </div>
  )
}

/** @param now by the page's clock */
function outlook(
  { final, retryAt }: Extract<Freshness, { kind: 'offline' }>,
  connection: ConnectionState,
  now: number,
): string {
  if (final) return 'It does not try again by itself.'
  if (retryAt !== null) return `Next try in ${formatDuration(retryAt - now)}.`
  return connection.kind === 'live' ? 'Waiting for its next word.' : 'Trying now.'
}

function DegradedBar() {
  const { store } = usePage()
  const { degraded, freshness } = store
  if (degraded.value === null || freshness.value.kind === 'offline') return null
  return (
    <div class="banner banner-bad" role="alert">
      <Icon name="warning" />
      <p>
        <b>The server stores nothing at the moment.</b> {degraded} What agents write now is refused, and they try again;
        what was stored is safe. Give the disk room, or see to it: writing then goes on by itself.
      </p>
    </div>
  )
}

/** The connection came back just now. */
export function isBack({ caughtUp, now }: Store): boolean {
  return caughtUp.value !== null && now.value - caughtUp.value.at <= SAID_FOR
}

function BackBar() {
  const { store } = usePage()
  const back = store.caughtUp.value
  if (back === null || !isBack(store)) return <FaultBar />
  return (
    <div class="banner">
      <Icon name="check" />
      <p>
        <b>Live again</b>
        {back.events > 0 && `, ${back.events} ${back.events === 1 ? 'event' : 'events'} caught up`}.
      </p>
    </div>
  )
}

function FaultBar() {
  const fault = usePage().store.fault.value
  if (fault === null) return null
  return (
    <div class="banner" role="alert">
      <Icon name="warning" />
      <p>
        <b>{fault.message}</b> {fault.hint} <span class="dim">{fault.code}</span>
      </p>
    </div>
  )
}

/** Those that a narrow screen has room for. */
function MainWays() {
  const { store } = usePage()
  const { done, total } = subtasksDone(store.tasks.value.tasks)
  return (
    <>
      <Way to={{ view: 'overview' }} icon="overview" label="Overview" />
      <Way to={{ view: 'files', path: null }} icon="files" label="Files" />
      <Way
        to={{ view: 'conflicts', id: null }}
        icon="conflict"
        label="Conflicts"
        badge={store.openConflicts.value.length}
      />
      <Way
        to={{ view: 'tasks', id: null, subtask: null }}
        icon="tasks"
        label="Tasks"
        count={total === 0 ? '' : `${done}/${total}`}
        countWords="subtasks done"
      />
    </>
  )
}

function OtherWays() {
  const { store } = usePage()
  const held = store.locks.value.locks.length
  const here = useComputed(() => store.agents.value.filter(isHere).length).value
  return (
    <>
      <Way
        to={{ view: 'locks', id: null }}
        icon="lock"
        label="Locks"
        count={held === 0 ? '' : String(held)}
        countWords="held"
      />
      <Way
        to={{ view: 'agents', id: null }}
        icon="agents"
        label="Agents"
        count={here === 0 ? '' : String(here)}
        countWords="here"
      />
    </>
  )
}

const MORE = 'more-ways'

/** Opens what a narrow screen has no room for. */
function More() {
  const { view } = usePage().router.route.value
  return (
    <>
      <button type="button" popovertarget={MORE} class={view === 'locks' || view === 'agents' ? 'way-here' : undefined}>
        <Icon name="more" />
        <span class="way-label">More</span>
      </button>
      <div id={MORE} popover="auto" class="more-ways" onClick={(event) => event.currentTarget.hidePopover()}>
        <OtherWays />
      </div>
    </>
  )
}

interface WayProps {
  readonly to: Route
  readonly icon: IconName
  readonly label: string
  /** What waits for a person. */
  readonly badge?: number
  /** What there is, without urgency; empty: nothing. */
  readonly count?: string
  readonly countWords?: string
}

function Way({ to, icon, label, badge = 0, count = '', countWords = '' }: WayProps) {
  const here = usePage().router.route.value.view === to.view
  return (
    <a href={formatRoute(to)} aria-current={here ? 'page' : undefined} title={label}>
      <Icon name={icon} />
      <span class="way-label">{label}</span>
      {badge > 0 && (
        <span class="badge">
          {badge}
          <span class="visually-hidden"> open</span>
        </span>
      )}
      {count !== '' && (
        <span class="way-count">
          {count}
          <span class="visually-hidden"> {countWords}</span>
        </span>
      )}
    </a>
  )
}
