/** Where two edits collide, in the text and on the ruler: lines tinted until the conflict is settled. */
import { StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view'
import { rulerMarks, type RulerMark } from './ruler.js'

export interface Lines {
  readonly from: number
  readonly to: number
}

const tell = StateEffect.define<readonly Lines[]>()
const tint = Decoration.line({ class: 'conflict-line' })

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (before, { changes, effects, newDoc }) => {
    const told = effects.find((effect) => effect.is(tell))
    if (told === undefined) return before.map(changes)
    const numbers = new Set(
      told.value.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, n) => from + n)),
    )
    const there = [...numbers].filter((number) => number <= newDoc.lines)
    return Decoration.set(
      there.map((number) => tint.range(newDoc.line(number).from)),
      true,
    )
  },
  provide: (self) => EditorView.decorations.from(self),
})

const onRuler = rulerMarks.of(({ state }) => {
  const found: RulerMark[] = []
  state.field(field).between(0, state.doc.length, (from) => {
    found.push({ from, to: from, kind: 'conflict', colourClass: '' })
  })
  return found
})

export const conflictLines: Extension = [field, onRuler]

/** @param lines from 1, `to` included; one that has no line has `to` before `from` */
export function showConflicts(view: EditorView, lines: readonly Lines[]): void {
  view.dispatch({ effects: tell.of(lines) })
}
