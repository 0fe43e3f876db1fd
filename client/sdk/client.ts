/**
 * The client of a workspace for programs, on Node and in browsers.
 *
 * ```ts
 * const client = new EnsembleClient('CLAUDE-frontend', 'CLAUDE')
 * await client.connect()
 * client.on('conflict:raised', ({ data }) => console.log(data.file))
 * const file = await client.readFile('src/app.ts')
 * const { done } = await client.writeFile('src/app.ts', (file?.text ?? '') + 'more\n')
 * console.log((await done).outcome)
 * ```
 *
 * Guarantees:
 * 1. What was accepted (a promise of `writeFile` and its like resolved) is carried out exactly once and in order, over breaks of
 *    the connection, and over restarts of the process where the store outlives it; or it is refused with a reason.
 * 2. Without a connection everything that was read before can be read, marked as of when it was so.
 * 3. What this client wrote is read at once; if it is refused, it is gone again, and `onRefused` tells why.
 */
import { parseAgentEvent, type AgentEventType } from '../../protocol/agent-events.js'
import type { Agent } from '../../protocol/agents.js'
import type { ContextAdd, ContextReply } from '../../protocol/context.js'
import type { Conflict, ConflictChoice, ConflictFilter, ShownConflict } from '../../protocol/conflicts.js'
import type { Addressee, EventData } from '../../protocol/events.js'
import type { FileHead } from '../../protocol/files.js'
import type { Blame, BlameQuery, FileVersion, HistoryPage, HistoryQuery, RevertResult } from '../../protocol/history.js'
import {
  DEFAULT_TTL,
  type Lock,
  type LockRegion,
  type LockResult,
  type LocksList,
  type LockType,
} from '../../protocol/locks.js'
import type { Status } from '../../protocol/status.js'
import type { Task, TaskCommand, TaskReply } from '../../protocol/tasks.js'
import { accepted, type AcceptedEvent } from './accepted-event.js'
import { ConnectedClient } from './connected-client.js'
import type { OpenFile } from './documents.js'
import { parsePath, type AcceptedWrite, type FileView, type WriteOptions } from './files.js'
import {
  parseChange,
  parsePlan,
  parsePresence,
  parseRevert,
  type PresenceAsk,
  type RevertAsk,
  type TaskPlan,
} from './parse-asks.js'
import { parseConflict, parseTask } from './parse-ids.js'
import type { ContextView } from './shared-context.js'
import { changesOf, withPending, type TaskUpdates } from './tasks.js'

/** `ttl` and `wait` in seconds. */
export interface LockOptions {
  readonly type?: LockType
  readonly region?: LockRegion
  readonly ttl?: number
  readonly wait?: number
}

/** Resolved to: it is accepted. `done` is what the board made of it, or rejects with why it was refused. */
export interface AcceptedTask {
  readonly done: Promise<TaskReply>
}

export class EnsembleClient extends ConnectedClient {
  /**
   * Tells everybody, a role or an agent. Resolves when it is accepted; `done` is the event with its number.
   * @param type `broadcast` with any data, or one of `plan:…`, `code:…`, `review:…`, `fix:…` with data of its schema
   * @throws EnsembleError E_BAD_REQUEST (names the fields at fault, or the types), E_TOO_LARGE, E_LIMIT, E_STORAGE_FULL
   */
  async broadcast<T extends AgentEventType>(type: T, data: EventData<T>, to?: Addressee): Promise<AcceptedEvent> {
    const told = parseAgentEvent(type, data)
    const params = { ...told, ...(to === undefined ? {} : { to }), writeId: this.newWriteId() }
    return await accepted(this.session.sender.add({ method: 'publish', params }))
  }

  /**
   * Says what was just changed in a file, as `code:written`; the change itself travels by `writeFile`, or the folder.
   * @param diff for people; what is over 9,000 letters is cut
   */
  async broadcastChange(path: string, changeType: string, diff: string): Promise<AcceptedEvent> {
    return await this.broadcast('code:written', {
      file: parsePath(path),
      note: `${changeType}\n${diff.slice(0, 9_000)}`,
    })
  }

  /** Notes that this agent has taken note of an event; the others can see that. @throws EnsembleError E_LIMIT, E_STORAGE_FULL */
  async acknowledge({ seq }: { readonly seq: number }): Promise<AcceptedEvent> {
    return await accepted(this.session.sender.add({ method: 'acknowledge', params: { seq } }))
  }

  /**
   * Asks for a lock. A refusal is a value: it says who holds what since when, and for how long at most.
   * @param options `ttl` and `wait` in seconds; default: the whole file, EXCLUSIVE, 300 s, without waiting
   * @throws EnsembleError E_PATH, E_RANGE, E_UNKNOWN_SYMBOL, E_NOT_FOUND (lines of what is no text), E_LIMIT; E_UNREACHABLE:
   * locks need a connection
   */
  async acquireLock(path: string, { type, region, ttl, wait }: LockOptions = {}): Promise<LockResult> {
    const want = { path: parsePath(path), type: type ?? 'EXCLUSIVE', region: region ?? { kind: 'file' as const } }
    return await this.session.connection.request('lock', { wants: [want], ttl: ttl ?? DEFAULT_TTL, wait: wait ?? 0 })
  }

  /** Begins the life of own locks anew. @throws EnsembleError E_LOCK_NOT_HELD: then of none; E_UNREACHABLE */
  async renewLock(...locks: readonly Pick<Lock, 'id'>[]): Promise<readonly Lock[]> {
    return (await this.session.connection.request('renewLocks', { ids: locks.map(({ id }) => id) })).locks
  }

  /**
   * Releases a lock; of a path, all that this agent holds there.
   * @throws EnsembleError E_LOCK_NOT_HELD: it holds none; E_UNREACHABLE
   */
  async releaseLock(lock: Pick<Lock, 'id'> | string): Promise<readonly Lock[]> {
    const params = typeof lock === 'string' ? { path: parsePath(lock) } : { ids: [lock.id] }
    return (await this.session.connection.request('unlock', params)).locks
  }

  /**
   * Takes a lock away from whoever holds it, who is told by `lock:released` with reason `forced`.
   * @throws EnsembleError E_NOT_FOUND: it has ended; E_UNREACHABLE
   */
  async breakLock({ id }: Pick<Lock, 'id'>): Promise<Lock> {
    return (await this.session.connection.request('breakLock', { id })).lock
  }

  /** Who holds what, and who waits. @throws EnsembleError E_UNREACHABLE */
  async locks(): Promise<LocksList> {
    return await this.session.connection.request('locks', {})
  }

  /**
   * Task, agents, locks, recent changes, decisions, notes and facts; without a connection as they were read last (`asOf`).
   * @throws EnsembleError E_UNREACHABLE: there is no connection, and it was never read
   */
  async getSharedContext(): Promise<ContextView> {
    return await this.session.context.read()
  }

  /**
   * Adds a decision or a note, or says a fact: the newest text of a fact's `id` holds.
   * @throws EnsembleError E_LIMIT, E_STORAGE_FULL
   */
  async addContext(entry: ContextAdd): Promise<{ readonly done: Promise<ContextReply> }> {
    const params = { ...entry, writeId: this.newWriteId() }
    const { stored, done } = this.session.sender.add({ method: 'addContext', params })
    await stored
    return { done }
  }

  /**
   * Every task, with what this client changed and the server has not answered yet.
   * @throws EnsembleError E_UNREACHABLE
   */
  async tasks(): Promise<readonly Task[]> {
    const { tasks } = await this.session.connection.request('tasks', {})
    const waiting = this.session.sender.entries.flatMap(({ ask }) => (ask.method === 'task' ? [ask.params] : []))
    return withPending(tasks, waiting)
  }

  /**
   * Changes a task, or its subtasks. Resolves when it is accepted, with or without a connection; `done` is the task then.
   * @throws EnsembleError E_BAD_REQUEST, E_LIMIT, E_STORAGE_FULL
   */
  async updateTaskState(taskId: string, updates: TaskUpdates): Promise<{ readonly done: Promise<Task | undefined> }> {
    const queued = changesOf(updates).map((change) =>
      this.session.sender.add({
        method: 'task',
        params: { writeId: this.newWriteId(), task: parseTask(taskId), change },
      }),
    )
    await Promise.all(queued.map(({ stored }) => stored))
    const done = Promise.all(queued.map((one) => one.done)).then((replies) => replies.at(-1)?.task)
    done.catch(() => undefined) // whoever waits for it hears of it
    return { done }
  }

  /**
   * Makes a task. Resolves when it is accepted, with or without a connection; `done` is the task with its id.
   * @throws EnsembleError E_BAD_REQUEST, E_LIMIT, E_STORAGE_FULL
   */
  async createTask(asked: TaskPlan): Promise<AcceptedTask> {
    return await this.#task({ writeId: this.newWriteId(), create: parsePlan(asked) })
  }

  /** Adds a subtask. @param depends_on numbers of subtasks that come before it */
  async addSubtask(
    taskId: string,
    title: string,
    { assignee = null, depends_on = [] }: { readonly assignee?: string | null; readonly depends_on?: string[] } = {},
  ): Promise<AcceptedTask> {
    return await this.#change(taskId, { do: 'add', title, assignee, depends_on })
  }

  /** Gives a subtask to an agent, or, with null, back to everyone. @param subtask its number, as `2` */
  async assign(taskId: string, subtask: string, assignee: string | null): Promise<AcceptedTask> {
    return await this.#change(taskId, { do: 'assign', subtask, assignee })
  }

  /**
   * Takes a subtask and begins it: of many that ask one gets it, and for the others `done` rejects with E_TASK.
   * @param subtask its number; default: the first that is free
   */
  async claim(taskId: string, subtask: string | null = null): Promise<AcceptedTask> {
    return await this.#change(taskId, { do: 'claim', subtask })
  }

  /** Says what a subtask comes after, in place of what it came after before. */
  async depend(taskId: string, subtask: string, depends_on: readonly string[]): Promise<AcceptedTask> {
    return await this.#change(taskId, { do: 'depend', subtask, depends_on: [...depends_on] })
  }

  /** A subtask is done; without one, the whole task is: `done` rejects with E_TASK while some of it is not. */
  async complete(taskId: string, subtask?: string): Promise<AcceptedTask> {
    return await this.#change(
      taskId,
      subtask === undefined ? { do: 'complete' } : { do: 'move', subtask, state: 'done' },
    )
  }

  /**
   * A file as it is; null: there is none. What this client wrote is seen at once (`isPending`).
   * @throws EnsembleError E_PATH; E_UNREACHABLE: there is no connection, and it was never read
   */
  async readFile(path: string): Promise<FileView | null> {
    return await this.session.files.read(path)
  }

  /**
   * Every file there is, without its content.
   * @throws EnsembleError E_UNREACHABLE: there never was a connection
   */
  async listFiles(): Promise<readonly FileHead[]> {
    return await this.session.files.list()
  }

  /**
   * Writes a whole file, upon the version that this client read or wrote last: what others changed since is merged, and what
   * meets their changes becomes a conflict. A file that it never read is only made: where there is one, that stays, and
   * `done` tells of a conflict. Resolves when it is accepted, with or without a connection.
   * @throws EnsembleError E_PATH; E_LIMIT: too much waits; E_STORAGE_FULL
   */
  async writeFile(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<AcceptedWrite> {
    return await this.session.files.write(path, data, options)
  }

  /**
   * Deletes a file, unless it changed since it was read.
   * @throws EnsembleError E_NOT_FOUND, E_PATH, E_LIMIT, E_STORAGE_FULL
   */
  async deleteFile(path: string): Promise<AcceptedWrite> {
    return await this.session.files.delete(path)
  }

  /**
   * Gives a file another path; its history, document and conflicts go with it. Asked again, it is done once.
   * @throws EnsembleError E_NOT_FOUND, E_PATH; E_CONFLICT: the new path is not free; E_LOCK_HELD; E_UNREACHABLE
   */
  async renameFile(path: string, to: string): Promise<FileHead> {
    return await this.session.files.rename(path, to)
  }

  /**
   * Opens a file's document for live editing: resolves with the text as the server has it. A file that is not there is made
   * by the first edit. It stays open over breaks of the connection. What is edited meanwhile, and what is still under way when the
   * process ends, is sent by the next one that connects with this store; where it is edited further without a connection, it
   * opens as it was left.
   * @throws EnsembleError E_NOT_TEXT, E_PATH
   */
  async open(path: string): Promise<OpenFile> {
    return await this.session.documents.open(parsePath(path))
  }

  /** @throws EnsembleError E_UNREACHABLE */
  async status(): Promise<Status> {
    return await this.session.connection.request('status', {})
  }

  /** The open conflicts, or all. @throws EnsembleError E_UNREACHABLE */
  async conflicts(
    filter: { readonly state?: ConflictFilter['state']; readonly path?: string } = {},
  ): Promise<readonly Conflict[]> {
    const { conflicts } = await this.session.connection.request('conflicts', {
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(filter.path === undefined ? {} : { path: parsePath(filter.path) }),
    })
    return conflicts
  }

  /** One conflict, and what stands in its place now. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async conflict(id: string): Promise<ShownConflict> {
    return await this.session.connection.request('conflict', { id: parseConflict(id) })
  }

  /**
   * Decides a conflict. Resolves when it is accepted; `done` rejects with E_CONFLICT_CLOSED if someone was faster.
   * @throws EnsembleError E_LIMIT, E_STORAGE_FULL
   */
  async resolveConflict(id: string, choice: ConflictChoice): Promise<{ readonly done: Promise<Conflict> }> {
    const params = { id: parseConflict(id), writeId: this.newWriteId(), choice }
    const queued = this.session.sender.add({ method: 'resolve', params })
    await queued.stored
    const done = queued.done.then(({ conflict }) => conflict)
    done.catch(() => undefined) // whoever waits for it hears of it
    return { done }
  }

  /** Revisions, newest first. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async history(path: string, query: Omit<HistoryQuery, 'path'> = {}): Promise<HistoryPage> {
    return await this.session.connection.request('history', { ...query, path: parsePath(path) })
  }

  /** A file as a revision left it. @throws EnsembleError E_NOT_FOUND, E_UNREACHABLE */
  async version(path: string, rev: number): Promise<FileVersion> {
    return await this.session.connection.request('version', { path: parsePath(path), rev })
  }

  /** Who wrote which line. @throws EnsembleError E_NOT_FOUND, E_NOT_TEXT, E_UNREACHABLE */
  async blame(path: string, query: Omit<BlameQuery, 'path'> = {}): Promise<Blame> {
    return await this.session.connection.request('blame', { ...query, path: parsePath(path) })
  }

  /**
   * Takes back what one author wrote, or one revision; what others wrote stays, and what they changed since becomes a conflict.
   * @param dryRun says what would be done, and does nothing
   * @throws EnsembleError E_NOT_FOUND, E_BAD_REQUEST, E_UNREACHABLE
   */
  async revert(target: RevertAsk, { dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<RevertResult> {
    const asked = { writeId: this.newWriteId(), target: parseRevert(target), dryRun }
    return await this.session.connection.request('revert', asked)
  }

  /** Takes back the newest revision of this agent, and, done again, that. @param path default: wherever it is */
  async undo(path?: string): Promise<RevertResult> {
    const where = path === undefined ? null : parsePath(path)
    return await this.revert({ kind: 'last', author: this.agentId, path: where })
  }

  /** Says what this agent does, for the roster. What is left out stays. @throws EnsembleError E_BAD_REQUEST, E_UNREACHABLE */
  async setPresence(presence: PresenceAsk): Promise<Agent> {
    return (await this.session.connection.request('presence', parsePresence(presence))).agent
  }

  async #change(taskId: string, change: object): Promise<AcceptedTask> {
    return await this.#task({ writeId: this.newWriteId(), task: parseTask(taskId), change: parseChange(change) })
  }

  async #task(params: TaskCommand): Promise<AcceptedTask> {
    const { stored, done } = this.session.sender.add({ method: 'task', params })
    await stored
    return { done }
  }
}
