/** One task: its board, how far each instance is, what waits for what, and beside it the subtask that is selected. */
import { useSignal } from '@preact/signals'
import type { Task } from '../../protocol/tasks.js'
import { progressByInstance } from '../model/tasks.js'
import { Age } from '../parts/age.js'
import { AgentTag } from '../parts/agent-tag.js'
import { Icon } from '../parts/icon.js'
import { ListKeys } from '../parts/list-keys.js'
import { formatRoute } from '../router.js'
import { InstanceRows } from './task-progress.js'
import { TaskBoard } from './task-board.js'
import { SubtaskPanel } from './task-subtask.js'
import { TaskGraph } from './task-graph.js'

export interface TaskPageProps {
  readonly task: Task
  /** The number of a subtask. */
  readonly selected: string | null
}

export function TaskPage({ task, selected }: TaskPageProps) {
  const isDrawn = useSignal(false)
  const subtask = task.subtasks.find(({ id }) => id === selected)
  const instances = progressByInstance([task])
  const depends = task.subtasks.some(({ depends_on }) => depends_on.length > 0)
  return (
    <div class={subtask === undefined ? undefined : 'beside'}>
      <nav class="crumb" aria-label="Above">
        <a href={formatRoute({ view: 'tasks', id: null, subtask: null })}>
          <Icon name="back" /> All tasks
        </a>
        {depends && (
          <button
            type="button"
            class="button button-ghost"
            aria-pressed={isDrawn}
            onClick={() => (isDrawn.value = !isDrawn.value)}
          >
            Dependencies
          </button>
        )}
      </nav>
      {selected !== null && subtask === undefined && (
        <p class="banner">
          <Icon name="warning" />
          <span>
            <b>This task has no subtask {selected}.</b> It may have been taken out of the task’s file.
          </span>
        </p>
      )}
      {subtask !== undefined && <SubtaskPanel key={subtask.id} task={task} subtask={subtask} />}
      <div class="beside-main">
        <TaskBoard task={task} selected={selected} level={1}>
          {isDrawn.value && <TaskGraph task={task} selected={selected} />}
        </TaskBoard>
        {instances.length > 0 && (
          <section class="task-instances" aria-labelledby="instances">
            <div class="section-head">
              <h2 id="instances">By instance</h2>
            </div>
            <InstanceRows instances={instances} />
          </section>
        )}
        <p class="dim task-told">
          <code>{task.id}</code>, last changed <Age of={task.updated_at} past />
          {task.status !== 'ACTIVE' && (
            <>
              ; {task.status === 'HALTED' ? 'halted' : 'completed'} by <AgentTag author={task.by} small />
            </>
          )}
        </p>
      </div>
      <ListKeys items=".task-card" />
    </div>
  )
}
