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
  return {
    text,
    find,
    position: (at, side) => {
      const position = Y.createRelativePositionFromTypeIndex(content, at, side === 'before' ? -1 : 0)
      return relativePosition.parse(Y.relativePositionToJSON(position))
    },
    region: (conflict) => {
      const place = find(conflict)
      return place === null ? null : text.slice(place.from, Math.max(place.from, place.to))
    },
  }
}
