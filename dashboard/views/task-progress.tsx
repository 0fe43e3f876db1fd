/** How far the work is: each task as a whole, and each instance over all of them. */
import { formatCount } from '../model/format.js'
import { countsOf, isInstance, isOpen, progressByInstance, type InstanceProgress } from '../model/tasks.js'
import { shortName } from '../parts/agent-tag.js'
import { AssigneeTag } from '../parts/assignee.js'
import { usePage } from '../parts/context.js'
import { countWords, ProgressBar } from '../parts/progress-bar.js'
import { StateGlyph, StatusWord } from '../parts/subtask-state.js'
import { formatRoute } from '../router.js'

/** More than these would push what happens off the first screen. */
const MOST_TASKS = 3

/** On the overview. */
export function Progress() {
  const { store } = usePage()
  const open = store.tasks.value.tasks.filter(isOpen)
  if (open.length === 0) return null
  return (
    <section class="task-overview" aria-labelledby="progress-title">
      <div class="section-head">
        <h2 id="progress-title">Progress</h2>
        {open.length > MOST_TASKS && (
          <a class="section-end" href={formatRoute({ view: 'tasks', id: null, subtask: null })}>
            {open.length - MOST_TASKS} more
          </a>
        )}
      </div>
      {open.slice(0, MOST_TASKS).map((task) => {
        const counts = countsOf(task.subtasks)
        return (
          <div key={task.id} class="task-summary">
            <p>
              <a href={formatRoute({ view: 'tasks', id: task.id, subtask: null })}>{task.title}</a>
              {task.status === 'HALTED' && <StatusWord status={task.status} />}
              <b>{task.progress} %</b>
            </p>
            <ProgressBar {...counts} />
            <p class="soft">{countWords(counts) || 'no subtasks yet'}</p>
          </div>
        )
      })}
      <InstanceRows instances={progressByInstance(open)} />
    </section>
  )
}

export function InstanceRows({ instances }: { readonly instances: readonly InstanceProgress[] }) {
  const { store } = usePage()
  return (
    <ul class="instances">
      {instances.map(({ assignee, done, total, progress, current }) => (
        <li key={assignee}>
          <AssigneeTag assignee={assignee} />
          <span class="instance-what">
            {isInstance(assignee) && <b>{shortName(store.tag(assignee))}</b>}{' '}
            {current === null ? (
              <span class="state-done">has done all</span>
            ) : (
              <>
                <StateGlyph state={current.state} />
                {current.title}
              </>
            )}
          </span>
          <span class="soft">
            {done} of {formatCount(total, 'subtask')}
          </span>
          <b class="instance-far">{progress} %</b>
        </li>
      ))}
    </ul>
  )
}
