/**
 * Three-way merge of texts.
 */

import { EditList, type Edits } from './edits.js'
import { pushRefined } from './diff.js'
import { diffLines, type LineChange } from './line-diff.js'
import { LineTable, offsetOfLine, sliceLines, type Lines } from './lines.js'

/** A piece of one text: lines `fromLine` up to, not including, `toLine` (zero-based), at offsets `from` up to `to`. */
export interface TextRange {
  readonly fromLine: number
  readonly toLine: number
  readonly from: number
  readonly to: number
}

/** Where a hunk stands in each of the four texts. */
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

export type SoftReason = 'insertions' | 'adjacent' | 'tokens'

/**
 * One place where a side, or both, changed the base.
 * - `ours`, `theirs`: only that side did. `identical`: both, to the same text; it stands once.
 * - `soft`: both, and the merge holds both; worth a look. - `hard`: the text keeps ours, verbatim; theirs is held.
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
  /** Changes of different tokens of one line. Default true. */
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
  void options
  const table = new LineTable()
  const b = table.cut(base)
  const o = table.cut(ours)
  const t = table.cut(theirs)
  const mine = diffLines(b, o)
  const yours = diffLines(b, t)
  const edits = new EditList()
  const hunks: MergeHunk[] = []
  let i = 0
  let j = 0
  let shiftO = 0
  let shiftT = 0
  let text = ''
  let textLine = 0
  let done = 0 // lines of ours already in text
  while (i < mine.length || j < yours.length) {
    const i0 = i
    const j0 = j
    const from = Math.min(mine[i]?.aFrom ?? Infinity, yours[j]?.aFrom ?? Infinity)
    let to = from
    for (;;) {
      const m = mine[i]
      const y = yours[j]
      if (m !== undefined && m.aFrom <= to) {
        to = Math.max(to, m.aTo)
        i++
      } else if (y !== undefined && y.aFrom <= to) {
        to = Math.max(to, y.aTo)
        j++
      } else break
    }
    const endO = shiftOf(mine, i0, i, shiftO)
    const endT = shiftOf(yours, j0, j, shiftT)
    const oFrom = from + shiftO
    const oTo = to + endO
    const tFrom = from + shiftT
    const tTo = to + endT
    const baseText = sliceLines(b, from, to)
    const oursText = sliceLines(o, oFrom, oTo)
    const theirsText = sliceLines(t, tFrom, tTo)
    text += sliceLines(o, done, oFrom)
    textLine += oFrom - done
    done = oTo
    const takes = i === i0
    const chosen = takes ? theirsText : oursText
    const lines = takes ? tTo - tFrom : oTo - oFrom
    if (takes) pushRefined(edits, offsetOfLine(o, oFrom), oursText, theirsText)
    const place: HunkPlace = {
      base: rangeOf(b, from, to),
      ours: rangeOf(o, oFrom, oTo),
      theirs: rangeOf(t, tFrom, tTo),
      text: { fromLine: textLine, toLine: textLine + lines, from: text.length, to: text.length + chosen.length },
    }
    text += chosen
    textLine += lines
    if (takes) hunks.push({ kind: 'theirs', ...place })
    else if (j === j0) hunks.push({ kind: 'ours', ...place })
    else if (oursText === theirsText) hunks.push({ kind: 'identical', ...place })
    else hunks.push({ kind: 'hard', ...place, baseText, oursText, theirsText })
    shiftO = endO
    shiftT = endT
  }
  text += sliceLines(o, done, o.count)
  return { text, edits: edits.edits, hunks, conflicts: hunks.filter((hunk) => hunk.kind === 'hard').length }
}

function shiftOf(changes: LineChange[], from: number, to: number, shift: number): number {
  for (const change of changes.slice(from, to)) shift += change.bTo - change.bFrom - (change.aTo - change.aFrom)
  return shift
}

function rangeOf(lines: Lines, fromLine: number, toLine: number): TextRange {
  return { fromLine, toLine, from: offsetOfLine(lines, fromLine), to: offsetOfLine(lines, toLine) }
}
