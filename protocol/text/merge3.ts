/**
 * Three-way merge of texts.
 *
 * Guarantees
 * 1. A hard place holds ours, verbatim: never markers, never a mixture. Base and theirs are in its hunk, verbatim.
 * 2. Every hunk of theirs that is not hard stands in the text exactly once; what both sides did alike stands once.
 * 3. What theirs did not touch is ours, verbatim.
 * 4. The result is checked before it is returned. One that fails the check is replaced by the plain truth: one hard hunk
 *    around everything that differs. It never throws and never guesses.
 * 5. The same texts always merge to the same result; swapping the sides keeps the number of conflicts.
 */

import { decideRun, type Decision, type Sides, type SoftReason } from './decide.js'
import { EditList, type Edits } from './edits.js'
import { diffLines } from './line-diff.js'
import { countLines, LineTable, offsetOfLine, sliceLines, type Lines } from './lines.js'
import { pushRefined } from './refine.js'
import { overlapRegions, touchingRuns, type Region } from './regions.js'
import { joinRewrites } from './rewrites.js'
import type { Change } from './sequence-diff.js'
import { isSoundMerge } from './verify-merge.js'

/** A piece of one text: lines `fromLine` up to, not including, `toLine` (zero-based), at offsets `from` up to `to`. */
export interface TextRange {
  readonly fromLine: number
  readonly toLine: number
  readonly from: number
  readonly to: number
}

/** Where a hunk stands in each of the four texts. Whole lines everywhere. */
export interface HunkPlace {
  readonly base: TextRange
  readonly ours: TextRange
  readonly theirs: TextRange
  readonly text: TextRange
}

/** The three texts of a hunk, verbatim. */
export interface HunkTexts {
  readonly baseText: string
  readonly oursText: string
  readonly theirsText: string
}

/**
 * One place that a side, or both, changed.
 * - `ours`, `theirs`: only that side did. `identical`: both, to the same text; it stands once.
 * - `soft`: both, and the merge holds both; worth a look. - `hard`: the text keeps ours; theirs is held.
 */
export type MergeHunk = HunkPlace &
  (
    | { readonly kind: 'ours' | 'theirs' | 'identical' }
    | ({ readonly kind: 'soft'; readonly reason: SoftReason } & HunkTexts)
    | ({ readonly kind: 'hard' } & HunkTexts)
  )

/** Which overlaps merge, softly. What is switched off is hard. */
export interface MergeOptions {
  /** Both insert different text at one point: both stay, ours first. Default true. */
  readonly insertions?: boolean
  /** Changes of lines that touch. Default true. */
  readonly adjacent?: boolean
  /** Changes of different words of one line, with an unchanged blank between them. Default true. */
  readonly tokens?: boolean
}

export interface MergeResult {
  readonly text: string
  /** From ours to `text`, by tokens where small. */
  readonly edits: Edits
  /** Every place that a side changed, ascending. */
  readonly hunks: readonly MergeHunk[]
  /** How many of the hunks are hard. */
  readonly conflicts: number
}

/** Merges `theirs`, the incoming text, into `ours`, the incumbent; `base` is what both began with. Never throws. */
export function merge3(base: string, ours: string, theirs: string, options: MergeOptions = {}): MergeResult {
  const { insertions = true, adjacent = true, tokens = true } = options
  const table = new LineTable()
  const lines = { base: table.cut(base), ours: table.cut(ours), theirs: table.cut(theirs) }
  const known = new Set(lines.base.ids)
  const sides: Sides = { ...lines, isKnown: (id) => known.has(id) }
  const changes = (side: Lines): Change[] => joinRewrites(lines.base, diffLines(lines.base, side, table.size))
  const merge = new MergeBuilder(sides)
  for (const run of touchingRuns(overlapRegions(changes(lines.ours), changes(lines.theirs)))) {
    for (const { region, decision } of decideRun(sides, run, { insertions, adjacent, tokens }))
      merge.add(region, decision)
  }
  const result = merge.finish()
  return isSoundMerge(base, ours, theirs, result) ? result : oneHardHunk(sides)
}

/** Puts the result together: ours, with what was decided in place of its regions. */
class MergeBuilder {
  private readonly edits = new EditList()
  private readonly hunks: MergeHunk[] = []
  private readonly pieces: string[] = []
  private offset = 0
  private line = 0
  private oursDone = 0 // lines of ours

  constructor(private readonly sides: Sides) {}

  /** Regions come in ascending order. */
  add(region: Region, decision: Decision): void {
    const { base, ours, theirs } = this.sides
    const oursText = sliceLines(ours, region.oursFrom, region.oursTo)
    const chosen = decision.kind === 'hard' ? oursText : decision.text
    this.put(sliceLines(ours, this.oursDone, region.oursFrom), region.oursFrom - this.oursDone)
    const lines = chosen === oursText ? region.oursTo - region.oursFrom : countLines(chosen)
    const place: HunkPlace = {
      base: rangeOf(base, region.from, region.to),
      ours: rangeOf(ours, region.oursFrom, region.oursTo),
      theirs: rangeOf(theirs, region.theirsFrom, region.theirsTo),
      text: { fromLine: this.line, toLine: this.line + lines, from: this.offset, to: this.offset + chosen.length },
    }
    this.put(chosen, lines)
    this.oursDone = region.oursTo
    if (chosen !== oursText) pushRefined(this.edits, place.ours.from, oursText, chosen)
    this.hunks.push(hunkOf(this.sides, place, decision))
  }

  finish(): MergeResult {
    const { ours } = this.sides
    this.put(sliceLines(ours, this.oursDone, ours.count), ours.count - this.oursDone)
    this.oursDone = ours.count
    const conflicts = this.hunks.filter((hunk) => hunk.kind === 'hard').length
    return { text: this.pieces.join(''), edits: this.edits.edits, hunks: this.hunks, conflicts }
  }

  private put(text: string, lines: number): void {
    this.pieces.push(text)
    this.offset += text.length
    this.line += lines
  }
}

function hunkOf({ base, ours, theirs }: Sides, place: HunkPlace, decision: Decision): MergeHunk {
  if (decision.kind !== 'soft' && decision.kind !== 'hard') return { kind: decision.kind, ...place }
  const texts: HunkTexts = {
    baseText: base.text.slice(place.base.from, place.base.to),
    oursText: ours.text.slice(place.ours.from, place.ours.to),
    theirsText: theirs.text.slice(place.theirs.from, place.theirs.to),
  }
  if (decision.kind === 'hard') return { kind: 'hard', ...place, ...texts }
  return { kind: 'soft', reason: decision.reason, ...place, ...texts }
}

/** Ours, and one conflict around everything that is not the same in all three. */
function oneHardHunk(sides: Sides): MergeResult {
  const { base, ours, theirs } = sides
  const least = Math.min(base.count, ours.count, theirs.count)
  let head = 0
  while (head < least && base.ids[head] === ours.ids[head] && base.ids[head] === theirs.ids[head]) head++
  let tail = 0
  const fromEnd = (lines: Lines): number | undefined => lines.ids[lines.count - 1 - tail]
  while (tail < least - head && fromEnd(base) === fromEnd(ours) && fromEnd(base) === fromEnd(theirs)) tail++
  const merge = new MergeBuilder(sides)
  const region: Region = {
    from: head,
    to: base.count - tail,
    oursFrom: head,
    oursTo: ours.count - tail,
    theirsFrom: head,
    theirsTo: theirs.count - tail,
    ours: [],
    theirs: [],
  }
  merge.add(region, { kind: 'hard' })
  return merge.finish()
}

function rangeOf(lines: Lines, fromLine: number, toLine: number): TextRange {
  return { fromLine, toLine, from: offsetOfLine(lines, fromLine), to: offsetOfLine(lines, toLine) }
}
