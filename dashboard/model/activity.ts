/** Which files are being worked on: what the tree's bars and the list of busy files show. */

export interface Change {
  readonly file: string
  readonly author: string
  /** By the server's clock. */
  readonly time: number
  readonly lines: { readonly added: number; readonly removed: number }
}

export interface FileActivity {
  readonly path: string
  readonly changes: number
  readonly lastTime: number
  /** Who changed it, most recent first. */
  readonly authors: readonly string[]
}

/** In milliseconds. */
export const ACTIVITY_SPAN = 15 * 60_000
/** For this long after an edit the tree shows its author at the file. */
export const LATELY = 2 * 60_000

/** @param changes oldest first */
export function activityByFile(changes: readonly Change[], now: number): ReadonlyMap<string, FileActivity> {
  const byFile = new Map<string, { -readonly [K in keyof FileActivity]: FileActivity[K] }>()
  for (const { file, author, time } of changes) {
    if (time < now - ACTIVITY_SPAN) continue
    const known = byFile.get(file)
    if (known === undefined) {
      byFile.set(file, { path: file, changes: 1, lastTime: time, authors: [author] })
      continue
    }
    known.changes += 1
    known.lastTime = time
    if (known.authors[0] !== author) known.authors = [author, ...known.authors.filter((other) => other !== author)]
  }
  return byFile
}

/** Busiest first; of equals, the one changed last. */
export function busiest(activity: ReadonlyMap<string, FileActivity>, count: number): readonly FileActivity[] {
  const first: FileActivity[] = []
  // Of thousands of files some are kept: those are put in order, not all.
  for (const file of activity.values()) {
    const last = first.at(-1)
    if (first.length === count && last !== undefined && compareBusy(last, file) <= 0) continue
    const place = first.findIndex((other) => compareBusy(other, file) > 0)
    first.splice(place === -1 ? first.length : place, 0, file)
    if (first.length > count) first.pop()
  }
  return first
}

function compareBusy(a: FileActivity, b: FileActivity): number {
  return b.changes - a.changes || b.lastTime - a.lastTime
}

/** The length of a heat bar, 0–1: logarithmic, since one busy file would otherwise flatten all others. */
export function heat(changes: number, most: number): number {
  return changes === 0 ? 0 : Math.max(0.2, Math.log1p(changes) / Math.log1p(Math.max(most, 4)))
}

export interface AuthorLines {
  readonly author: string
  readonly edits: number
  readonly added: number
  readonly removed: number
  readonly lastTime: number
}

/** The most recent author first. */
export function linesByAuthor(changes: readonly Change[], now: number): readonly AuthorLines[] {
  const byAuthor = new Map<string, { -readonly [K in keyof AuthorLines]: AuthorLines[K] }>()
  for (const { author, time, lines } of changes) {
    if (time < now - ACTIVITY_SPAN) continue
    const known = byAuthor.get(author)
    if (known === undefined) {
      byAuthor.set(author, { author, edits: 1, ...lines, lastTime: time })
      continue
    }
    known.edits += 1
    known.added += lines.added
    known.removed += lines.removed
    known.lastTime = time
  }
  return [...byAuthor.values()].sort((a, b) => b.lastTime - a.lastTime)
}
