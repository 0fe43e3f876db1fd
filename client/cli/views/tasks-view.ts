/** Tasks as a table, and one of them whole. */
import { agentId } from '../../../protocol/ids.js'
import type { SubtaskState, Task, TaskList, TaskStatus } from '../../../protocol/tasks.js'
import type { Paint, Tone } from '../colour.js'
import { table, type Cell } from '../table.js'
import { count, cutPath } from '../words.js'

export interface TaskWords {
  readonly nameOf: (author: string) => string
  readonly paint: Paint
  /** `ensemble`, as it was called. */
  readonly command: string
}

/** Widest title in a table. In characters. */
const TITLE_WIDTH = 48
const STATUS_TONE: Partial<Record<TaskStatus, Tone>> = { ACTIVE: 'good', HALTED: 'waiting' }
const STATE_TONE: Partial<Record<SubtaskState, Tone>> = { running: 'good', review: 'waiting' }

export function taskLines({ tasks, faults }: TaskList, { paint, command }: TaskWords): string[] {
  const rows = tasks.map(({ id, title, status, progress, subtasks }): Cell[] => [
    { text: id },
    toned(status, STATUS_TONE[status]),
    { text: `${progress} %` },
    { text: `${subtasks.filter(({ state }) => state === 'done').length} of ${subtasks.length}` },
    { text: cutPath(title, TITLE_WIDTH) },
  ])
  const unread = faultLines(faults, paint)
  const [first] = tasks
  return [
    ...(tasks.length === 0 ? ['There is no task.'] : table(['id', 'status', 'done', 'subtasks', 'title'], rows, paint)),
    ...(unread.length === 0 ? [] : ['', ...unread]),
    '',
    first === undefined ? `next  ${command} new --title "…"` : `next  ${command} tasks show ${first.id}`,
  ]
}

/** @param touched the subtask that was just changed */
export function taskWhole(task: Task, { nameOf, paint, command }: TaskWords, touched: string | null = null): string[] {
  const { id, title, status, mode, progress, subtasks, file } = task
  const rows = subtasks.map((one): Cell[] => [
    { text: one.id === touched ? `› ${one.id}` : `  ${one.id}` },
    toned(one.state, STATE_TONE[one.state]),
    { text: one.state === 'done' ? '' : `${one.progress} %` },
    { text: one.assignee === null ? '' : nameOf(one.assignee) },
    { text: one.depends_on.length === 0 || one.state === 'done' ? '' : `after ${one.depends_on.join(', ')}` },
    { text: cutPath(one.title, TITLE_WIDTH) },
  ])
  return [
    `${paint('strong', title)}  ${paint(STATUS_TONE[status] ?? 'quiet', status)}  ${mode}  ${progress} %`,
    `  ${id}${file === null ? '' : `, ${file}`}`,
    ...(rows.length === 0 ? [] : ['', ...table(['', 'state', 'done', 'who', 'waits', 'subtask'], rows, paint)]),
    '',
    `next  ${command} ${nextOf(task)}`,
  ]
}

function nextOf({ id, status, subtasks }: Task): string {
  if (status !== 'ACTIVE') return `tasks resume --task ${id}`
  if (subtasks.length === 0) return `assign --instance frontend --subtask "…" --task ${id}`
  if (subtasks.every(({ state }) => state === 'done')) return `tasks complete --task ${id}`
  const isDone = (one: string): boolean => subtasks.find((other) => other.id === one)?.state === 'done'
  const free = subtasks.filter(({ state, depends_on }) => state === 'waiting' && depends_on.every(isDone))
  const [begun] = subtasks.filter(({ state }) => state === 'running' || state === 'review')
  const [one] = free
  if (one !== undefined && free.every(({ assignee }) => agentId.safeParse(assignee).success))
    return `tasks claim ${one.id} --task ${id} --as ${one.assignee ?? 'AGENT'}`
  if (one !== undefined) return `tasks claim --task ${id}`
  return begun === undefined ? `tasks show ${id}` : `tasks done ${begun.id} --task ${id}`
}

export function faultLines(faults: TaskList['faults'], paint: Paint): string[] {
  return faults.map(({ file, message }) => `${paint('bad', file)} can’t be read as a task: ${message}`)
}

/** What `status` shows: the tasks that go on. */
export function taskSummary(tasks: readonly Task[], paint: Paint): string[] {
  const open = tasks.filter(({ status }) => status === 'ACTIVE')
  return open.slice(0, 5).map(({ title, progress, subtasks }) => {
    const running = subtasks.filter(({ state }) => state === 'running').length
    return `  task       ${paint('strong', cutPath(title, TITLE_WIDTH))}  ${progress} %, ${count(running, 'subtask')} running`
  })
}

function toned(text: string, tone: Tone | undefined): Cell {
  return tone === undefined ? { text } : { text, tone }
}
