/** What a commit left in a text, and where. */
import type { Edits } from '../../protocol/text/edits.js'

/** Removals leave nothing to show. */
export interface AddedText {
  /** In the text after the commit, in UTF-16 code units. */
  readonly at: number
  readonly text: string
}

export function addedTexts(edits: Edits): AddedText[] {
  let shift = 0
  return edits.flatMap(({ at, removed, added }) => {
    const place = at + shift
    shift += added.length - removed.length
    return added === '' ? [] : [{ at: place, text: added }]
  })
}
