/** Every task as it is now, with the file that it is in step with; and its rows in storage. */
import type { FileId, TaskId } from '../../protocol/ids.js'
import type { Task } from '../../protocol/tasks.js'
import { rowsUnder } from '../storage/keys.js'
import type { Row, Storage } from '../storage/storage.js'
import { stored } from '../storage/stored.js'
import type { Agreed } from './reconcile-file.js'
import type { Board, Entry } from './task-board.js'

/** `new`: a file is still to be made for it · `kept`: its file is gone. */
export type Bond = { readonly kind: 'new' | 'kept' } | { readonly kind: 'file'; readonly id: FileId }

export interface Kept extends Entry {
  readonly bond: Bond
  readonly agreed: Agreed | null
}

export class TaskTable {
  readonly #kept = new Map<TaskId, Kept>()
  readonly #byFile = new Map<FileId, TaskId>()

  constructor(storage: Storage) {
    for (const { value } of storage.range(rowsUnder(['task']))) this.#set(stored<Kept>(value))
  }

  get board(): Board {
    return this.#kept
  }

  get(id: TaskId): Kept | undefined {
    return this.#kept.get(id)
  }

  all(): Iterable<Kept> {
    return this.#kept.values()
  }

  of(file: FileId): Kept | undefined {
    const id = this.#byFile.get(file)
    return id === undefined ? undefined : this.#kept.get(id)
  }

  /** Returns the row that keeps it. */
  put(kept: Kept): Row {
    this.#unbind(kept.task.id)
    this.#set(kept)
    return { put: ['task', kept.task.id], value: kept }
  }

  forget(id: TaskId): Row {
    this.#unbind(id)
    this.#kept.delete(id)
    return { delete: ['task', id] }
  }

  #set(kept: Kept): void {
    this.#kept.set(kept.task.id, kept)
    if (kept.bond.kind === 'file') this.#byFile.set(kept.bond.id, kept.task.id)
  }

  #unbind(id: TaskId): void {
    const bond = this.#kept.get(id)?.bond
    if (bond?.kind === 'file' && this.#byFile.get(bond.id) === id) this.#byFile.delete(bond.id)
  }
}

/** As tasks are listed: those that go on first, the newest first. */
export function inOrder(tasks: readonly Task[]): Task[] {
  const rank = { ACTIVE: 0, HALTED: 1, COMPLETED: 2 } as const
  return [...tasks].sort((a, b) => rank[a.status] - rank[b.status] || b.created_at - a.created_at)
}
