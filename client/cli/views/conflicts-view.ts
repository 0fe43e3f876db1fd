/** Conflicts as a table, and one of them whole. People read the names of those who wrote, never "ours" and "theirs". */
import {
  isOfLines,
  type Conflict,
  type Overlap,
  type Resolution,
  type ShownConflict,
} from '../../../protocol/conflicts.js'
import { unreachable } from '../../../protocol/errors.js'
import type { KeptContent } from '../../../protocol/files.js'
import type { Paint } from '../colour.js'
import { table } from '../table.js'
import { count, cutPath, duration } from '../words.js'

export interface ConflictWords {
  /** Of an author. */
  readonly nameOf: (author: string) => string
  /** The beginning of a conflict's id that names it. */
  readonly short: (id: string) => string
  readonly now: number
  readonly paint: Paint
  /** `ensemble`, as it was called. */
  readonly command: string
}

/** Widest path in a table. In characters. */
const PATH_WIDTH = 48
/** Shortest beginning of an id that is shown, the same wherever it is; longer where others begin alike. In characters. */
const SHORTEST = 8

/** A function from an id to the shortest beginning of it that no other one has. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  return (id) => {
    const others = ids.filter((other) => other !== id)
    let length = SHORTEST
    while (length < id.length && others.some((other) => other.startsWith(id.slice(0, length)))) length++
    return id.slice(0, length)
  }
}

export function conflictLines(conflicts: readonly Conflict[], words: ConflictWords): string[] {
  if (conflicts.length === 0) return ['No conflict is open.']
  const { nameOf, short, now, paint, command } = words
  const hasClosed = conflicts.some(({ state }) => state !== 'open')
  const rows = conflicts.map((conflict) => [
    { text: short(conflict.id) },
    { text: cutPath(conflict.path, PATH_WIDTH) },
    { text: reasonOf(conflict), ...(conflict.state === 'open' ? { tone: 'bad' as const } : {}) },
    { text: nameOf(conflict.authors.ours) },
    { text: nameOf(conflict.authors.theirs) },
    { text: duration(Math.max(0, now - conflict.time)) },
    ...(hasClosed ? [{ text: endOf(conflict, nameOf) }] : []),
  ])
  const open = conflicts.filter(({ state }) => state === 'open')
  const [first] = open
  return [
    ...table(['id', 'file', 'what', 'stays', 'held', 'age', ...(hasClosed ? ['end'] : [])], rows, paint),
    '',
    `${count(open.length, 'open conflict')}; nothing of either side is lost.`,
    ...(first === undefined ? [] : ['', `next  ${command} conflicts show ${short(first.id)}`]),
  ]
}

/** Both sides, what they started from, and what can be done. */
export function conflictWhole({ conflict, now: place }: ShownConflict, words: ConflictWords): string[] {
  const { nameOf, short, now, paint, command } = words
  const { id, path, authors, state, resolution, time } = conflict
  const ours = nameOf(authors.ours)
  const theirs = nameOf(authors.theirs)
  const age = duration(Math.max(0, now - time))
  const where = place === null || place.text === '' ? '' : `, ${linesOf(place.lines)}`
  const lines = [
    `${paint('strong', path)}${where}: ${paint(state === 'open' ? 'bad' : 'quiet', reasonOf(conflict))}, ${age} ago, ${short(id)}`,
    '',
    ...sides(conflict, { ours, theirs }),
  ]
  if (resolution !== undefined) return [...lines, closedLine(conflict, resolution, nameOf)]
  if (isOfLines(conflict)) lines.push(...sinceThen(conflict, place, words))
  const resolve = `${command} conflicts resolve ${short(id)}`
  const isOverlap = isOfLines(conflict)
  const canBoth = isOverlap || conflict.reason === 'create'
  return [
    ...lines,
    `keep ${ours}:  ${resolve} --ours`,
    `take ${theirs}:  ${resolve} --theirs`,
    ...(canBoth ? [`both, ${ours} first:  ${resolve} --both`] : []),
    `${isOverlap ? 'lines' : 'a file'} of your own:  ${resolve} --file FILE`,
    ...(isOverlap && conflict.markers === undefined
      ? [`edit them in the file:  ${command} conflicts materialize ${short(id)}`]
      : []),
  ]
}

/** What became of it, for whoever decided. */
export function closedLine(
  conflict: Conflict,
  { outcome, by, rev }: Resolution,
  nameOf: (a: string) => string,
): string {
  return `${nameOf(by)} closed the conflict in ${conflict.path} at revision ${rev}: ${outcomeOf(conflict, outcome, nameOf)}.`
}

function sides(conflict: Conflict, { ours, theirs }: { ours: string; theirs: string }): string[] {
  if (!isOfLines(conflict)) {
    return [
      `${ours}: ${conflict.reason === 'create' && conflict.lock !== undefined ? 'the path, by a lock' : 'the file as it stands'}`,
      ...side(`${theirs}, held`, wholeText(conflict.theirs), 'the file deleted'),
    ]
  }
  return [
    ...side(`${ours}, in the file`, conflict.ours, 'these lines deleted'),
    ...side(`${theirs}, held`, conflict.theirs, 'these lines deleted'),
    ...side('both started from', conflict.base, 'nothing'),
  ]
}

function side(title: string, text: string | null, absent: string): string[] {
  if (text === null || text === '') return [`${title}: ${absent}`, '']
  const shown = text.endsWith('\n') ? text.slice(0, -1) : text
  return [`${title}:`, ...shown.split('\n').map((line) => `  | ${line}`.trimEnd()), '']
}

function sinceThen(conflict: Overlap, place: ShownConflict['now'], { nameOf }: ConflictWords): string[] {
  if (conflict.markers !== undefined) {
    return ['Both stand in the file, between markers; without them the conflict is closed.', '']
  }
  if (place === null) return [`What ${nameOf(conflict.authors.ours)} wrote there is not in the file any more.`, '']
  if (place.text === conflict.ours) return []
  return side(`stands there now, ${linesOf(place.lines)}`, place.text, 'nothing')
}

function wholeText(content: KeptContent | null): string | null {
  if (content === null) return null
  return content.kind === 'text' ? content.text : `(${content.size} bytes that are not text)`
}

function linesOf({ from, to }: { readonly from: number; readonly to: number }): string {
  return from >= to ? `line ${from}` : `lines ${from}–${to}`
}

function reasonOf({ reason, lock }: Conflict): string {
  switch (reason) {
    case 'overlap':
      return 'same lines'
    case 'lock':
      return 'locked lines'
    case 'create':
      return lock === undefined ? 'both made it' : 'made at a locked path'
    case 'delete':
      return lock === undefined ? 'deleted and changed' : 'deleted, and locked'
    case 'binary':
      return 'not text'
    default:
      return unreachable(reason)
  }
}

function endOf(conflict: Conflict, nameOf: (author: string) => string): string {
  const { resolution } = conflict
  if (resolution === undefined) return conflict.state === 'open' ? 'open' : conflict.state
  return `${outcomeOf(conflict, resolution.outcome, nameOf)}, by ${nameOf(resolution.by)}`
}

function outcomeOf({ authors }: Conflict, outcome: Resolution['outcome'], nameOf: (author: string) => string): string {
  switch (outcome) {
    case 'ours':
      return `${nameOf(authors.ours)} stays`
    case 'theirs':
      return `${nameOf(authors.theirs)} went in`
    case 'both':
      return 'both stand'
    case 'text':
      return 'another text'
    case 'superseded':
      return 'written over'
    default:
      return unreachable(outcome)
  }
}
