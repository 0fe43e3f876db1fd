/**
 * The result of a conflict while it is being decided: the region between what stands around it, which can't be changed here.
 *
 * 1. What is outside of the region stays as it is, whatever is typed or pasted.
 * 2. A change is decided by a choice, or by typing in it; undoing either brings back what stood there, undecided or not.
 */
import { defaultKeymap, history, historyKeymap, invertedEffects, isolateHistory } from '@codemirror/commands'
import { EditorState, Prec, StateEffect, StateField, type Extension, type TransactionSpec } from '@codemirror/state'
import { keymap } from '@codemirror/view'
import type { Use } from '../model/changes.js'

export type Decided = Use | 'typed' | null

export interface Spot {
  readonly from: number
  readonly to: number
  readonly decided: Decided
}

export interface ResultState {
  /** Of the region, in the document. */
  readonly from: number
  readonly to: number
  readonly spots: readonly Spot[]
}

const decide = StateEffect.define<{ readonly index: number; readonly decided: Decided }>()

export const resultField = StateField.define<ResultState>({
  create: () => ({ from: 0, to: 0, spots: [] }),
  update: (before, { changes, effects }) => {
    const move = <Range extends { readonly from: number; readonly to: number }>(range: Range): Range => ({
      ...range,
      from: changes.mapPos(range.from, -1),
      to: changes.mapPos(range.to, 1),
    })
    const spots = before.spots.map(move)
    let isDecided = false
    for (const effect of effects) {
      const spot = effect.is(decide) ? spots[effect.value.index] : undefined
      if (!effect.is(decide) || spot === undefined) continue
      spots[effect.value.index] = { ...spot, decided: effect.value.decided }
      isDecided = true
    }
    return changes.empty && !isDecided ? before : { ...move(before), spots }
  },
})

/** Nothing but the region may change. */
const onlyRegion = EditorState.changeFilter.of(({ startState }) => {
  const { from, to } = startState.field(resultField)
  // One beyond either end of the document: an insertion at the very edge of a range counts as outside of it.
  return [-1, from, to, startState.doc.length + 1]
})

/** Whoever types in a change has decided it. */
const typing = EditorState.transactionExtender.of((transaction) => {
  const { startState, docChanged, effects, changes } = transaction
  if (!docChanged || effects.some((effect) => effect.is(decide))) return null
  if (transaction.isUserEvent('undo') || transaction.isUserEvent('redo')) return null
  const { spots } = startState.field(resultField)
  const typed = spots.flatMap(({ from, to, decided }, index) =>
    decided !== 'typed' && changes.touchesRange(from, to) !== false ? [decide.of({ index, decided: 'typed' })] : [],
  )
  return typed.length === 0 ? null : { effects: typed }
})

const undoable = invertedEffects.of(({ effects, startState }) =>
  effects.flatMap((effect) => {
    if (!effect.is(decide)) return []
    const before = startState.field(resultField).spots[effect.value.index]
    return before === undefined ? [] : [decide.of({ index: effect.value.index, decided: before.decided })]
  }),
)

/** @param onResolve Ctrl+Enter */
export function resultEditing(initial: ResultState, onResolve: () => void): Extension {
  return [
    resultField.init(() => initial),
    onlyRegion,
    typing,
    undoable,
    history(),
    Prec.high(keymap.of([{ key: 'Mod-Enter', run: () => (onResolve(), true) }])),
    keymap.of([...historyKeymap, ...defaultKeymap]),
  ]
}

/** Puts a text in place of a change, as one step that can be undone; null: there is no such change. */
export function useSpec(state: EditorState, index: number, text: string, decided: Use): TransactionSpec | null {
  const spot = state.field(resultField).spots[index]
  if (spot === undefined) return null
  return {
    changes: { from: spot.from, to: spot.to, insert: text },
    effects: decide.of({ index, decided }),
    annotations: isolateHistory.of('full'),
    userEvent: 'input.use',
  }
}

/** A change that was decided is open again, and reads as it does. */
export function reopenSpec(state: EditorState, index: number): TransactionSpec | null {
  const isThere = state.field(resultField).spots[index] !== undefined
  return isThere ? { effects: decide.of({ index, decided: null }), annotations: isolateHistory.of('full') } : null
}

/** What the region reads. */
export function regionText(state: EditorState): string {
  const { from, to } = state.field(resultField)
  return state.doc.sliceString(from, to, '\n')
}
