/**
 * Keeps tasks and their files in step: one file after the other, from what both say now.
 *
 * 1. Every input (a commit of a file, a command, a start) only says which file to look at; what is done follows from content.
 * 2. A file is changed by the ordinary write, upon the version that was read, all or nothing: whatever came in between is
 *    merged, or read again.
 * 3. A file that can't be read as a task is left alone, and so is the board; that is told.
 */
import { EnsembleError, toEnsembleError } from '../../protocol/errors.js'
import type { FileHead, WriteCommand } from '../../protocol/files.js'
import { writeId, type Author, type FileId } from '../../protocol/ids.js'
import { workspacePath, type WorkspacePath } from '../../protocol/paths.js'
import { newTaskFile, readTask, taskPlace, type TaskFolder, type TaskReading } from '../../protocol/task-markdown.js'
import { MAX_TASKS, taskStatus, typeOfAssignee, type TaskFault, type TaskStatus } from '../../protocol/tasks.js'
import { applyEdits } from '../../protocol/text/edits.js'
import { toWire } from '../documents/content.js'
import type { FileStore, FileVersion } from '../documents/file-store.js'
import type { Timers } from '../storage/commit-queue.js'
import { asMade, reconcileFile, unread, type InStep } from './reconcile-file.js'
import type { Kept, TaskTable } from './task-table.js'

export interface TaskFilesOptions {
  readonly files: Pick<FileStore, 'heads' | 'head' | 'peek' | 'write' | 'rename'>
  readonly table: TaskTable
  /** Names before a subtask's title that are agents' begin with one of these. */
  readonly types: readonly string[]
  readonly now: () => number
  readonly timers: Timers
  readonly newId: () => string
  /** Keeps what a file made of a task, and tells of it. */
  readonly keep: (before: Kept | undefined, after: Kept, author: Author) => void
  readonly forget: (kept: Kept, author: Author) => void
  readonly onFault: (fault: TaskFault) => void
  readonly onError: (error: EnsembleError) => void
}

/** Until what failed is tried again, in milliseconds. */
const AGAIN = 2_000
/** A file that needs more writes in a row than any board has changes is not going to be in step. */
const MOST_WRITES = 1_000

export class TaskFiles {
  readonly #options: TaskFilesOptions
  readonly #faults = new Map<FileId, TaskFault>()
  readonly #waiting = new Set<FileId>()
  readonly #failed = new Set<FileId>()
  readonly #writes = new Map<FileId, number>()
  #timer: unknown
  #working: Promise<void> | undefined
  #closed = false

  constructor(options: TaskFilesOptions) {
    this.#options = options
  }

  get faults(): readonly TaskFault[] {
    return [...this.#faults.values()]
  }

  /** Looks at every file that may be a task's, and at every task. */
  scan(): void {
    const { files, table } = this.#options
    for (const { id, path, deleted } of files.heads())
      if (!deleted && taskPlace(path) !== undefined) this.#waiting.add(id)
    for (const { bond } of table.all()) if (bond.kind === 'file') this.#waiting.add(bond.id)
    this.work()
  }

  /** A file has a new head. */
  follow({ id, path }: FileHead): void {
    const { table } = this.#options
    if (taskPlace(path) === undefined && table.of(id) === undefined && !this.#faults.has(id)) return
    this.look(id)
  }

  /** A task has changed. */
  look(id: FileId): void {
    this.#waiting.add(id)
    this.work()
  }

  /** Works off what waits, unless that is being done. */
  work(): void {
    if (this.#closed || this.#working !== undefined) return
    this.#working = this.#workOff().finally(() => {
      this.#working = undefined
      if (this.#waiting.size > 0) this.work()
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#options.timers.clearTimeout(this.#timer)
    await this.idle()
  }

  async #workOff(): Promise<void> {
    for (;;) {
      const [id] = this.#waiting
      const made = id === undefined ? this.#unmade() : undefined
      if (this.#isClosed() || (id === undefined && made === undefined)) return
      if (id !== undefined) this.#waiting.delete(id)
      try {
        if (id !== undefined) await this.#bringInStep(id)
        else if (made !== undefined) await this.#make(made)
      } catch (thrown) {
        // What was written at the same moment has its own commit, which wakes this file again.
        const error = toEnsembleError(thrown)
        if (error.code !== 'E_CONFLICT') this.#options.onError(error)
        this.#again(id)
        if (id === undefined) return
      }
    }
  }

  /** A call, because it changes during an await. */
  #isClosed(): boolean {
    return this.#closed
  }

  #again(id: FileId | undefined): void {
    if (id !== undefined) this.#failed.add(id)
    this.#timer ??= this.#options.timers.setTimeout(() => {
      this.#timer = undefined
      for (const failed of this.#failed) this.#waiting.add(failed)
      this.#failed.clear()
      this.work()
    }, AGAIN)
  }

  #unmade(): Kept | undefined {
    for (const kept of this.#options.table.all()) if (kept.bond.kind === 'new') return kept
    return undefined
  }

  async #make({ task }: Kept): Promise<void> {
    const { files } = this.#options
    const root = workspacePath.parse('task.md')
    const isTaken = files.head(root)?.deleted === false
    const path = isTaken ? workspacePath.parse(`.notes/ACTIVE/${task.id}.md`) : root
    const { id, title, mode, agents, created_at: created } = task
    const items = task.subtasks.map((one) => ({ title: one.title, assignee: one.assignee, done: one.state === 'done' }))
    const text = newTaskFile({ id, title, mode, agents, items, created })
    const content = { kind: 'text', text, bom: false, eol: 'lf' } as const
    await this.#write({ path, base: null, content, executable: false }, task.by)
    const head = files.head(path)
    if (head !== undefined) this.#waiting.add(head.id)
  }

  async #bringInStep(id: FileId): Promise<void> {
    const { files, table } = this.#options
    const version = await files.peek(id)
    const place = version === undefined ? undefined : taskPlace(version.head.path)
    if (version === undefined || place === undefined) {
      this.#withoutFile(id)
      return
    }
    const { content, head } = version
    const reading: TaskReading =
      content.kind === 'text' ? this.#read(content.text, place) : { kind: 'fault', message: 'it is no text' }
    const bound = table.of(id)
    switch (reading.kind) {
      case 'fault':
        this.#fault(head, reading.message)
        return
      case 'foreign':
        this.#withoutFile(id)
        return
      case 'aside': {
        this.#faults.delete(id)
        const kept = table.get(reading.id)
        if (bound !== undefined && bound !== kept) this.#withoutFile(id)
        if (kept !== undefined && (kept === bound || kept.bond.kind !== 'file')) this.#options.forget(kept, head.author)
        return
      }
      case 'task': {
        const kept = table.get(reading.file.id)
        if (kept?.bond.kind === 'file' && kept.bond.id !== id) {
          this.#fault(head, `task ${reading.file.id} is in step with ${kept.task.file ?? 'another file'} already`)
          return
        }
        if (kept === undefined && table.board.size >= MAX_TASKS) {
          this.#fault(head, `the board has ${MAX_TASKS} tasks, which is the limit`)
          return
        }
        this.#faults.delete(id)
        if (bound !== undefined && bound !== kept) this.#withoutFile(id)
        await this.#reconcile(
          version,
          content.kind === 'text' ? content.text : '',
          reading.file,
          statusOf(place.folder),
          kept,
        )
      }
    }
  }

  /** Whom the board gives subtasks to is known by name, though the configuration may not allow the type any more. */
  #read(text: string, place: NonNullable<ReturnType<typeof taskPlace>>): TaskReading {
    const { table, types } = this.#options
    const reading = readTask(text, place, types)
    const kept = reading.kind === 'task' ? table.get(reading.file.id) : undefined
    const assigned = kept?.task.subtasks.flatMap(({ assignee }) => (assignee === null ? [] : typeOfAssignee(assignee)))
    const former = (assigned ?? []).filter((type) => !types.includes(type))
    return former.length === 0 ? reading : readTask(text, place, [...types, ...former])
  }

  async #reconcile(
    { head, content }: FileVersion,
    text: string,
    file: Extract<TaskReading, { kind: 'task' }>['file'],
    folder: TaskStatus | null,
    kept: Kept | undefined,
  ): Promise<void> {
    const { now, keep } = this.#options
    const { id, path, author, rev, hash, executable } = head
    const agreed = kept?.agreed ?? (kept?.bond.kind === 'new' ? asMade(kept.task, folder) : null)
    const before = kept ?? unread(file.id, nameFrom(path), author, now())
    const { entry, agreed: after, write }: InStep = reconcileFile(before, agreed, { text, file, folder, author }, now())
    const bond = { kind: 'file', id } as const
    const task = entry.task.file === path ? entry.task : { ...entry.task, file: path }
    keep(kept, { ...entry, task, bond, agreed: after }, author)
    if (write === null) {
      this.#writes.delete(id)
      if (folder !== null && folder !== task.status) await this.#move(head, task.status, task.by)
      return
    }
    const writes = (this.#writes.get(id) ?? 0) + 1
    if (writes > MOST_WRITES) {
      this.#fault(head, 'it did not take what the board says')
      return
    }
    this.#writes.set(id, writes)
    const wanted = toWire({
      ...content,
      ...{ kind: 'text', text: applyEdits(text, write.edits) },
      bom: head.bom,
      eol: head.eol,
    })
    await this.#write({ path, base: { rev, hash }, content: wanted, executable }, write.author)
    this.#waiting.add(id)
  }

  /** Into the folder of its status. Where its name is taken there, it stays: nobody's file is in the way of another's. */
  async #move({ id, path }: FileHead, status: TaskStatus, author: Author): Promise<void> {
    const { files, newId } = this.#options
    const to = workspacePath.parse(`.notes/${status}/${nameFrom(path)}.md`)
    await files.rename({ writeId: writeId.parse(newId()), id, path, to }, author)
  }

  async #write(command: Omit<WriteCommand, 'writeId'>, author: Author): Promise<void> {
    const { files, newId } = this.#options
    const result = await files.write({ ...command, writeId: writeId.parse(newId()), atomic: true }, author)
    if (result.outcome !== 'need-base') return
    throw new EnsembleError('E_INTERNAL', `${command.path} changed while its task was written.`, { hint: 'Try again.' })
  }

  /** It is no task's file any more: who completed it is done with it, other tasks stay. */
  #withoutFile(id: FileId): void {
    const { table, keep, forget } = this.#options
    this.#faults.delete(id)
    this.#writes.delete(id)
    const kept = table.of(id)
    if (kept === undefined) return
    if (kept.task.status === 'COMPLETED') forget(kept, kept.task.by)
    else keep(kept, { ...kept, task: { ...kept.task, file: null }, bond: { kind: 'kept' } }, kept.task.by)
    // Another file may hold the same task: it was moved, or copied.
    for (const other of this.#faults.keys()) this.#waiting.add(other)
  }

  #fault({ id, path: file }: FileHead, message: string): void {
    const known = this.#faults.get(id)
    if (known?.message === message && known.file === file) return
    const fault = { file, message }
    this.#faults.set(id, fault)
    this.#options.onFault(fault)
  }
}

function statusOf(folder: TaskFolder | null): TaskStatus | null {
  return taskStatus.safeParse(folder).data ?? null
}

function nameFrom(path: WorkspacePath): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/[.]md$/, '')
}

/** What a new task is called in files: as in `TASK-ACTIVE-20260205-001-some-slug`. @param taken ids that there are */
export function newTaskId(title: string, now: number, taken: ReadonlySet<string>): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  const slug = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  const numbers = [...taken].flatMap((id) => new RegExp(`^TASK-[A-Z]+-${day}-(\\d{3,6})(?:-|$)`).exec(id)?.[1] ?? [])
  const number = String(1 + Math.max(0, ...numbers.map(Number))).padStart(3, '0')
  return [`TASK-ACTIVE-${day}-${number}`, ...(slug === '' ? [] : [slug])].join('-')
}
