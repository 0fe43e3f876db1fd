/** How one file takes another's place: modes and owner, hard links where the file system has them, folders in the way. */
import { fchownSync, linkSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from './node-error.js'
import { isExecutable, sightOf, type FileSight } from './stamp.js'

/** `executable` follows who may read, as chmod +x under a usual umask does. */
export function modeFor(mode: number, executable: boolean): number {
  const permissions = mode & 0o7777
  if (executable === isExecutable(mode)) return permissions
  return executable ? permissions | ((permissions & 0o444) >> 2) : permissions & ~0o111
}

export function keepOwner(descriptor: number, old: FileSight): void {
  if (old.uid === process.getuid?.() && old.gid === process.getgid?.()) return
  try {
    fchownSync(descriptor, old.uid, old.gid)
  } catch {
    // Only root may give files away; the group may still be ours to set. Otherwise it is ours now, as with any editor.
  }
}

/** Puts a new file at a place that is free. False if it is not. */
export function linkNew(temporary: string, place: string): boolean {
  try {
    linkSync(temporary, place)
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false
    if (!hasNoLinks(thrown) || sightOf(place).kind !== 'absent') throw thrown
    renameSync(temporary, place)
    return true
  }
  unlinkSync(temporary)
  return true
}

export function linkOld(place: string, file: string): void {
  try {
    linkSync(place, file)
  } catch (thrown) {
    // Without hard links a write into the old inode after the rename is lost, as it is with every editor.
    if (!hasNoLinks(thrown)) throw thrown
  }
}

function hasNoLinks(thrown: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(thrown) ?? '')
}

/** Takes a folder away in which there are folders at most. Throws if anything else is in it. */
export function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name))
  }
  rmdirSync(folder)
}
