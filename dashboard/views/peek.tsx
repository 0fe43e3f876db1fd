/** A look at what a link leads to, over the list that it stands in: the address stays, and Escape brings everything back. */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'
import { fileName, formatClock, formatCount, formatNumber } from '../model/format.js'
import { locksOf, regionWords, VERBS } from '../model/held-locks.js'
import { isHere } from '../model/roster.js'
import { countsOf } from '../model/tasks.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { AssigneeTag } from '../parts/assignee.js'
import { usePage } from '../parts/context.js'
import { KeyCaps } from '../parts/key-help.js'
import { LockLeft } from '../parts/left.js'
import { countWords } from '../parts/progress-bar.js'
import { StateWord } from '../parts/state-word.js'
import { StateGlyph } from '../parts/subtask-state.js'
import { formatRoute, type Route } from '../router.js'
import { Sides } from './conflict-sides.js'
import { conflictTitle, ConflictStory } from './conflict-words.js'
import '../styles/peek.css'

/** Of a file's text, what is shown. */
const MOST_LINES = 16
const MOST_SUBTASKS = 8

export interface PeekProps {
  readonly route: Route
  readonly close: () => void
}

export function Peek({ route, close }: PeekProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => dialog.current?.showModal(), [])
  const shut = () => dialog.current?.close()
  return (
    <dialog
      ref={dialog}
      class="dialog peek"
      aria-labelledby="peek-title"
      onClose={close}
      onClick={(event) => event.target === event.currentTarget && shut()}
      onKeyDown={(event) => {
        if (event.key !== ' ') return
        event.preventDefault()
        shut()
      }}
    >
      <Glance route={route} />
      <p class="dialog-ends">
        <span class="dim">
          <KeyCaps keys="Escape" /> closes it
        </span>
        <a class="button button-primary" href={formatRoute(route)} autofocus onClick={shut}>
          Open
        </a>
      </p>
    </dialog>
  )
}

function Glance({ route }: { readonly route: Route }) {
  switch (route.view) {
    case 'files':
      return route.path === null ? null : <File path={route.path} />
    case 'conflicts':
      return <Conflict id={route.id} />
    case 'tasks':
      return <Task id={route.id} subtask={route.subtask} />
    case 'locks':
      return <Lock id={route.id} />
    case 'agents':
      return <Agent id={route.id} />
    case 'overview':
    case 'unknown':
      return null
  }
}

function Title({ children }: { readonly children: ComponentChildren }) {
  return (
    <header>
      <h2 id="peek-title">{children}</h2>
    </header>
  )
}

function Gone({ what }: { readonly what: string }) {
  return (
    <>
      <Title>{what}</Title>
      <p class="soft">Its own page tells what became of it.</p>
    </>
  )
}

function File({ path }: { readonly path: string }) {
  const { store, link } = usePage()
  const head = store.head(path)
  const text = useSignal<string | null>(null)
  useEffect(() => {
    if (head === undefined || head.deleted) return
    link.ask('read', { ids: [head.id] }).then(
      ({ files: [file] }) => {
        if (file?.content.kind === 'text') text.value = file.content.text
      },
      // What is known without it stands there; the file's own page tells why it can't be read.
      () => undefined,
    )
  }, [head?.id, head?.rev])
  const here = store.agents.value.filter((row) => isHere(row) && row.agent.file === path)
  const lines = text.value?.split('\n') ?? []
  return (
    <>
      <Title>{fileName(path)}</Title>
      <p class="soft">{path}</p>
      {head === undefined || head.deleted ? (
        <p>{head === undefined ? 'There is no such file.' : 'It was deleted.'}</p>
      ) : (
        <p>
          <AgentTag author={head.author} small /> wrote revision {formatNumber(head.rev)}, <Age of={head.time} past />
        </p>
      )}
      {here.length > 0 && (
        <p class="tags">
          {here.map(({ agent }) => (
            <AgentTag key={agent.agentId} author={agent.agentId} small />
          ))}{' '}
          here now
        </p>
      )}
      {locksOf(store.locks.value, path).map(({ lock }) => (
        <p key={lock.id}>
          <AgentTag author={lock.holder} small /> {VERBS[lock.type]} {regionWords(lock.region, lock.lines)},{' '}
          <LockLeft lock={lock} /> left
        </p>
      ))}
      {lines.length > 0 && (
        <pre>
          {lines.slice(0, MOST_LINES).join('\n')}
          {lines.length > MOST_LINES && '\n…'}
        </pre>
      )}
    </>
  )
}

function Conflict({ id }: { readonly id: string | null }) {
  const conflict = usePage().store.openConflicts.value.find((one) => one.id === id)
  if (conflict === undefined) return <Gone what="This conflict is open no more" />
  return (
    <>
      <Title>{conflictTitle(conflict)}</Title>
      <p class="soft">
        <ConflictStory conflict={conflict} brief />
      </p>
      <Sides conflict={conflict} />
    </>
  )
}

interface TaskProps {
  readonly id: string | null
  readonly subtask: string | null
}

function Task({ id, subtask: number }: TaskProps) {
  const task = usePage().store.tasks.value.tasks.find((one) => one.id === id)
  if (task === undefined) return <Gone what="There is no such task" />
  const subtask = task.subtasks.find((one) => one.id === number)
  const shown = subtask === undefined ? task.subtasks : [subtask]
  return (
    <>
      <Title>{subtask?.title ?? task.title}</Title>
      <p class="soft">
        {subtask !== undefined && `${task.title}: `}
        {task.progress} %, {countWords(countsOf(task.subtasks)) || 'no subtasks yet'}
      </p>
      <ul>
        {shown.slice(0, MOST_SUBTASKS).map(({ id: own, title, state, assignee }) => (
          <li key={own}>
            <StateGlyph state={state} /> {title} <AssigneeTag assignee={assignee} />
          </li>
        ))}
        {shown.length > MOST_SUBTASKS && <li class="dim">{shown.length - MOST_SUBTASKS} more</li>}
      </ul>
    </>
  )
}

function Lock({ id }: { readonly id: string | null }) {
  const { store } = usePage()
  const lock = store.locks.value.locks.find((one) => one.id === id)
  if (lock === undefined) return <Gone what="This lock is held no more" />
  return (
    <>
      <Title>
        {fileName(lock.path)}, {regionWords(lock.region, lock.lines)}
      </Title>
      <p class="soft">{lock.path}</p>
      <p>
        <AgentTag author={lock.holder} small /> {VERBS[lock.type]} it since {formatClock(lock.acquiredAt)},{' '}
        <LockLeft lock={lock} /> left
      </p>
    </>
  )
}

function Agent({ id }: { readonly id: string | null }) {
  const { store } = usePage()
  const row = store.row(id ?? '')
  if (id === null || row === undefined) return <Gone what="This agent is not here" />
  const lines = store.work.value.activity.lines(id)
  const held = store.locks.value.locks.filter(({ holder }) => holder === id).length
  return (
    <>
      <Title>
        <AgentTag author={id} gone={!isHere(row)} /> {row.agent.instance}
      </Title>
      <p>
        <StateWord state={row.state} />{' '}
        <span class="dim">
          <Age of={row.since} />
        </span>
      </p>
      {row.agent.file !== null && <p class="soft">{row.agent.file}</p>}
      <p>
        {lines === undefined
          ? 'No edits in the last 15 minutes'
          : `${formatCount(lines.edits, 'edit')} in the last 15 minutes, +${formatNumber(lines.added)} −${formatNumber(lines.removed)}`}
        {held > 0 && `; holds ${formatCount(held, 'lock')}`}
      </p>
    </>
  )
}
