/** What peers put into a text that is no text: embeds, and NULs. */
import * as Y from 'yjs'

/** Takes it out, within one transaction. */
export function takeOutForeign(doc: Y.Doc, content: Y.Text): void {
  doc.transact((transaction) => {
    for (let item = content._start; item !== null; item = item.right) {
      const isText = item.deleted || !item.countable || item.content instanceof Y.ContentString
      if (!isText) item.delete(transaction)
    }
    const text = content.toJSON()
    for (let at = text.lastIndexOf('\0'); at !== -1; at = at === 0 ? -1 : text.lastIndexOf('\0', at - 1)) {
      content.delete(at, 1)
    }
  })
}
