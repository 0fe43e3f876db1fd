/**
 * Whether the file of an open database was deleted under it, as `git clean -x` does: what is stored then is lost when the
 * process ends, whatever lmdb says. The process still has all of it, and can put it back, once.
 *
 * 1. Nothing is called stored that is in a deleted file alone.
 * 2. What stands in the place of the file by then is left as it is: the copy is put beside it.
 * 3. Neither the workspace nor anything above it is made for that.
 */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'
import { hasCode, syncFolder } from './files.js'

export class DeletedDatabase {
  readonly #file: string
  readonly #descriptor: number
  #putBack: Promise<string> | undefined
  #isClosed = false

  /** @param file of a database that is open */
  constructor(file: string) {
    this.#file = file
    this.#descriptor = openSync(file, 'r')
  }

  /** And not put back yet. A file that was moved has a name still. */
  get isDeleted(): boolean {
    return this.#putBack === undefined && !this.#isClosed && fstatSync(this.#descriptor).nlink === 0
  }

  /** @throws EnsembleError E_STORAGE_DEGRADED once it was put back: nothing is added to what has no name */
  assertThere(): void {
    if (this.#putBack !== undefined) throw this.#fault('The server ends; start it again.')
  }

  /**
   * @param copy writes all that the database holds into a file
   * @returns where it stands now
   * @throws EnsembleError E_STORAGE_DEGRADED
   */
  putBack(copy: (file: string) => Promise<void>): Promise<string> {
    this.#putBack ??= this.#save(copy).catch((thrown: unknown) => {
      this.#putBack = undefined // it is tried again with the next commit
      const said = thrown instanceof Error ? thrown.message : String(thrown)
      throw this.#fault(`What it holds could not be put back: ${said}.`)
    })
    return this.#putBack
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#descriptor)
  }

  #fault(hint: string): EnsembleError {
    return new EnsembleError('E_STORAGE_DEGRADED', `${this.#file} was deleted while it was in use.`, { hint })
  }

  async #save(copy: (file: string) => Promise<void>): Promise<string> {
    const dir = dirname(this.#file)
    await mkdir(dir, { mode: 0o700 }).catch((thrown: unknown) => {
      if (!hasCode(thrown, 'EEXIST')) throw thrown
    })
    const draft = `${this.#file}.${process.pid}`
    await copy(draft)
    const handle = await open(draft, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    let place = this.#file
    await link(draft, place).catch((thrown: unknown) => {
      if (!hasCode(thrown, 'EEXIST')) throw thrown
      place = draft
    })
    if (place !== draft) await unlink(draft)
    await syncFolder(dir)
    return join(dir, basename(place))
  }
}
