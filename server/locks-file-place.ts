/**
 * Where `_locks.json` stands in the served folder: in `.notes/ACTIVE`, or at the top where only there is one. A workspace without
 * either, and without `.notes`, gets none.
 */
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LOCKS_FILES, TEMPORARY_PREFIX } from '../protocol/paths.js'
import type { LocksFilePlace } from './locks/locks-file-service.js'

/** @param workspace absolute */
export function locksFilePlace(workspace: string): LocksFilePlace {
  const [inNotes, atTop] = LOCKS_FILES
  const kindOf = async (path: string): Promise<'file' | 'folder' | 'other' | 'none'> => {
    const stats = await lstat(join(workspace, path)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
        return null
      throw error
    })
    if (stats === null) return 'none'
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
  }
  /** Nothing is followed that leads elsewhere. */
  const find = async (): Promise<{ readonly path: string; readonly exists: boolean } | null> => {
    if ((await kindOf('.notes')) === 'folder' && !['file', 'other'].includes(await kindOf('.notes/ACTIVE'))) {
      const kind = await kindOf(inNotes)
      if (kind === 'file') return { path: join(workspace, inNotes), exists: true }
      if (kind === 'none' && (await kindOf(atTop)) !== 'file') return { path: join(workspace, inNotes), exists: false }
    }
    return (await kindOf(atTop)) === 'file' ? { path: join(workspace, atTop), exists: true } : null
  }
  return {
    read: async () => {
      const found = await find()
      return found?.exists === true ? await readFile(found.path, 'utf8') : null
    },
    write: async (text) => {
      const found = await find()
      if (found === null) return
      const folder = dirname(found.path)
      await mkdir(folder, { recursive: true })
      const temporary = join(folder, `${TEMPORARY_PREFIX}locks`)
      try {
        await writeFile(temporary, text)
        await rename(temporary, found.path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
  }
}
