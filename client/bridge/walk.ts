/** Goes over every file of a folder that is not ignored, in small steps, so that whoever walks can stop in between. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { IgnoreRules } from './ignore.js'
import { codeOf } from './node-error.js'
import type { Timers } from './ports.js'
import { sightOf, type FileSight } from './stamp.js'

export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly sight: FileSight }
  | { readonly kind: 'folder'; readonly path: string }
  /** It could not be listed: what is in it is unknown, not gone. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string }
  /** It takes part by every rule, but for its name. */
  | { readonly kind: 'unnameable'; readonly path: string; readonly fault: string }
  /** A rule file changed since it was read: what was walked so far was judged by old rules. */
  | { readonly kind: 'rules-changed'; readonly path: string }

/**
 * @param folder to begin with, relative to `root`; '' for all of it. Symlinks are not followed, nor told.
 * @param deep false: only what is directly in it
 */
export function* walk(root: string, folder: string, rules: IgnoreRules, deep = true): Generator<Step> {
  const folders = [folder]
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    if (rules.refresh(at)) yield { kind: 'rules-changed', path: at }
    if (rules.ignoresFolder(at)) {
      const fault = rules.nameFault(at, '/')
      if (fault !== undefined) yield { kind: 'unnameable', path: `${at}/`, fault }
      continue
    }
    yield { kind: 'folder', path: at }
    const listing = list(join(root, at))
    if ('code' in listing) {
      if (listing.code !== 'ENOENT') yield { kind: 'unreadable', path: at, code: listing.code }
      else if (isNoUtf8(at)) yield { kind: 'unnameable', path: `${at}/`, fault: NO_UTF8 }
      continue
    }
    for (const entry of listing.entries) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isDirectory()) {
        if (deep) folders.push(path)
      } else if (entry.isFile()) {
        const accepted = rules.accept(path)
        const sight = accepted === undefined ? undefined : sightOf(`${root}/${accepted}`)
        if (accepted !== undefined && sight?.kind === 'file') yield { kind: 'file', path: accepted, sight }
        const lost = sight?.kind === 'absent' && isNoUtf8(path) ? NO_UTF8 : undefined
        const fault = sight === undefined ? rules.nameFault(path, '') : lost
        if (fault !== undefined) yield { kind: 'unnameable', path, fault }
      }
    }
  }
}

const NO_UTF8 = 'it is not UTF-8'

/** Whether a name that can't be found again holds what Node puts for bytes that are not UTF-8. */
function isNoUtf8(name: string): boolean {
  return name.includes('\uFFFD')
}

/**
 * Runs `steps` for at most `slice` milliseconds at a time, resting in between.
 *
 * @param rest milliseconds for which to leave the processor to others after a slice that took `spent`; 0: one turn of the
 *   event loop
 */
export async function inSlices<T>(
  steps: Iterable<T>,
  take: (step: T) => void,
  options: { slice: number; rest: (spent: number) => number; timers: Timers; isStopped: () => boolean },
): Promise<void> {
  let start = performance.now()
  for (const step of steps) {
    take(step)
    const spent = performance.now() - start
    if (spent < options.slice) continue
    const rest = options.rest(spent)
    if (rest === 0) await options.timers.yield()
    else await new Promise<void>((resolve) => options.timers.after(rest, resolve))
    if (options.isStopped()) return
    start = performance.now()
  }
}

function list(place: string): { entries: ReturnType<typeof readEntries> } | { code: string } {
  try {
    return { entries: readEntries(place) }
  } catch (thrown) {
    return { code: codeOf(thrown) ?? 'UNKNOWN' }
  }
}

function readEntries(place: string) {
  return readdirSync(place, { withFileTypes: true })
}
