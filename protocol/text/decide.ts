/**
 * What becomes of a place that one side, or both, changed.
 *
 * Guarantees
 * 1. A base line that both sides changed to different results, or that one changed inside a block that the other deleted
 *    or replaced, is hard, unless the two changed different words of it.
 * 2. What both sides did alike stands once. That holds for parts, too: a line that both added, but that lies in changes
 *    which merely touch, would stand twice; then the changes are seen line by line, and if that does not help, hard.
 * 3. A hunk is held or merged as a whole: no half of a side's change.
 * 4. What the two inserted differently beside a line that both changed alike is hard: each wrote it to follow that line, as
 *    the next entry of a list whose last one both gave a comma.
 * 5. Whether something is hard does not depend on which side is ours.
 */

import { isOpenEnded, isSignificant, joinPieces, lineAt, lineEndOf, sliceLines, type Lines } from './lines.js'
import { mergeInsertions } from './merge-insertions.js'
import { mergeLine } from './merge-line.js'
import { pairLines } from './pair-lines.js'
import { joinRegions, overlapRegions, type Region } from './regions.js'
import type { Change } from './sequence-diff.js'

/**
 * Why a soft merge is worth a look: both inserted at one point · changes of lines that touch · changes of different words
 * of one line. Of several, the last of these.
 */
export type SoftReason = 'insertions' | 'adjacent' | 'tokens'

/** Which overlaps merge softly; the others are hard. */
export type Rules = Readonly<Record<SoftReason, boolean>>

/** The three texts, cut by one LineTable. */
export interface Sides {
  readonly base: Lines
  readonly ours: Lines
  readonly theirs: Lines
  /** Whether the base holds the line of this id. */
  readonly isKnown: (id: number) => boolean
}

export type Decision =
  | { readonly kind: 'ours' | 'theirs' | 'identical'; readonly text: string }
  | { readonly kind: 'soft'; readonly reason: SoftReason; readonly text: string }
  | { readonly kind: 'hard' }

export interface Decided {
  readonly region: Region
  readonly decision: Decision
}

const HARD: Decision = { kind: 'hard' }
/** Of two reasons, the one that is more worth a look. */
const WEIGHT: Readonly<Record<SoftReason, number>> = { adjacent: 0, insertions: 1, tokens: 2 }

/** Decides about regions that touch, each the next. What merges and touches comes out as one. */
export function decideRun(sides: Sides, run: readonly Region[], rules: Rules): Decided[] {
  const [first, ...rest] = run
  if (first === undefined) return []
  const decided = run.map((region) => ({ region, decision: decideRegion(sides, region, rules) }))
  if (rest.length === 0) return decided
  const whole = joinRegions(first, rest)
  if (!rules.adjacent) return [{ region: whole, decision: HARD }]
  if (leansOnSame(sides, decided)) return [{ region: whole, decision: HARD }]
  if (addsTwice(sides, decided)) return [{ region: whole, decision: decideByLine(sides, whole, run, rules) }]
  return joinMerged(sides, decided)
}

function decideRegion(sides: Sides, region: Region, rules: Rules): Decision {
  const isWithinLines = region.ours.length > 0 && region.theirs.length > 0 && region.from < region.to
  const decision = decidePiece(sides, region, rules)
  return decision.kind === 'hard' && isWithinLines ? decideByLine(sides, region, [region], rules) : decision
}

/** Decides about a region as it stands. */
function decidePiece(sides: Sides, region: Region, rules: Rules): Decision {
  const ours = sliceLines(sides.ours, region.oursFrom, region.oursTo)
  const theirs = sliceLines(sides.theirs, region.theirsFrom, region.theirsTo)
  if (region.theirs.length === 0) return { kind: 'ours', text: ours }
  if (region.ours.length === 0) return { kind: 'theirs', text: theirs }
  if (ours === theirs) return { kind: 'identical', text: ours }
  if (region.from === region.to) {
    if (!rules.insertions) return HARD
    const one = { lines: sides.ours, from: region.oursFrom, to: region.oursTo }
    const two = { lines: sides.theirs, from: region.theirsFrom, to: region.theirsTo }
    return soft('insertions', mergeInsertions(one, two, sides.isKnown))
  }
  if (!rules.tokens || !isEditOfLine(region)) return HARD
  return soft('tokens', mergeLine(sliceLines(sides.base, region.from, region.to), ours, theirs))
}

/**
 * Decides about a region whose replaced lines are paired with what became of them. `coarse` is what it was cut from:
 * where two changes met from the start they may touch; elsewhere only edits of single lines may.
 */
function decideByLine(sides: Sides, region: Region, coarse: readonly Region[], rules: Rules): Decision {
  const ours = region.ours.flatMap((change) => pairLines(sides.base, sides.ours, change))
  const theirs = region.theirs.flatMap((change) => pairLines(sides.base, sides.theirs, change))
  const start = { base: region.from, ours: region.oursFrom, theirs: region.theirsFrom }
  const decided = overlapRegions(ours, theirs, start).map((piece) => ({
    region: piece,
    decision: decidePiece(sides, piece, rules),
  }))
  const seams = new Set(coarse.flatMap(({ from, to }) => [from, to]))
  const texts: string[] = []
  let at = region.from
  let before: Decided | undefined
  for (const item of decided) {
    const { region: piece, decision } = item
    if (decision.kind === 'hard') return HARD
    if (before?.region.to === piece.from && !seams.has(piece.from) && !mayTouch(before, item, rules)) return HARD
    texts.push(sliceLines(sides.base, at, piece.from), decision.text)
    at = piece.to
    before = item
  }
  const reason = reasonOf(decided)
  if (leansOnSame(sides, decided) || addsTwice(sides, decided) || !rules[reason]) return HARD
  texts.push(sliceLines(sides.base, at, region.to))
  return { kind: 'soft', reason, text: joinPieces(texts, lineEndOf(sides.ours)) }
}

function mayTouch(one: Decided, two: Decided, rules: Rules): boolean {
  const { kind } = one.decision
  if (kind === two.decision.kind || kind === 'identical' || two.decision.kind === 'identical') return true
  return rules.adjacent && isEditOfLine(one.region) && isEditOfLine(two.region)
}

/** What merges and touches is one soft merge; hard regions stay apart, and what touches them is noted. */
function joinMerged(sides: Sides, run: readonly Decided[]): Decided[] {
  const lineEnd = lineEndOf(sides.ours)
  const joined: Decided[] = []
  let group: Decided[] = []
  let isOpen = false // the text up to here ends within a line
  const flush = (): void => {
    const [first, ...rest] = group
    if (first === undefined) return
    group = []
    const texts = [first, ...rest].map(({ decision }) => (decision.kind === 'hard' ? '' : decision.text))
    const before = isOpen && texts.some((text) => text !== '') ? lineEnd : ''
    const text = before + joinPieces(texts, lineEnd)
    if (text !== '') isOpen = isOpenEnded(text)
    const region = joinRegions(
      first.region,
      rest.map((item) => item.region),
    )
    const isOurs = rest.length === 0 && first.decision.kind === 'ours' && first.decision.text === text
    joined.push({ region, decision: isOurs ? first.decision : soft(reasonOf([first, ...rest]), text) })
  }
  for (const item of run) {
    if (item.decision.kind !== 'hard') {
      group.push(item)
      continue
    }
    const ours = sliceLines(sides.ours, item.region.oursFrom, item.region.oursTo)
    flush()
    joined.push(item)
    if (ours !== '') isOpen = isOpenEnded(ours)
  }
  flush()
  return joined
}

function reasonOf(decided: readonly Decided[]): SoftReason {
  let reason: SoftReason = 'adjacent'
  for (const { decision } of decided) {
    if (decision.kind === 'soft' && WEIGHT[decision.reason] > WEIGHT[reason]) reason = decision.reason
  }
  return reason
}

/** Whether two different insertions at one point touch a line that both sides changed alike. */
function leansOnSame(sides: Sides, decided: readonly Decided[]): boolean {
  return decided.some((item, i) => {
    const next = decided[i + 1]
    if (next?.region.from !== item.region.to) return false
    return [
      [item, next],
      [next, item],
    ].some(([one, two]) => one !== undefined && two !== undefined && isRewrittenAlike(sides, one) && isBoth(sides, two))
  })
}

/** A last line that only got a line end, so that others can follow it, counts as untouched. */
function isRewrittenAlike(sides: Sides, { region, decision }: Decided): boolean {
  if (decision.kind !== 'identical') return false
  const before = sliceLines(sides.base, region.from, region.to)
  return decision.text.replace(/\r?\n$/, '') !== before.replace(/\r?\n$/, '')
}

/** Whether the insertions of both sides stand in what became of a region, one after the other. */
function isBoth(sides: Sides, { region, decision }: Decided): boolean {
  if (region.from !== region.to || decision.kind !== 'soft') return false
  const ours = sliceLines(sides.ours, region.oursFrom, region.oursTo)
  const theirs = sliceLines(sides.theirs, region.theirsFrom, region.theirsTo)
  return decision.text !== ours && decision.text !== theirs
}

/** Whether both sides add one and the same line, in different regions: merged, it would stand twice. */
function addsTwice(sides: Sides, decided: readonly Decided[]): boolean {
  const regionsByLine = new Map<number, Set<Region>>()
  const merged = decided.filter(({ decision }) => decision.kind !== 'hard' && decision.kind !== 'identical')
  for (const { region } of merged) {
    for (const id of addedLines(sides.ours, region.ours)) {
      const regions = regionsByLine.get(id) ?? new Set()
      regionsByLine.set(id, regions.add(region))
    }
  }
  return merged.some(({ region }) =>
    addedLines(sides.theirs, region.theirs).some((id) => {
      const regions = regionsByLine.get(id)
      return regions !== undefined && (regions.size > 1 || !regions.has(region))
    }),
  )
}

function addedLines(side: Lines, changes: readonly Change[]): number[] {
  const ids: number[] = []
  for (const change of changes) {
    for (let line = change.bFrom; line < change.bTo; line++) {
      const id = side.ids[line]
      if (id !== undefined && isSignificant(lineAt(side, line))) ids.push(id)
    }
  }
  return ids
}

/** Whether all its changes make one line of one line. */
function isEditOfLine(region: Region): boolean {
  const isEdit = (change: Change): boolean => change.aTo - change.aFrom === 1 && change.bTo - change.bFrom === 1
  return region.ours.every(isEdit) && region.theirs.every(isEdit)
}

function soft(reason: SoftReason, text: string | undefined): Decision {
  return text === undefined ? HARD : { kind: 'soft', reason, text }
}
