/**
 * Whether an update and what its peer had not seen lie apart, found at the places themselves. Nearly all that people type
 * at the same time does, and then no texts have to be read off the whole document to be compared (peer-texts.ts).
 */
import * as Y from 'yjs'
import { idsOf, textsOf, type IdRanges } from './id-ranges.js'
import type { IdRange, Since, Step } from './steps.js'

/** So many characters and pieces are looked at around a place, of so many places; beyond that this is no shorter way. */
const MAX_STEPS = 400
const MAX_PLACES = 64

interface Sets {
  /** What the peer had not seen: put in, and taken out. */
  readonly hidden: Since['inserted']
  readonly missed: IdRanges
  /** What the update did. */
  readonly added: IdRanges
  readonly removed: IdRanges
  readonly addedLength: number
  /** Others took something out, so what the update put in may lie within that. */
  readonly isWithinPossible: boolean
}

/** A character: a piece of the text, and one of its clocks. */
interface Place {
  readonly item: Y.Item
  readonly at: number
}

/**
 * True only where `questionOf` finds nothing to decide about a connected peer's update of a file that stands.
 * @param content with the update in it
 * @param unseen what the peer had not seen
 * @param own what the update did
 * @param isDeleting whether the update names any deletion
 */
export function isApart(
  content: Y.Text,
  unseen: Since,
  own: Pick<Step, 'inserted' | 'deleted'>,
  isDeleting: boolean,
): boolean {
  if (unseen.hasShared || isDeleting !== own.deleted.length > 0) return false
  if (isDeleting && (unseen.deleted.length > 0 || own.inserted.length > 0)) return false
  const sets: Sets = {
    hidden: unseen.inserted,
    missed: idsOf(unseen.deleted),
    added: idsOf(own.inserted),
    removed: textsOf(own.deleted),
    addedLength: own.inserted.reduce((sum, [, from, to]) => sum + to - from, 0),
    isWithinPossible: isDeleting || unseen.deleted.length > 0,
  }
  // At most one of both took something out: then the other one may have put something into it.
  if (isDeleting) {
    const pieces = placesOf(
      content,
      own.deleted.map(([client, from, text]) => [client, from, from + text.length]),
    )
    return pieces?.every((piece) => isUnbroken(piece, sets)) ?? false
  }
  return placesOf(content, own.inserted)?.every((place) => isClear(place, sets)) ?? false
}

/** Of each piece the first character; undefined: there are too many, or not of the text alone. */
function placesOf(content: Y.Text, ranges: readonly IdRange[]): Place[] | undefined {
  const store = content.doc?.store
  const places: Place[] = []
  for (const [client, from, to] of ranges) {
    for (let at = from; at < to;) {
      const item: unknown = store && Y.getItem(store, Y.createID(client, at))
      if (!(item instanceof Y.Item) || item.parent !== content || places.length >= MAX_PLACES) return undefined
      if (!item.deleted && !(item.content instanceof Y.ContentString)) return undefined
      places.push({ item, at })
      at = item.id.clock + item.length
    }
  }
  return places
}

/** Whether what the update put in lies not within what was taken out, and is not what others put in there as well. */
function isClear(place: Place, sets: Sets): boolean {
  const gap = { ours: '', theirs: '', steps: 0 }
  const after = nextSeen(place, sets, gap)
  const before = lastSeen(place, sets, gap)
  if (isOther(gap, sets)) return true
  if (gap.steps > MAX_STEPS) return false
  const isWithin = [before, after].every((seen) => seen !== null && sets.missed.find(seen.item.id.client, seen.at).has)
  return !isWithin && (gap.theirs.length <= 1 || gap.ours !== gap.theirs)
}

/** Whether others put nothing between the end of a piece that was taken out and the next one. */
function isUnbroken({ item, at }: Place, sets: Sets): boolean {
  const end = Math.min(item.id.clock + item.length, sets.removed.find(item.id.client, at).until)
  const gap = { ours: '', theirs: '', steps: 0 }
  const after = nextSeen({ item, at: end }, sets, gap)
  if (gap.steps > MAX_STEPS) return false
  return gap.ours === '' || after === null || !sets.removed.find(after.item.id.client, after.at).has
}

/** What both put between two characters that the peer saw, and how long it took to find that. */
interface Gap {
  ours: string
  theirs: string
  steps: number
}

/** Whether others put in more than the update did at all, where nothing else counts. */
function isOther({ ours }: Gap, { addedLength, isWithinPossible }: Sets): boolean {
  return !isWithinPossible && ours.length > addedLength
}

/** The first character from the place on that the peer saw before its update; null: there is none. */
function nextSeen({ item: first, at: from }: Place, sets: Sets, gap: Gap): Place | null {
  let at = from
  for (let item: Y.Item | null = first; item !== null && gap.steps <= MAX_STEPS; item = item.right) {
    gap.steps++
    const end = item.id.clock + item.length
    for (at = item === first ? from : item.id.clock; at < end && gap.steps <= MAX_STEPS; at++) {
      if (!isOfInterest(item, sets)) break
      gap.steps++
      const found = characterAt(item, at, sets)
      if (found.isSeen) return { item, at }
      gap.ours += found.ours
      gap.theirs += found.theirs
      if (isOther(gap, sets)) return null
    }
  }
  return null
}

/** The last one before the place. */
function lastSeen({ item: first, at: from }: Place, sets: Sets, gap: Gap): Place | null {
  for (let item: Y.Item | null = first; item !== null && gap.steps <= MAX_STEPS; item = item.left) {
    gap.steps++
    const end = item === first ? from : item.id.clock + item.length
    for (let at = end - 1; at >= item.id.clock && gap.steps <= MAX_STEPS; at--) {
      if (!isOfInterest(item, sets)) break
      gap.steps++
      const found = characterAt(item, at, sets)
      if (found.isSeen) return { item, at }
      gap.ours = found.ours + gap.ours
      gap.theirs = found.theirs + gap.theirs
      if (isOther(gap, sets)) return null
    }
  }
  return null
}

/** What was gone before either of both is as if it never was. */
function isOfInterest({ id, length, deleted }: Y.Item, { missed, removed }: Sets): boolean {
  return !deleted || [missed, removed].some((set) => set.meets(id.client, id.clock, id.clock + length))
}

function characterAt(
  { id, content, deleted }: Y.Item,
  at: number,
  { hidden, missed, added, removed }: Sets,
): { readonly isSeen: boolean; readonly ours: string; readonly theirs: string } {
  const text = !deleted && content instanceof Y.ContentString ? content.str.charAt(at - id.clock) : ''
  const isAdded = added.find(id.client, at).has
  const isHidden = hidden(id.client, at)
  const stood = (text !== '' && !isAdded) || removed.find(id.client, at).has
  const isSeen = (stood || missed.find(id.client, at).has) && !isHidden
  return { isSeen, ours: !isSeen && stood ? text : '', theirs: isAdded ? text : '' }
}
