/** Small things about files that Node leaves to its callers. */
import { open } from 'node:fs/promises'

/** Whether an error of the file system has this code, as in `ENOENT`. */
export function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}

/** Makes the names in a folder durable: a synced file may still lose its name with the power. */
export async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return // which offers no such thing, and keeps names by itself
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
