/** A TaskService on a store that the test holds: commits reach it as they do in a server. */
import type { WorkspaceEvent } from '../../../protocol/events.js'
import type { FileHead } from '../../../protocol/files.js'
import type { EnsembleError } from '../../../protocol/errors.js'
import { agentType, author } from '../../../protocol/ids.js'
import type { Task, TaskReply } from '../../../protocol/tasks.js'
import { EventBus } from '../../../server/events/event-bus.js'
import { TaskService } from '../../../server/tasks/task-service.js'
import { FailingStorage } from '../../support/failing-storage.js'
import { turn } from '../../support/manual-clock.js'
import { commandOf, type Short } from './commands.js'
import { at, by, openStore, textOf, write, type Opened } from '../documents/harness.js'

export const PERSON = by('DISK')

export interface OpenedTasks extends Opened {
  readonly storage: FailingStorage
  readonly tasks: TaskService
  readonly errors: EnsembleError[]
  readonly told: WorkspaceEvent[]
  /** Who waits for whom, as was told last. */
  readonly waits: () => readonly (readonly [string, readonly string[]])[]
  readonly ask: (command: Short, who?: string) => Promise<TaskReply>
  /** Until files and board are in step. */
  readonly settled: () => Promise<void>
  readonly only: () => Promise<Task>
  /** A save of a whole file, upon what is there now. */
  readonly save: (path: string, text: string, who?: string) => Promise<FileHead>
  /** A save that changes a part of a file. */
  readonly replace: (path: string, from: string, to: string) => Promise<FileHead>
  readonly text: (path: string) => Promise<string>
}

export function openTasks(storage = new FailingStorage(), types = ['CLAUDE', 'CODEX', 'GEMINI']): OpenedTasks {
  const opened = openStore(storage)
  const { files, queue, events, clock, bus } = opened
  const errors: EnsembleError[] = []
  const told: WorkspaceEvent[] = []
  const eventBus = new EventBus<WorkspaceEvent>((error) => {
    throw error
  })
  eventBus.subscribe((event) => told.push(event))
  let ids = 0
  let waits: (readonly [string, readonly string[]])[] = []
  const tasks = new TaskService({
    ...{ storage, queue, events, eventBus, files, now: clock.now, timers: clock.timers },
    newId: () => `task-write-${++ids}-${Math.abs(events.seq)}`,
    types: types.map((type) => agentType.parse(type)),
    onError: (error) => errors.push(error),
    onWaits: (now) => {
      waits = [...now]
    },
  })
  bus.subscribe(({ head, revised }) => {
    if (revised) tasks.follow(head)
  })
  const settled = async (): Promise<void> => {
    await queue.idle()
    await tasks.idle()
    await turn()
    await queue.idle()
    await tasks.idle()
  }
  const text = async (path: string): Promise<string> => (await textOf(files, path)) ?? ''
  const save = async (path: string, content: string, who = 'DISK'): Promise<FileHead> => {
    const head = files.head(at(path))
    return (await write(files, path, content, head === undefined || head.deleted ? null : head, by(who))).head
  }
  return {
    ...opened,
    ...{ storage, tasks, errors, told, waits: () => waits, settled, text, save },
    ask: (command, who = 'CLAUDE-a') => tasks.command(commandOf(command), author.parse(who)),
    only: async () => {
      const { tasks: all } = await tasks.list()
      const [task, ...others] = all
      if (task === undefined || others.length > 0) throw new Error(`${all.length} tasks`)
      return task
    },
    replace: async (path, from, to) => await save(path, (await text(path)).replace(from, to)),
  }
}
