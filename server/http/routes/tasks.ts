/** `/api/tasks`: what is to be done, and by whom. */
import { z } from 'zod'
import { taskId } from '../../../protocol/ids.js'
import { newTask, task as taskSchema, taskChange, taskList, taskReply } from '../../../protocol/tasks.js'
import type { TaskService } from '../../tasks/task-service.js'
import { route, type Route } from '../operation.js'

export interface TasksRouteOptions {
  readonly tasks: TaskService
}

const params = z.object({ id: taskId })

export function tasksRoutes({ tasks }: TasksRouteOptions): readonly Route[] {
  return [
    route(
      {
        ...{ id: 'listTasks', method: 'get', path: '/api/tasks' },
        summary: 'Every task, those that go on first; and the files that can’t be read as a task’s.',
        asks: {},
        answer: taskList,
        errors: ['E_STORAGE_DEGRADED'],
      },
      () => tasks.list(),
    ),
    route(
      {
        ...{ id: 'getTask', method: 'get', path: '/api/tasks/{id}' },
        summary: 'One task with its subtasks.',
        asks: { params },
        answer: taskSchema,
        errors: ['E_NOT_FOUND', 'E_STORAGE_DEGRADED'],
      },
      ({ params: { id } }) => tasks.show(id),
    ),
    route(
      {
        ...{ id: 'createTask', method: 'post', path: '/api/tasks' },
        summary: 'Makes a task, and its file.',
        asks: { body: newTask },
        answer: taskReply,
        writes: true,
      },
      ({ body: create, writeId, author }) => tasks.command({ writeId, create }, author),
    ),
    route(
      {
        ...{ id: 'changeTask', method: 'post', path: '/api/tasks/{id}' },
        summary:
          'Adds, assigns, claims or moves a subtask; says how far it is or what it depends on; halts, resumes or completes the task.',
        asks: { params, body: taskChange },
        answer: taskReply,
        writes: true,
        errors: ['E_NOT_FOUND', 'E_TASK'],
      },
      ({ params: { id: task }, body: change, writeId, author }) => tasks.command({ writeId, task, change }, author),
    ),
  ]
}
