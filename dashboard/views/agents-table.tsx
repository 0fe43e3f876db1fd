/** The score: who is here, what each does now, and its last quarter of an hour, in one table. Rows never reorder. */
import { useMemo } from 'preact/hooks'
import { useComputed } from '@preact/signals'
import type { LockWaiter } from '../../protocol/locks.js'
import { capitalize, formatCount, formatNumber } from '../model/format.js'
import { keeper } from '../model/kept.js'
import { isHere, type AgentRow } from '../model/roster.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { Left } from '../parts/left.js'
import { Score } from '../parts/score.js'
import { StateWord } from '../parts/state-word.js'
import { formatRoute } from '../router.js'

export function AgentsTable() {
  const { store } = usePage()
  const keep = useMemo(() => keeper<string>(), [])
  const ids = useComputed(() => keep(store.agents.value.map(({ agent }) => agent.agentId))).value
  if (ids.length === 0) return null
  return (
    <section class="agents" aria-labelledby="agents-title">
      <div class="section-head">
        <h2 id="agents-title">Agents</h2>
        <span class="dim wide-only">last 15 minutes</span>
        <p class="section-end legend wide-only" aria-hidden="true">
          <span>
            <i class="legend-edits" />
            edits
          </span>
          <span>
            <i class="legend-held" />
            lock held
          </span>
          <span>
            <i class="legend-waits" />
            waits for a lock
          </span>
          <span>
            <i class="legend-collision" />
            collision
          </span>
        </p>
      </div>
      <div class="score" role="table" aria-labelledby="agents-title">
        <div class="visually-hidden" role="row">
          {['Agent', 'State', 'File', 'Lines in 15 minutes', 'Activity'].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
        {ids.map((id) => (
          <Row key={id} id={id} />
        ))}
        <div class="score-axis" aria-hidden="true" />
        <Score ids={ids} />
      </div>
    </section>
  )
}

/** Each row reads what it shows by itself: of fifty agents mostly one has moved, and only that one is drawn. */
function Row({ id }: { readonly id: string }) {
  const { store } = usePage()
  const row = useComputed(() => store.row(id)).value
  return row === undefined ? null : <Cells row={row} />
}

function Cells({ row }: { readonly row: AgentRow }) {
  const { store } = usePage()
  const { agent, state, since } = row
  const { agentId: id, type, instance, partition } = agent
  const own = store.work.peek().activity.lines(id)
  const locks = useComputed(() => store.locks.value.locks.filter(({ holder }) => holder === id).length).value
  const wait = useComputed(() => store.locks.value.waiting.find(({ agent }) => agent === id)).value
  const quiet = useComputed(() => store.quiet.value.find((one) => one.id === id)?.since).value
  const gone = !isHere(row)
  // Most often it is the file that is another.
  const who = useMemo(
    () => (
      <div class="agent-who" role="rowheader">
        <AgentTag author={id} gone={gone} />
        <div>
          <a href={formatRoute({ view: 'agents', id })}>
            <b>{instance}</b>
          </a>
          <small>{partition === null ? capitalize(type) : `${capitalize(type)}, ${partition}`}</small>
        </div>
      </div>
    ),
    [id, gone, type, instance, partition],
  )
  const doing = useMemo(
    () => (
      <div class="agent-state" role="cell">
        {wait === undefined ? (
          <>
            <StateWord state={state} />
            <small>{quiet === undefined ? <Age of={since} /> : <QuietFor since={quiet} />}</small>
          </>
        ) : (
          <WaitWord wait={wait} />
        )}
      </div>
    ),
    [state, since, wait, quiet],
  )
  return (
    <div class={`agent-row${gone ? ' agent-gone' : ''}`} role="row">
      {who}
      {doing}
      <div class="agent-file" role="cell">
        {agent.file !== null && (
          <a class="path path-end" href={formatRoute({ view: 'files', path: agent.file })} title={agent.file}>
            <bdi>{agent.file}</bdi>
          </a>
        )}
        {agent.symbol != null && <small class="path">{agent.symbol}</small>}
      </div>
      <div class="agent-lines" role="cell">
        {own !== undefined && `+${formatNumber(own.added)} −${formatNumber(own.removed)}`}
      </div>
      <div class="agent-lane" role="cell" data-lane={id}>
        <span class="visually-hidden">
          {own === undefined ? 'no edits seen' : formatCount(own.edits, 'edit')}
          {locks > 0 && `, holds ${formatCount(locks, 'lock')}`}
          {wait !== undefined && ', waits for a lock'}
        </span>
      </div>
    </div>
  )
}

/** At work, as it said, without anything to be seen of it. */
function QuietFor({ since }: { readonly since: number }) {
  const isAway = usePage().store.freshness.value.kind === 'offline'
  return (
    <>
      no event {!isAway && 'for '}
      <Age of={since} />
    </>
  )
}

/** Whoever is in line for a lock waits, whatever it was doing before. */
function WaitWord({ wait: { waitsFor, until } }: { readonly wait: LockWaiter }) {
  const { store } = usePage()
  return (
    <>
      <span class="state">
        <Icon name="hourglass" />
        Waits for {waitsFor.map((agent) => store.tag(agent).text).join(', ')}
      </span>
      <small>
        gives up in <Left until={until} />
      </small>
    </>
  )
}
