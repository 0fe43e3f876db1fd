/**
 * A conflict cut into changes: where its sides differ, each by itself, between lines that are the same in all of them.
 *
 * 1. Each side is its pieces, one after the other: nothing of it is left out.
 * 2. Two changes never touch; what only one side changed is a change as well, which that side has decided.
 */
import { diffLines } from '../../protocol/text/line-diff.js'
import { joinPieces, LineTable, sliceLines } from '../../protocol/text/lines.js'
import { joinRegions, overlapRegions, touchingRuns } from '../../protocol/text/regions.js'

export type SideName = 'ours' | 'base' | 'theirs'
export type Use = SideName | 'both'

export interface Change {
  readonly kind: 'change'
  readonly ours: string
  /** Null: there is nothing that both started from. */
  readonly base: string | null
  readonly theirs: string
  /** Who differs from the base. */
  readonly by: 'ours' | 'theirs' | 'both'
}

export interface Same {
  readonly kind: 'same'
  readonly text: string
}

export type Piece = Change | Same

/** @param base null: two texts that have no common beginning */
export function piecesOf(base: string | null, ours: string, theirs: string): readonly Piece[] {
  return base === null ? twoWay(ours, theirs) : threeWay(base, ours, theirs)
}

function threeWay(base: string, ours: string, theirs: string): readonly Piece[] {
  const table = new LineTable()
  const [a, one, two] = [table.cut(base), table.cut(ours), table.cut(theirs)]
  const regions = overlapRegions(diffLines(a, one, table.size), diffLines(a, two, table.size))
  const pieces: Piece[] = []
  let done = 0
  for (const [first, ...rest] of touchingRuns(regions)) {
    if (first === undefined) continue
    const region = joinRegions(first, rest)
    pushSame(pieces, sliceLines(a, done, region.from))
    done = region.to
    const texts = {
      base: sliceLines(a, region.from, region.to),
      ours: sliceLines(one, region.oursFrom, region.oursTo),
      theirs: sliceLines(two, region.theirsFrom, region.theirsTo),
    }
    if (texts.ours === texts.theirs) pushSame(pieces, texts.ours)
    else pieces.push({ kind: 'change', ...texts, by: whoDiffers(texts) })
  }
  pushSame(pieces, sliceLines(a, done, a.count))
  return pieces
}

function whoDiffers({ base, ours, theirs }: Record<SideName, string>): Change['by'] {
  if (ours === base) return 'theirs'
  return theirs === base ? 'ours' : 'both'
}

function twoWay(ours: string, theirs: string): readonly Piece[] {
  const table = new LineTable()
  const [one, two] = [table.cut(ours), table.cut(theirs)]
  const pieces: Piece[] = []
  let done = 0
  for (const { aFrom, aTo, bFrom, bTo } of diffLines(one, two, table.size)) {
    pushSame(pieces, sliceLines(one, done, aFrom))
    done = aTo
    const texts = { ours: sliceLines(one, aFrom, aTo), base: null, theirs: sliceLines(two, bFrom, bTo) }
    pieces.push({ kind: 'change', ...texts, by: 'both' })
  }
  pushSame(pieces, sliceLines(one, done, one.count))
  return pieces
}

function pushSame(pieces: Piece[], text: string): void {
  const last = pieces.at(-1)
  if (text === '') return
  if (last?.kind === 'same') pieces.splice(-1, 1, { kind: 'same', text: last.text + text })
  else pieces.push({ kind: 'same', text })
}

/** What takes the place of a change. Both: ours, then theirs, each on lines of its own. */
export function usedText(change: Change, use: Use): string {
  switch (use) {
    case 'ours':
      return change.ours
    case 'theirs':
      return change.theirs
    case 'base':
      return change.base ?? ''
    case 'both':
      return joinPieces([change.ours, change.theirs], change.ours.includes('\r\n') ? '\r\n' : '\n')
  }
}

/** With what a change begins: what one side alone did is used, of what both did nothing is. */
export function firstUse({ by }: Change): Use | null {
  return by === 'both' ? null : by
}

/** What stands in the result before anything is decided. */
export function firstText(change: Change): string {
  const use = firstUse(change)
  return use === null ? (change.base ?? change.ours) : usedText(change, use)
}

export interface Laid {
  readonly text: string
  /** Where each change stands in it, in the order of the pieces. */
  readonly places: readonly { readonly from: number; readonly to: number; readonly change: Change }[]
}

/** The pieces as one text, between what stands around them. */
export function layOut(pieces: readonly Piece[], textOf: (change: Change) => string, before = '', after = ''): Laid {
  let text = before
  const places: { from: number; to: number; change: Change }[] = []
  for (const piece of pieces) {
    const from = text.length
    text += piece.kind === 'same' ? piece.text : textOf(piece)
    if (piece.kind === 'change') places.push({ from, to: text.length, change: piece })
  }
  return { text: text + after, places }
}

/** Of a change as it stands behind the `#` of an address: `change-1` for the first. Null: of none in particular. */
export function parseChangePlace(hash: string): number | null {
  const number = Number(/^#change-(\d{1,4})$/.exec(hash)?.[1] ?? 0)
  return number === 0 ? null : number - 1
}

export function formatChangePlace(index: number): string {
  return `#change-${index + 1}`
}
