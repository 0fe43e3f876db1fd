/**
 * Every file's head in memory, by id and by path.
 *
 * 1. A path leads to the file that is there; where none is, to the one that was deleted there last.
 * 2. A path that a rename left leads to the renamed file as well, for those who have not heard of it (rule RENAME-4).
 */
import type { FileHead } from '../../protocol/files.js'
import type { FileId } from '../../protocol/ids.js'
import { LivePaths } from '../../protocol/live-paths.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { StoredFile } from './file-journal.js'

export class FileTable {
  readonly #byId = new Map<FileId, StoredFile>()
  readonly #byPath = new Map<WorkspacePath, FileId>()
  /** Deleted files whose paths others have taken since, the last one deleted at the end. */
  readonly #buried = new Map<WorkspacePath, FileId[]>()
  readonly #left = new Map<WorkspacePath, FileId>()
  readonly #live = new LivePaths()
  #present = 0

  constructor(files: Iterable<StoredFile>, left: Iterable<readonly [WorkspacePath, FileId]>) {
    for (const file of files) this.set(file)
    for (const [path, id] of left) this.#left.set(path, id)
  }

  /** Files that are not deleted. */
  get count(): number {
    return this.#present
  }

  get(id: FileId): StoredFile | undefined {
    return this.#byId.get(id)
  }

  at(path: WorkspacePath): StoredFile | undefined {
    const id = this.#byPath.get(path)
    return id === undefined ? undefined : this.#byId.get(id)
  }

  /** The file that was renamed away from a path last. */
  leftFrom(path: WorkspacePath): StoredFile | undefined {
    const id = this.#left.get(path)
    return id === undefined ? undefined : this.#byId.get(id)
  }

  /** The file that a path means to whoever may not have heard of a rename: the one there, or the one that went from there. */
  meantBy(path: WorkspacePath): StoredFile | undefined {
    const there = this.at(path)
    if (there !== undefined && !there.head.deleted) return there
    const gone = this.leftFrom(path)
    return gone === undefined || gone.head.deleted || gone.head.path === path ? there : gone
  }

  /** Whether the file `id`, or a new one, could stand there: no other file does, none is above it, and none below. */
  isFree(path: WorkspacePath, id?: FileId): boolean {
    const there = this.at(path)
    const isTaken = there !== undefined && !there.head.deleted && there.head.id !== id
    const own = id === undefined ? undefined : this.#livePathOf(id)
    return !isTaken && !this.#live.isFolder(path, own) && this.#live.fileAbove(path, own) === undefined
  }

  /** The folder of a path that is a file. */
  fileAbove(path: WorkspacePath): string | undefined {
    return this.#live.fileAbove(path)
  }

  set(file: StoredFile): void {
    const { id, path, deleted } = file.head
    const before = this.#byId.get(id)?.head
    if (before !== undefined) {
      if (!before.deleted) {
        this.#present--
        this.#live.delete(before.path)
      }
      if (before.path !== path) {
        this.#vacate(before.path, id)
        this.#left.set(before.path, id)
      }
    }
    this.#byId.set(id, file)
    if (!deleted) {
      this.#present++
      this.#live.add(path)
    }
    this.#occupy(file.head)
  }

  *heads(): Iterable<FileHead> {
    for (const { head } of this.#byId.values()) yield head
  }

  #livePathOf(id: FileId): WorkspacePath | undefined {
    const head = this.#byId.get(id)?.head
    return head === undefined || head.deleted ? undefined : head.path
  }

  #occupy(head: FileHead): void {
    const { id, path } = head
    const other = this.at(path)?.head
    if (other === undefined || other.id === id) this.#byPath.set(path, id)
    else if (isBefore(other, head)) {
      this.#byPath.set(path, id)
      this.#bury(path, other)
    } else this.#bury(path, head)
  }

  #bury(path: WorkspacePath, { id }: FileHead): void {
    const ids = (this.#buried.get(path) ?? []).filter((other) => other !== id)
    ids.push(id)
    ids.sort((a, b) => (this.#byId.get(a)?.head.seq ?? 0) - (this.#byId.get(b)?.head.seq ?? 0))
    this.#buried.set(path, ids)
  }

  #vacate(path: WorkspacePath, id: FileId): void {
    const buried = (this.#buried.get(path) ?? []).filter((other) => other !== id)
    if (this.#byPath.get(path) === id) {
      const next = buried.pop()
      if (next === undefined) this.#byPath.delete(path)
      else this.#byPath.set(path, next)
    }
    if (buried.length === 0) this.#buried.delete(path)
    else this.#buried.set(path, buried)
  }
}

/** Whether of two files of one path the second is the one that it leads to. */
function isBefore(one: FileHead, two: FileHead): boolean {
  return one.deleted === two.deleted ? one.seq < two.seq : one.deleted
}
