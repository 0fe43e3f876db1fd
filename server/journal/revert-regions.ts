/** Which parts of a revision's inverse stand by themselves, and which meet what others changed since. */
import { diff } from '../../protocol/text/diff.js'
import { applyEdits, composeEdits, type Edits } from '../../protocol/text/edits.js'
import { merge3 } from '../../protocol/text/merge3.js'
import type { RemovedPart } from './own-text.js'
import type { Change, Piece as TrailPiece, Trail } from './trail.js'

/** A part of a revision: what it added, and what it took away for it. Offsets in its own text. */
export interface Piece {
  readonly at: number
  readonly length: number
  readonly replaced: string
  /** What of `replaced` is to come back, and how it is made of it. */
  readonly restored: string
  readonly way: readonly TrailPiece[]
  /** The whole lines that it touches; a point where it took whole lines away. */
  readonly lines: Span
}

interface Span {
  readonly from: number
  readonly to: number
}

/** Lines that both the revision and others have changed. Offsets in the revision's text. */
export interface Region extends Span {
  readonly pieces: readonly Piece[]
  readonly changes: readonly Change[]
}

/**
 * Lines that were only added are pieces by themselves.
 * @param parts of what each edit removed; own ones are not to come back
 */
export function piecesOf(text: string, edits: Edits, parts: readonly (readonly RemovedPart[])[]): Piece[] {
  const pieces: Piece[] = []
  let shift = 0
  for (const [index, { at: before, removed, added }] of edits.entries()) {
    const own = parts[index] ?? []
    const start = before + shift
    shift += added.length - removed.length
    const restored = own.map((part) => (part.isOwn ? '' : part.text)).join('')
    const way = own.map(({ isOwn, text: gone }): TrailPiece => {
      return isOwn ? { kind: 'dropped', text: gone } : { kind: 'kept', length: gone.length }
    })
    if (restored !== '' || !isLineStart(text, start) || !added.endsWith('\n')) {
      const lines = linesOf(text, start, start + added.length, restored)
      pieces.push({ at: start, length: added.length, replaced: removed, restored, way, lines })
      continue
    }
    let at = start
    for (const line of added.match(/[^\n]*\n/g) ?? []) {
      const gone = at === start ? { replaced: removed, way } : { replaced: '', way: [] }
      pieces.push({ at, length: line.length, restored: '', ...gone, lines: { from: at, to: at + line.length } })
      at += line.length
    }
  }
  return pieces
}

/** The lines of `text` that the replacing of `from` to `to` by `put` touches. */
function linesOf(text: string, from: number, to: number, put: string): Span {
  const isWhole = isLineStart(text, from) && isLineStart(text, to) && (put === '' || put.endsWith('\n'))
  if (isWhole && (from < to || put !== '')) return { from, to }
  const start = text.lastIndexOf('\n', from - 1) + 1
  if (to > from && isLineStart(text, to) && (put.endsWith('\n') || (put === '' && isLineStart(text, from)))) {
    return { from: from === 0 ? 0 : start, to }
  }
  const end = text.indexOf('\n', to)
  return { from: from === 0 ? 0 : start, to: end === -1 ? text.length : end + 1 }
}

function isLineStart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === '\n'
}

export interface Regions {
  /** Those that meet nothing. */
  readonly clean: readonly Piece[]
  /** Ascending, disjoint. */
  readonly regions: readonly Region[]
}

export function regionsOf(trail: Trail, text: string, changes: readonly Change[], pieces: readonly Piece[]): Regions {
  const spans = changes.map((change) => {
    const put = trail.present.slice(change.presentFrom, change.presentTo)
    return { change, lines: linesOf(text, change.from, change.to, put) }
  })
  const regions: Region[] = []
  const clean: Piece[] = []
  let done = -1
  for (const [index, piece] of pieces.entries()) {
    if (index <= done) continue
    let span = piece.lines
    const ours: Piece[] = [piece]
    const theirs = new Set<Change>()
    for (let grown = true; grown;) {
      grown = false
      for (const { change, lines } of spans) {
        if (theirs.has(change) || !meet(span, lines)) continue
        theirs.add(change)
        span = joined(span, lines)
        grown = true
      }
      for (let next = pieces[index + ours.length]; next !== undefined; next = pieces[index + ours.length]) {
        if (theirs.size === 0 || !meet(span, next.lines)) break
        ours.push(next)
        span = joined(span, next.lines)
        grown = true
      }
    }
    if (theirs.size === 0) {
      clean.push(piece)
      continue
    }
    done = index + ours.length - 1
    const last = regions.at(-1)
    if (last !== undefined && (last.to > span.from || sharesAny(last.changes, theirs))) {
      const members = new Set([...last.changes, ...theirs])
      const between = clean.filter(({ at }) => at >= last.from && at < span.to && at >= (last.pieces[0]?.at ?? 0))
      for (const member of between) clean.splice(clean.indexOf(member), 1)
      regions[regions.length - 1] = {
        ...joined(last, span),
        pieces: [...last.pieces, ...between, ...ours],
        changes: changes.filter((change) => members.has(change)),
      }
    } else regions.push({ ...span, pieces: ours, changes: changes.filter((change) => theirs.has(change)) })
  }
  return { clean, regions }
}

function sharesAny(changes: readonly Change[], others: ReadonlySet<Change>): boolean {
  return changes.some((change) => others.has(change))
}

/** They have a line in common, or one is a point within the other, or both are the same point. */
function meet(a: Span, b: Span): boolean {
  if (a.from === a.to && b.from === b.to) return a.from === b.from
  return a.from < b.to && b.from < a.to
}

function joined(a: Span, b: Span): Span {
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) }
}

export interface MergedRegion {
  /** Where it stands in the revision's text, and in the present one. */
  readonly place: Change
  /** What stands there before the revision, and what the present text is to hold. */
  readonly before: string
  readonly present: string
  readonly edits: Edits
  /** From `before` to `present`. */
  readonly way: readonly TrailPiece[]
  /** What stays as it is; offsets in the present text. */
  readonly hard: readonly { readonly base: string; readonly from: number; readonly to: number }[]
}

/** @param side whose text hard places get */
export function mergeRegion(trail: Trail, text: string, region: Region, side: 'ours' | 'theirs'): MergedRegion {
  const place = placeOf(trail, region)
  const base = text.slice(region.from, region.to)
  const ours = trail.present.slice(place.presentFrom, place.presentTo)
  let before = ''
  let theirs = ''
  let done = region.from
  for (const { at, length, replaced, restored } of region.pieces) {
    const same = text.slice(done, at)
    before += same + replaced
    theirs += same + restored
    done = at + length
  }
  before += text.slice(done, region.to)
  theirs += text.slice(done, region.to)
  const kept = trail.keptIn(place)
  const way = (present: string, edits: Edits): TrailPiece[] => wayFrom(before, present, keptAfter(kept, edits))
  const left = leftOf(trail, text, region)
  if (left.length === 0 && region.pieces.every(({ restored }) => restored === '')) {
    return { place, before, present: ours, edits: [], way: way(ours, []), hard: [] } // others have written it anew
  }
  const merge = merge3(base, ours, theirs)
  const hunks = merge.hunks.flatMap((hunk) => (hunk.kind === 'hard' ? [hunk] : []))
  const stays = left.some((unit) => {
    const at = unit - place.presentFrom
    const isWithin = (from: number, to: number): boolean => at >= from && at < to
    return (
      !merge.edits.some((edit) => isWithin(edit.at, edit.at + edit.removed.length)) &&
      !hunks.some((hunk) => isWithin(hunk.ours.from, hunk.ours.to))
    )
  })
  if (
    stays ||
    !isExact(
      merge.text,
      ours,
      left.map((at) => trail.present[at] ?? ''),
      region.pieces,
    )
  ) {
    // A merge may take one side's change for a part of the other's; here that would leave or double text.
    const edits = side === 'ours' || ours === theirs ? [] : [{ at: 0, removed: ours, added: theirs }]
    const present = side === 'ours' ? ours : theirs
    const hard = [{ base, from: place.presentFrom, to: place.presentTo }]
    return { place, before, present, edits: shifted(edits, place), way: way(present, edits), hard }
  }
  const yields = hunks.map(({ text: { from, to }, theirsText }) => {
    return { at: from, removed: merge.text.slice(from, to), added: theirsText }
  })
  const edits = side === 'ours' ? merge.edits : composeEdits(merge.edits, yields.filter(isChange))
  const present = applyEdits(ours, edits)
  return {
    ...{ place, before, present, edits: shifted(edits, place), way: way(present, edits) },
    hard: hunks.map((hunk) => ({
      base: hunk.baseText,
      from: place.presentFrom + hunk.ours.from,
      to: place.presentFrom + hunk.ours.to,
    })),
  }
}

function shifted(edits: Edits, { presentFrom }: Change): Edits {
  return edits.map((edit) => ({ ...edit, at: edit.at + presentFrom }))
}

/** Whether a merge holds all letters of what stands there but those that are to go, and no other ones than come back. */
function isExact(merged: string, ours: string, going: readonly string[], pieces: readonly Piece[]): boolean {
  const coming = pieces.map(({ restored }) => restored)
  return holdsAll(merged, [ours], going) && holdsAll([ours, ...coming].join(''), [merged], [])
}

/** Whether `text` holds every letter of `parts` as often as they do, but for `without`; blanks do not count. */
export function holdsAll(text: string, parts: readonly string[], without: readonly string[]): boolean {
  const wanted = new Map<string, number>()
  const count = (letters: Iterable<string>, by: number): void => {
    for (const letter of letters) if (/\S/.test(letter)) wanted.set(letter, (wanted.get(letter) ?? 0) + by)
  }
  for (const part of parts) count(part.split(''), 1)
  count(without, -1)
  count(text.split(''), -1)
  return [...wanted.values()].every((left) => left <= 0)
}

function isChange({ removed, added }: { readonly removed: string; readonly added: string }): boolean {
  return removed !== added
}

/** What edits put in comes from the text before the revision; others' newer text never does. */
function keptAfter(kept: Uint8Array, edits: Edits): Uint8Array {
  const parts: Uint8Array[] = []
  let done = 0
  for (const { at, removed, added } of edits) {
    parts.push(kept.subarray(done, at), new Uint8Array(added.length).fill(1))
    done = at + removed.length
  }
  parts.push(kept.subarray(done))
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}

/** @param mayBe 1 for what of `present` may be of `before` */
function wayFrom(before: string, present: string, mayBe: Uint8Array): TrailPiece[] {
  const way: TrailPiece[] = []
  let at = 0
  let presentAt = 0
  const keep = (length: number): void => {
    for (let unit = 0; unit < length; unit++) {
      if (mayBe[presentAt + unit] === 1) way.push({ kind: 'kept', length: 1 })
      else way.push({ kind: 'gone', text: before.slice(at + unit, at + unit + 1) }, { kind: 'new', length: 1 })
    }
    at += length
    presentAt += length
  }
  for (const edit of diff(before, present)) {
    keep(edit.at - at)
    way.push({ kind: 'gone', text: edit.removed }, { kind: 'new', length: edit.added.length })
    at += edit.removed.length
    presentAt += edit.added.length
  }
  keep(before.length - at)
  return way
}

/** Where text that the pieces added still stands; offsets in the present text, blanks left out. */
function leftOf(trail: Trail, text: string, { pieces }: Region): number[] {
  const left: number[] = []
  for (const { from, to, presentFrom } of trail.kept()) {
    for (const piece of pieces) {
      const end = Math.min(to, piece.at + piece.length)
      for (let at = Math.max(from, piece.at); at < end; at++) {
        if (/\S/.test(text[at] ?? '')) left.push(presentFrom + at - from)
      }
    }
  }
  return left
}

/** What is new exactly at the ends of a region is in it only if it is of the region. */
function placeOf(trail: Trail, region: Region): Change {
  const own = new Set(region.changes.map(({ from, presentFrom }) => `${from}:${presentFrom}`))
  let presentFrom = region.from - trail.droppedBefore(region.from)
  let presentTo = region.to - trail.droppedBefore(region.to)
  for (const change of trail.changes) {
    const growth = change.presentTo - change.presentFrom - (change.to - change.from)
    const isOwn = own.has(`${change.from}:${change.presentFrom}`)
    if (!isOwn && change.to <= region.from) presentFrom += growth
    if (isOwn || change.to <= region.from) presentTo += growth
  }
  return { from: region.from, to: region.to, presentFrom, presentTo }
}
