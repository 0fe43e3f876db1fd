/** Overview: what waits for a person, who works where, what has just happened, how the server is. */
import { useComputed, type ReadonlySignal } from '@preact/signals'
import { formatBytes, formatClock, formatCount, formatMilliseconds, formatNumber } from '../model/format.js'
import { inboxCount } from '../model/inbox.js'
import { isHere, isWorking } from '../model/roster.js'
import { subtasksDone } from '../model/tasks.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { CopyCommand } from '../parts/copy-command.js'
import { Icon } from '../parts/icon.js'
import { ListKeys } from '../parts/list-keys.js'
import { Sparkline } from '../parts/sparkline.js'
import { AgentsTable } from './agents-table.js'
import { BusyFiles } from './busy-files.js'
import { EventFeed } from './event-feed.js'
import { HeldLocks } from './held-locks.js'
import { Inbox } from './inbox.js'
import { Progress } from './task-progress.js'

export function Overview() {
  const { store } = usePage()
  const isEmpty = useComputed(
    () => store.agents.value.length + store.inbox.value.length + store.tasks.value.tasks.length === 0,
  )
  if (!store.agentsKnown.value) return <Asking what="who is here" />
  if (isEmpty.value) return <NobodyYet />
  return (
    <>
      <Headline />
      <Inbox />
      <AgentsTable />
      <div class="columns">
        <div class="column">
          <Progress />
          <BusyFiles />
        </div>
        <EventFeed />
        <div class="column">
          <Health />
          <HeldLocks />
        </div>
      </div>
      <ListKeys items=".inbox a, .inbox button, .agent-who a, .busy-files a, .feed li[tabindex], .lock-summary a" />
    </>
  )
}

function Headline() {
  const { store } = usePage()
  const inbox = store.inbox.value
  const verb = tense(inbox.length, store.freshness.value.kind === 'offline')
  const totals = useComputed(() => {
    const rows = store.agents.value
    const here = rows.filter(isHere).length
    const subtasks = subtasksDone(store.tasks.value.tasks)
    return [
      here === 0
        ? 'No agent is connected'
        : `${rows.filter(isWorking).length} of ${formatCount(here, 'agent')} working`,
      ...(subtasks.total === 0 ? [] : [`${subtasks.done} of ${formatCount(subtasks.total, 'subtask')} done`]),
      ...(store.filesKnown.value ? [formatCount(store.tree.value.paths.length, 'file')] : []),
      `${formatCount(store.work.value.activity.files.size, 'file')} changed in the last 15 minutes`,
    ].join(' · ')
  })
  return (
    <div class="headline">
      <h1>{inbox.length === 0 ? `Nothing ${verb} for you` : `${inboxCount(inbox)} ${verb} for you`}</h1>
      <p class="soft">{totals}</p>
    </div>
  )
}

function tense(waiting: number, offline: boolean): string {
  if (offline) return 'waited'
  return waiting > 1 ? 'wait' : 'waits'
}

function NobodyYet() {
  const { store } = usePage()
  const files = store.tree.value.paths.length
  return (
    <div class="empty">
      <h1>No agent is connected</h1>
      <p class="soft">
        The server {store.degraded.value === null ? 'is up and watches' : 'watches'} <code>{store.workspace}</code>
        {store.filesKnown.value && `, ${formatCount(files, 'file')} in step`}. Start an agent in another terminal:
      </p>
      <CopyCommand command="ensemble connect --agent CLAUDE --instance frontend" />
      <p class="dim">This page fills itself as soon as an agent joins.</p>
    </div>
  )
}

function Health() {
  const { store } = usePage()
  const rate = useComputed(() => formatNumber(store.eventsPerMinute.value))
  const samples = store.health.value
  const last = samples.at(-1)
  if (last === undefined) return null
  const { status } = last
  const { agents, observers, peers } = status.connections
  const good = status.state === 'ready'
  return (
    <section aria-labelledby="health-title">
      <div class="section-head">
        <h2 id="health-title">Health</h2>
        {store.freshness.value.kind === 'offline' ? (
          <span class="section-end dim">as of {formatClock(store.serverNow.value)}</span>
        ) : (
          <span class={`section-end state ${good ? 'state-done' : 'state-bad'}`}>
            <Icon name={good ? 'check' : 'warning'} />
            {good ? 'All good' : (status.reason ?? status.state)}
          </span>
        )}
      </div>
      <dl class="health">
        <Measure
          name="Commit, slowest 1 %"
          value={status.commitLatency === null ? 'none yet' : formatMilliseconds(status.commitLatency.p99)}
          values={samples.flatMap((sample) => sample.status.commitLatency?.p99 ?? [])}
        />
        <Measure name="Events in a minute" value={rate} values={samples.map((sample) => sample.eventsPerMinute)} />
        <Measure
          name="Memory"
          value={formatBytes(status.memoryBytes)}
          values={samples.map((sample) => sample.status.memoryBytes)}
        />
        <Measure
          name="Open documents"
          value={formatNumber(status.documents.open)}
          values={samples.map((sample) => sample.status.documents.open)}
        />
        <Measure
          name="Connections"
          value={formatNumber(agents + observers + peers)}
          values={samples.map(
            ({ status: { connections } }) => connections.agents + connections.observers + connections.peers,
          )}
          title={`${formatCount(agents, 'agent')}, ${formatCount(observers, 'observer')}, ${formatCount(peers, 'live editor')}`}
        />
      </dl>
    </section>
  )
}

interface MeasureProps {
  readonly name: string
  /** A signal: it changes more often than the samples. */
  readonly value: string | ReadonlySignal<string>
  readonly values: readonly number[]
  readonly title?: string
}

function Measure({ name, value, values, title }: MeasureProps) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>
        {value}
        {title !== undefined && <span class="visually-hidden"> ({title})</span>}
      </dd>
      <dd aria-hidden="true">
        <Sparkline values={values} />
      </dd>
    </div>
  )
}
