/** What Node says when a file can't be had, in words. */

/** "ENOENT"; undefined for what is no error of the system. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read and write it',
  EPERM: 'this user may not read and write it',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'this user may not store more on its disk',
  EIO: 'its disk could not be read or written',
  ELOOP: 'it is a symbolic link that leads in circles',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
}

/** Half a sentence, without a full stop. */
export function reasonOf(thrown: unknown): string {
  return REASONS[codeOf(thrown) ?? ''] ?? (thrown instanceof Error ? thrown.message : String(thrown))
}

/** As reasonOf, where nothing but the code is at hand. */
export function reasonOfCode(code: string): string {
  return REASONS[code] ?? `the system refused it (${code})`
}
