/** Regions of a document's text: written down so that they stay with their characters, and found again. */
import * as Y from 'yjs'
import { relativePosition, type Overlap } from '../../protocol/conflicts.js'

/** Where something is in a document's text as it is now, and how it is found again. */
export interface Places {
  readonly text: string
  /** The relative position of an offset; `side` says to which neighbour it clings. */
  position(offset: number, side: 'before' | 'after'): Record<string, unknown>
  /** Where the region of an overlap begins and ends; null where that cannot be told. `to` < `from`: others wrote there. */
  find(conflict: Overlap): { readonly from: number; readonly to: number } | null
  /**
   * The range anew, where an end clings to a character that is gone; null: both ends hold. Such an end then clings to what
   * stands beside it: so what is put back there is within the region again.
   */
  reanchored(conflict: Overlap): Overlap['range'] | null
  /** What stands in it; empty where all its characters are gone. */
  region(conflict: Overlap): string | null
}

export function placesIn(doc: Y.Doc, content: Y.Text, text: string): Places {
  const offset = (position: Record<string, unknown>): number | undefined => {
    const relative = Y.createRelativePositionFromJSON(position)
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, doc)
    return absolute?.type === content ? absolute.index : undefined
  }
  const find: Places['find'] = ({ range }) => {
    const from = offset(range.start)
    const to = offset(range.end)
    return from === undefined || to === undefined ? null : { from, to }
  }
  const position: Places['position'] = (at, side) => {
    const relative = Y.createRelativePositionFromTypeIndex(content, at, side === 'before' ? -1 : 0)
    return relativePosition.parse(Y.relativePositionToJSON(relative))
  }
  const isLoose = (at: Record<string, unknown>): boolean => {
    const { item } = Y.createRelativePositionFromJSON(at)
    return item !== null && Y.getItem(doc.store, item).deleted
  }
  return {
    text,
    find,
    position,
    reanchored: (conflict) => {
      const { start, end } = conflict.range
      const place = isLoose(start) || isLoose(end) ? find(conflict) : null
      if (place === null || place.to < place.from) return null
      return {
        start: isLoose(start) ? position(place.from, 'before') : start,
        end: isLoose(end) ? position(place.to, 'after') : end,
      }
    },
    region: (conflict) => {
      const place = find(conflict)
      return place === null ? null : text.slice(place.from, Math.max(place.from, place.to))
    },
  }
}
