/**
 * Which of the files that are gone are which of the new ones: renames, recognised after the fact.
 *
 * 1. By the file itself: its inode, with the moment of its birth, now stands at the new path.
 * 2. By equal content, where there is any.
 * 3. By likeness: at least 60 % of the longer text, line by line.
 * 4. Never by guess: of two candidates that are equally good none is taken, but for one that kept its name.
 * The work is bounded; where it would be more, what is left counts as deleted and made.
 */

export interface GoneFile {
  readonly path: string
  readonly hash: string
  /** Of its base; undefined: bytes, or not kept. */
  readonly text: () => string | undefined
}

export interface FreshFile {
  readonly path: string
  /** The path at which this very file stood before; undefined: nobody knows, or it is a new one. */
  readonly from: string | undefined
  /** Undefined: it is empty, or could not be read. */
  readonly hash: string | undefined
  readonly text: () => string | undefined
}

const LIKE = 0.6
/** Lines that are compared in all. */
const MAX_LINES = 400_000
/** Files that are read for it, on both sides together, and what they hold: some milliseconds. In UTF-16 code units. */
const MAX_FILES = 400
const MAX_CHARACTERS = 4 * 1024 * 1024

/** @returns old path → new path */
export function pairRenames(gone: readonly GoneFile[], fresh: readonly FreshFile[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>()
  const taken = new Set<string>()
  const take = (from: string, to: string): void => {
    pairs.set(from, to)
    taken.add(to)
  }
  const left = new Set(gone.map(({ path }) => path))
  const moved = unique(
    fresh.filter(({ from }) => from !== undefined && left.has(from)),
    ({ from }) => from,
  )
  for (const [from, { path }] of moved) if (from !== undefined) take(from, path)
  const isGone = ({ path }: GoneFile): boolean => !pairs.has(path)
  const isFresh = ({ path, from }: FreshFile): boolean => !taken.has(path) && (from === undefined || !left.has(from))
  for (const key of [sameNameAndHash, sameHash]) {
    const news = unique(
      fresh.filter((file) => file.hash !== undefined && isFresh(file)),
      key,
    )
    for (const [hash, { path }] of unique(gone.filter(isGone), key)) {
      const match = news.get(hash)
      if (match !== undefined) take(path, match.path)
    }
  }
  for (const [from, to] of alike(gone.filter(isGone), fresh.filter(isFresh))) take(from, to)
  return pairs
}

function sameHash({ hash }: { readonly hash: string | undefined }): string {
  return hash ?? ''
}

function sameNameAndHash({ path, hash }: { readonly path: string; readonly hash: string | undefined }): string {
  return `${hash ?? ''} ${path.slice(path.lastIndexOf('/') + 1)}`
}

/** Those whose key no other one has. */
function unique<T, K>(files: readonly T[], keyOf: (file: T) => K): Map<K, T> {
  const found = new Map<K, T>()
  const twice = new Set<K>()
  for (const file of files) {
    const key = keyOf(file)
    if (found.has(key)) twice.add(key)
    found.set(key, file)
  }
  for (const key of twice) found.delete(key)
  return found
}

interface Lines {
  readonly path: string
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/** Each with the one that it is most like, if that is so the other way round as well, and no third is as like. */
function alike(gone: readonly GoneFile[], fresh: readonly FreshFile[]): [string, string][] {
  if (gone.length === 0 || fresh.length === 0 || gone.length + fresh.length > MAX_FILES) return []
  const budget = { characters: MAX_CHARACTERS }
  const olds = linesOf(gone, budget)
  const news = linesOf(fresh, budget)
  if (budget.characters < 0) return []
  const all = (files: readonly Lines[]): number => files.reduce((sum, { counts }) => sum + counts.size, 0)
  if (all(olds) * news.length + all(news) * olds.length > MAX_LINES) return []
  const rows = olds.map((old) => news.map((one) => likeness(old, one)))
  const pairs: [string, string][] = []
  for (const [at, row] of rows.entries()) {
    const best = row.indexOf(Math.max(...row))
    const like = row[best] ?? 0
    const rivals = [
      ...row.filter((_, other) => other !== best),
      ...rows.flatMap((r, i) => (i === at ? [] : (r[best] ?? 0))),
    ]
    const [old, one] = [olds[at], news[best]]
    if (old === undefined || one === undefined || like < LIKE || rivals.some((rival) => rival >= like)) continue
    pairs.push([old.path, one.path])
  }
  return pairs
}

/** @param budget what may be read yet; below 0: it was not enough, and the answer is worth nothing */
function linesOf(files: readonly (GoneFile | FreshFile)[], budget: { characters: number }): Lines[] {
  return files.flatMap(({ path, text }) => {
    const whole = budget.characters < 0 ? undefined : text()
    budget.characters -= whole?.length ?? 0
    if (whole === undefined || whole === '') return []
    const counts = new Map<string, number>()
    for (const line of whole.split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1)
    return [{ path, counts, length: whole.length + 1 }]
  })
}

/** Which part of the longer text stands in both. */
function likeness(a: Lines, b: Lines): number {
  let shared = 0
  for (const [line, count] of a.counts) shared += Math.min(count, b.counts.get(line) ?? 0) * (line.length + 1)
  return shared / Math.max(a.length, b.length)
}
