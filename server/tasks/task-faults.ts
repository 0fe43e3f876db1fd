/** What is said of a task or subtask that is not there: what there is instead. */
import { EnsembleError } from '../../protocol/errors.js'
import type { Task } from '../../protocol/tasks.js'

/** How many are named to someone who named none of them. */
const NAMED = 20

export function unknownTask(tasks: readonly Task[], id: string): EnsembleError {
  const shown = tasks.slice(-NAMED).map((task) => `${task.id} "${task.title}"`)
  const there = tasks.length === 0 ? 'There is none yet.' : `There are: ${shown.join(', ')}.`
  return new EnsembleError('E_NOT_FOUND', `There is no task ${id}. ${there}`, {
    hint: tasks.length === 0 ? '"ensemble new --title …" makes one.' : 'See all of them.',
    data: { tasks: tasks.slice(-NAMED).map((task) => task.id), try: 'ensemble tasks list' },
  })
}

export function unknownSubtask(task: Task, id: string): EnsembleError {
  const shown = task.subtasks.slice(0, NAMED).map((one) => `${one.id} "${one.title}"`)
  const there = shown.length === 0 ? 'It has none yet.' : `It has: ${shown.join(', ')}.`
  return new EnsembleError('E_NOT_FOUND', `Task ${task.id} has no subtask ${id}. ${there}`, {
    hint: 'Look at the task.',
    data: { subtasks: task.subtasks.slice(0, NAMED).map((one) => one.id), try: `ensemble tasks show ${task.id}` },
  })
}
