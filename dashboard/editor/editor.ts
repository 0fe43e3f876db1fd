/**
 * The editor of one live document.
 *
 * The position n of the editor is the position n of the Y.Text, always: a binding whose ends count differently writes into
 * the wrong place. CodeMirror would count "\r\n" and "\r" as one line end, so the only line end here is "\n", a "\r" in a
 * file of mixed ends stays an ordinary (visible) character, and pasted text is brought to "\n" before it goes in.
 */
import { defaultKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, indentOnInput } from '@codemirror/language'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Transaction } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import type { Awareness } from 'y-protocols/awareness'
import type { Text } from 'yjs'
import { authors, type Authors, type AuthorsOptions, type BlamedText, type CommittedEdits } from './authors.js'
import { carets, type CaretOptions } from './carets.js'
import { conflictLines, showConflicts, type Lines } from './conflict-lines.js'
import { loaderOf, type LanguageLoader } from './languages.js'
import { lockMarks, showLocks, type LockLook } from './lock-marks.js'
import { look } from './look.js'
import { readOnly, sameCounting } from './plain.js'
import { ruler } from './ruler.js'

export interface EditorOptions {
  readonly parent: HTMLElement
  /** Read to screen readers, and decides on the grammar. */
  readonly path: string
  readonly text: Text
  readonly awareness: Awareness
  readonly caretLook: CaretOptions['look']
  readonly authors: AuthorsOptions
  /** The server's clock; null while nobody knows it. */
  readonly now: () => number | null
  /** The lines that are selected, from 1; null: a caret only. */
  readonly onLines: (lines: Lines | null) => void
}

export class Editor {
  readonly view: EditorView
  readonly #writable = new Compartment()
  readonly #language = new Compartment()
  readonly #authors: Authors
  /** Null once the grammar is there, or on its way, or when there is none. */
  #loader: LanguageLoader | null

  constructor(options: EditorOptions) {
    const { parent, path, text, awareness, caretLook, authors: authorsOptions, now, onLines } = options
    this.#authors = authors(authorsOptions)
    this.#loader = loaderOf(path)
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text.toJSON(),
        extensions: [
          sameCounting,
          this.#writable.of(readOnly),
          this.#language.of([]),
          look,
          this.#authors.extension,
          conflictLines,
          lockMarks(now),
          ruler,
          lineNumbers(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          highlightSpecialChars(),
          highlightSelectionMatches(),
          drawSelection(),
          bracketMatching(),
          indentOnInput(),
          // Tab belongs to the text; Escape and then Tab leaves it, as the label says.
          keymap.of([...yUndoManagerKeymap, ...searchKeymap, ...defaultKeymap, indentWithTab]),
          yCollab(text, null),
          carets({ awareness, text, look: caretLook }),
          EditorView.updateListener.of(({ selectionSet, transactions, state }) => {
            // What the page itself brings into sight is no choice of a person.
            if (selectionSet && transactions.some(isByHand)) onLines(selectedLines(state))
          }),
          EditorView.contentAttributes.of({ 'aria-label': `${path}. Escape, then Tab leaves the text.` }),
        ],
      }),
    })
  }

  setWritable(writable: boolean): void {
    this.view.dispatch({ effects: this.#writable.reconfigure(writable ? [] : readOnly) })
  }

  /** Selects them, unless it is one, and brings them into sight. */
  showLines(lines: Lines): void {
    const { doc } = this.view.state
    const line = (number: number) => doc.line(Math.min(Math.max(1, number), doc.lines))
    const { from } = line(lines.from)
    const head = lines.to === lines.from ? from : line(lines.to).to
    this.view.dispatch({
      selection: { anchor: from, head },
      effects: EditorView.scrollIntoView(from, { y: 'center' }),
    })
  }

  /** Brings a place into sight; the caret stays where it is. */
  showPlace(at: number): void {
    const place = Math.min(at, this.view.state.doc.length)
    this.view.dispatch({ effects: EditorView.scrollIntoView(place, { y: 'center' }) })
  }

  /** Who wrote what, as the server tells. */
  showBlame(lines: readonly BlamedText[]): void {
    this.#authors.blame(this.view, lines)
  }

  showConflicts(lines: readonly Lines[]): void {
    showConflicts(this.view, lines)
  }

  showLocks(looks: readonly LockLook[]): void {
    showLocks(this.view, looks)
  }

  /** Marks what a commit added with its author. */
  showCommit(edits: CommittedEdits): void {
    this.#authors.commit(this.view, edits)
  }

  close(): void {
    this.view.destroy()
  }

  /** A grammar that could not be had leaves the text plain until the connection is back, then it is asked for again. */
  async loadLanguage(): Promise<void> {
    const loader = this.#loader
    if (loader === null) return
    this.#loader = null
    try {
      this.view.dispatch({ effects: this.#language.reconfigure(await loader()) })
    } catch {
      this.#loader = loader
    }
  }
}

function isByHand(transaction: Transaction): boolean {
  return ['select', 'input', 'delete', 'move'].some((event) => transaction.isUserEvent(event))
}

/** A selection that ends where a line begins does not reach into that line. */
function selectedLines({ doc, selection: { main } }: EditorState): Lines | null {
  if (main.empty) return null
  const [first, last] = [doc.lineAt(main.from), doc.lineAt(main.to)]
  const to = last.from === main.to && last.number > first.number ? last.number - 1 : last.number
  return { from: first.number, to }
}
