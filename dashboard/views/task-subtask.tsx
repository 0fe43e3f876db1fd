/** One subtask beside the board: who has it, where it stands, what it waits for; each control acts at once. */
import { useSignal } from '@preact/signals'
import { trusted } from '../../client/sdk/trusted.js'
import type { Assignee, Subtask, Task, TaskChange } from '../../protocol/tasks.js'
import { circleOf, neededBy, STATES, waitsFor } from '../model/tasks.js'
import { ActingFault, useActing, type Acting } from '../parts/acting.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { AssigneeChoice } from '../parts/assignee.js'
import { useBoardWrites } from '../parts/board-writes.js'
import { useCommands, usePage } from '../parts/context.js'
import { Icon } from '../parts/icon.js'
import { STATE_WORDS } from '../parts/subtask-state.js'
import { formatRoute, type Route } from '../router.js'

export interface SubtaskPanelProps {
  readonly task: Task
  readonly subtask: Subtask
}

export function SubtaskPanel({ task, subtask }: SubtaskPanelProps) {
  const { router, store } = usePage()
  const write = useBoardWrites()
  const acting = useActing()
  const above: Route = { view: 'tasks', id: task.id, subtask: null }
  useCommands({ closePanel: () => router.go(above) })
  const isShut = acting.isShut || task.status !== 'ACTIVE'
  const change = (what: TaskChange) => void acting.run(() => write({ task: task.id, change: what }))
  return (
    <aside class="panel" aria-labelledby="subtask-title">
      <header>
        <h2 id="subtask-title">
          <span class="dim">{subtask.id}</span> {subtask.title}
        </h2>
        <a class="icon-button" href={formatRoute(above)} aria-label="Close" title="Close">
          <Icon name="close" />
        </a>
      </header>
      {task.status !== 'ACTIVE' && (
        <p class="soft">
          The task is {task.status === 'HALTED' ? 'halted' : 'completed'}: nothing of it changes until it goes on.
        </p>
      )}
      <label class="subtask-field">
        Who does it
        <AssigneeChoice
          value={subtask.assignee}
          // Not while the choice is under way: the focus would be gone, and the next letters would be commands.
          disabled={!store.canWrite.value || task.status !== 'ACTIVE' || subtask.state === 'done'}
          onChoose={(one) =>
            change({
              ...{ do: 'assign', subtask: subtask.id },
              assignee: one === null ? null : trusted<Assignee>(one),
            })
          }
        />
      </label>
      <fieldset class="subtask-states">
        <legend>Where it stands</legend>
        {STATES.map((state) => (
          <button
            key={state}
            type="button"
            class="button"
            aria-pressed={state === subtask.state}
            disabled={isShut}
            onClick={() => change({ do: 'move', subtask: subtask.id, state })}
          >
            <Icon name={STATE_WORDS[state].icon} />
            {STATE_WORDS[state].word}
          </button>
        ))}
      </fieldset>
      <Progress subtask={subtask} isShut={isShut || subtask.state === 'done'} change={change} />
      <Fault acting={acting} task={task} />
      <Waits task={task} subtask={subtask} isShut={isShut} change={change} />
      <p class="dim">
        Last changed by <AgentTag author={subtask.by} small /> <Age of={subtask.updated_at} past />
      </p>
    </aside>
  )
}

interface ProgressProps extends Pick<SubtaskPanelProps, 'subtask'> {
  readonly isShut: boolean
  readonly change: (what: TaskChange) => void
}

/** How far it is: what is typed is told once the field is left, or Enter is pressed. */
function Progress({ subtask: { id, progress }, isShut, change }: ProgressProps) {
  const { store } = usePage()
  /** It stays while the board around it changes, until the field is left. */
  const typed = useSignal<string | null>(null)
  return (
    <label class="subtask-field subtask-progress">
      How far it is
      <span>
        <input
          class="field"
          type="number"
          min={0}
          max={100}
          step={1}
          required
          value={typed.value ?? progress}
          readOnly={isShut}
          disabled={store.readOnly.value}
          onInput={(event) => (typed.value = event.currentTarget.value)}
          onBlur={() => (typed.value = null)}
          onChange={(event) => {
            const field = event.currentTarget
            if (!field.reportValidity()) return
            if (field.valueAsNumber !== progress) change({ do: 'progress', subtask: id, progress: field.valueAsNumber })
          }}
        />{' '}
        %
      </span>
    </label>
  )
}

interface WaitsProps extends SubtaskPanelProps {
  readonly isShut: boolean
  readonly change: (what: TaskChange) => void
}

function Waits({ task, subtask, isShut, change }: WaitsProps) {
  const others = task.subtasks.filter(({ id }) => id !== subtask.id)
  const open = waitsFor(task, subtask)
  const needed = neededBy(task, subtask)
  if (others.length === 0) return null
  const depend = (id: string, isWanted: boolean) => {
    const rest = subtask.depends_on.filter((one) => one !== id)
    change({ do: 'depend', subtask: subtask.id, depends_on: isWanted ? [...rest, id] : rest })
  }
  return (
    <>
      <fieldset class="subtask-waits">
        <legend>Starts when these are done</legend>
        {others.map(({ id, title, state }) => (
          <label key={id} class="subtask-choice">
            <input
              type="checkbox"
              checked={subtask.depends_on.includes(id)}
              disabled={isShut}
              onClick={(event) => {
                // What stands there is the server's word: a refused dependency must not look like one.
                event.preventDefault()
                depend(id, !subtask.depends_on.includes(id))
              }}
            />
            <span class="dim">{id}</span> <span class="subtask-choice-title">{title}</span>
            <small>{STATE_WORDS[state].word}</small>
          </label>
        ))}
      </fieldset>
      {open.length > 0 && subtask.state === 'waiting' && (
        <p class="subtask-note">
          <Icon name="hourglass" /> It waits for {open.map(({ title }) => title).join(', ')}.
        </p>
      )}
      {needed.length > 0 && (
        <p class="soft">
          {needed.map(({ title }) => title).join(', ')} {needed.length === 1 ? 'waits' : 'wait'} for it.
        </p>
      )}
    </>
  )
}

/** A refused circle is said by the titles of those in it. */
function Fault({ acting, task }: { readonly acting: Acting; readonly task: Task }) {
  const error = acting.fault.value
  const circle = error === null ? null : circleOf(error, task)
  if (circle === null) return <ActingFault of={acting} />
  const named = circle.map(({ id, title }) => `${id} ${title}`)
  const [first = '', ...others] = named
  return (
    <p class="acting-fault" role="alert">
      Not changed, since none of these could ever start: {first} would wait for{' '}
      {others.length === 0 ? 'itself' : [...others, first].join(', which waits for ')}.
    </p>
  )
}
