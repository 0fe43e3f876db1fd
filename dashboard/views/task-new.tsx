/** A new task, and at once the subtasks that it is split into. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { trusted } from '../../client/sdk/trusted.js'
import type { Assignee, TaskMode } from '../../protocol/tasks.js'
import { ActingFault, useActing } from '../parts/acting.js'
import { AssigneeChoice } from '../parts/assignee.js'
import { useBoardWrites } from '../parts/board-writes.js'
import { usePage } from '../parts/context.js'

const MODES: readonly { readonly mode: TaskMode; readonly word: string }[] = [
  { mode: 'SOLO', word: 'SOLO, one agent' },
  { mode: 'PAR-MULTI', word: 'PAR-MULTI, several of one model' },
  { mode: 'GCC-RT', word: 'GCC-RT, one plans, one writes, one reviews' },
]

interface Part {
  readonly title: string
  readonly assignee: Assignee | null
}

const NONE: Part = { title: '', assignee: null }

export interface NewTaskProps {
  /** Of its heading. */
  readonly level: 1 | 2
  readonly close: () => void
}

export function NewTask({ level, close }: NewTaskProps) {
  const { router } = usePage()
  const write = useBoardWrites()
  const acting = useActing()
  const Heading = level === 1 ? 'h1' : 'h2'
  const first = useRef<HTMLInputElement>(null)
  const title = useSignal('')
  const mode = useSignal<TaskMode>('PAR-MULTI')
  const parts = useSignal<readonly Part[]>([NONE])
  useEffect(() => first.current?.focus(), [])
  const change = (index: number, part: Part) => {
    const next = parts.value.with(index, part)
    parts.value = next.at(-1)?.title === '' ? next : [...next, NONE]
  }
  const make = async () => {
    const subtasks = parts.value
      .map((part) => ({ ...part, title: part.title.trim() }))
      .filter((part) => part.title !== '')
    const create = { title: title.value.trim(), mode: mode.value, agents: [], subtasks }
    await acting.run(async () => {
      const { task } = await write({ create })
      close()
      router.go({ view: 'tasks', id: task.id, subtask: null })
    })
  }
  return (
    <form
      class="task-new"
      aria-labelledby="new-task"
      onKeyDown={(event) => event.key === 'Escape' && close()}
      onSubmit={(event) => {
        event.preventDefault()
        void make()
      }}
    >
      <Heading id="new-task">New task</Heading>
      <label>
        What is to be done
        <input
          ref={first}
          class="field"
          value={title}
          required
          maxLength={500}
          onInput={(event) => (title.value = event.currentTarget.value)}
        />
      </label>
      <label>
        How it is worked on
        <select
          class="field"
          value={mode.value}
          onChange={(event) => (mode.value = MODES[event.currentTarget.selectedIndex]?.mode ?? mode.value)}
        >
          {MODES.map((one) => (
            <option key={one.mode} value={one.mode}>
              {one.word}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>Subtasks</legend>
        {parts.value.map((part, index) => (
          <div key={index} class="task-part">
            <input
              class="field"
              aria-label={`Subtask ${index + 1}`}
              maxLength={500}
              value={part.title}
              onInput={(event) => change(index, { ...part, title: event.currentTarget.value })}
            />
            <AssigneeChoice
              label={`Who does subtask ${index + 1}`}
              value={part.assignee}
              onChoose={(one) => change(index, { ...part, assignee: one === null ? null : trusted<Assignee>(one) })}
            />
          </div>
        ))}
      </fieldset>
      <p class="task-new-ends">
        <button type="submit" class="button button-primary" disabled={acting.isShut || title.value.trim() === ''}>
          Make the task
        </button>
        <button type="button" class="button button-ghost" onClick={close}>
          Cancel
        </button>
      </p>
      <ActingFault of={acting} />
    </form>
  )
}
