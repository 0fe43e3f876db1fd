/** The folder that is bridged: that it is still the same one, and that no other bridge works in it. */
import { mkdirSync, readFileSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EnsembleError } from '../../protocol/errors.js'
import { codeOf } from './node-error.js'
import { isRunning, startOf } from './processes.js'
import { sightOf } from './stamp.js'

export interface Root {
  /** Absolute, without symlinks. */
  readonly folder: string
  /** The bridge's own data; 0700, never synced. */
  readonly data: string
  /** Undefined while it is the folder that was opened. */
  fault(): RootFault | undefined
  close(): void
}

export type RootFault = 'root-missing' | 'root-replaced'

/** Keeps git from offering the data folder to anyone. */
const GIT_IGNORE = '*\n'

/**
 * @param dir an existing folder
 * @throws EnsembleError E_WORKSPACE if it is none, E_WORKSPACE_BUSY if another bridge works in it
 */
export function openRoot(dir: string): Root {
  const folder = resolveFolder(dir)
  const first = sightOf(folder)
  if (first.kind !== 'folder') throw noFolder(dir)
  const ensemble = join(folder, '.ensemble')
  const data = join(ensemble, 'bridge')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeIfMissing(join(ensemble, '.gitignore'), GIT_IGNORE)
  const unlock = takeLock(join(data, 'lock'), folder, `${first.device}:${first.inode}`)
  const store = sightOf(data)
  let closed = false
  return {
    folder,
    data,
    fault() {
      // Our own folder is in it, and the same one: so is the root. One look, because this is asked before every action.
      const inside = sightOf(data)
      const isSame =
        inside.kind === 'folder' &&
        store.kind === 'folder' &&
        inside.inode === store.inode &&
        inside.device === store.device
      if (isSame) return undefined
      const now = sightOf(folder)
      if (now.kind === 'absent' || now.kind === 'unreadable') return 'root-missing'
      // Another folder, an unmounted disk, or one that was emptied to its last hidden file.
      return 'root-replaced'
    },
    close() {
      if (closed) return
      closed = true
      unlock()
    },
  }
}

function resolveFolder(dir: string): string {
  try {
    return realpathSync(dir)
  } catch {
    throw noFolder(dir)
  }
}

function noFolder(dir: string): EnsembleError {
  return new EnsembleError('E_WORKSPACE', `${dir} is not a folder that can be read.`, {
    hint: 'Name an existing folder; an empty one will do.',
  })
}

const lock = z.object({
  pid: z.number(),
  started: z.string().nullable(),
  folder: z.string(),
  /** Device and inode of the folder. */
  inode: z.string(),
})

/**
 * The lock names the process and when it began, so that a number that was given to another process is no lock; and the folder,
 * so that its copy in a copied folder is none either.
 *
 * @param folder absolute, without symlinks
 */
function takeLock(place: string, folder: string, inode: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? null, folder, inode })
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(place, mine, { flag: 'wx', mode: 0o600 })
      return () => {
        try {
          if (readOr(place, '') === mine) unlinkSync(place)
        } catch {
          // It ends with its process.
        }
      }
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown
    }
    const holder = lock.safeParse(parsed(readOr(place, ''))).data
    // A folder that was moved keeps its inode, one whose disk was mounted anew its path.
    const isOurs = holder?.folder === folder || holder?.inode === inode
    if (holder !== undefined && isOurs && isRunning(holder.pid, holder.started)) {
      throw new EnsembleError('E_WORKSPACE_BUSY', `Another Ensemble process (${holder.pid}) already syncs ${folder}.`, {
        hint: 'Stop that one first, or use a folder of its own for each agent.',
        data: { pid: holder.pid },
      })
    }
    unlinkSync(place)
  }
  throw new EnsembleError('E_WORKSPACE_BUSY', `Another Ensemble process is starting to sync ${folder}.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readOr(place: string, fallback: string): string {
  try {
    return readFileSync(place, 'utf8')
  } catch {
    return fallback
  }
}

function writeIfMissing(place: string, text: string): void {
  try {
    writeFileSync(place, text, { flag: 'wx' })
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown
  }
}
