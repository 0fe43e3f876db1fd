/**
 * What a transaction did to a text, read off its items. Yjs's own `event.delta` tells the same, but in a transaction of its own
 * and with the formats weighed, which in a text of ten thousand items costs ten times as much, for every update.
 */
import * as Y from 'yjs'
import { EditList, type Edits } from '../../protocol/text/edits.js'

/** What Yjs puts in the place of both halves of a surrogate pair that it splits. */
const HALF = '\uFFFD'

/**
 * Only within the event of the transaction: what it deleted still has its characters. Formats are no text, and are passed over.
 * @returns undefined where it can't be told: something that is no text was put in or taken out, or a character may have been
 * split in halves, which changes text that stays
 */
export function editsOf(shared: Y.Text, transaction: Y.Transaction): Edits | undefined {
  const { beforeState, deleteSet } = transaction
  const edits = new EditList()
  let at = 0
  let removed = ''
  let added = ''
  /** What stays before them. */
  let left = ''
  /** Whether something that was there before stands behind that: between two halves that come of a split there is none. */
  let isBetween = false
  let client: number | undefined
  /** How much of the client's was there before. */
  let known = 0
  for (let item = shared._start; item !== null; item = item.right) {
    const { id, length, content } = item
    if (id.client !== client) {
      client = id.client
      known = beforeState.get(client) ?? 0
    }
    const isNew = id.clock >= known
    if (!item.countable || (item.deleted && (isNew || !Y.isDeleted(deleteSet, id)))) {
      isBetween ||= !isNew
      continue
    }
    if (!(content instanceof Y.ContentString)) return undefined
    const { str } = content
    if (isNew) added += str
    else if (item.deleted) {
      removed += str
      isBetween = true
    } else {
      if (!isBetween && str.startsWith(HALF) && left.endsWith(HALF)) return undefined
      if (removed !== '' || added !== '') {
        if (removed.includes(HALF)) return undefined
        edits.push(at, removed, added)
        at += removed.length
        removed = ''
        added = ''
      }
      at += length
      left = str
      isBetween = false
    }
  }
  if (removed.includes(HALF)) return undefined
  edits.push(at, removed, added)
  return edits.edits
}
