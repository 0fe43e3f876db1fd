/** The score: who is here, what each does now, and its last quarter of an hour, in one table. Rows never reorder. */
import { useComputed } from '@preact/signals'
import type { LockWaiter } from '../../protocol/locks.js'
import { capitalize, formatCount, formatNumber } from '../model/format.js'
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
  const rows = usePage().store.agents.value
  if (rows.length === 0) return null
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
        {rows.map((row) => (
          <Row key={row.agent.agentId} row={row} />
        ))}
        <div class="score-axis" aria-hidden="true" />
        <Score />
      </div>
    </section>
  )
}

function Row({ row }: { readonly row: AgentRow }) {
  const { store } = usePage()
  const { agent, state, since } = row
  const type = capitalize(agent.type)
  // Text by itself: whoever's numbers stay the same is not drawn again, however much the others do.
  const lines = useComputed(() => {
    const own = store.lines.value.get(agent.agentId)
    return own === undefined ? '' : `+${formatNumber(own.added)} −${formatNumber(own.removed)}`
  })
  const edits = useComputed(() => {
    const own = store.lines.value.get(agent.agentId)
    return own === undefined ? 'no edits seen' : formatCount(own.edits, 'edit')
  })
  const { locks, waiting } = store.locks.value
  const held = locks.filter(({ holder }) => holder === agent.agentId).length
  const wait = waiting.find((one) => one.agent === agent.agentId)
  return (
    <div class={`agent-row${isHere(row) ? '' : ' agent-gone'}`} role="row">
      <div class="agent-who" role="rowheader">
        <AgentTag author={agent.agentId} gone={!isHere(row)} />
        <div>
          <a href={formatRoute({ view: 'agents', id: agent.agentId })}>
            <b>{agent.instance}</b>
          </a>
          <small>{agent.partition === null ? type : `${type}, ${agent.partition}`}</small>
        </div>
      </div>
      <div class="agent-state" role="cell">
        {wait === undefined ? (
          <>
            <StateWord state={state} />
            <small>
              <Age of={since} />
            </small>
          </>
        ) : (
          <WaitWord wait={wait} />
        )}
      </div>
      <div class="agent-file" role="cell">
        {agent.file !== null && (
          <a class="path" href={formatRoute({ view: 'files', path: agent.file })} title={agent.file}>
            {agent.file}
          </a>
        )}
        {agent.symbol != null && <small class="path">{agent.symbol}</small>}
      </div>
      <div class="agent-lines" role="cell">
        {lines}
      </div>
      <div class="agent-lane" role="cell" data-lane={agent.agentId}>
        <span class="visually-hidden">
          {edits}
          {held > 0 && `, holds ${formatCount(held, 'lock')}`}
          {wait !== undefined && ', waits for a lock'}
        </span>
      </div>
    </div>
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
