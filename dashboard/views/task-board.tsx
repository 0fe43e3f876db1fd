/** The board of one task: its head with what can be done to the whole, and its subtasks in four columns. */
import type { ComponentChildren } from 'preact'
import { useSignal } from '@preact/signals'
import { trusted } from '../../client/sdk/trusted.js'
import type { Assignee, Subtask, SubtaskState, Task, TaskChange } from '../../protocol/tasks.js'
import { countsOf, STATES, waitsFor } from '../model/tasks.js'
import { ActingFault, useActing } from '../parts/acting.js'
import { useBoardWrites } from '../parts/board-writes.js'
import { AssigneeChoice, AssigneeTag } from '../parts/assignee.js'
import { usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { countWords, ProgressBar } from '../parts/progress-bar.js'
import { STATE_WORDS, StatusWord } from '../parts/subtask-state.js'
import { formatRoute } from '../router.js'

export interface TaskBoardProps {
  readonly task: Task
  /** The number of the subtask that is shown beside it. */
  readonly selected: string | null
  /** Of its heading. */
  readonly level: 1 | 2
  /** Among others: only the latest of what is done. */
  readonly isBrief?: boolean
  /** Stands between head and columns. */
  readonly children?: ComponentChildren
}

export function TaskBoard({ task, selected, level, isBrief = false, children }: TaskBoardProps) {
  const { store } = usePage()
  const title = `task-${task.id}`
  return (
    <section class="task" aria-labelledby={title}>
      <TaskHead task={task} title={title} level={level} />
      {children}
      <div class="task-columns">
        {STATES.map((state) => (
          <Column key={state} task={task} state={state} selected={selected} isBrief={isBrief} level={level} />
        ))}
      </div>
      {task.status === 'ACTIVE' && !store.readOnly.value && <AddSubtask task={task} />}
    </section>
  )
}

function TaskHead({ task, title, level }: { readonly task: Task; readonly title: string; readonly level: 1 | 2 }) {
  const { store } = usePage()
  const Heading = level === 1 ? 'h1' : 'h2'
  const counts = countsOf(task.subtasks)
  return (
    <header class="task-head">
      <div class="task-title">
        <Heading id={title}>
          {level === 1 ? (
            task.title
          ) : (
            <a href={formatRoute({ view: 'tasks', id: task.id, subtask: null })}>{task.title}</a>
          )}
        </Heading>
        <p class="task-facts soft">
          <StatusWord status={task.status} />
          <span>{task.mode}</span>
          {task.file !== null && (
            <a class="path" href={formatRoute({ view: 'files', path: task.file })}>
              {task.file}
            </a>
          )}
        </p>
      </div>
      <div class="task-far">
        <ProgressBar {...counts} />
        <p>
          <b>{task.progress} %</b> <span class="soft">{countWords(counts) || 'no subtasks yet'}</span>
        </p>
      </div>
      {!store.readOnly.value && <Turns task={task} />}
    </header>
  )
}

const TURNS = {
  ACTIVE: [
    { do: 'halt', word: 'Halt', icon: 'pause' },
    { do: 'complete', word: 'Complete', icon: 'check' },
  ],
  HALTED: [{ do: 'resume', word: 'Resume', icon: 'play' }],
  COMPLETED: [{ do: 'resume', word: 'Open again', icon: 'play' }],
} as const

function Turns({ task }: { readonly task: Task }) {
  const write = useBoardWrites()
  const acting = useActing()
  return (
    <div class="task-turns">
      {TURNS[task.status].map(({ do: turn, word, icon }) => (
        <button
          key={turn}
          type="button"
          class="button"
          disabled={acting.isShut}
          onClick={() => void acting.run(() => write({ task: task.id, change: { do: turn } }))}
        >
          <Icon name={icon} />
          {word}
        </button>
      ))}
      <ActingFault of={acting} />
    </div>
  )
}

/** Of what is done, beside other tasks. */
const MOST_DONE = 5

interface ColumnProps extends Required<Pick<TaskBoardProps, 'task' | 'selected' | 'isBrief' | 'level'>> {
  readonly state: SubtaskState
}

function Column({ task, state, selected, isBrief, level }: ColumnProps) {
  const Heading = level === 1 ? 'h2' : 'h3'
  const all = task.subtasks.filter((subtask) => subtask.state === state)
  const isCut = isBrief && state === 'done' && all.length > MOST_DONE
  const shown = isCut ? [...all].sort((a, b) => b.updated_at - a.updated_at).slice(0, MOST_DONE) : all
  return (
    <div class={`task-column${all.length === 0 ? ' task-column-empty' : ''}`}>
      <Heading>
        {STATE_WORDS[state].word} <span>{all.length}</span>
      </Heading>
      <ul>
        {shown.map((subtask) => (
          <li key={subtask.id}>
            <Card task={task} subtask={subtask} isSelected={subtask.id === selected} />
          </li>
        ))}
        {isCut && (
          <li>
            <a class="task-more" href={formatRoute({ view: 'tasks', id: task.id, subtask: null })}>
              {all.length - MOST_DONE} more
            </a>
          </li>
        )}
      </ul>
    </div>
  )
}

interface CardProps {
  readonly task: Task
  readonly subtask: Subtask
  readonly isSelected: boolean
}

function Card({ task, subtask, isSelected }: CardProps) {
  const { id, title, assignee, state, progress } = subtask
  const open = state === 'done' ? [] : waitsFor(task, subtask)
  return (
    <a
      class="task-card"
      href={formatRoute({ view: 'tasks', id: task.id, subtask: id })}
      aria-current={isSelected ? 'true' : undefined}
    >
      <span class="task-card-title">
        <span class="dim">
          {id}
          <span class="visually-hidden">: </span>
        </span>{' '}
        {title}
      </span>
      <span class="task-card-foot">
        <AssigneeTag assignee={assignee} />
        {open.length > 0 && (
          <span class="soft task-after">
            <Icon name="hourglass" />
            after {open.map((one) => one.id).join(', ')}
          </span>
        )}
        {progress > 0 && state !== 'done' && <span class="task-percent">{progress} %</span>}
      </span>
    </a>
  )
}

function AddSubtask({ task }: { readonly task: Task }) {
  const write = useBoardWrites()
  const acting = useActing()
  const title = useSignal('')
  const assignee = useSignal<Assignee | null>(null)
  const add = async () => {
    const said = title.value.trim()
    const change: TaskChange = { do: 'add', title: said, assignee: assignee.value, depends_on: [] }
    // Whoever types on meanwhile types the next one.
    title.value = ''
    if (!(await acting.run(() => write({ task: task.id, change })))) title.value = `${said} ${title.value}`.trim()
  }
  return (
    <form
      class="task-add"
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
    >
      <input
        class="field"
        aria-label={`New subtask of ${task.title}`}
        placeholder="Split off a subtask"
        value={title}
        onInput={(event) => (title.value = event.currentTarget.value)}
      />
      <AssigneeChoice
        label="Who does it"
        value={assignee.value}
        onChoose={(one) => (assignee.value = one === null ? null : trusted<Assignee>(one))}
      />
      <button type="submit" class="button" disabled={acting.isShut || title.value.trim() === ''}>
        Add
      </button>
      <ActingFault of={acting} />
    </form>
  )
}
