/**
 * Which paths hold files, and which names are folders because of them: a path is never both (rule PATH-6).
 * A change costs as many steps as the path has segments.
 */
export class LivePaths {
  readonly #files = new Set<string>()
  /** How many files lie below a folder. */
  readonly #folders = new Map<string, number>()

  has(path: string): boolean {
    return this.#files.has(path)
  }

  /** Whether files lie below it, other than `but`. */
  isFolder(path: string, but?: string): boolean {
    const files = this.#folders.get(path) ?? 0
    return files > (but?.startsWith(`${path}/`) === true ? 1 : 0)
  }

  add(path: string): void {
    if (this.#files.has(path)) return
    this.#files.add(path)
    for (const folder of foldersOf(path)) this.#folders.set(folder, (this.#folders.get(folder) ?? 0) + 1)
  }

  delete(path: string): void {
    if (!this.#files.delete(path)) return
    for (const folder of foldersOf(path)) {
      const left = (this.#folders.get(folder) ?? 0) - 1
      if (left > 0) this.#folders.set(folder, left)
      else this.#folders.delete(folder)
    }
  }

  clear(): void {
    this.#files.clear()
    this.#folders.clear()
  }

  /** The folder of `path` that is a file, if one is, other than `but`. */
  fileAbove(path: string, but?: string): string | undefined {
    for (const folder of foldersOf(path)) if (folder !== but && this.#files.has(folder)) return folder
    return undefined
  }
}

/** Innermost first. */
function* foldersOf(path: string): Generator<string> {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    yield path.slice(0, slash)
  }
}
