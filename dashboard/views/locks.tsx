/** Locks: who holds what, for how long, and who waits for it; and one of them beside the list. */
import { useSignal } from '@preact/signals'
import type { Lock, LocksList, LockWaiter } from '../../protocol/locks.js'
import { fileName, formatCount } from '../model/format.js'
import { queueOf, regionWords, waitsGraph } from '../model/held-locks.js'
import { Age } from '../parts/age.js'
import { AgentTag, shortName } from '../parts/agent-tag.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { CopyCommand } from '../parts/copy-command.js'
import { Graph } from '../parts/graph.js'
import { LockLeft, Left, LeftBar } from '../parts/left.js'
import { ListKeys } from '../parts/list-keys.js'
import { formatRoute } from '../router.js'
import { BrokenDeadlocks } from './deadlocks.js'
import { EndedLock, LockPanel } from './lock-panel.js'

export function Locks({ selected }: { readonly selected: string | null }) {
  const { store } = usePage()
  if (!store.locksKnown.value) return <Asking what="who holds what" />
  const list = store.locks.value
  const lock = list.locks.find(({ id }) => id === selected)
  const isEmpty = list.locks.length + list.waiting.length + store.deadlocks.value.length === 0
  if (isEmpty && selected === null) return <NothingHeld />
  return (
    <div class={selected === null ? undefined : 'beside'}>
      {selected !== null &&
        (lock === undefined ? <EndedLock id={selected} /> : <LockPanel key={lock.id} lock={lock} />)}
      <div class="beside-main">
        <div class="headline">
          <h1>{list.locks.length === 0 ? 'Nothing is locked' : formatCount(list.locks.length, 'lock')}</h1>
          <p class="soft">
            {list.waiting.length === 0 ? 'Nobody waits' : `${formatCount(list.waiting.length, 'request')} in line`}
          </p>
        </div>
        <BrokenDeadlocks />
        {list.locks.length > 0 && <Held list={list} selected={selected} />}
        {list.waiting.length > 0 && <Waiting waiting={list.waiting} />}
        <ListKeys items=".lock-place" />
      </div>
    </div>
  )
}

function NothingHeld() {
  return (
    <div class="empty">
      <h1>Nothing is locked</h1>
      <p class="soft">
        Agents write without locks, and what does not overlap merges by itself. Whoever wants a place to itself for a
        while, a file, a function or some lines, takes a lock:
      </p>
      <CopyCommand command="ensemble lock acquire --file src/app.ts --lines 10-40 --as CLAUDE-frontend" />
      <p class="dim">A lock ends by itself when its time is over.</p>
    </div>
  )
}

function Held({ list, selected }: { readonly list: LocksList; readonly selected: string | null }) {
  return (
    <table class="locks">
      <caption class="visually-hidden">Held</caption>
      <thead>
        <tr>
          <th scope="col">Holder</th>
          <th scope="col">Where</th>
          <th scope="col" class="wide-only">
            Type
          </th>
          <th scope="col" class="wide-only">
            Held for
          </th>
          <th scope="col">Left</th>
          <th scope="col">In line</th>
        </tr>
      </thead>
      <tbody>
        {list.locks.map((lock) => (
          <Row key={lock.id} lock={lock} queue={queueOf(list, lock)} isSelected={lock.id === selected} />
        ))}
      </tbody>
    </table>
  )
}

interface RowProps {
  readonly lock: Lock
  readonly queue: readonly LockWaiter[]
  readonly isSelected: boolean
}

function Row({ lock, queue, isSelected }: RowProps) {
  const { store } = usePage()
  return (
    <tr class={isSelected ? 'lock-selected' : undefined}>
      <th scope="row">
        <span class="lock-holder">
          <AgentTag author={lock.holder} small />
          <span>{shortName(store.tag(lock.holder))}</span>
        </span>
      </th>
      <td>
        <a
          class="lock-place"
          href={formatRoute({ view: 'locks', id: lock.id })}
          aria-current={isSelected ? 'true' : undefined}
          title={lock.path}
        >
          <span class="path">{lock.path}</span> <span class="soft">{regionWords(lock.region, lock.lines)}</span>
        </a>
      </td>
      <td class="wide-only soft">{lock.type}</td>
      <td class="wide-only soft">
        <Age of={lock.acquiredAt} />
      </td>
      <td>
        <span class="lock-left">
          <LeftBar until={lock.expiresAt} span={lock.ttl * 1000} />
          <LockLeft lock={lock} />
        </span>
      </td>
      <td>
        {queue.length === 0 ? (
          <span class="dim">nobody</span>
        ) : (
          <span class="tags">
            {queue.map(({ agent, since }) => (
              <AgentTag key={`${agent} ${since}`} author={agent} small />
            ))}
          </span>
        )}
      </td>
    </tr>
  )
}

function Waiting({ waiting }: { readonly waiting: readonly LockWaiter[] }) {
  const { store } = usePage()
  const isDrawn = useSignal(false)
  const { agents, edges } = waitsGraph(waiting)
  const nameOf = (agent: string) => shortName(store.tag(agent))
  return (
    <section class="waiting" aria-labelledby="waiting">
      <div class="section-head">
        <h2 id="waiting">Waiting</h2>
        <span class="section-end">
          <button
            type="button"
            class="button button-ghost"
            aria-pressed={isDrawn}
            onClick={() => (isDrawn.value = !isDrawn.value)}
          >
            Draw who waits for whom
          </button>
        </span>
      </div>
      {isDrawn.value && (
        <Graph
          label="Who waits for whom"
          nodes={agents}
          edges={edges}
          words={({ from, to, label }) => `${nameOf(from)} waits for ${nameOf(to)}: ${label ?? ''}`}
          node={(agent) => (
            <span class="graph-box">
              <span class="graph-title">
                <AgentTag author={agent} small /> {nameOf(agent)}
              </span>
              <span class="soft">{holdsWords(store.locks.value, agent)}</span>
            </span>
          )}
        />
      )}
      <ol>
        {waiting.map(({ agent, wants, since, until, waitsFor }) => (
          <li key={`${agent} ${since}`}>
            <AgentTag author={agent} small />
            <span class="waiting-what">
              wants{' '}
              {wants.map(({ path, region }, index) => (
                <span key={index}>
                  {index > 0 && ', '}
                  <a href={formatRoute({ view: 'files', path })} title={path}>
                    <code>{fileName(path)}</code>
                  </a>{' '}
                  <span class="soft">{regionWords(region, null)}</span>
                </span>
              ))}
              , and waits for{' '}
              {waitsFor.map((other) => (
                <AgentTag key={other} author={other} small />
              ))}
            </span>
            <span class="soft">
              <Age of={since} />
            </span>
            <span class="dim">
              gives up in <Left until={until} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function holdsWords({ locks }: LocksList, agent: string): string {
  const held = locks.filter(({ holder }) => holder === agent).length
  return held === 0 ? 'holds nothing' : `holds ${formatCount(held, 'lock')}`
}
