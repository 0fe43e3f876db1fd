/** Which files are being worked on: what the tree's bars and the list of busy files show. */
import { signal, type Signal } from '@preact/signals'
import { SPAN } from './span.js'

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

/** For this long after an edit the tree shows its author at the file. */
export const LATELY = 2 * 60_000

/**
 * What changed in the last quarter of an hour, by file and by author. A change costs the same however many there were:
 * what it does not touch stays the same object, and whoever shows that need not look again.
 */
export class Activity {
  readonly #most: number
  #changes: Change[] = []
  readonly #byFile = new Map<string, Change[]>()
  readonly #files = new Map<string, FileActivity>()
  readonly #lines = new Map<string, Signal<AuthorLines | undefined>>()

  /** @param most of more changes than these the oldest are forgotten, some at once */
  constructor(most: number) {
    this.#most = most
  }

  get files(): ReadonlyMap<string, FileActivity> {
    return this.#files
  }

  /** Oldest first; of a file, its own ones. */
  changes(path?: string): readonly Change[] {
    return path === undefined ? this.#changes : (this.#byFile.get(path) ?? [])
  }

  /** Subscribes whoever reads it to this author's: of fifty rows mostly one is another. */
  lines(author: string): AuthorLines | undefined {
    return this.#linesOf(author).value
  }

  #linesOf(author: string): Signal<AuthorLines | undefined> {
    const known = this.#lines.get(author) ?? signal(undefined)
    this.#lines.set(author, known)
    return known
  }

  /** One that is newer than all that are known; else they are to be put in order. */
  add(change: Change): void {
    const { file, author, time } = change
    if (this.#changes.length === this.#most) this.#forget(Math.ceil(this.#most / 100))
    this.#changes.push(change)
    const ofFile = this.#byFile.get(file)
    if (ofFile === undefined) this.#byFile.set(file, [change])
    else ofFile.push(change)
    const { changes, authors } = this.#files.get(file) ?? { changes: 0, authors: [] }
    this.#files.set(file, { path: file, changes: changes + 1, lastTime: time, authors: withLatest(authors, author) })
    const lines = this.#linesOf(author)
    lines.value = withChange(lines.peek(), change, 1)
  }

  /** For those that were added later than newer ones. */
  putInOrder(): void {
    const changes = this.#changes.toSorted((a, b) => a.time - b.time)
    this.clear()
    for (const change of changes) this.add(change)
  }

  /** @returns whether any change was older than the span */
  expire(now: number): boolean {
    const count = this.#changes.findIndex(({ time }) => time >= now - SPAN)
    this.#forget(count === -1 ? this.#changes.length : count)
    return count !== 0
  }

  clear(): void {
    this.#changes = []
    this.#byFile.clear()
    this.#files.clear()
    for (const lines of this.#lines.values()) lines.value = undefined
  }

  #forget(count: number): void {
    const gone = new Map<string, number>()
    for (const change of this.#changes.splice(0, count)) {
      gone.set(change.file, (gone.get(change.file) ?? 0) + 1)
      const lines = this.#linesOf(change.author)
      const left = withChange(lines.peek(), change, -1)
      lines.value = left.edits === 0 ? undefined : left
    }
    // Once for all of a file that go: there may be thousands that stay.
    for (const [file, first] of gone) {
      const rest = this.#byFile.get(file)?.slice(first) ?? []
      const last = rest.at(-1)
      if (last === undefined) {
        this.#byFile.delete(file)
        this.#files.delete(file)
      } else {
        this.#byFile.set(file, rest)
        const authors = rest.reduce<readonly string[]>((names, one) => withLatest(names, one.author), [])
        this.#files.set(file, { path: file, changes: rest.length, lastTime: last.time, authors })
      }
    }
  }
}

function withLatest(authors: readonly string[], author: string): readonly string[] {
  return authors[0] === author ? authors : [author, ...authors.filter((other) => other !== author)]
}

/** @param sign -1: it is taken off again */
function withChange(lines: AuthorLines | undefined, { author, time, lines: own }: Change, sign: 1 | -1): AuthorLines {
  return {
    author,
    edits: (lines?.edits ?? 0) + sign,
    added: (lines?.added ?? 0) + sign * own.added,
    removed: (lines?.removed ?? 0) + sign * own.removed,
    lastTime: Math.max(lines?.lastTime ?? 0, time),
  }
}

/** Busiest first; of equals, the one changed last. */
export function busiest(activity: ReadonlyMap<string, FileActivity>, count: number): readonly FileActivity[] {
  const first: FileActivity[] = []
  // Of thousands of files some are kept: those are put in order, not all; and sooner where the latest come first.
  for (const file of [...activity.values()].reverse()) {
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
export function linesByAuthor(changes: readonly Change[]): readonly AuthorLines[] {
  const byAuthor = new Map<string, AuthorLines>()
  for (const change of changes) byAuthor.set(change.author, withChange(byAuthor.get(change.author), change, 1))
  return [...byAuthor.values()].sort((a, b) => b.lastTime - a.lastTime)
}

/** Of the server's own folder, which it has just begun to serve. */
export function isReading({ author, rev }: { readonly author: string; readonly rev: number }): boolean {
  return author === 'DISK' && rev === 1
}
