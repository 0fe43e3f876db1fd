/** How a conflict came about: from its record, and from the journal of its file. Nothing is guessed. */
import type { Conflict, ShownConflict } from '../../protocol/conflicts.js'
import type { FileContent } from '../../protocol/files.js'
import type { HistoryEntry } from '../../protocol/history.js'

/** All that is known of a conflict, and of its file. */
export interface Known extends ShownConflict {
  /** Of the file as it is; null: there is none. */
  readonly content: FileContent | null
  /** Newest first. */
  readonly entries: readonly HistoryEntry[]
}

export interface Step {
  /** Null: several. */
  readonly author: string | null
  readonly words: string
  readonly time: number | null
}

export interface Happened {
  readonly steps: readonly Step[]
  /** When what both started from, and what stands, was written; null: the journal does not say. */
  readonly baseTime: number | null
  readonly oursTime: number | null
}

/** @param entries of the file, newest first; as far back as they were read */
export function happened(conflict: Conflict, entries: readonly HistoryEntry[]): Happened {
  const { authors, baseRev, rev, time } = conflict
  const base = entries.find((entry) => entry.rev === baseRev)
  const between = entries.filter((entry) => entry.rev > baseRev && entry.rev <= rev)
  const isOther = authors.ours !== authors.theirs
  const ours = between.find((entry) => entry.author === authors.ours && (isOther || entry.rev < rev))
  const others = between.filter((entry) => entry !== ours && entry.rev < rev).length
  const steps: Step[] = []
  if (base !== undefined) {
    steps.push({ author: base.author, words: `wrote revision ${baseRev}, which both started from`, time: base.time })
  }
  if (ours !== undefined) {
    steps.push({ author: authors.ours, words: `${deed(ours)} it: revision ${ours.rev}`, time: ours.time })
  }
  if (others > 0) {
    const words = others === 1 ? '1 other revision came between' : `${others} other revisions came between`
    steps.push({ author: null, words, time: null })
  }
  steps.push({ author: authors.theirs, words: heldWords(conflict, ours?.rev ?? null), time })
  return { steps, baseTime: base?.time ?? null, oursTime: ours?.time ?? null }
}

function deed({ change }: HistoryEntry): string {
  return { created: 'created', modified: 'changed', renamed: 'renamed', deleted: 'deleted' }[change]
}

function heldWords({ writeId, baseRev, lock }: Conflict, seen: number | null): string {
  if (lock !== undefined) return `${writeId === null ? 'typed' : 'wrote'} in lines that ${lock.holder} had locked`
  const way = writeId === null ? 'typed there live' : 'wrote the same place'
  if (baseRev === 0) return `${way}, knowing of no revision`
  return `${way}, upon revision ${baseRev}${seen === null ? '' : `: without revision ${seen}`}`
}
