/**
 * Workspace paths: relative, `/`-separated, and unable to leave the workspace.
 *
 * Rule PATH-1: a path is refused, never repaired. There is exactly one spelling of a path.
 */
import { z } from 'zod'

/** In UTF-8 bytes; what Linux allows for one name. */
const MAX_SEGMENT_BYTES = 255
const MAX_PATH_BYTES = 1024

/**
 * Folders that are never synced, wherever they stand (rule PATH-3). In any case: on a disk that does not tell them apart
 * `.GIT/hooks` is `.git/hooks`, where a file is a program that runs.
 */
export const NEVER_SYNCED: ReadonlySet<string> = new Set(['.git', '.ensemble', 'node_modules'])

/** @param name of one file or folder, not a path */
export function isNeverSynced(name: string): boolean {
  return NEVER_SYNCED.has(name.toLowerCase())
}

/** Our own temporary files begin with this (rule BRIDGE-18); the bridge removes strays at its start. */
export const TEMPORARY_PREFIX = '.ensemble-tmp-'

/** Of an older protocol; the server alone writes them, from its locks (rule PATH-7). */
export const LOCKS_FILES = ['.notes/ACTIVE/_locks.json', '_locks.json'] as const

/** In any case, as of NEVER_SYNCED. */
export function isLocksFile(path: string): boolean {
  const lower = path.toLowerCase()
  return LOCKS_FILES.some((file) => file.toLowerCase() === lower)
}

const encoder = new TextEncoder()

/** Why `path` is no workspace path, or undefined if it is one. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (isLongerThan(MAX_PATH_BYTES, path)) return `it is longer than ${MAX_PATH_BYTES} bytes`
  if (path.startsWith('/')) return 'it is absolute'
  if (path.includes('\\')) return 'it holds a back-slash'
  if (!path.isWellFormed()) return 'it is not valid Unicode'
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'it holds a control character'
  for (const segment of path.split('/')) {
    if (segment === '') return 'it has an empty segment'
    if (segment === '.' || segment === '..') return `it has a segment "${segment}"`
    if (isLongerThan(MAX_SEGMENT_BYTES, segment)) return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`
    if (isNeverSynced(segment)) return `"${segment}" is never synced`
    if (segment.startsWith(TEMPORARY_PREFIX)) return 'it names a temporary file of the bridge'
  }
  if (isLocksFile(path)) return 'the server alone writes it'
  return undefined
}

/** @param bytes in UTF-8, where a UTF-16 unit takes at most three */
function isLongerThan(bytes: number, text: string): boolean {
  return text.length * 3 > bytes && encoder.encode(text).length > bytes
}

export const workspacePath = z
  .string()
  .superRefine((path, context) => {
    const fault = pathFault(path)
    if (fault !== undefined) {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(path)} is not a path in the workspace: ${fault}` })
    }
  })
  .brand<'WorkspacePath'>()
export type WorkspacePath = z.infer<typeof workspacePath>
