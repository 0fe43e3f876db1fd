/** What of a folder is not in step: why, and what someone can do about it now. */
import type { FolderStatus } from '../../../protocol/folder.js'
import type { Paint } from '../colour.js'
import { count, duration, quoted } from '../words.js'
import { heldPaths, sessionWays, shellWays } from './resume-view.js'

export type Whose =
  /** Somebody's at a shell: `dir` is the folder, `command` what this program is called. */
  | { readonly kind: 'shell'; readonly dir: string; readonly command: string }
  /** An agent's, whose session is in this terminal. */
  | { readonly kind: 'session' }

export interface FolderWords {
  readonly whose: Whose
  /** Milliseconds since 1970. */
  readonly now: number
  readonly paint: Paint
}

/** Empty if there is nothing to tell. */
export function folderLines({ paused, leftOut }: FolderStatus, { whose, now, paint }: FolderWords): string[] {
  const lines: string[] = []
  if (paused !== null) {
    const isHeld = paused.choices.length > 0
    const word = isHeld ? 'held' : 'paused'
    const age = paused.since === null ? '' : ` (for ${duration(Math.max(0, now - paused.since))})`
    lines.push(`  ${paint('waiting', word)}${' '.repeat(INDENT - word.length)}${paused.message}${age}`)
    const more = [...heldPaths(paused), ...(isHeld ? waysOut(paused, whose) : [paused.hint])]
    lines.push(...more.map((line) => `  ${' '.repeat(INDENT)}${line}`))
  }
  if (leftOut > 0) {
    const words = leftOutWords(leftOut, whose.kind === 'session' ? undefined : whose.command)
    lines.push(`  ${'left out'.padEnd(INDENT)}${words}`)
  }
  return lines
}

/** @param command what this program is called at a shell; undefined in the folder's own session */
export function leftOutWords(paths: number, command: string | undefined): string {
  const which = command === undefined ? '"status" names them' : `${command} status, asked in it, names them`
  return `${count(paths, 'path')} (too large, a link, not readable, or no name for all systems); ${which}`
}

/** Of the words before what is told. In characters. */
const INDENT = 11

function waysOut(paused: NonNullable<FolderStatus['paused']>, whose: Whose): string[] {
  if (whose.kind === 'session') return [sessionWays(paused)]
  return shellWays(paused, `${whose.command} resume --dir ${quoted(whose.dir)}`)
}

/** Paths that stay out of step, each with why. */
export function blockedLines(blocked: Readonly<Record<string, string>>): string[] {
  const all = Object.entries(blocked)
  const lines = all.slice(0, MOST).map(([path, reason]) => `  ${path} stays out of step: ${plainReason(reason)}`)
  return all.length > MOST
    ? [...lines, `  and ${count(all.length - MOST, 'other', 'others')}; --json names them`]
    : lines
}

/** Paths that are named; the rest is counted. */
const MOST = 20

/** Names of the system's errors, and of Node's, say nothing to most. */
const PLAIN: Readonly<Record<string, string>> = {
  EACCES: 'it may not be read, or its folder may not be written to',
  EPERM: 'it may not be read, or its folder may not be written to',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk is full, as far as this user may fill it',
  EISDIR: 'a folder stands in its place',
  ENOTDIR: 'a part of its path is a file',
  ELOOP: 'a symbolic link stands in its way',
  ENAMETOOLONG: 'its name is too long for this disk',
  'not a regular file': 'it is a link, a socket or a device',
}

function plainReason(reason: string): string {
  const size = /^larger than (\d+) bytes$/.exec(reason)?.[1]
  if (size !== undefined) return `it is larger than ${count(Math.round(Number(size) / 1_048_576), 'MiB', 'MiB')}`
  return PLAIN[reason] ?? reason
}
