/**
 * A text without what some of its revisions did to it.
 *
 * 1. Revisions are taken back one by one, the newest first. What of one still stands untouched is taken back exactly where it
 *    is: what it added goes, what it removed comes back.
 * 2. Added lines go one by one: others' lines between them, and lines that others wrote anew, stay.
 * 3. Where others changed the same lines since, the three texts are merged (rules MERGE-1 to MERGE-5). What is hard stays as it
 *    is and comes out as held, with the text that the revert would have made of it.
 * 4. The result is checked: where text of others would be missing, or text of what is taken back stand outside of what is
 *    held, all of it is held instead. Where text that was removed would stand neither in the result nor in what is held,
 *    that place is put together letter by letter, and held.
 * 5. All is mapped through the edits of the revisions; nothing is looked for by its likeness.
 */
import { mapOffset, type Edits, type Side } from '../../protocol/text/edits.js'
import { diffLines } from '../../protocol/text/line-diff.js'
import { LineTable, offsetOfLine, sliceLines } from '../../protocol/text/lines.js'
import { withAll } from './held-text.js'
import { carried, OwnText, type RemovedPart, type Span } from './own-text.js'
import { holdsAll, mergeRegion, piecesOf, regionsOf } from './revert-regions.js'
import { Trail } from './trail.js'

/** Lines that stay, and what the revert would have made of them; offsets in the resulting text. */
export interface HeldPlace {
  readonly base: string
  readonly ours: string
  readonly theirs: string
  readonly from: number
  readonly to: number
}

interface Mark {
  readonly base: string
  readonly from: number
  readonly to: number
}

export interface RevisionStep {
  /** From the text before the revision to its own. */
  readonly edits: Edits
  readonly isTaken: boolean
}

export class TextRevert {
  /** What goes in. */
  #trail: Trail
  /** The same, with what is held taken back as well; there is none while nothing is held. */
  #whole: Trail | undefined
  #marks: Mark[] = []
  /** Text of what is taken back that still stands in what goes in. */
  #standing: readonly Span[] = []

  /** @param text of the newest revision */
  constructor(text: string) {
    this.#trail = Trail.from(text)
  }

  get text(): string {
    return this.#trail.present
  }

  /**
   * Takes them back, step by step: whoever runs it may pause at each.
   * @param revisions oldest first, without gaps, from the first that is taken on; their text may be any
   */
  *run(revisions: readonly RevisionStep[]): Generator<void, void> {
    const own = new OwnText()
    const removed: RemovedPart[][][] = []
    for (const { edits, isTaken } of revisions) {
      removed.push(own.step(edits, isTaken))
      yield
    }
    const head = this.text
    const standing = own.standing
    this.#standing = standing
    for (let index = revisions.length - 1; index >= 0; index--) {
      const revision = revisions[index]
      if (revision !== undefined && revision.edits.length > 0) this.#step(revision, removed[index] ?? [])
      yield
    }
    const reverted = own.reverted(head)
    if (this.#whole !== undefined) {
      this.#whole = Trail.from(withAll(this.text, this.#whole.present, reverted, own.gone))
    }
    if (this.#isExact(without(head, standing), reverted)) return
    // Nothing is guessed at: all of it stays, and what the revert would have made of it is held.
    this.#trail = Trail.from(head)
    this.#whole = Trail.from(reverted)
    this.#marks = []
  }

  /** All that others wrote stands; of what is taken back nothing does but in the lines that are held. */
  #isExact(others: string, reverted: string): boolean {
    const { held, text } = this
    if (held.length > 0 && !holdsAll(text, [others], [])) return false
    // The spans alone do not tell: a merge may remove text and put the same text in again.
    if (!holdsAll(reverted, [without(text, held)], [])) return false
    return this.#standing.every(({ from, to }) => {
      return !/\S/.test(text.slice(from, to)) || held.some((place) => place.from <= from && place.to >= to)
    })
  }

  #step({ edits, isTaken }: RevisionStep, removed: readonly (readonly RemovedPart[])[]): void {
    if (!isTaken) {
      this.#trail = passed(this.#trail, edits)
      if (this.#whole !== undefined) this.#whole = passed(this.#whole, edits)
      return
    }
    const before = this.#trail
    const own = takeBack(before, edits, removed, 'ours')
    if (own.hard.length > 0) this.#whole ??= before
    if (this.#whole !== undefined) this.#whole = takeBack(this.#whole, edits, removed, 'theirs').trail
    this.#trail = own.trail
    this.#standing = own.changes.reduce(carried, this.#standing)
    const moved = (offset: number, side: Side): number =>
      own.changes.reduce((at, edits) => mapOffset(edits, at, side), offset)
    this.#marks = [...this.#marks, ...own.hard].map(({ base, from, to }) => {
      return { base, from: moved(from, 'before'), to: moved(to, 'after') }
    })
  }

  /** The places that are held, ascending. */
  get held(): HeldPlace[] {
    if (this.#whole === undefined) return []
    const table = new LineTable()
    const ours = table.cut(this.#trail.present)
    const theirs = table.cut(this.#whole.present)
    return diffLines(ours, theirs, table.size).map(({ aFrom, aTo, bFrom, bTo }) => {
      const from = offsetOfLine(ours, aFrom)
      const to = offsetOfLine(ours, aTo)
      const mark = this.#marks.find((known) => known.from <= to && known.to >= from)
      const text = sliceLines(ours, aFrom, aTo)
      return { base: mark?.base ?? text, ours: text, theirs: sliceLines(theirs, bFrom, bTo), from, to }
    })
  }
}

function without(text: string, spans: readonly Span[]): string {
  let rest = ''
  let done = 0
  for (const { from, to } of spans) {
    rest += text.slice(done, from)
    done = to
  }
  return rest + text.slice(done)
}

/** A revision that stays. */
function passed(trail: Trail, edits: Edits): Trail {
  let shift = 0
  const insertions = edits.map(({ at, removed, added }) => {
    const insertion = { at: at + shift, length: added.length, replaced: removed, way: null }
    shift += added.length - removed.length
    return insertion
  })
  return trail.back(insertions).trail
}

interface Taken {
  readonly trail: Trail
  /** In the present text before. */
  readonly hard: readonly Mark[]
  /** From the present text before to the one after, in steps. */
  readonly changes: readonly Edits[]
}

function takeBack(
  trail: Trail,
  edits: Edits,
  removed: readonly (readonly RemovedPart[])[],
  side: 'ours' | 'theirs',
): Taken {
  const { older } = trail
  const pieces = piecesOf(older, edits, removed)
  const { clean, regions } = regionsOf(trail, older, trail.changes, pieces)
  const merges = regions.map((region) => mergeRegion(trail, older, region, side))
  // From the end on, so that the places before keep their offsets.
  let detoured = trail
  for (const { place, way, present } of merges.toReversed()) detoured = detoured.detour(place, way, present)
  const insertions = clean.map((piece) => {
    const before = merges.filter(({ place }) => place.to <= piece.at && place.from < piece.at)
    const shift = before.reduce((sum, merge) => sum + merge.before.length - (merge.place.to - merge.place.from), 0)
    return { ...piece, at: piece.at + shift }
  })
  const step = detoured.back(insertions)
  return {
    trail: step.trail,
    hard: merges.flatMap((merge) => merge.hard),
    changes: [merges.flatMap((merge) => merge.edits), step.edits],
  }
}
