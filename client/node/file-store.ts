/**
 * A client's rows in one file: a log, one line for each `write`.
 *
 * Guarantees:
 * 1. A write is in the file whole or not at all: a line without its end, as a crash leaves it, is cut off at the next opening.
 * 2. A write has resolved when the file is on the disk; those that wait meanwhile go to the disk together.
 * 3. One process at a time; the file is written anew, and put in place in one step, when most of it is out of date.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { z } from 'zod'
import { EnsembleError } from '../../protocol/errors.js'
import type { Change, ClientStore } from '../sdk/store.js'

/** A smaller file is not worth the work. In bytes. */
const SMALL = 1024 * 1024

const NEWLINE = 0x0a

const line = z.array(z.tuple([z.string(), z.string().nullable()]))

interface Waiting {
  readonly changes: readonly Change[]
  readonly resolve: () => void
  readonly reject: (error: EnsembleError) => void
}

/** @throws EnsembleError E_WORKSPACE_BUSY: another process has it; E_STORAGE_FULL, E_STORAGE_DEGRADED */
export async function openFileStore(file: string): Promise<ClientStore> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const unlock = await lock(file)
  try {
    const handle = await open(file, 'a+', 0o600)
    try {
      const { rows, size } = await readRows(file, handle)
      return new FileStore(file, handle, rows, size, unlock)
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  } catch (thrown) {
    await unlock()
    throw storageError(file, thrown)
  }
}

class FileStore implements ClientStore {
  readonly #file: string
  readonly #rows: Map<string, string>
  readonly #unlock: () => Promise<void>
  #handle: FileHandle
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #closed: Promise<void> | undefined
  /** Of the file, in bytes. */
  #size: number

  constructor(file: string, handle: FileHandle, rows: Map<string, string>, size: number, unlock: () => Promise<void>) {
    this.#file = file
    this.#handle = handle
    this.#rows = rows
    this.#size = size
    this.#unlock = unlock
  }

  load(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map(this.#rows))
  }

  write(changes: readonly Change[]): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new EnsembleError('E_STOPPING', 'The store was closed.'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject })
      this.#writing ??= this.#drain()
    })
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#writing
      await this.#handle.close()
      await this.#unlock()
    })()
    return this.#closed
  }

  async #drain(): Promise<void> {
    await Promise.resolve() // whatever is asked in this turn goes together
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        await this.#append(batch.map(({ changes }) => changes))
        for (const { changes } of batch) apply(this.#rows, changes)
        for (const { resolve } of batch) resolve()
        await this.#compact()
      } catch (thrown) {
        for (const { reject } of batch) reject(storageError(this.#file, thrown))
      }
    }
    this.#writing = undefined
  }

  async #append(batch: readonly (readonly Change[])[]): Promise<void> {
    const bytes = Buffer.from(batch.map(lineOf).join(''))
    try {
      await this.#handle.appendFile(bytes)
      await this.#handle.datasync()
      this.#size += bytes.length
    } catch (thrown) {
      await this.#handle.truncate(this.#size) // half a line would make one with the next
      throw thrown
    }
  }

  async #compact(): Promise<void> {
    if (this.#size < SMALL) return
    const live = [...this.#rows].reduce((sum, [key, value]) => sum + key.length + value.length, 0)
    if (this.#size < 3 * live) return
    const before = this.#handle
    const { handle, size } = await rewrite(this.#file, this.#rows)
    this.#handle = handle
    this.#size = size
    await before.close()
  }
}

const lineOf = (changes: readonly Change[]): string =>
  `${JSON.stringify(changes.map(({ key, value }) => [key, value]))}\n`

function apply(rows: Map<string, string>, changes: readonly Change[]): void {
  for (const { key, value } of changes) {
    if (value === null) rows.delete(key)
    else rows.set(key, value)
  }
}

async function readRows(file: string, handle: FileHandle): Promise<{ rows: Map<string, string>; size: number }> {
  const bytes = await readFile(file)
  const size = bytes.lastIndexOf(NEWLINE) + 1
  if (size < bytes.length) await handle.truncate(size)
  const rows = new Map<string, string>()
  for (const one of bytes.toString('utf8', 0, size).split('\n').slice(0, -1)) {
    const parsed = line.safeParse(parse(one))
    if (!parsed.success) throw new EnsembleError('E_STORAGE_DAMAGED', `${file} holds a line that nobody wrote.`)
    const changes = parsed.data.map(([key, value]) => ({ key, value }))
    apply(rows, changes)
  }
  return { rows, size }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @returns the new file, open for what comes next */
async function rewrite(file: string, rows: ReadonlyMap<string, string>): Promise<{ handle: FileHandle; size: number }> {
  const draft = `${file}.${randomUUID()}`
  const handle = await open(draft, 'ax', 0o600)
  try {
    const bytes = Buffer.from([...rows].map(([key, value]) => lineOf([{ key, value }])).join(''))
    await handle.appendFile(bytes)
    await handle.datasync()
    await rename(draft, file)
    return { handle, size: bytes.length }
  } catch (thrown) {
    await handle.close()
    await rm(draft, { force: true })
    throw thrown
  }
}

/** A file beside it that names the process; one that a dead process left is taken over. */
async function lock(file: string): Promise<() => Promise<void>> {
  const path = `${file}.lock`
  const own = `${process.pid} ${hostname()}`
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, own, { flag: 'wx', mode: 0o600 })
      return () => rm(path, { force: true })
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw storageError(file, thrown)
      const holder = await readFile(path, 'utf8').catch(() => '')
      const [pid = '', host] = holder.split(' ')
      if (host === hostname() && isAlive(Number(pid))) throw busy(file, holder)
      await rm(path, { force: true })
    }
  }
  throw busy(file, 'another process')
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM'
  }
}

function busy(file: string, holder: string): EnsembleError {
  return new EnsembleError('E_WORKSPACE_BUSY', `The store ${file} is in use by ${holder}.`, {
    hint: 'An agent has one process; give this one another agent id, or another store.',
  })
}

function storageError(file: string, thrown: unknown): EnsembleError {
  if (thrown instanceof EnsembleError) return thrown
  const code = codeOf(thrown)
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new EnsembleError(
    isFull ? 'E_STORAGE_FULL' : 'E_STORAGE_DEGRADED',
    `${file} can't be written (${code ?? 'why is not known'}).`,
    {
      hint: 'Nothing that was stored before is lost. Make room, or check the folder, and try again.',
      cause: thrown,
    },
  )
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}
