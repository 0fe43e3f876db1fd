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
  const byFile = new Map<string, FileActivity>()
  for (const change of changes) {
    if (change.time < now - ACTIVITY_SPAN) continue
    const before = byFile.get(change.file)
    byFile.set(change.file, {
      path: change.file,
      changes: (before?.changes ?? 0) + 1,
      lastTime: change.time,
      authors: [change.author, ...(before?.authors.filter((author) => author !== change.author) ?? [])],
    })
  }
  return byFile
}

/** Busiest first; of equals, the one changed last. */
export function busiest(activity: ReadonlyMap<string, FileActivity>, count: number): readonly FileActivity[] {
  return [...activity.values()].sort((a, b) => b.changes - a.changes || b.lastTime - a.lastTime).slice(0, count)
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
  const byAuthor = new Map<string, AuthorLines>()
  for (const { author, time, lines } of changes) {
    if (time < now - ACTIVITY_SPAN) continue
    const before = byAuthor.get(author)
    byAuthor.set(author, {
      author,
      edits: (before?.edits ?? 0) + 1,
      added: (before?.added ?? 0) + lines.added,
      removed: (before?.removed ?? 0) + lines.removed,
      lastTime: time,
    })
  }
  return [...byAuthor.values()].sort((a, b) => b.lastTime - a.lastTime)
}
