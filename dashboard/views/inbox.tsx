/** What waits for a person, each row ending in what can be done. */
import type { ComponentChildren } from 'preact'
import { unreachable } from '../../protocol/errors.js'
import { fileName, formatClock } from '../model/format.js'
import { inboxKey, inboxRoute, type InboxItem } from '../model/inbox.js'
import type { QuietAgent } from '../model/quiet.js'
import { isWorking } from '../model/roster.js'
import { countsOf } from '../model/tasks.js'
import { Age } from '../parts/age.js'
import { AgentTag, shortName } from '../parts/agent-tag.js'
import { usePage } from '../parts/context.js'
import { Icon, type IconName } from '../parts/icon.js'
import { countWords } from '../parts/progress-bar.js'
import { formatRoute, type Route } from '../router.js'
import { Paused } from './paused.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'
import { Ring } from './deadlocks.js'

/** More than these would push the agents off the first screen. */
const MOST = 4

export function Inbox() {
  const items = usePage().store.inbox.value
  if (items.length === 0) return null
  const shown = items.slice(0, MOST)
  return (
    <ul class="inbox" aria-label="Waiting for you">
      {shown.map((item) => (
        <InboxRow key={inboxKey(item)} item={item} />
      ))}
      {items.length > MOST && (
        <li class="inbox-rest">
          {items.length - MOST} more:{' '}
          <Rest items={items.slice(MOST)} kind="conflict" to={{ view: 'conflicts', id: null }} word="Conflicts" />
          <Rest items={items.slice(MOST)} kind="deadlock" to={{ view: 'locks', id: null }} word="Locks" />
          <Rest items={items.slice(MOST)} kind="paused" to={{ view: 'agents', id: null }} word="Folders" />
          <Rest items={items.slice(MOST)} kind="quiet" to={{ view: 'agents', id: null }} word="Agents" />
          <Rest items={items.slice(MOST)} kind="halted" to={{ view: 'tasks', id: null, subtask: null }} word="Tasks" />
        </li>
      )}
    </ul>
  )
}

interface RestProps {
  readonly items: readonly InboxItem[]
  readonly kind: InboxItem['kind']
  readonly to: Route
  readonly word: string
}

function Rest({ items, kind, to, word }: RestProps) {
  if (!items.some((item) => item.kind === kind)) return null
  return <a href={formatRoute(to)}>{word}</a>
}

function InboxRow({ item }: { readonly item: InboxItem }) {
  switch (item.kind) {
    case 'conflict': {
      const { conflict } = item
      return (
        <Row icon="conflict" title={conflictTitle(conflict)} time={conflict.time} to={inboxRoute(item)} verb="Compare">
          <ConflictStory conflict={conflict} />
        </Row>
      )
    }
    case 'deadlock': {
      const { deadlock } = item
      return (
        <Row
          icon="circle"
          title={`A deadlock over ${fileName(deadlock.place.path)} was broken`}
          time={deadlock.time}
          to={inboxRoute(item)}
          verb="Look"
        >
          <Ring deadlock={deadlock} />
        </Row>
      )
    }
    case 'quiet':
      return <Quiet agent={item.agent} />
    case 'halted': {
      const { task } = item
      return (
        <Row
          icon="pause"
          waits
          title={`${task.title} is halted`}
          time={task.updated_at}
          to={inboxRoute(item)}
          verb="Open"
        >
          <AgentTag author={task.by} small /> halted it at {task.progress} %
          {task.subtasks.length > 0 && `: ${countWords(countsOf(task.subtasks))}`}
        </Row>
      )
    }
    case 'paused':
      return <Paused who={item.who} pause={item.pause} />
    default:
      return unreachable(item)
  }
}

/** It may think, test, or be stuck: only a look, or a question, tells. */
function Quiet({ agent: { id, since } }: { readonly agent: QuietAgent }) {
  const { store } = usePage()
  const row = store.row(id)
  return (
    <Row
      icon="hourglass"
      waits
      title={`${shortName(store.tag(id))} has gone quiet`}
      time={since}
      to={{ view: 'agents', id }}
      verb="Open"
    >
      <AgentTag author={id} small /> {row !== undefined && isWorking(row) ? <>is {row.state}</> : 'has begun a subtask'}
      {row?.agent.file != null && (
        <>
          {' '}
          in <code>{row.agent.file}</code>
        </>
      )}
      , and no event has told of it since {formatClock(since)}
    </Row>
  )
}

interface RowProps {
  readonly icon: IconName
  readonly title: string
  readonly time: number
  readonly to: Route
  readonly verb: string
  /** It waits, and nothing went wrong. */
  readonly waits?: boolean
  readonly children: ComponentChildren
}

function Row({ icon, title, time, to, verb, waits = false, children }: RowProps) {
  return (
    <li>
      <span class={waits ? 'mark mark-wait' : 'mark'}>
        <Icon name={icon} />
      </span>
      <div class="inbox-text">
        <p>
          <b>{title}</b>
        </p>
        <p class="soft">{children}</p>
      </div>
      <span class="inbox-age">
        <Age of={time} />
      </span>
      <a class={waits ? 'button' : 'button button-primary'} href={formatRoute(to)}>
        {verb}
      </a>
    </li>
  )
}
