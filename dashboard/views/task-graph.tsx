/** What waits for what: the subtasks of one task, from what can start first to what needs it. */
import type { Task } from '../../protocol/tasks.js'
import { AssigneeTag } from '../parts/assignee.js'
import { Graph } from '../parts/graph.js'
import { StateGlyph } from '../parts/subtask-state.js'
import { formatRoute } from '../router.js'

export interface TaskGraphProps {
  readonly task: Task
  readonly selected: string | null
}

export function TaskGraph({ task, selected }: TaskGraphProps) {
  const edges = task.subtasks.flatMap(({ id, depends_on }) => depends_on.map((from) => ({ from, to: id })))
  const tied = task.subtasks.filter(({ id }) => edges.some(({ from, to }) => from === id || to === id))
  const titleOf = (id: string) => task.subtasks.find((one) => one.id === id)?.title ?? id
  return (
    <Graph
      label="What waits for what"
      nodes={tied.map(({ id }) => id)}
      edges={edges}
      words={({ from, to }) => `${titleOf(to)} waits for ${titleOf(from)}`}
      node={(id) => {
        const subtask = tied.find((one) => one.id === id)
        if (subtask === undefined) return null
        return (
          <a
            class="graph-box"
            href={formatRoute({ view: 'tasks', id: task.id, subtask: id })}
            aria-current={id === selected ? 'true' : undefined}
            title={subtask.title}
          >
            <span class="graph-title">
              <StateGlyph state={subtask.state} />
              {subtask.title}
            </span>
            <AssigneeTag assignee={subtask.assignee} />
          </a>
        )
      }}
    />
  )
}
