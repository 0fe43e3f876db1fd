/** Replaces a file's content in one step: readers see the old or the new, and whatever goes wrong leaves the old. */
import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TEMPORARY_PREFIX } from '../../../protocol/paths.js'

/** Keeps the mode; follows a symbolic link to the file that it names. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const target = await realpath(path)
  const { mode } = await stat(target)
  const draft = join(dirname(target), `${TEMPORARY_PREFIX}${randomUUID()}`)
  try {
    const handle = await open(draft, 'wx', mode)
    try {
      await handle.writeFile(bytes)
      await handle.chmod(mode & 0o7777) // what the umask took away
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
