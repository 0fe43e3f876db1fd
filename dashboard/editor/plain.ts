/** What every text on the page has in common, live or not. */
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, highlightSpecialChars, lineNumbers } from '@codemirror/view'
import { look } from './look.js'

/** The position n of the editor is the position n of the text, always: "\r\n" counts as two, as it does everywhere else. */
export const sameCounting: Extension = [
  EditorState.lineSeparator.of('\n'),
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, '\n')),
]

/** Still focusable: it can be searched, and read with the keyboard. */
export const readOnly: Extension = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: '0' }),
]

/** @param firstLine the number of the first line shown; from 1 */
export function plainText(label: string, firstLine = 1): Extension {
  return [
    sameCounting,
    look,
    lineNumbers({ formatNumber: (line) => String(line + firstLine - 1) }),
    highlightSpecialChars(),
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ]
}
