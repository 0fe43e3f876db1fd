/**
 * Whether a change made a conflict pointless, because someone who knew of it wrote something else there (rule CONFLICT-10).
 *
 * 1. Nobody's change closes a conflict that its author did not know of: they were told, and what they wrote upon is no older
 *    than the conflict. Where its markers stand in the text, whoever takes them out has read them.
 * 2. A touch is not enough: of a whole-file write no line that was the incumbent's own is left in the region; of a live edit
 *    nothing at all is left, because it comes letter by letter.
 */
import { isOfLines, type Conflict, type Overlap } from '../../protocol/conflicts.js'
import { splitLines } from '../../protocol/text/lines.js'

export interface ChangeOfRegion {
  /** What stands between the ends of the region now; null: it has none. */
  readonly region: string | null
  /** Whether the change left the file deleted. */
  readonly deleted: boolean
  /** What a whole-file write was written upon; null: a live edit. */
  readonly baseRev: number | null
  /** Its author was told of the conflict before. */
  readonly saw: boolean
}

export function isSuperseded(conflict: Conflict, change: ChangeOfRegion): boolean {
  const { region, deleted, baseRev, saw } = change
  const isUpon = baseRev === null || baseRev >= conflict.rev
  if (!isOfLines(conflict)) return conflict.reason === 'delete' && deleted && saw && isUpon
  if (region === null || deleted) return false
  if (conflict.markers !== undefined) return !markerLines(conflict).some((line) => linesOf(region).has(line))
  if (!saw || !isUpon) return false
  return baseRev === null ? region === '' && conflict.ours !== '' : isRewritten(conflict, region)
}

/** None of the lines that the incumbent had put there is left. Where it had put none, nobody can tell: it stays open. */
function isRewritten({ base, ours }: Overlap, region: string): boolean {
  const known = linesOf(base)
  const own = [...linesOf(ours)].filter((line) => !known.has(line) && line.trim() !== '')
  const left = linesOf(region)
  return own.length > 0 && !own.some((line) => left.has(line))
}

/** The lines that begin, part and end the two sides. */
function markerLines({ markers = '' }: Overlap): string[] {
  return [...linesOf(markers)].filter((line) => /^(?:<{7} |={7}$|>{7} )/.test(line))
}

function linesOf(text: string): ReadonlySet<string> {
  return new Set(splitLines(text).map((line) => line.replace(/\r?\n$/, '')))
}
