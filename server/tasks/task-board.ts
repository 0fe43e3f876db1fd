/**
 * The board: what may become of a task, decided without a clock, a file or a socket.
 *
 * 1. Of many that claim one subtask, one gets it; asking again changes nothing.
 * 2. Dependencies are within one task and have no cycle; a subtask starts once what it depends on is done.
 * 3. Of a task that is not active no subtask changes.
 * 4. A refusal is a value: the board is then the one that was handed in.
 */
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import { actingAgent, splitAgentId, type AgentId, type Author, type TaskId, type WriteId } from '../../protocol/ids.js'
import {
  MAX_SUBTASKS,
  MAX_TASKS,
  rolledUp,
  type Assignee,
  type Subtask,
  type SubtaskState,
  type Task,
  type TaskChange,
  type TaskCommand,
  type TaskStatus,
} from '../../protocol/tasks.js'
import { unknownSubtask, unknownTask } from './task-faults.js'

/** A task with what only the board has to know of it. */
export interface Entry {
  readonly task: Task
  /** Number of the next subtask. */
  readonly next: number
  /** What was made by which write id: a subtask, or (null) the task itself. */
  readonly asked: Readonly<Record<WriteId, string | null>>
}

export type Board = ReadonlyMap<TaskId, Entry>

export interface Done {
  readonly kind: 'done'
  /** The same where nothing changed. */
  readonly entry: Entry
  readonly subtask: string | null
  /** In a word: what happened. */
  readonly change: string
  readonly changed: boolean
}
export type Decision = Done | { readonly kind: 'refused'; readonly error: EnsembleError }

export function tasksOf(board: Board): Task[] {
  return [...board.values()].map(({ task }) => task)
}

type Of<D extends TaskChange['do']> = Extract<TaskChange, { do: D }>
type Create = Extract<TaskCommand, { create: unknown }>
type Turn = 'halt' | 'resume' | 'complete'

/** @param newId for a task that is made */
export function decide(board: Board, command: TaskCommand, by: Author, now: number, newId: () => TaskId): Decision {
  if ('create' in command) return create(board, command, by, now, newId)
  const { task, change, writeId } = command
  const entry = board.get(task)
  if (entry === undefined) return refused(unknownTask(tasksOf(board), task))
  switch (change.do) {
    case 'halt':
    case 'resume':
    case 'complete':
      return turn(entry, change.do, by, now)
    case 'add':
      return add(entry, change, writeId, by, now)
    case 'claim':
      return claim(entry, change, by, now)
    case 'assign':
    case 'move':
    case 'progress':
    case 'depend': {
      const subtask = entry.task.subtasks.find(({ id }) => id === change.subtask)
      if (subtask === undefined) return refused(unknownSubtask(entry.task, change.subtask))
      return notActive(entry.task) ?? withSubtask(entry, subtask, change, by, now)
    }
    default:
      return unreachable(change)
  }
}

function create(board: Board, command: Create, by: Author, now: number, newId: () => TaskId): Decision {
  const { title, mode, agents, subtasks } = command.create
  const { writeId } = command
  const known = [...board.values()].find(({ asked }) => Object.hasOwn(asked, writeId) && asked[writeId] === null)
  if (known !== undefined) return same(known, null)
  if (board.size >= MAX_TASKS) {
    return refused(
      new EnsembleError('E_LIMIT', `The board has ${board.size} tasks, the limit is ${MAX_TASKS}.`, {
        hint: 'Delete the files of completed tasks: that takes them off the board.',
      }),
    )
  }
  const made = subtasks.map((one, index) => newSubtask(String(index + 1), one, [], by, now))
  const task: Task = {
    ...{ id: newId(), title, status: 'ACTIVE', mode, agents: [...agents], subtasks: made },
    ...{ progress: 0, file: null, by, created_at: now, updated_at: now },
  }
  return changed({ task, next: made.length + 1, asked: { [writeId]: null } }, null, 'created', now)
}

const TURNS: Readonly<Record<Turn, { to: TaskStatus; change: string; from: readonly TaskStatus[] }>> = {
  halt: { to: 'HALTED', change: 'halted', from: ['ACTIVE'] },
  resume: { to: 'ACTIVE', change: 'resumed', from: ['HALTED', 'COMPLETED'] },
  complete: { to: 'COMPLETED', change: 'completed', from: ['ACTIVE', 'HALTED'] },
}

function turn(entry: Entry, what: Turn, by: Author, now: number): Decision {
  const { task } = entry
  const { to, change, from } = TURNS[what]
  if (task.status === to) return same(entry, null)
  if (!from.includes(task.status))
    return refusedFor(task, `is ${task.status}, and can't be ${change}`, 'Resume it first.')
  const open = what === 'complete' ? task.subtasks.filter(({ state }) => state !== 'done') : []
  if (open.length > 0) {
    const named = open.slice(0, 3).map(({ id, title }) => `${id} "${title}"`)
    const more = open.length > 3 ? ` and ${open.length - 3} more` : ''
    return refusedFor(
      task,
      `has subtasks that are not done: ${named.join(', ')}${more}`,
      'Finish them first, or halt the task.',
    )
  }
  return changed({ ...entry, task: { ...task, status: to, by } }, null, change, now)
}

function add(
  entry: Entry,
  { title, assignee, depends_on }: Of<'add'>,
  writeId: WriteId,
  by: Author,
  now: number,
): Decision {
  const { task, next, asked } = entry
  const known = Object.hasOwn(asked, writeId) ? asked[writeId] : null
  if (known != null) return same(entry, known)
  const closed = notActive(task)
  if (closed !== undefined) return closed
  if (task.subtasks.length >= MAX_SUBTASKS) {
    return refused(
      new EnsembleError('E_LIMIT', `Task ${task.id} has ${MAX_SUBTASKS} subtasks, which is the limit.`, {
        hint: 'Make another task.',
      }),
    )
  }
  const id = String(next)
  const unknown = depends_on.find((on) => !task.subtasks.some((one) => one.id === on))
  if (unknown !== undefined) return refused(unknownSubtask(task, unknown))
  const made = newSubtask(id, { title, assignee }, depends_on, by, now)
  const subtasks = [...task.subtasks, made]
  return changed({ task: { ...task, subtasks }, next: next + 1, asked: { ...asked, [writeId]: id } }, id, 'added', now)
}

export function newSubtask(
  id: string,
  { title, assignee }: Pick<Subtask, 'title' | 'assignee'>,
  depends_on: readonly string[],
  by: Author,
  now: number,
): Subtask {
  const own = { id, title, assignee, depends_on: [...new Set(depends_on)] }
  return { ...own, state: 'waiting', progress: 0, by, updated_at: now }
}

function claim(entry: Entry, { subtask: id }: Of<'claim'>, by: Author, now: number): Decision {
  const { task } = entry
  const agent = actingAgent(by)
  if (agent === undefined) {
    return refused(
      new EnsembleError('E_BAD_REQUEST', 'A subtask is claimed by an agent, and nobody was named.', {
        hint: 'Say who, as --as CLAUDE-frontend.',
      }),
    )
  }
  const isMine = ({ assignee }: Subtask): boolean => assignee === null || isOrHas(assignee, agent)
  const wanted = id === null ? undefined : task.subtasks.find((one) => one.id === id)
  if (id !== null && wanted === undefined) return refused(unknownSubtask(task, id))
  if (wanted?.state === 'running' && wanted.assignee === agent) return same(entry, wanted.id)
  const closed = notActive(task)
  if (closed !== undefined) return closed
  const isFree = (one: Subtask): boolean => one.state === 'waiting' && waitsFor(task, one).length === 0 && isMine(one)
  // What is assigned to the asker comes before what anyone may take.
  const chosen =
    wanted ?? task.subtasks.find((one) => isFree(one) && one.assignee !== null) ?? task.subtasks.find(isFree)
  if (chosen === undefined) {
    return refusedFor(task, `has nothing that ${agent} could begin now`, 'Look at who has what.')
  }
  if (!isMine(chosen))
    return refusedFor(
      task,
      `gives subtask ${chosen.id} "${chosen.title}" to ${chosen.assignee ?? 'others'}`,
      'Claim another one.',
      chosen,
    )
  return start(entry, { ...chosen, assignee: agent }, by, now, 'claimed')
}

/** Of one that is waiting. */
function start(entry: Entry, subtask: Subtask, by: Author, now: number, change: string): Decision {
  const { task } = entry
  if (subtask.state !== 'waiting') {
    return refusedFor(
      task,
      `has subtask ${subtask.id} "${subtask.title}" in state ${subtask.state}`,
      'Claim another one.',
      subtask,
    )
  }
  return waiting(task, subtask) ?? put(entry, { ...subtask, state: 'running' }, by, now, change)
}

/** Refuses what may not have begun: it depends on what is not done. */
function waiting(task: Task, subtask: Subtask): Decision | undefined {
  const open = subtask.state === 'waiting' ? waitsFor(task, subtask) : []
  if (open.length === 0) return undefined
  const named = open.map(({ id, title }) => `${id} "${title}"`).join(', ')
  return refusedFor(task, `lets subtask ${subtask.id} wait for ${named}`, 'Finish that first.', subtask)
}

function withSubtask(
  entry: Entry,
  subtask: Subtask,
  command: Of<'assign' | 'move' | 'progress' | 'depend'>,
  by: Author,
  now: number,
): Decision {
  const { task } = entry
  switch (command.do) {
    case 'assign': {
      if (subtask.assignee === command.assignee) return same(entry, subtask.id)
      if (subtask.state === 'done')
        return refusedFor(task, `has subtask ${subtask.id} done already`, 'Move it back first.', subtask)
      // Whoever has it now has not begun.
      return put(entry, { ...subtask, assignee: command.assignee, state: 'waiting' }, by, now, 'assigned')
    }
    case 'move':
      return move(entry, subtask, command.state, by, now)
    case 'progress': {
      if (subtask.progress === command.progress) return same(entry, subtask.id)
      if (subtask.state === 'done')
        return refusedFor(task, `has subtask ${subtask.id} done already`, 'Move it back first.', subtask)
      return put(entry, { ...subtask, progress: command.progress }, by, now, 'progress')
    }
    case 'depend': {
      const depends_on = [...new Set(command.depends_on)]
      const unknown = depends_on.find((id) => !task.subtasks.some((one) => one.id === id))
      if (unknown !== undefined) return refused(unknownSubtask(task, unknown))
      if (depends_on.join() === subtask.depends_on.join()) return same(entry, subtask.id)
      const next = { ...subtask, depends_on }
      if (subtask.state === 'done' && waitsFor(task, next).length > 0)
        return refusedFor(task, `has subtask ${subtask.id} done already`, 'Move it back first.', subtask)
      const cycle = cycleThrough(next, task.subtasks)
      if (cycle !== undefined) {
        return refusedFor(
          task,
          `would go round in a circle: ${cycle.join(' → ')}`,
          'Take one of these dependencies away.',
          subtask,
          { cycle },
        )
      }
      return put(entry, next, by, now, 'depends')
    }
    default:
      return unreachable(command)
  }
}

function move(entry: Entry, subtask: Subtask, state: SubtaskState, by: Author, now: number): Decision {
  if (subtask.state === state) return same(entry, subtask.id)
  const agent = actingAgent(by)
  const { assignee } = subtask
  // A person may move anything; what is in review, whoever reviews it.
  if (agent !== undefined && assignee !== null && subtask.state !== 'review' && !isOrHas(assignee, agent)) {
    return refusedFor(
      entry.task,
      `gives subtask ${subtask.id} "${subtask.title}" to ${assignee}`,
      'Only its agent or a person moves it.',
      subtask,
    )
  }
  switch (state) {
    case 'running':
      if (subtask.state === 'waiting')
        return start(entry, { ...subtask, assignee: agent ?? assignee }, by, now, 'started')
      return put(entry, { ...subtask, state, progress: Math.min(subtask.progress, 99) }, by, now, 'reopened')
    case 'waiting':
      return put(entry, { ...subtask, state, progress: 0 }, by, now, 'reopened')
    case 'review':
      return waiting(entry.task, subtask) ?? put(entry, { ...subtask, state }, by, now, 'review')
    case 'done':
      return (
        waiting(entry.task, subtask) ??
        put(entry, finished({ ...subtask, assignee: assignee ?? agent ?? null }), by, now, 'done')
      )
    default:
      return unreachable(state)
  }
}

export function finished(subtask: Subtask): Subtask {
  return { ...subtask, state: 'done', progress: 100 }
}

function isOrHas(assignee: Assignee, agent: AgentId): boolean {
  return assignee === agent || assignee === splitAgentId(agent).type
}

/** What a subtask depends on and is not done. */
export function waitsFor({ subtasks }: Task, { depends_on }: Subtask): Subtask[] {
  return subtasks.filter(({ id, state }) => depends_on.includes(id) && state !== 'done')
}

/** The ids on a way from `changed` through its dependencies back to it. */
function cycleThrough(changed: Subtask, subtasks: readonly Subtask[]): string[] | undefined {
  const all = new Map(subtasks.map((one) => [one.id, one]))
  all.set(changed.id, changed)
  const cameFrom = new Map<string, string>()
  const open = [changed.id]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const on of all.get(id)?.depends_on ?? []) {
      if (on === changed.id) {
        const way = [changed.id]
        for (let step: string | undefined = id; step !== undefined; step = cameFrom.get(step)) way.unshift(step)
        return way
      }
      if (cameFrom.has(on)) continue
      cameFrom.set(on, id)
      open.push(on)
    }
  }
  return undefined
}

function put(entry: Entry, subtask: Subtask, by: Author, now: number, change: string): Decision {
  const own = { ...subtask, by, updated_at: now }
  const subtasks = entry.task.subtasks.map((one) => (one.id === own.id ? own : one))
  return changed({ ...entry, task: { ...entry.task, subtasks } }, own.id, change, now)
}

function changed(entry: Entry, subtask: string | null, change: string, now: number): Done {
  return { kind: 'done', entry: { ...entry, task: settled(entry.task, now) }, subtask, change, changed: true }
}

/** A task with what follows from its parts. */
export function settled(task: Task, now: number): Task {
  const assigned = task.subtasks.flatMap(({ assignee }) => assignee ?? [])
  const agents = [...new Set([...task.agents, ...assigned])]
  return { ...task, agents, progress: rolledUp(task.status, task.subtasks), updated_at: now }
}

function same(entry: Entry, subtask: string | null): Done {
  return { kind: 'done', entry, subtask, change: 'nothing', changed: false }
}

function refused(error: EnsembleError): Decision {
  return { kind: 'refused', error }
}

function notActive(task: Task): Decision | undefined {
  if (task.status === 'ACTIVE') return undefined
  return refusedFor(task, `is ${task.status}`, `"ensemble tasks resume ${task.id}" goes on with it.`)
}

function refusedFor(task: Task, what: string, hint: string, subtask?: Subtask, more: object = {}): Decision {
  return refused(
    new EnsembleError('E_TASK', `Task ${task.id} ${what}.`, {
      hint,
      data: {
        task: task.id,
        status: task.status,
        ...(subtask === undefined ? {} : { subtask: subtask.id, state: subtask.state, assignee: subtask.assignee }),
        ...more,
        try: `ensemble tasks show ${task.id}`,
      },
    }),
  )
}
