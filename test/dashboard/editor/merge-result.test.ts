import { redo, undo } from '@codemirror/commands'
import { EditorState, type TransactionSpec } from '@codemirror/state'
import { beforeEach, describe, expect, test } from 'vitest'
import { resultEditing, resultField, useSpec } from '../../../dashboard/editor/merge-result.js'

// before⏎ | one⏎ | same⏎ | two⏎ | after⏎
const DOC = 'before\none\nsame\ntwo\nafter\n'
const REGION = { from: 7, to: 20 }

let state: EditorState
beforeEach(() => {
  const spots = [
    { from: 7, to: 11, decided: null },
    { from: 16, to: 20, decided: 'ours' as const },
  ]
  state = EditorState.create({ doc: DOC, extensions: resultEditing({ ...REGION, spots }, () => undefined) })
})

const act = (spec: TransactionSpec | null) => {
  if (spec !== null) state = state.update(spec).state
}
const text = () => state.doc.toString()
const decided = () => state.field(resultField).spots.map((spot) => spot.decided)
const command = (run: typeof undo) => run({ state, dispatch: (transaction) => void (state = transaction.state) })

describe('the result', () => {
  test.each([
    ['at the very start', { from: 0, insert: 'x' }],
    ['before the region', { from: 3, insert: 'x' }],
    ['behind the region', { from: 22, insert: 'x' }],
    ['at the very end', { from: DOC.length, insert: 'x' }],
    ['as a deletion of what follows', { from: 21, to: DOC.length, insert: '' }],
  ])('is not changed outside of the region: %s', (_where, changes) => {
    act({ changes })
    expect(text()).toBe(DOC)
  })

  test('may grow at both ends of the region', () => {
    act({ changes: { from: 20, insert: 'end\n' } })
    act({ changes: { from: 7, insert: 'start\n' } })
    const { from, to } = state.field(resultField)
    expect(state.sliceDoc(from, to)).toBe('start\none\nsame\ntwo\nend\n')
  })

  test('replaces a change by a choice, and undoing takes both back', () => {
    act(useSpec(state, 0, 'chosen\nlines\n', 'theirs'))
    expect(text()).toBe('before\nchosen\nlines\nsame\ntwo\nafter\n')
    expect(decided()).toEqual(['theirs', 'ours'])
    act(useSpec(state, 0, '', 'base'))
    expect(text()).toBe('before\nsame\ntwo\nafter\n')
    command(undo)
    expect(decided()).toEqual(['theirs', 'ours'])
    command(undo)
    expect([text(), decided()]).toEqual([DOC, [null, 'ours']])
    command(redo)
    expect(decided()).toEqual(['theirs', 'ours'])
  })

  test('counts a change as decided when someone types in it, until that is undone', () => {
    act({ changes: { from: 9, insert: 'X' }, userEvent: 'input.type' })
    expect(decided()).toEqual(['typed', 'ours'])
    command(undo)
    expect([text(), decided()]).toEqual([DOC, [null, 'ours']])
  })

  test('leaves a change alone when someone types between', () => {
    act({ changes: { from: 13, insert: 'X' }, userEvent: 'input.type' })
    expect(decided()).toEqual([null, 'ours'])
  })
})
