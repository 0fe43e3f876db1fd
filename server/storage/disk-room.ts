/**
 * Whether the disk has room for a commit, known before lmdb is asked: where the system refuses one of its writes, lmdb 3.5 puts
 * a message of over 100 bytes into 100 bytes, and sooner or later the process ends by it.
 */
import { diskFull, freeBytes } from './commit-failure.js'

/** Besides rows a commit writes pages of the tree, and those that say which pages are free. In bytes. */
const SPARE = 2 * 1024 * 1024
/** Rows take pages of their own, or are moved with others of their page. */
const GROWTH = 2
/** Others fill the disk, too: after so many commits it is asked again. */
const LOOK_AFTER = 200

export class DiskRoom {
  readonly #dir: string
  readonly #free: (dir: string) => Promise<number | undefined>
  #room = 0
  #left = 0

  /** @param free bytes that are free on the disk of a folder; undefined: not known, then all is tried */
  constructor(dir: string, free: (dir: string) => Promise<number | undefined> = freeBytes) {
    this.#dir = dir
    this.#free = free
  }

  /** @throws EnsembleError E_STORAGE_FULL */
  async assertFor(bytes: number): Promise<void> {
    const needed = bytes * GROWTH + SPARE
    if (this.#left > 0 && needed <= this.#room) {
      this.#left--
      this.#room -= needed
      return
    }
    const free = (await this.#free(this.#dir)) ?? Infinity
    if (needed > free) {
      this.#left = 0
      throw diskFull(this.#dir, { free, needed })
    }
    this.#left = LOOK_AFTER
    this.#room = free - needed
  }

  /** The disk refused a commit: it is asked before the next one. */
  forget(): void {
    this.#left = 0
  }
}
