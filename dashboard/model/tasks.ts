/** The board in the page's terms: what stands in which column, how far each instance is, what waits for what. */
import type { EnsembleError } from '../../protocol/errors.js'
import type { Assignee, Subtask, SubtaskState, Task } from '../../protocol/tasks.js'

/** In the order of their columns. */
export const STATES: readonly SubtaskState[] = ['waiting', 'running', 'review', 'done']

export function isOpen({ status }: Task): boolean {
  return status !== 'COMPLETED'
}

/** Over all that are not completed. */
export function subtasksDone(tasks: readonly Task[]): { readonly done: number; readonly total: number } {
  const subtasks = tasks.filter(isOpen).flatMap((task) => task.subtasks)
  return { done: countsOf(subtasks).done, total: subtasks.length }
}

export type Counts = Readonly<Record<SubtaskState, number>>

export function countsOf(subtasks: readonly Subtask[]): Counts {
  const counts = { waiting: 0, running: 0, review: 0, done: 0 }
  for (const { state } of subtasks) counts[state] += 1
  return counts
}

/** What a subtask depends on and is not done. */
export function waitsFor({ subtasks }: Task, { depends_on }: Subtask): readonly Subtask[] {
  return subtasks.filter(({ id, state }) => depends_on.includes(id) && state !== 'done')
}

/** What depends on it. */
export function neededBy({ subtasks }: Task, { id }: Subtask): readonly Subtask[] {
  return subtasks.filter((one) => one.depends_on.includes(id))
}

export interface InstanceProgress {
  readonly assignee: Assignee
  readonly done: number
  readonly total: number
  /** The mean of its subtasks', rounded down, in percent: as a task's own. */
  readonly progress: number
  /** What it has begun, else what comes next; null: all of it is done. */
  readonly current: Subtask | null
}

/** In the order in which they have their first subtask. What nobody has counts for nobody. */
export function progressByInstance(tasks: readonly Task[]): readonly InstanceProgress[] {
  const byInstance = new Map<Assignee, Subtask[]>()
  for (const subtask of tasks.flatMap(({ subtasks }) => subtasks)) {
    const { assignee } = subtask
    if (assignee === null) continue
    const own = byInstance.get(assignee)
    if (own === undefined) byInstance.set(assignee, [subtask])
    else own.push(subtask)
  }
  return [...byInstance].map(([assignee, subtasks]) => ({
    assignee,
    done: countsOf(subtasks).done,
    total: subtasks.length,
    progress: Math.floor(subtasks.reduce((sum, { progress }) => sum + progress, 0) / subtasks.length),
    current: currentOf(subtasks),
  }))
}

function currentOf(subtasks: readonly Subtask[]): Subtask | null {
  const first = (state: SubtaskState) => subtasks.find((one) => one.state === state)
  return first('running') ?? first('review') ?? first('waiting') ?? null
}

/** What one agent has to do, or did, in tasks that are not completed: what it has begun first, what is done last. */
export function subtasksOf(
  tasks: readonly Task[],
  agent: string,
): readonly { readonly task: Task; readonly subtask: Subtask }[] {
  const rank = ({ state }: Subtask): number => FIRST.indexOf(state)
  return tasks
    .filter(isOpen)
    .flatMap((task) => task.subtasks.map((subtask) => ({ task, subtask })))
    .filter(({ subtask }) => subtask.assignee === agent)
    .sort((a, b) => rank(a.subtask) - rank(b.subtask))
}

const FIRST: readonly SubtaskState[] = ['running', 'review', 'waiting', 'done']

/** Who can be given a subtask: agents by their ids, and whole types. */
export interface Assignees {
  readonly agents: readonly string[]
  readonly types: readonly string[]
}

/** @param here the ids of the agents that are connected */
export function assigneesOf(here: readonly string[], tasks: readonly Task[]): Assignees {
  const all = [...here, ...tasks.flatMap(({ agents }) => agents)]
  const agents = all.filter(isInstance)
  const types = all.map((one) => (isInstance(one) ? one.slice(0, one.indexOf('-')) : one))
  const sorted = (names: readonly string[]) => [...new Set(names)].sort()
  return { agents: sorted(agents), types: sorted(types) }
}

/** One agent, not any of a type. */
export function isInstance(assignee: string): boolean {
  return assignee.includes('-')
}

/** The circle that a refused dependency would have closed: each waits for the next, the last for the first; null: none. */
export function circleOf({ data }: EnsembleError, { subtasks }: Task): readonly Subtask[] | null {
  const { cycle } = data
  if (!Array.isArray(cycle)) return null
  const steps = cycle.slice(0, -1).flatMap((id) => subtasks.find((one) => one.id === id) ?? [])
  return steps.length === 0 ? null : steps
}
