/** The merges of a git repository on this machine, as cases: files that both parents of a merge changed. */
import { execFileSync } from 'node:child_process'
import type { TriedMerge } from './merge-score.js'

export interface History {
  readonly cases: readonly TriedMerge[]
  /** Merges with two parents. */
  readonly merges: number
  /** Merges that git would do upon a base that is itself a merge; they are left out. */
  readonly crossed: number
  /** Files that both parents changed, and one of the four versions is no text or not there. */
  readonly skipped: number
}

interface Change {
  readonly before: string
  readonly after: string
}

/** Merges octopus and with unrelated histories are left out. */
export function readHistory(dir: string): History {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', dir, ...args], { maxBuffer: 1024 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] })
  const words = (...args: string[]): string[] =>
    git(...args)
      .toString()
      .split(/\s+/)
      .filter(Boolean)
  const cases: TriedMerge[] = []
  let crossed = 0
  let skipped = 0
  const merges = words('rev-list', '--all', '--min-parents=2', '--max-parents=2')
  for (const merge of merges) {
    const [, one = '', two = ''] = words('rev-list', '--parents', '-n', '1', merge)
    const bases = mergeBases(words, one, two)
    const [base] = bases
    if (base === undefined || bases.length > 1) {
      crossed++
      continue
    }
    const mine = changes(git('diff-tree', '-r', '-z', '--no-renames', base, one))
    const yours = changes(git('diff-tree', '-r', '-z', '--no-renames', base, two))
    for (const [path, { before, after }] of mine) {
      const other = yours.get(path)
      if (other === undefined || other.after === after) continue
      const result = blobAt(git('ls-tree', '-z', merge, '--', path))
      const ids = [before, after, other.after, result]
      const [baseText, ours, theirs, resultText] = ids.map((id) => textOf(git, id))
      if (baseText === undefined || ours === undefined || theirs === undefined || resultText === undefined) {
        skipped++
        continue
      }
      cases.push({ id: `${merge.slice(0, 12)} ${path}`, base: baseText, ours, theirs, result: resultText })
    }
  }
  return { cases, merges: merges.length, crossed, skipped }
}

function mergeBases(words: (...args: string[]) => string[], one: string, two: string): string[] {
  try {
    return words('merge-base', '--all', one, two)
  } catch {
    return [] // exit code 1: no common history
  }
}

/** Regular files whose content changed, by path. */
function changes(raw: Buffer): Map<string, Change> {
  const found = new Map<string, Change>()
  const fields = raw.toString('utf8').split('\0')
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const [oldMode = '', newMode = '', before = '', after = ''] = (fields[n] ?? '').slice(1).split(' ')
    const isFile = (mode: string): boolean => mode.startsWith('100')
    if (isFile(oldMode) && isFile(newMode) && before !== after) found.set(fields[n + 1] ?? '', { before, after })
  }
  return found
}

function blobAt(listed: Buffer): string | undefined {
  return /^100\d+ blob ([0-9a-f]+)\t/.exec(listed.toString())?.[1]
}

function textOf(git: (...args: string[]) => Buffer, id: string | undefined): string | undefined {
  if (id === undefined) return undefined
  const bytes = git('cat-file', 'blob', id)
  const text = bytes.toString('utf8')
  return bytes.includes(0) || !bytes.equals(Buffer.from(text, 'utf8')) ? undefined : text
}
