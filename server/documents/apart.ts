/**
 * Whether an update and what its peer had not seen lie apart, found at the places themselves. Nearly all that people type
 * at the same time does, and then no texts have to be read off the whole document to be compared (peer-texts.ts).
 */
import * as Y from 'yjs'
import { idsOf, textsOf, type IdRanges } from './id-ranges.js'
import type { Unseen } from './sight.js'
import type { IdRange, Step } from './steps.js'

/** So many characters and pieces are looked at, around so many places; beyond that this is no shorter way. */
const MAX_STEPS = 400
const MAX_PLACES = 64

interface Sets {
  /** What the peer had not seen: put in, and taken out. */
  readonly hidden: IdRanges
  readonly missed: IdRanges
  /** What the update did. */
  readonly added: IdRanges
  readonly removed: IdRanges
}

/** A character: a piece of the text, and one of its clocks. */
interface Place {
  readonly item: Y.Item
  readonly at: number
}

/**
 * True only where `questionOf` finds nothing to decide about a connected peer's update of a file that stands.
 * @param content with the update in it
 * @param own what the update did
 * @param isDeleting whether the update names any deletion
 */
export function isApart(
  content: Y.Text,
  { steps, gone }: Unseen,
  own: Pick<Step, 'inserted' | 'deleted'>,
  isDeleting: boolean,
): boolean {
  const missed = steps.flatMap((step) => step.deleted)
  if (!isDeleting && own.deleted.length > 0) return false
  if (gone.length > 0 || (isDeleting && (missed.length > 0 || own.inserted.length > 0))) return false
  const unseen = steps.flatMap((step) => step.inserted)
  const sets = {
    hidden: idsOf(unseen),
    missed: textsOf(missed),
    added: idsOf(own.inserted),
    removed: textsOf(own.deleted),
  }
  // At most one of both took something out: then the other one may have put something into it.
  const places = placesOf(content, isDeleting ? unseen : own.inserted)
  const taken = isDeleting ? sets.removed : sets.missed
  return places !== undefined && places.every((place) => isClear(place, sets, taken))
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

/** Whether a place lies not within what was taken out, and the two did not put the same there. */
function isClear(place: Place, sets: Sets, taken: IdRanges): boolean {
  const gap = { ours: '', theirs: '', steps: 0 }
  const after = nextSeen(place, sets, gap)
  const before = lastSeen(place, sets, gap)
  if (gap.steps > MAX_STEPS) return false
  const isWithin = [before, after].every((seen) => seen !== null && taken.find(seen.item.id.client, seen.at).has)
  return !isWithin && (gap.theirs.length <= 1 || gap.ours !== gap.theirs)
}

/** What both put between two characters that the peer saw, and how long it took to find that. */
interface Gap {
  ours: string
  theirs: string
  steps: number
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
  const isHidden = hidden.find(id.client, at).has
  const stood = (text !== '' && !isAdded) || removed.find(id.client, at).has
  const isSeen = (stood || missed.find(id.client, at).has) && !isHidden
  return { isSeen, ours: !isSeen && stood ? text : '', theirs: isAdded ? text : '' }
}
