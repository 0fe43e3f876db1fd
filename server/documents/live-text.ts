/**
 * The text of a live document, and what the turn under way did to it.
 *
 * 1. `text` is always what the Y.Text holds, and nothing but text: what a peer puts there besides is taken out.
 * 2. Many edits are made in slices, and others have the event loop between two of them; the document is held until the last
 *    one, so that nobody sees a part (rule BRIDGE-17).
 * 3. The text is put together when it is asked for: each update would cost a copy of all of it.
 */
import type * as Y from 'yjs'
import { CONTENT_ROOT } from '../../protocol/document.js'
import type { Author } from '../../protocol/ids.js'
import { diff } from '../../protocol/text/diff.js'
import { applyEdits, composeEdits, type Edits } from '../../protocol/text/edits.js'
import { takeOutForeign } from './foreign.js'
import type { LiveDocument, LiveDocumentOptions } from './live-document.js'
import { editsOf } from './text-changes.js'

/** So many edits at a time: each costs Yjs some 15 microseconds. */
const SLICE = 400

export class LiveText {
  readonly shared: Y.Text
  readonly #live: LiveDocument
  readonly #defer: LiveDocumentOptions['defer']
  #before = ''
  #edits: Edits = []
  #length = 0
  /** Undefined: nobody has asked since the last change. */
  #text: string | undefined
  #isForeign = false

  constructor(live: LiveDocument, defer: LiveDocumentOptions['defer']) {
    this.shared = live.doc.getText(CONTENT_ROOT)
    this.#live = live
    this.#defer = defer
  }

  /** From now on it is noted what happens to it. */
  follow(): void {
    this.#before = this.#text = this.shared.toJSON()
    this.#length = this.#before.length
    this.shared.observe((event) => {
      this.#observe(event)
    })
  }

  get text(): string {
    return (this.#text ??= applyEdits(this.#before, this.#edits))
  }

  /** Of the text. */
  get length(): number {
    return this.#length
  }

  /** From the text before the turn. */
  get edits(): Edits {
    return this.#edits
  }

  /** The text before the turn. */
  get before(): string {
    return this.#before
  }

  /**
   * A turn begins.
   * @param before the text that it starts from; default: the text as it is
   */
  begin(before = this.text): void {
    this.#edits = before === this.text ? [] : diff(before, this.text)
    this.#before = before
  }

  /** Makes the edits, and goes on in the step of the last one. */
  change(author: Author, edits: Edits, goOn: () => Promise<void>): Promise<void> {
    if (edits.length > SLICE) return this.#live.hold(this.#changeInSlices(author, edits), goOn)
    this.#write(author, edits)
    return goOn()
  }

  async #changeInSlices(author: Author, edits: Edits): Promise<void> {
    const othersTurn = (): Promise<void> =>
      new Promise((resolve) => {
        this.#defer(resolve)
      })
    await othersTurn() // what was decided took its time, too
    for (let end = edits.length; end > 0 && this.#live.expelled === undefined; end -= SLICE) {
      this.#write(author, edits.slice(Math.max(0, end - SLICE), end))
      await othersTurn()
    }
  }

  /** From the end on, so that the places before keep their offsets. */
  #write(author: Author, edits: Edits): void {
    this.#live.transact(author, () => {
      for (const edit of [...edits].reverse()) {
        if (edit.removed !== '') this.shared.delete(edit.at, edit.removed.length)
        if (edit.added !== '') this.shared.insert(edit.at, edit.added)
      }
    })
    // Where a broken character stands beside an edit it is not told what was done (text-changes.ts): then the texts are compared.
    if (this.isForeign) this.expelForeign(author)
  }

  /** Whether a peer put something there that is no text: an embed, a NUL. */
  get isForeign(): boolean {
    return this.#isForeign || this.shared.length !== this.#length
  }

  /** Takes that out, in the same turn. */
  expelForeign(author: Author): void {
    this.#live.transact(author, (doc) => {
      takeOutForeign(doc, this.shared)
    })
    this.#isForeign = false
    this.#text = this.shared.toJSON()
    this.#length = this.#text.length
    this.#edits = diff(this.#before, this.#text)
  }

  #observe({ transaction }: Y.YTextEvent): void {
    this.#text = undefined
    try {
      const edits = editsOf(this.shared, transaction)
      if (edits === undefined) {
        this.#isForeign = true
        return
      }
      this.#isForeign ||= edits.some(({ added }) => added.includes('\0'))
      this.#edits = composeEdits(this.#edits, edits)
      this.#length += edits.reduce((sum, { added, removed }) => sum + added.length - removed.length, 0)
    } catch {
      this.#isForeign = true
    }
  }
}
