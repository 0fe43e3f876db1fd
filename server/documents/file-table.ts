/** Every file's head in memory, by id and by path. */
import type { FileHead } from '../../protocol/files.js'
import type { FileId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { StoredFile } from './file-journal.js'

export class FileTable {
  readonly #byId = new Map<FileId, StoredFile>()
  readonly #byPath = new Map<WorkspacePath, FileId>()
  #present = 0

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

  set(file: StoredFile): void {
    const { id, path, deleted } = file.head
    const before = this.#byId.get(id)
    if (before !== undefined && !before.head.deleted) this.#present--
    if (!deleted) this.#present++
    this.#byId.set(id, file)
    this.#byPath.set(path, id)
  }

  *heads(): Iterable<FileHead> {
    for (const { head } of this.#byId.values()) yield head
  }
}
