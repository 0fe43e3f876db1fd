/**
 * What a transaction did to a text, read off its items. Yjs's own `event.delta` tells the same, but in a transaction of its own
 * and with the formats weighed, which in a text of ten thousand items costs ten times as much, for every update.
 */
import * as Y from 'yjs'
import { EditList, type Edits } from '../../protocol/text/edits.js'

/**
 * Only within the event of the transaction. Formats are no text, and are passed over.
 * @param before the text before it
 * @returns undefined where it put something in that is no text
 */
export function editsOf(shared: Y.Text, transaction: Y.Transaction, before: string): Edits | undefined {
  const { beforeState, deleteSet } = transaction
  const edits = new EditList()
  let at = 0
  let removed = 0
  let added = ''
  let client: number | undefined
  /** How much of the client's was there before. */
  let known = 0
  for (let item = shared._start; item !== null; item = item.right) {
    if (!item.countable) continue
    const { id, length, content } = item
    if (id.client !== client) {
      client = id.client
      known = beforeState.get(client) ?? 0
    }
    if (id.clock >= known) {
      if (item.deleted) continue
      if (!(content instanceof Y.ContentString)) return undefined
      added += content.str
    } else if (!item.deleted) {
      if (removed > 0 || added !== '') {
        edits.push(at, before.slice(at, at + removed), added)
        at += removed
        removed = 0
        added = ''
      }
      at += length
    } else if (Y.isDeleted(deleteSet, id)) removed += length
  }
  edits.push(at, before.slice(at, at + removed), added)
  return edits.edits
}
