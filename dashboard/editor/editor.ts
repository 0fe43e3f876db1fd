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
import { Compartment, EditorState, type Extension } from '@codemirror/state'
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
import { authors, type Authors, type AuthorsOptions, type CommittedEdits } from './authors.js'
import { carets, type CaretOptions } from './carets.js'
import { loaderOf, type LanguageLoader } from './languages.js'
import { look } from './look.js'

export interface EditorOptions {
  readonly parent: HTMLElement
  /** Read to screen readers, and decides on the grammar. */
  readonly path: string
  readonly text: Text
  readonly awareness: Awareness
  readonly caretLook: CaretOptions['look']
  readonly authors: AuthorsOptions
}

export class Editor {
  readonly view: EditorView
  readonly #writable = new Compartment()
  readonly #language = new Compartment()
  readonly #authors: Authors
  /** Null once the grammar is there, or on its way, or when there is none. */
  #loader: LanguageLoader | null

  constructor({ parent, path, text, awareness, caretLook, authors: authorsOptions }: EditorOptions) {
    this.#authors = authors(authorsOptions)
    this.#loader = loaderOf(path)
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text.toJSON(),
        extensions: [
          sameCounting,
          this.#writable.of(readOnly(true)),
          this.#language.of([]),
          look,
          this.#authors.extension,
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
          EditorView.contentAttributes.of({ 'aria-label': `${path}. Escape, then Tab leaves the text.` }),
        ],
      }),
    })
  }

  /** @param writable that the page is connected, too: only then is there somebody to ask for the grammar */
  setWritable(writable: boolean): void {
    this.view.dispatch({ effects: this.#writable.reconfigure(readOnly(!writable)) })
    if (writable) void this.#loadLanguage()
  }

  /** @param line from 1 */
  showLine(line: number): void {
    const { doc } = this.view.state
    const { from } = doc.line(Math.min(Math.max(1, line), doc.lines))
    this.view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
  }

  /** Marks what a commit added with its author. */
  showCommit(edits: CommittedEdits): void {
    this.#authors.commit(this.view, edits)
  }

  close(): void {
    this.view.destroy()
  }

  /** A grammar that could not be had leaves the text plain until the connection is back, then it is asked for again. */
  async #loadLanguage(): Promise<void> {
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

const sameCounting: Extension = [
  EditorState.lineSeparator.of('\n'),
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, '\n')),
]

function readOnly(on: boolean): Extension {
  // Still focusable while read-only: it can be searched, and read with the keyboard.
  return on
    ? [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: '0' })]
    : []
}
