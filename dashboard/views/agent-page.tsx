/** One agent: who it is and what it does now, what it changed, is to do, holds and waits for, and what was said. */
import { useComputed } from '@preact/signals'
import { editsOf, type Edit } from '../model/agent-story.js'
import { countOf } from '../model/feed.js'
import { capitalize, fileName, formatClock, formatCount, formatNumber } from '../model/format.js'
import { regionWords } from '../model/held-locks.js'
import { formatPlace } from '../model/place.js'
import { isHere, type AgentRow } from '../model/roster.js'
import { agentParts } from '../model/tags.js'
import { subtasksOf } from '../model/tasks.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { LockLeft } from '../parts/left.js'
import { StateWord } from '../parts/state-word.js'
import { StateGlyph } from '../parts/subtask-state.js'
import { formatRoute } from '../router.js'
import { Compose } from './compose.js'
import { Messages } from './messages.js'
import { Paused } from './paused.js'
import { useEvents } from './use-events.js'

const NO_ROLES: readonly string[] = []
const MOST_EDITS = 40

export function AgentPage({ id }: { readonly id: string }) {
  const { store } = usePage()
  const row = store.agents.value.find(({ agent }) => agent.agentId === id)
  if (!store.agentsKnown.value) return <Asking what="who is here" />
  if (row === undefined && !store.isAgent(id)) return <NoAgent id={id} />
  return (
    <div class="agent-page">
      <Heading id={id} row={row} />
      {row?.agent.folder?.paused != null && (
        <ul class="inbox">
          <Paused who={id} pause={row.agent.folder.paused} />
        </ul>
      )}
      <div class="agent-columns">
        <Edits id={id} />
        <div class="agent-side">
          <Tasks id={id} />
          <Locks id={id} />
          <Messages of={{ agentId: id, roles: row?.agent.roles ?? NO_ROLES }} />
          <Compose to={id} />
        </div>
      </div>
    </div>
  )
}

function NoAgent({ id }: { readonly id: string }) {
  return (
    <div class="empty">
      <h1>There is no such agent</h1>
      <p class="soft">
        Nobody called <code>{id}</code> ever joined this workspace.{' '}
        <a href={formatRoute({ view: 'agents', id: null })}>All agents</a>
      </p>
    </div>
  )
}

function Heading({ id, row }: { readonly id: string; readonly row: AgentRow | undefined }) {
  const { store, following } = usePage()
  const { type, instance } = agentParts(id)
  const agent = row?.agent
  const lines = store.work.value.activity.lines(id)
  const isGone = row === undefined || !isHere(row)
  const canFollow = !isGone && agent?.file != null
  return (
    <header class="agent-heading">
      <AgentTag author={id} gone={isGone} />
      <div>
        <h1>{instance}</h1>
        <p class="soft">
          {[capitalize(type), ...(agent?.roles ?? []), agent?.partition ?? null]
            .filter((word) => word !== null)
            .join(', ')}
        </p>
      </div>
      <dl>
        <div>
          <dt>State</dt>
          <dd>
            {row === undefined ? (
              <span class="state state-dim">
                <Icon name="left" />
                Not connected
              </span>
            ) : (
              <>
                <StateWord state={row.state} />{' '}
                <span class="dim">
                  <Age of={row.since} />
                </span>
              </>
            )}
          </dd>
        </div>
        {agent?.file != null && (
          <div class="agent-at">
            <dt>{isGone ? 'Last in' : 'In'}</dt>
            <dd>
              <a class="path" href={formatRoute({ view: 'files', path: agent.file })} title={agent.file}>
                {agent.file}
              </a>
              {agent.symbol != null && <code> {agent.symbol}</code>}
            </dd>
          </div>
        )}
        {!isGone && agent !== undefined && (
          <div>
            <dt>Connected</dt>
            <dd>{formatClock(agent.connectedAt)}</dd>
          </div>
        )}
        <div>
          <dt>Lines in 15 min</dt>
          <dd class="figures">
            {lines === undefined ? 'none' : `+${formatNumber(lines.added)} −${formatNumber(lines.removed)}`}
          </dd>
        </div>
      </dl>
      {canFollow && agent?.file != null && (
        <a
          class="button"
          href={formatRoute({ view: 'files', path: agent.file })}
          onClick={() => (following.value = id)}
          title="Opens what it edits, from file to file"
        >
          <Icon name="eye" />
          Follow
        </a>
      )}
    </header>
  )
}

function Edits({ id }: { readonly id: string }) {
  const events = useEvents(['file:changed'])
  const edits = useComputed(() => (events.value === null ? null : editsOf(events.value, id)))
  return (
    <section class="agent-edits" aria-labelledby="edits-title">
      <div class="section-head">
        <h2 id="edits-title">Recent edits</h2>
      </div>
      {edits.value === null ? (
        <Asking what="what it changed" />
      ) : (
        <ol>
          {edits.value.slice(0, MOST_EDITS).map((edit) => (
            <EditRow key={`${edit.file} ${edit.rev}`} edit={edit} />
          ))}
          {edits.value.length === 0 && (
            <li class="dim">Nothing of what is remembered: the last thousand changes are looked through.</li>
          )}
        </ol>
      )}
    </section>
  )
}

const VERBS = { created: 'created', modified: 'edited', renamed: 'renamed to', deleted: 'deleted' } as const

function EditRow({ edit }: { readonly edit: Edit }) {
  const { file, rev, change, count, added, removed, time } = edit
  const at = formatRoute({ view: 'files', path: file }) + formatPlace({ rev, lines: null })
  return (
    <li>
      <time dateTime={new Date(time).toISOString()}>{formatClock(time)}</time>
      <span class="edit-what">
        <span class="soft">{VERBS[change]}</span>{' '}
        <a class="path path-end" href={at} title={`${file} as it was at revision ${rev}`}>
          <bdi>{file}</bdi>
        </a>
        {count > 1 && <span class="soft">{countOf(change, count)}</span>}
      </span>
      <span class="dim wide-only">revision {formatNumber(rev)}</span>
      <span class="figures soft">
        +{formatNumber(added)} −{formatNumber(removed)}
      </span>
    </li>
  )
}

function Tasks({ id }: { readonly id: string }) {
  const { store } = usePage()
  const own = subtasksOf(store.tasks.value.tasks, id)
  return (
    <section class="agent-locks" aria-labelledby="agent-tasks-title">
      <div class="section-head">
        <h2 id="agent-tasks-title">Tasks</h2>
        {own.length > 0 && <span class="dim">{formatCount(own.length, 'subtask')}</span>}
      </div>
      <ul>
        {own.map(({ task, subtask }) => (
          <li key={`${task.id} ${subtask.id}`}>
            <StateGlyph state={subtask.state} />
            <span class="edit-what">
              <a href={formatRoute({ view: 'tasks', id: task.id, subtask: subtask.id })}>{subtask.title}</a>{' '}
              <span class="soft">{task.title}</span>
            </span>
            <span class="figures">{subtask.progress} %</span>
          </li>
        ))}
        {own.length === 0 && <li class="dim">Nothing is assigned to it.</li>}
      </ul>
    </section>
  )
}

function Locks({ id }: { readonly id: string }) {
  const { store } = usePage()
  const { locks, waiting } = store.locks.value
  const held = locks.filter((lock) => lock.holder === id)
  const waits = waiting.filter((one) => one.agent === id)
  return (
    <section class="agent-locks" aria-labelledby="agent-locks-title">
      <div class="section-head">
        <h2 id="agent-locks-title">Locks</h2>
        {held.length > 0 && <span class="dim">{held.length} held</span>}
      </div>
      <ul>
        {held.map((lock) => (
          <li key={lock.id}>
            <Icon name="lock" />
            <span class="edit-what">
              <a
                class="path"
                href={formatRoute({ view: 'files', path: lock.path }) + formatPlace({ rev: null, lines: lock.lines })}
                title={lock.path}
              >
                {fileName(lock.path)}
              </a>{' '}
              <span class="soft">{regionWords(lock.region, lock.lines)}</span>
            </span>
            <span class="figures">
              <LockLeft lock={lock} />
            </span>
          </li>
        ))}
        {waits.map((wait) => (
          <li key={wait.wants.map(({ path }) => path).join(' ')}>
            <Icon name="pause" />
            <span class="edit-what">
              waits for{' '}
              {wait.waitsFor.map((holder) => (
                <AgentTag key={holder} author={holder} small />
              ))}{' '}
              <span class="soft">{wait.wants.map(({ path }) => fileName(path)).join(', ')}</span>
            </span>
          </li>
        ))}
        {held.length + waits.length === 0 && <li class="dim">It holds nothing, and waits for nothing.</li>}
      </ul>
    </section>
  )
}
