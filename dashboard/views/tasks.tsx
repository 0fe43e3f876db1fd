/** Tasks: what is to be done, by whom, and how far it is; one board a task. Or one of them, with what a subtask needs. */
import { useSignal } from '@preact/signals'
import type { Task } from '../../protocol/tasks.js'
import { formatCount } from '../model/format.js'
import { isOpen, subtasksDone } from '../model/tasks.js'
import { Age } from '../parts/age.js'
import { Asking } from '../parts/asking.js'
import { usePage } from '../parts/context.js'
import { CopyCommand } from '../parts/copy-command.js'
import { Icon } from '../parts/icon.js'
import { ListKeys } from '../parts/list-keys.js'
import { formatRoute } from '../router.js'
import { NewTask } from './task-new.js'
import { TaskBoard } from './task-board.js'
import { TaskPage } from './task-page.js'

export interface TasksProps {
  readonly id: string | null
  readonly subtask: string | null
}

export function Tasks({ id, subtask }: TasksProps) {
  const { store } = usePage()
  if (!store.tasksKnown.value) return <Asking what="what is to be done" />
  if (id === null) return <AllTasks />
  const task = store.tasks.value.tasks.find((one) => one.id === id)
  return task === undefined ? <NoTask id={id} /> : <TaskPage key={id} task={task} selected={subtask} />
}

function AllTasks() {
  const { store } = usePage()
  const isMaking = useSignal(false)
  const { tasks } = store.tasks.value
  const open = tasks.filter(isOpen)
  const ended = tasks.filter((task) => !isOpen(task))
  const form = isMaking.value && <NewTask level={tasks.length === 0 ? 1 : 2} close={() => (isMaking.value = false)} />
  const begin = !store.readOnly.value && (
    <button type="button" class="button button-primary" onClick={() => (isMaking.value = true)}>
      New task
    </button>
  )
  if (tasks.length === 0) {
    return (
      <>
        <Faults />
        {form || (
          <div class="empty">
            <h1>Nothing is to be done yet</h1>
            <p class="soft">
              A task is split into subtasks, and each goes to an agent. Here, in a terminal, or by a check list in{' '}
              <code>task.md</code>, which stays in step:
            </p>
            <CopyCommand command={'ensemble new --title "Checkout" --subtask "API" --subtask "UI"'} />
            {begin && <p>{begin}</p>}
          </div>
        )}
      </>
    )
  }
  const { done, total } = subtasksDone(tasks)
  return (
    <>
      <div class="headline">
        <h1>{open.length === 0 ? 'Every task is completed' : formatCount(open.length, 'task')}</h1>
        {total > 0 && (
          <p class="soft">
            {done} of {formatCount(total, 'subtask')} done
          </p>
        )}
        <span class="headline-end">{!isMaking.value && begin}</span>
      </div>
      <Faults />
      {form}
      {open.map((task) => (
        <TaskBoard key={task.id} task={task} selected={null} level={2} isBrief />
      ))}
      <Ended tasks={ended} />
      <ListKeys items=".task-card" />
    </>
  )
}

/** As many as show what has just become of one that was here. */
const MOST_ENDED = 20

function Ended({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return null
  const newest = [...tasks].sort((a, b) => b.updated_at - a.updated_at)
  return (
    <section class="ended" aria-labelledby="ended">
      <div class="section-head">
        <h2 id="ended">Completed</h2>
        <span class="dim">{tasks.length}</span>
      </div>
      <ul>
        {newest.slice(0, MOST_ENDED).map((task) => (
          <li key={task.id}>
            <a href={formatRoute({ view: 'tasks', id: task.id, subtask: null })}>{task.title}</a>
            <span class="soft">{formatCount(task.subtasks.length, 'subtask')}</span>
            <span class="dim">
              <Age of={task.updated_at} past />
            </span>
          </li>
        ))}
        {tasks.length > MOST_ENDED && <li class="dim">and {tasks.length - MOST_ENDED} older ones</li>}
      </ul>
    </section>
  )
}

/** Files that look like a task's, and are left alone until they can be read. */
function Faults() {
  const { faults } = usePage().store.tasks.value
  if (faults.length === 0) return null
  return (
    <div class="banner task-faults">
      <Icon name="warning" />
      <ul>
        {faults.map(({ file, message }) => (
          <li key={file}>
            <b>
              <a href={formatRoute({ view: 'files', path: file })}>{file}</a> is not on the board:
            </b>{' '}
            {message}
          </li>
        ))}
      </ul>
    </div>
  )
}

function NoTask({ id }: { readonly id: string }) {
  return (
    <div class="empty">
      <h1>There is no such task</h1>
      <p class="soft">
        The board has no <code>{id}</code>. A completed task whose file was deleted is taken off it.
      </p>
      <p>
        <a href={formatRoute({ view: 'tasks', id: null, subtask: null })}>All tasks</a>
      </p>
    </div>
  )
}
