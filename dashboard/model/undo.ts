/**
 * What takes a change of the board back: decisions only. A change is taken back by another one; a subtask that was split off by taking
 * its line out of the task's file, and a new task by dumping that file, as people do by hand.
 */
import { unreachable } from '../../protocol/errors.js'
import type { Author } from '../../protocol/ids.js'
import type { Subtask, Task, TaskChange, TaskReply } from '../../protocol/tasks.js'
import type { TaskWish } from '../link.js'
import { waitsFor } from './tasks.js'

export type Back =
  /** One after the other. */
  | { readonly kind: 'change'; readonly changes: readonly TaskChange[] }
  | { readonly kind: 'take-out'; readonly subtask: Subtask }
  | { readonly kind: 'dump' }

export interface Undoing {
  /** What was done: "Halted Shop". */
  readonly words: string
  readonly task: Task['id']
  readonly back: Back
  /** Who has built on it since; null: nobody. @param now the task as it is; undefined: it is gone */
  readonly builtOn: (now: Task | undefined) => Author | 'gone' | null
}

/** @param before the task as it was; undefined: there was none @returns null: nothing was changed, or nothing takes it back */
export function undoOf(
  before: Task | undefined,
  wish: TaskWish,
  { task, subtask, changed }: TaskReply,
): Undoing | null {
  if (!changed) return null
  const of = (words: string, back: Back, builtOn: Undoing['builtOn']): Undoing => ({
    ...{ words, task: task.id, back },
    builtOn: (now) => (now === undefined ? 'gone' : builtOn(now)),
  })
  if ('create' in wish) return of(`Made ${task.title}`, { kind: 'dump' }, (now) => othersIn(task, now))
  const own = task.subtasks.find(({ id }) => id === subtask)
  const was = before?.subtasks.find(({ id }) => id === subtask)
  const onSubtask: Undoing['builtOn'] = (now) => {
    const is = now?.subtasks.find(({ id }) => id === subtask)
    if (is === undefined || own === undefined) return 'gone'
    return isAs(is, own) ? null : is.by
  }
  const { change } = wish
  switch (change.do) {
    case 'halt':
    case 'resume':
    case 'complete': {
      const changes = before === undefined ? [] : turnsTo(before.status, task.status)
      const back = { kind: 'change', changes } as const
      return of(`${TURNED[change.do]} ${task.title}`, back, (now) => (now?.status === task.status ? null : by(now)))
    }
    case 'add':
      if (own === undefined) return null
      return of(`Split off ${own.title}`, { kind: 'take-out', subtask: own }, (now) => {
        const needs = now?.subtasks.find((one) => one.depends_on.includes(own.id))
        return onSubtask(now) ?? needs?.by ?? null
      })
    case 'assign':
    case 'move':
    case 'progress':
    case 'depend': {
      if (own === undefined || was === undefined || before === undefined) return null
      // Done although it waits for others: the board lets nothing come to that by itself.
      const isApart = was.state === 'done' && waitsFor(before, was).length > 0
      if (isApart && (own.state !== 'done' || change.do === 'depend')) return null
      const words = `Changed ${own.title}: ${deed(own, change)}`
      return of(words, { kind: 'change', changes: changesTo(was, own) }, onSubtask)
    }
    case 'claim':
      return null
    default:
      return unreachable(change)
  }
}

const TURNED = { halt: 'Halted', resume: 'Resumed', complete: 'Completed' } as const

function by(now: Task | undefined): Author | 'gone' {
  return now?.by ?? 'gone'
}

/** Someone else who changed the task, or something of it, since it was made. */
function othersIn(made: Task, now: Task | undefined): Author | 'gone' | null {
  if (now === undefined) return 'gone'
  if (now.status !== made.status) return now.by
  const other = now.subtasks.find((one) => {
    const was = made.subtasks.find(({ id }) => id === one.id)
    return was === undefined || !isAs(one, was)
  })
  return other?.by ?? null
}

function isAs(one: Subtask, other: Subtask): boolean {
  return (
    one.title === other.title &&
    one.state === other.state &&
    one.assignee === other.assignee &&
    one.progress === other.progress &&
    one.depends_on.join() === other.depends_on.join()
  )
}

function turnsTo(was: Task['status'], is: Task['status']): readonly TaskChange[] {
  if (was === is) return []
  switch (was) {
    case 'ACTIVE':
      return [{ do: 'resume' }]
    case 'HALTED':
      return is === 'COMPLETED' ? [{ do: 'resume' }, { do: 'halt' }] : [{ do: 'halt' }]
    case 'COMPLETED':
      return [{ do: 'complete' }]
    default:
      return unreachable(was)
  }
}

/** In the order in which the board takes them: what is done is changed no more, and what is given to someone waits. */
function changesTo(was: Subtask, is: Subtask): readonly TaskChange[] {
  const subtask = is.id
  const changes: TaskChange[] = []
  let { state, progress } = is
  const move = (to: Subtask['state']) => {
    if (state === to) return
    changes.push({ do: 'move', subtask, state: to })
    if (to === 'waiting') progress = 0
    else if (to === 'done') progress = 100
    else if (to === 'running' && state !== 'waiting') progress = Math.min(progress, 99)
    state = to
  }
  if (was.state !== 'done' && state === 'done') move(was.state)
  // What it waits for now may not be what it waited for when it began.
  const begins = was.state === 'running' || was.state === 'review'
  let { depends_on } = is
  const depend = (on: readonly string[]) => {
    if (on.join() !== depends_on.join()) changes.push({ do: 'depend', subtask, depends_on: [...on] })
    depends_on = [...on]
  }
  const starts = begins && (state === 'waiting' || was.assignee !== is.assignee)
  depend(starts ? [] : was.depends_on)
  if (was.assignee !== is.assignee) {
    changes.push({ do: 'assign', subtask, assignee: was.assignee })
    state = 'waiting'
  }
  if (was.state !== 'done') move(was.state)
  if (was.progress !== progress && was.state !== 'done')
    changes.push({ do: 'progress', subtask, progress: was.progress })
  move(was.state)
  depend(was.depends_on)
  return changes
}

function deed(own: Subtask, change: TaskChange): string {
  switch (change.do) {
    case 'assign':
      return own.assignee === null ? 'nobody has it' : `${own.assignee} has it`
    case 'move':
      return own.state
    case 'progress':
      return `${own.progress} %`
    default:
      return 'what it waits for'
  }
}

/** The file of a task without the line of a subtask, the last that reads so; null: no line does. */
export function withoutLine(text: string, { title, assignee }: Pick<Subtask, 'title' | 'assignee'>): string | null {
  const words = assignee === null ? title : `${assignee}: ${title}`
  // Split behind each line end, so that all others stay as they are.
  const lines = text.split(/(?<=\n)/)
  const at = lines.findLastIndex((line) => /^[-*+][ \t]+\[ \][ \t]+(\S.*)$/.exec(line.trimEnd())?.[1] === words)
  return at === -1 ? null : lines.toSpliced(at, 1).join('')
}
