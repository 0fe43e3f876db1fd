/** The text of an earlier revision, to read: what that revision put there is marked in its author's colour. */
import { RangeSetBuilder, EditorState, Compartment } from '@codemirror/state'
import { Decoration, EditorView, keymap } from '@codemirror/view'
import { searchKeymap } from '@codemirror/search'
import { defaultKeymap } from '@codemirror/commands'
import type { AddedText } from '../model/added-texts.js'
import { loaderOf } from './languages.js'
import { plainText, readOnly } from './plain.js'

export interface VersionOptions {
  readonly parent: HTMLElement
  readonly path: string
  readonly label: string
  readonly text: string
  readonly added: readonly AddedText[]
  readonly wordClass: string
}

/** @returns what takes it away */
export function openVersion({ parent, path, label, text, added, wordClass }: VersionOptions): () => void {
  const language = new Compartment()
  const builder = new RangeSetBuilder<Decoration>()
  for (const { at, text: put } of added) {
    builder.add(at, Math.min(at + put.length, text.length), Decoration.mark({ class: `change-word ${wordClass}` }))
  }
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        plainText(label),
        readOnly,
        language.of([]),
        keymap.of([...searchKeymap, ...defaultKeymap]),
        EditorView.decorations.of(builder.finish()),
      ],
    }),
  })
  const first = added[0]
  if (first !== undefined) view.dispatch({ effects: EditorView.scrollIntoView(first.at, { y: 'center' }) })
  // Without its grammar a text is plain, and as good to read.
  loaderOf(path)?.().then(
    (grammar) => view.dispatch({ effects: language.reconfigure(grammar) }),
    () => undefined,
  )
  return () => view.destroy()
}
