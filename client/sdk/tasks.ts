/** What a client changes of tasks, in the words of the board; and the board with what waits for the server on it. */
import { z } from 'zod'
import { unreachable } from '../../protocol/errors.js'
import {
  taskChange,
  type SubtaskState,
  type Task,
  type TaskChange,
  type TaskCommand,
  type TaskStatus,
} from '../../protocol/tasks.js'
import { parsed } from './parse-asks.js'

/** What is to be other than it is. */
export interface TaskUpdates {
  readonly status?: TaskStatus
  /** By the numbers of subtasks. `progress` in percent. */
  readonly subtasks?: Readonly<Record<string, { readonly state?: SubtaskState; readonly progress?: number }>>
}

const WORD = { ACTIVE: 'resume', HALTED: 'halt', COMPLETED: 'complete' } as const

/** The subtasks first, so that what is completed is complete. @throws EnsembleError E_BAD_REQUEST */
export function changesOf({ status, subtasks = {} }: TaskUpdates): TaskChange[] {
  const parts = Object.entries(subtasks).flatMap(([subtask, { state, progress }]) => [
    ...(state === undefined ? [] : [{ do: 'move', subtask, state }]),
    ...(progress === undefined ? [] : [{ do: 'progress', subtask, progress }]),
  ])
  const whole = status === undefined ? [] : [{ do: WORD[status] }]
  const changes = z.array(taskChange).min(1, 'nothing is to be changed')
  return parsed(changes, [...parts, ...whole], 'It reads {status: "HALTED"}, or {subtasks: {"2": {state: "done"}}}.')
}

/** As the board will show it; the progress of the whole is left to the server. */
export function withPending(tasks: readonly Task[], pending: readonly TaskCommand[]): readonly Task[] {
  return pending.reduce(
    (now, command) =>
      'task' in command ? now.map((one) => (one.id === command.task ? withChange(one, command.change) : one)) : now,
    tasks,
  )
}

function withChange(task: Task, change: TaskChange): Task {
  switch (change.do) {
    case 'halt':
      return { ...task, status: 'HALTED' }
    case 'resume':
      return { ...task, status: 'ACTIVE' }
    case 'complete':
      return { ...task, status: 'COMPLETED' }
    case 'move':
      return withSubtask(task, change.subtask, { state: change.state })
    case 'progress':
      return withSubtask(task, change.subtask, { progress: change.progress })
    case 'assign':
      return withSubtask(task, change.subtask, { assignee: change.assignee })
    case 'depend':
      return withSubtask(task, change.subtask, { depends_on: change.depends_on })
    case 'add':
    case 'claim':
      return task // whether and as what, the server decides
    default:
      return unreachable(change)
  }
}

function withSubtask(task: Task, id: string, change: Partial<Task['subtasks'][number]>): Task {
  return { ...task, subtasks: task.subtasks.map((one) => (one.id === id ? { ...one, ...change } : one)) }
}
