/**
 * The folder `.ensemble/` of a workspace: what Ensemble keeps there, held by one server at a time.
 *
 * 1. Only its owner can look into it (0700), and git does not see it.
 * 2. It is held from `openDataFolder` to `close`, or to the end of the process.
 * 3. The file `format` is written after the database was made: where there is a format, there was a database. So a
 *    database that is missing or empty then is damage, and never a reason to begin anew.
 * 4. A database that can't be read safely is refused and left as it is.
 */
import { chmod, lstat, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EnsembleError } from '../../protocol/errors.js'
import { damaged, probeDatabase } from './database-probe.js'
import { DATABASE_FILE, openEmbeddedStorage } from './embedded.js'
import { hasCode, syncFolder } from './files.js'
import { lockFolder } from './folder-lock.js'

export const DATA_FOLDER = '.ensemble'

/** Of everything in the folder. Raise it when an older Ensemble would misread what this one writes. */
const FORMAT = 1
const FORMAT_FILE = 'format'

export interface DataFolder {
  readonly dir: string
  /** For `openEmbeddedStorage`; made, and found readable. */
  readonly databaseDir: string
  /** Whether the database was made now. */
  readonly isNew: boolean
  /** Tells a second server where this one serves. */
  announce(url: string): Promise<void>
  /** Gives the folder to the next one; close the storage first. Can be called twice. */
  close(): Promise<void>
}

/**
 * `workspace` is a folder that exists and can be written. `now`: milliseconds since 1970.
 *
 * Throws E_WORKSPACE (`.ensemble` is no folder that can be used), E_WORKSPACE_BUSY (another server holds it; names its process and
 * address), E_STORAGE_VERSION (written by a later Ensemble), E_STORAGE_DAMAGED (says how to recover).
 */
export async function openDataFolder(workspace: string, { now }: { readonly now: () => number }): Promise<DataFolder> {
  const dir = join(workspace, DATA_FOLDER)
  await makeFolder(dir).catch((thrown: unknown) => {
    if (thrown instanceof EnsembleError) throw thrown
    const said = thrown instanceof Error ? thrown.message : String(thrown)
    throw new EnsembleError(
      'E_WORKSPACE',
      `The folder ${dir}, where Ensemble keeps its data, can't be used: ${said}.`,
      {
        hint: 'Make the workspace writable for the user who starts the server.',
        cause: thrown,
      },
    )
  })
  const lock = await lockFolder(dir, now)
  try {
    const isNew = await prepareDatabase(dir)
    return { dir, databaseDir: dir, isNew, announce: (url) => lock.announce(url), close: () => lock.release() }
  } catch (thrown) {
    await lock.release()
    throw thrown
  }
}

async function makeFolder(dir: string): Promise<void> {
  await mkdir(dir, { mode: 0o700 }).catch((thrown: unknown) => {
    if (!hasCode(thrown, 'EEXIST')) throw thrown // that is fine if it is a folder, which the next line asks
  })
  const found = await lstat(dir) // of the name itself: a link could lead the database out of the workspace
  if (!found.isDirectory()) {
    throw new EnsembleError('E_WORKSPACE', `${dir} is not a folder, and Ensemble keeps its data in a folder there.`, {
      hint: 'Move it away.',
    })
  }
  if ((found.mode & 0o077) !== 0) await chmod(dir, 0o700)
  await writeFile(join(dir, '.gitignore'), '*\n', { flag: 'wx' }).catch((thrown: unknown) => {
    if (!hasCode(thrown, 'EEXIST')) throw thrown // it is there, perhaps with lines of its own
  })
}

/** True when there was none before. */
async function prepareDatabase(dir: string): Promise<boolean> {
  const file = join(dir, DATABASE_FILE)
  const format = await readFormat(dir)
  const bytes = await sizeOf(file)
  if (format === undefined && bytes === 0) {
    const storage = await openEmbeddedStorage({ dir })
    await storage.close()
    await writeFormat(dir)
    return true
  }
  if (bytes === 0) throw damaged(file, 'it is missing or empty, though the folder has been in use')
  await probeDatabase(file, bytes)
  if (format === undefined) await writeFormat(dir) // the first start ended between making the database and this
  return false
}

async function readFormat(dir: string): Promise<number | undefined> {
  const file = join(dir, FORMAT_FILE)
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    if (hasCode(thrown, 'ENOENT')) return undefined
    throw thrown
  })
  if (text === undefined) return undefined
  const format = /^\d+$/.test(text.trim()) ? Number(text) : NaN
  if (format === FORMAT) return format
  if (format > FORMAT) {
    const message = `${dir} was written by a later Ensemble (format ${format}); this one knows format ${FORMAT}.`
    throw new EnsembleError('E_STORAGE_VERSION', message, {
      hint: 'Update Ensemble; nothing was changed.',
      data: { dir, format, known: FORMAT },
    })
  }
  throw new EnsembleError(
    'E_STORAGE_DAMAGED',
    `${file} should hold a format number, and holds ${JSON.stringify(text.slice(0, 40))}.`,
    {
      hint: `If this workspace was never opened by a later Ensemble, write ${FORMAT} into it; nothing was changed.`,
      data: { file },
    },
  )
}

/** Whole or not at all, and on the disk before anything relies on it. */
async function writeFormat(dir: string): Promise<void> {
  const draft = join(dir, `${FORMAT_FILE}.new`)
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(`${FORMAT}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, join(dir, FORMAT_FILE))
  await syncFolder(dir)
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    (thrown: unknown) => {
      if (hasCode(thrown, 'ENOENT')) return 0
      throw thrown
    },
  )
}
