/** Tasks: carries out what is asked of the board, keeps it, tells of it, and keeps the files in step. */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { EventData, WorkspaceEvent } from '../../protocol/events.js'
import type { FileHead } from '../../protocol/files.js'
import {
  agentId,
  agentOfAuthor,
  taskId,
  type AgentId,
  type AgentType,
  type Author,
  type TaskId,
} from '../../protocol/ids.js'
import { isWritable } from '../../protocol/task-markdown.js'
import {
  typeOfAssignee,
  type Subtask,
  type Task,
  type TaskCommand,
  type TaskFault,
  type TaskList,
  type TaskReply,
} from '../../protocol/tasks.js'
import { assertAgentType } from '../auth/agent-type.js'
import { durably } from '../documents/durable-reads.js'
import type { FileStore } from '../documents/file-store.js'
import type { EventBus } from '../events/event-bus.js'
import type { EventLog } from '../events/event-log.js'
import type { CommitQueue, Timers } from '../storage/commit-queue.js'
import type { Row, Storage } from '../storage/storage.js'
import { decide, tasksOf, waitsFor } from './task-board.js'
import { newTaskId, TaskFiles } from './task-files.js'
import { unknownTask } from './task-faults.js'
import { inOrder, TaskTable, type Kept } from './task-table.js'

export interface TaskServiceOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly events: EventLog
  readonly eventBus: EventBus<WorkspaceEvent>
  readonly files: FileStore
  readonly now: () => number
  readonly timers: Timers
  readonly newId: () => string
  /** Of agents, as the configuration allows them. */
  readonly types: readonly AgentType[]
  readonly onError: (error: EnsembleError) => void
  /** Hears after each change who waits for whom because of dependencies: whoever waits for a lock too, may wait in a circle. */
  readonly onWaits: (waits: ReadonlyMap<AgentId, readonly AgentId[]>) => void
}

/** One event each, when a file changed that many subtasks at once; more are told as a change of the task. */
const TOLD_SINGLY = 20

export class TaskService {
  readonly #options: TaskServiceOptions
  readonly #table: TaskTable
  readonly #sync: TaskFiles

  constructor(options: TaskServiceOptions) {
    const { storage, files, types, now, timers, newId, onError } = options
    this.#options = options
    this.#table = new TaskTable(storage)
    this.#sync = new TaskFiles({
      ...{ files, types, now, timers, newId, onError, table: this.#table },
      keep: (before, after, author) => {
        this.#keep(before, after, author)
      },
      forget: (kept, author) => {
        void this.#commit(this.#table.forget(kept.task.id), kept.task, [{ change: 'removed', subtask: null }], author)
        files.tree.followTask(kept.task.id, null)
      },
      onFault: ({ file, message }) => {
        const { event, rows } = options.events.append('task:malformed', undefined, { file, message })
        void this.#store(rows, [event])
      },
    })
    files.tree.setTasks(tasksOf(this.#table.board))
    options.onWaits(this.#waits())
  }

  /** Files that can't be read as a task's, and so change nothing. */
  get faults(): readonly TaskFault[] {
    return this.#sync.faults
  }

  /** Reads every task's file; from now on they are kept in step. */
  start(): void {
    this.#sync.scan()
  }

  /** A file was committed. */
  follow(head: FileHead): void {
    this.#sync.follow(head)
  }

  /** Resolves when files and board are in step. */
  async idle(): Promise<void> {
    await this.#sync.idle()
  }

  async close(): Promise<void> {
    await this.#sync.close()
  }

  async list(): Promise<TaskList> {
    const { queue, storage } = this.#options
    const tasks = await durably(
      queue,
      () => tasksOf(this.#table.board),
      () => tasksOf(new TaskTable(storage).board),
    )
    return { tasks: inOrder(tasks), faults: [...this.#sync.faults] }
  }

  /** @throws EnsembleError E_NOT_FOUND, which names the tasks that there are */
  async show(id: TaskId): Promise<Task> {
    const { tasks } = await this.list()
    const task = tasks.find((one) => one.id === id)
    if (task === undefined) throw unknownTask(tasks, id)
    return task
  }

  /**
   * @throws EnsembleError E_NOT_FOUND, E_TASK (refused by a rule), E_AGENT_TYPE, E_BAD_REQUEST, E_LIMIT; E_STORAGE_…: not taken, try again
   */
  async command(command: TaskCommand, author: Author): Promise<TaskReply> {
    const { queue, now } = this.#options
    if (queue.state !== 'ok') throw queue.state.degraded
    const { board } = this.#table
    assertWritable(command, this.#options.types)
    const decision = decide(board, command, author, now(), () => this.#newTask(command))
    if (decision.kind === 'refused') throw decision.error
    const { entry, subtask, change, changed } = decision
    const { task } = entry
    if (!changed) {
      await queue.durable()
      return { task, subtask, changed }
    }
    const before = this.#table.get(task.id)
    const kept: Kept = { ...entry, bond: before?.bond ?? { kind: 'new' }, agreed: before?.agreed ?? null }
    const told = task.subtasks.find(({ id }) => id === subtask) ?? null
    const { stored, events } = this.#commit(this.#table.put(kept), task, [{ change, subtask: told }], author)
    this.#options.files.tree.followTask(task.id, task)
    if (kept.bond.kind === 'file') this.#sync.look(kept.bond.id)
    else this.#sync.work()
    await stored
    await queue.durable()
    return { task, subtask, changed, event: events[0]?.seq }
  }

  /** Who waits for whom, because a subtask of the one depends on one that the other has begun. */
  #waits(): ReadonlyMap<AgentId, readonly AgentId[]> {
    const waits = new Map<AgentId, AgentId[]>()
    for (const { task } of this.#table.all()) {
      if (task.status !== 'ACTIVE') continue
      for (const subtask of task.subtasks) {
        const waiting = agentId.safeParse(subtask.assignee).data
        if (waiting === undefined || subtask.state !== 'waiting') continue
        for (const { assignee, state } of waitsFor(task, subtask)) {
          const on = agentId.safeParse(assignee).data
          if (on !== undefined && on !== waiting && state !== 'waiting')
            waits.set(waiting, [...(waits.get(waiting) ?? []), on])
        }
      }
    }
    return waits
  }

  #newTask(command: TaskCommand): TaskId {
    const title = 'create' in command ? command.create.title : ''
    return taskId.parse(newTaskId(title, this.#options.now(), new Set(this.#table.board.keys())))
  }

  #keep(before: Kept | undefined, after: Kept, author: Author): void {
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return
    const row = this.#table.put(after)
    if (before?.task === after.task) {
      void this.#store([row], [])
      return
    }
    // That its file is written, or moved, for it was told as a change of that file.
    const changes =
      before !== undefined && isPlacedOnly(before.task, after.task) ? [] : changesBetween(before?.task, after.task)
    this.#commit(row, after.task, changes, author)
    this.#options.files.tree.followTask(after.task.id, after.task)
  }

  #commit(
    row: Row,
    task: Task,
    changes: readonly Change[],
    author: Author,
  ): { readonly stored: Promise<void>; readonly events: readonly WorkspaceEvent[] } {
    const { id, title, status, mode, progress } = task
    const appended = changes.map(({ change, subtask }) =>
      this.#options.events.append('task:updated', agentOfAuthor(author), {
        ...{ task_id: id, title, status, mode, progress, change },
        subtask: subtask && inEvent(subtask),
      }),
    )
    const events = appended.map(({ event }) => event)
    this.#options.onWaits(this.#waits())
    return { stored: this.#store([row, ...appended.flatMap((one) => one.rows)], events), events }
  }

  #store(rows: readonly Row[], events: readonly WorkspaceEvent[]): Promise<void> {
    const { queue, eventBus, onError } = this.#options
    const stored = queue.enqueue(rows).then(() => {
      for (const event of events) eventBus.publish(event)
    })
    stored.catch((error: unknown) => {
      onError(toEnsembleError(error))
    })
    return stored
  }
}

interface Change {
  readonly change: string
  readonly subtask: Subtask | null
}

function inEvent(subtask: Subtask): EventData<'task:updated'>['subtask'] {
  const { id, title, assignee, state, progress, depends_on } = subtask
  return { id, title, assignee, state, progress, depends_on }
}

/** It has a file now, or has it elsewhere, and is the same otherwise. */
function isPlacedOnly(before: Task, after: Task): boolean {
  const isPlaced = after.file !== null && before.file !== after.file
  return isPlaced && JSON.stringify({ ...before, file: null }) === JSON.stringify({ ...after, file: null })
}

function changesBetween(before: Task | undefined, after: Task): Change[] {
  if (before === undefined) return [{ change: 'created', subtask: null }]
  const known = new Map(before.subtasks.map((one) => [one.id, one]))
  const differs = (one: Subtask): boolean => JSON.stringify(one) !== JSON.stringify(known.get(one.id))
  const changed = after.subtasks.filter(differs)
  const whole = [{ change: 'followed', subtask: null }]
  if (changed.length === 0 || changed.length > TOLD_SINGLY) return whole
  const isMore =
    before.status !== after.status ||
    before.subtasks.length + changed.filter(({ id }) => !known.has(id)).length > after.subtasks.length
  return [
    ...changed.map((subtask) => ({ change: known.has(subtask.id) ? 'followed' : 'added', subtask })),
    ...(isMore ? whole : []),
  ]
}

/** What stands in a file is read again as what it is. @throws EnsembleError E_AGENT_TYPE, E_BAD_REQUEST */
function assertWritable(command: TaskCommand, types: readonly AgentType[]): void {
  const change = 'change' in command ? command.change : undefined
  const made = 'create' in command ? command.create.subtasks : change?.do === 'add' ? [change] : []
  for (const { assignee } of change?.do === 'assign' ? [change] : made)
    if (assignee !== null) assertAgentType(types, typeOfAssignee(assignee))
  const bad = made.find((item) => !isWritable(item, types))
  if (bad !== undefined) {
    throw new EnsembleError(
      'E_BAD_REQUEST',
      `"${bad.title}" can't be a subtask's title: it would be read as someone's name.`,
      {
        hint: `Name who is to do it as the assignee; types of agents are ${types.join(', ')}.`,
      },
    )
  }
}
