/**
 * What a deletion took out of a live document.
 *
 * The text is emptied, so that every peer sees that the file is gone. A peer may have edited it before it heard: then the
 * edit wins (rule CONFLICT-5), and the deleted text comes back around it, less what the edit itself took out. That can be
 * told while the document stays in memory.
 */
import * as Y from 'yjs'

export class Deletion {
  readonly #content: Y.Text
  readonly #undo: Y.UndoManager

  /** @param remove takes the whole text out, in one transaction without an origin */
  constructor(content: Y.Text, remove: () => void) {
    this.#content = content
    this.#undo = new Y.UndoManager(content, { captureTimeout: 0 })
    remove()
    this.#undo.trackedOrigins.clear() // what follows is not its own
  }

  /**
   * Whether what stands in the text was written by someone who still had the deleted text before him. In Yjs an insertion
   * names the character to its right, and passes over deleted ones to find it: within the text, that is one that was there.
   * At its end there is none, as in an empty text.
   *
   * @param mayNotKnow the author may not have heard of the deletion: then an insertion at the end counts as one upon the text
   */
  isContested(mayNotKnow: boolean): boolean {
    const deletions = this.#undo.undoStack[0]?.deletions
    if (deletions === undefined) return false
    for (let item = this.#content._start; item !== null; item = item.right) {
      if (item.deleted) continue
      if (item.rightOrigin === null ? mayNotKnow : Y.isDeleted(deletions, item.rightOrigin)) return true
    }
    return false
  }

  /** Brings the text back, but for what `update`, which met the deletion, took out as well. */
  restore(update: Uint8Array): void {
    this.#undo.undo()
    for (const [client, ranges] of Y.decodeUpdate(update).ds.clients) {
      for (const { clock, len } of ranges) this.#takeOut(client, clock, clock + len)
    }
  }

  /** Lets go of the text. */
  forget(): void {
    this.#undo.clear()
    this.#undo.destroy()
  }

  /** The copies that came back of the characters `from` to `to` of a client. */
  #takeOut(client: number, from: number, to: number): void {
    const store = this.#content.doc?.store
    if (store === undefined) return
    for (let clock = from; clock < Math.min(to, Y.getState(store, client));) {
      const item = Y.getItem(store, Y.createID(client, clock))
      const end = Math.min(to, item.id.clock + item.length)
      if (item instanceof Y.Item && item.redone !== null) {
        const copy = Y.createID(item.redone.client, item.redone.clock + clock - item.id.clock)
        const at = this.#indexOf(copy)
        if (at !== undefined) this.#content.delete(at, end - clock)
      }
      clock = end
    }
  }

  #indexOf({ client, clock }: Y.ID): number | undefined {
    let index = 0
    for (let item = this.#content._start; item !== null; item = item.right) {
      if (item.deleted || !item.countable) continue
      const { id, length } = item
      if (id.client === client && id.clock <= clock && clock < id.clock + length) return index + clock - id.clock
      index += length
    }
    return undefined
  }
}
