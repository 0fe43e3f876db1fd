/** Every head that the page knows, by path. Whatever order they come in, the higher sequence number stays. */
import type { FileHead } from '../../protocol/files.js'

export interface TableChange {
  /** Any head is another one. */
  readonly heads: boolean
  /** The set of existing paths is another one. */
  readonly paths: boolean
}

export class FileTable {
  readonly #byPath = new Map<string, FileHead>()
  readonly #pathOf = new Map<string, string>()

  take(heads: readonly FileHead[]): TableChange {
    let changed = 0
    let paths = false
    for (const head of heads) {
      const before = this.#byPath.get(head.path)
      if (before !== undefined && before.seq >= head.seq) continue
      changed += 1
      paths ||= (before?.deleted ?? true) !== head.deleted
      const earlierPath = this.#pathOf.get(head.id)
      if (earlierPath !== undefined && earlierPath !== head.path && this.#byPath.get(earlierPath)?.id === head.id) {
        this.#byPath.delete(earlierPath)
        paths = true
      }
      this.#pathOf.set(head.id, head.path)
      this.#byPath.set(head.path, head)
    }
    return { heads: changed > 0, paths }
  }

  /** Of a deleted file as well. */
  head(path: string): FileHead | undefined {
    return this.#byPath.get(path)
  }

  /** Of the files that exist, in no order. */
  paths(): string[] {
    return [...this.#byPath.values()].filter((head) => !head.deleted).map((head) => head.path)
  }

  clear(): void {
    this.#byPath.clear()
    this.#pathOf.clear()
  }
}
