/**
 * Keeps others out of regions of texts: what a lock's holder alone may change stays as it is, whoever else writes.
 *
 * 1. Inside a closed region nothing is changed, and its first and last line stay lines of their own (rule LOCK-12).
 * 2. An edit goes in whole or is kept out whole; kept out, it is in a draft of a conflict.
 * 3. An edit that could stand elsewhere with the same result does: what is put before or behind a region is not in it.
 * 4. Where a whole path is closed no file comes to be, and none goes (rule LOCK-19).
 *
 * Locks are what closes regions; this room knows only what it asks of them.
 */
import type { FileHead } from '../../protocol/files.js'
import { agentOfAuthor, type AgentId, type Author, type LockId } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { applyEdits, invertEdits, mapOffset, type Edit, type Edits } from '../../protocol/text/edits.js'

/** A region that is its holder's alone, in the text of the head. Offsets; `to` Infinity: the whole file. */
export interface ClosedRegion {
  readonly lock: { readonly id: LockId; readonly holder: AgentId }
  readonly from: number
  readonly to: number
}

export interface Fence {
  /**
   * Runs with every new head, before it is durable, in the step in which it becomes the head: regions move with the text.
   * @param left the path that the file had before it was renamed
   */
  follow(head: FileHead, left: WorkspacePath | undefined, edits: Edits | null): void
  regions(path: WorkspacePath): readonly ClosedRegion[]
  /** Whose lock has this token; null: nobody's any more. */
  holderOf(token: number): AgentId | null
}

export const NO_FENCE: Fence = { follow: () => undefined, regions: () => [], holderOf: () => null }

/** The regions that this author may not change. @param token of a lock, that came with the write */
export function closedTo(fence: Fence, path: WorkspacePath, author: Author, token?: number): readonly ClosedRegion[] {
  const regions = fence.regions(path)
  if (regions.length === 0) return regions
  const known = token === undefined ? agentOfAuthor(author) : fence.holderOf(token)
  return known === undefined ? [] : regions.filter(({ lock }) => lock.holder !== known)
}

/** What closes the whole of a path to this author, whether a file is there or not. @param token as of `closedTo` */
export function closedWhole(
  fence: Fence,
  path: WorkspacePath,
  author: Author,
  token?: number,
): ClosedRegion | undefined {
  return closedTo(fence, path, author, token).find(({ to }) => to === Infinity)
}

/** Who makes a file, deletes it or names it: in a shared folder, whoever has closed the whole path (rule LOCK-15). */
export function authorAt(fence: Fence, path: WorkspacePath, author: Author, token?: number): Author {
  if (author !== 'DISK' || token !== undefined) return author
  return fence.regions(path).find(({ to }) => to === Infinity)?.lock.holder ?? author
}

/** The one agent whose regions hold all of the edits; undefined: there is none. */
export function holderAround(regions: readonly ClosedRegion[], edits: Edits): AgentId | undefined {
  const [first, ...others] = edits.map((edit) => regions.find((region) => isWithin(edit, region))?.lock.holder)
  return others.every((holder) => holder === first) ? first : undefined
}

function isWithin({ at, removed }: Edit, { from, to }: ClosedRegion): boolean {
  return at >= from && at + removed.length <= to
}

/** An edit that is kept out, and by which region. */
export interface KeptOut {
  readonly edit: Edit
  readonly region: ClosedRegion
}

/** @returns all edits, those that could stand elsewhere moved there; and which of them are kept out */
export function sortOut(
  text: string,
  edits: Edits,
  regions: readonly ClosedRegion[],
): { readonly edits: Edits; readonly out: readonly KeptOut[] } {
  const out: KeptOut[] = []
  let end = 0
  const all = edits.map((edit, index) => {
    const floor = end
    const ceiling = edits[index + 1]?.at ?? text.length
    const moved = slid(text, edit, regions, floor, ceiling)
    end = moved.at + moved.removed.length
    const region = regions.find((one) => changes(text, moved, one))
    if (region !== undefined) out.push({ edit: moved, region })
    return moved
  })
  return { edits: all, out }
}

/** Where a pure insertion or deletion means the same elsewhere, it is put where no region forbids it. */
function slid(text: string, edit: Edit, regions: readonly ClosedRegion[], floor: number, ceiling: number): Edit {
  const isForbidden = (one: Edit): boolean => regions.some((region) => changes(text, one, region))
  if (!isForbidden(edit) || (edit.added !== '' && edit.removed !== '')) return edit
  for (const step of [back, forth]) {
    let moved: Edit | undefined = edit
    while ((moved = step(text, moved)) !== undefined) {
      if (moved.at <= floor || moved.at + moved.removed.length >= ceiling) break
      if (!isForbidden(moved)) return moved
    }
  }
  return edit
}

function back(text: string, { at, removed, added }: Edit): Edit | undefined {
  const piece = removed === '' ? added : removed
  const before = text[at - 1]
  if (before === undefined || !piece.endsWith(before)) return undefined
  const turned = before + piece.slice(0, -1)
  return removed === '' ? { at: at - 1, removed, added: turned } : { at: at - 1, removed: turned, added }
}

function forth(text: string, { at, removed, added }: Edit): Edit | undefined {
  const piece = removed === '' ? added : removed
  const after = text[at + removed.length]
  if (after === undefined || !piece.startsWith(after)) return undefined
  const turned = piece.slice(1) + after
  return removed === '' ? { at: at + 1, removed, added: turned } : { at: at + 1, removed: turned, added }
}

/** Whether an edit changes text of a region, or joins its first or last line with another. */
function changes(text: string, { at, removed, added }: Edit, { from, to }: ClosedRegion): boolean {
  const end = at + removed.length
  if (to === Infinity) return true
  if (at < to && end > from) return true
  if (end === from && isLineStart(text, from)) {
    const before = added === '' ? text[at - 1] : added.at(-1)
    if (before !== undefined && before !== '\n' && !(from === to && end < to))
      return !startsLine(text, at, added, from === to)
  }
  if (at === to && isLineEnd(text, to)) {
    const after = added === '' ? text[end] : added[0]
    return after !== undefined && after !== '\n'
  }
  return false
}

/** Of an emptied region: what is put there begins a line of its own behind it. */
function startsLine(text: string, at: number, added: string, isEmpty: boolean): boolean {
  return isEmpty && added.startsWith('\n') && isLineStart(text, at)
}

function isLineStart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === '\n'
}

function isLineEnd(text: string, at: number): boolean {
  return at === text.length || text[at] === '\n'
}

/** The edits that take `out` back, in the text after all `edits`. */
export function takingBack(edits: Edits, out: readonly KeptOut[]): Edits {
  const inverse = invertEdits(edits)
  return inverse.filter((_, index) => out.some(({ edit }) => edit === edits[index]))
}

/** Lines that stay as they are, and what someone wanted there. */
export interface KeptLines {
  readonly base: string
  readonly ours: string
  readonly theirs: string
  /** Where `ours` stands in the text that has only the edits which went in. */
  readonly from: number
  readonly to: number
  readonly region: ClosedRegion
}

/** The whole lines around what was kept out, edits of touching lines in one piece. */
export function keptLines(text: string, edits: Edits, out: readonly KeptOut[]): readonly KeptLines[] {
  const kept = edits.filter((edit) => !out.some((one) => one.edit === edit))
  const whole = applyEdits(text, edits)
  const stays = applyEdits(text, kept)
  const blocks: { from: number; to: number; region: ClosedRegion }[] = []
  for (const { edit, region } of out) {
    const { from, to } = linesAround(text, edit, edits)
    const last = blocks.at(-1)
    if (last !== undefined && from <= last.to && last.region === region) last.to = Math.max(last.to, to)
    else blocks.push({ from, to, region })
  }
  return blocks.map(({ from, to, region }) => {
    const place = { from: mapOffset(kept, from, 'before'), to: mapOffset(kept, to, 'after') }
    return {
      base: text.slice(from, to),
      ours: stays.slice(place.from, place.to),
      theirs: whole.slice(mapOffset(edits, from, 'before'), mapOffset(edits, to, 'after')),
      ...place,
      region,
    }
  })
}

/** Whole lines, with their ends, that no edit reaches into from outside. */
function linesAround(text: string, edit: Edit, edits: Edits): { readonly from: number; readonly to: number } {
  let from = edit.at
  let to = edit.at + edit.removed.length
  for (;;) {
    from = from === 0 ? 0 : text.lastIndexOf('\n', from - 1) + 1
    const end = to > from && text[to - 1] === '\n' && to > edit.at ? to - 1 : text.indexOf('\n', to)
    to = end === -1 ? text.length : end + 1
    const across = edits.find(({ at, removed }) => {
      const last = at + removed.length
      return (at < from && last > from) || (at < to && last > to)
    })
    if (across === undefined) return { from, to }
    from = Math.min(from, across.at)
    to = Math.max(to, across.at + across.removed.length)
  }
}

/** What someone wanted who tried twice, each time upon `ours`; where the two meet, one behind the other. */
export function bothTried(ours: string, first: string, second: string): string {
  const [one, two] = [changeOf(ours, first), changeOf(ours, second)]
  const [left, right] = one.at <= two.at ? [one, two] : [two, one]
  const leftEnd = left.at + left.removed.length
  if (leftEnd < right.at) return applyEdits(ours, [left, right])
  const end = Math.max(leftEnd, right.at + right.removed.length)
  return ours.slice(0, left.at) + one.added + two.added + ours.slice(end)
}

/** The one edit that leads from `before` to `after`. */
function changeOf(before: string, after: string): Edit {
  const most = Math.min(before.length, after.length)
  let at = 0
  while (at < most && before[at] === after[at]) at++
  let tail = 0
  while (tail < most - at && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return { at, removed: before.slice(at, before.length - tail), added: after.slice(at, after.length - tail) }
}
