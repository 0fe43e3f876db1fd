/**
 * The feed: events as sentences, newest first. Edits by one author of one file within 40 seconds are one row, so that a
 * busy agent does not push everybody else off the page. A row stays where its first event put it.
 */
import type { ConflictOutcome } from '../../protocol/conflicts.js'
import type { SaidEvent } from '../../client/sdk/event-words.js'
import type { WorkspaceEvent } from '../../protocol/events.js'
import type { ChangeType } from '../../protocol/revisions.js'
import { formatCount } from './format.js'

/** In milliseconds. */
export const GROUP_SPAN = 40_000
/** Many more than are shown: a filter finds what is rare among them. */
export const MOST_ROWS = 1_000

interface Common {
  /** Of the row's first event; names the row. */
  readonly seq: number
  readonly time: number
  /** How many events the row tells of. */
  readonly count: number
  readonly author: string
}
export type FeedRow =
  | (Common & {
      readonly kind: 'changed'
      readonly file: string
      readonly change: ChangeType
      /** Of the row's last event. */
      readonly lastTime: number
    })
  | (Common & { readonly kind: 'joined'; readonly partition: string | null })
  | (Common & { readonly kind: 'left'; readonly reason: 'left' | 'lost' | 'replaced' })
  | (Common & {
      readonly kind: 'settled'
      readonly file: string
      readonly outcome: ConflictOutcome
      readonly ours: string
      readonly theirs: string
      readonly conflictId: string
    })
  | (Common & { readonly kind: 'conflict'; readonly file: string; readonly other: string; readonly conflictId: string })
  | (Common & { readonly kind: 'said'; readonly event: SaidEvent })
  /** In an absence so long that the server does not tell all of it again. */
  | (Common & { readonly kind: 'missed' })
type Changed = Extract<FeedRow, { kind: 'changed' }>

/** Rows are never changed: a group that grows is a new row in the old one's place. @param events oldest first */
export function addToFeed(rows: readonly FeedRow[], events: readonly WorkspaceEvent[]): readonly FeedRow[] {
  const all = [...rows]
  for (const event of events) {
    const row = rowOf(event)
    const place = row.kind === 'changed' ? groupOf(row, all) : -1
    const group = all[place]
    if (row.kind !== 'changed' || group?.kind !== 'changed') {
      all.unshift(row)
      continue
    }
    all[place] = { ...group, count: group.count + 1, lastTime: row.time }
  }
  return all.slice(0, MOST_ROWS)
}

/** @param heard the number of the last event that was @param seq behind which the server goes on */
export function withMissed(rows: readonly FeedRow[], heard: number, seq: number, time: number): readonly FeedRow[] {
  return seq <= heard ? rows : [{ kind: 'missed', seq, time, count: seq - heard, author: '' }, ...rows]
}

/** What the feeds left out: the events behind `after`, up to `through`. */
export interface Gap {
  readonly after: number
  readonly through: number
}

/** @param events of the gap, its newest, oldest first @param through up to which none of it is told still */
export function withTold(
  rows: readonly FeedRow[],
  events: readonly WorkspaceEvent[],
  { after, through: end }: Gap,
  through: number,
): readonly FeedRow[] {
  const told = addToFeed([], events)
  const [all, count] = [[...rows], through - after]
  const place = all.findIndex(({ seq }) => seq <= end)
  const missed = all[place]
  if (missed?.kind === 'missed' && missed.seq === end) {
    const time = told.at(-1)?.time ?? missed.time
    all.splice(place, 1, ...(count > 0 ? [{ ...missed, seq: through, time, count }] : []))
  }
  return all.toSpliced(place === -1 ? all.length : place, 0, ...told).slice(0, MOST_ROWS)
}

/** Where the row stands that an edit joins; -1: nowhere. What is older than a group may be is not looked through. */
function groupOf(row: Changed, rows: readonly FeedRow[]): number {
  // Hundreds of rows an edit, where many write: a plain loop, which asks first what is most often false.
  for (let place = 0; place < rows.length; place++) {
    const group = rows[place]
    if (group === undefined || group.kind === 'missed' || row.time - group.time > GROUP_SPAN) return -1
    if (group.kind === 'changed' && group.file === row.file && group.author === row.author) {
      return joins(row.change, group.change) ? place : -1
    }
  }
  return -1
}

/** Edits alone are told together, after what made the file at most: a row says what was done so many times. */
export function joins(change: ChangeType, before: ChangeType): boolean {
  return change === 'modified' && (before === 'modified' || before === 'created')
}

/** @param count of the changes that one row tells, more than one @param change the first of them */
export function countOf(change: ChangeType, count: number): string {
  return change === 'created' ? `then ${formatCount(count - 1, 'edit')}` : formatCount(count, 'time')
}

function rowOf(event: WorkspaceEvent): FeedRow {
  const time = Date.parse(event.timestamp)
  const common = { seq: event.seq, time, count: 1, author: event.agent_id ?? '' }
  switch (event.type) {
    case 'file:changed':
      return {
        ...common,
        kind: 'changed',
        author: event.data.author,
        file: event.data.file,
        change: event.data.change_type,
        lastTime: time,
      }
    case 'agent:joined':
      return { ...common, kind: 'joined', partition: event.data.partition }
    case 'agent:left':
      return { ...common, kind: 'left', reason: event.data.reason }
    case 'conflict:raised':
      return {
        ...common,
        kind: 'conflict',
        author: event.data.theirs,
        other: event.data.ours,
        file: event.data.file,
        conflictId: event.data.conflict_id,
      }
    case 'conflict:resolved': {
      const { by, file, outcome, ours, theirs, conflict_id: conflictId } = event.data
      return { ...common, kind: 'settled', author: by, file, outcome, ours, theirs, conflictId }
    }
    default:
      return { ...common, kind: 'said', event }
  }
}
