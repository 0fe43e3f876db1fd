/** Opens a conflict for comparing: each side to read, and the result to edit. */
import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { Compartment, EditorState, StateEffect, StateField, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { diff } from '../../protocol/text/diff.js'
import { addedTexts } from '../model/added-texts.js'
import { firstText, firstUse, layOut, usedText, type Change, type Laid, type Piece } from '../model/changes.js'
import type { SideName, Use } from '../model/changes.js'
import { markChanges, type ChangeAction, type MarkedChange, type TagLook } from './change-marks.js'
import { loaderOf } from './languages.js'
import { regionText, resultEditing, resultField, reopenSpec, useSpec, type Decided, type Spot } from './merge-result.js'
import { plainText, readOnly } from './plain.js'

export interface SideLook {
  /** Read to screen readers. */
  readonly label: string
  /** Null: the base. */
  readonly tag: TagLook | null
  /** A class that gives marked words their colour. */
  readonly wordClass: string
}

/** What was decided and typed so far, to go on with. */
export interface Begun {
  readonly text: string
  readonly spots: readonly Spot[]
}

export interface MergeOptions {
  /** Where each editor goes; there is no base where nothing is in common. */
  readonly parents: Readonly<Record<'ours' | 'theirs' | 'result', HTMLElement>> & { readonly base: HTMLElement | null }
  /** Decides on the grammar. */
  readonly path: string
  readonly pieces: readonly Piece[]
  readonly around: { readonly before: string; readonly after: string; readonly firstLine: number }
  readonly looks: Readonly<Record<SideName, SideLook>>
  readonly begun: Begun | null
  /** Which change comes first; null: the first that nobody has decided. */
  readonly start: number | null
  /** Else no change offers what to do with it. */
  readonly mayChoose: boolean
  readonly onResolve: () => void
}

export interface OpenMerge {
  readonly decided: ReadonlySignal<readonly Decided[]>
  readonly current: ReadonlySignal<number>
  use(index: number, use: Use): void
  /** What was typed stays. */
  useAll(use: Use): void
  /** To the next change that nobody has decided, or to the next one; around at the end. */
  next(): void
  /** To one change; to none where there is none such. */
  go(index: number): void
  setWritable(on: boolean): void
  /** What the region reads now. */
  text(): string
  /** Null: nothing was decided or typed here. */
  begun(): Begun | null
  close(): void
}

const SIDES: readonly SideName[] = ['ours', 'base', 'theirs']
const KEYS: Readonly<Record<SideName, string>> = { ours: '1', base: '2', theirs: '3' }

interface Stand {
  readonly decided: readonly Decided[]
  readonly current: number
}
const tell = StateEffect.define<Stand>()
const standField = StateField.define<Stand>({
  create: () => ({ decided: [], current: 0 }),
  update: (before, { effects }) => effects.find((effect) => effect.is(tell))?.value ?? before,
})

export function openMerge(options: MergeOptions): OpenMerge {
  const { parents, path, pieces, around, looks, onResolve } = options
  const changes = pieces.filter((piece) => piece.kind === 'change')
  const undecided = changes.findIndex((change) => firstUse(change) === null)
  const isThere = options.start !== null && options.start < changes.length
  const current = signal(isThere ? options.start : Math.max(0, undecided))
  const writable = new Compartment()
  const language = new Compartment()
  const first = beginning(pieces)
  const begun = options.begun ?? first

  const actionsOf = (index: number): ResultActions => ({
    use: (use) => merge.use(index, use),
    reopen: () => {
      const spec = reopenSpec(result.state, index)
      if (spec !== null) result.dispatch(spec)
      go(index)
    },
  })
  const offered = (marked: readonly MarkedChange[]) =>
    options.mayChoose ? marked : marked.map((change) => ({ ...change, actions: [] }))
  const result = new EditorView({
    parent: parents.result,
    state: EditorState.create({
      doc: around.before + begun.text + around.after,
      extensions: [
        plainText('The result. Escape, then Tab leaves the text.', around.firstLine),
        language.of([]),
        writable.of([]),
        standField,
        resultEditing(placed(begun, around.before.length), onResolve),
        EditorView.decorations.compute([resultField, standField], (state) =>
          markChanges(state.doc, offered(markedResult(state, changes, looks, actionsOf))),
        ),
        EditorView.updateListener.of(({ startState, state }) => {
          if (startState.field(resultField) !== state.field(resultField)) spots.value = state.field(resultField).spots
        }),
      ],
    }),
  })
  const spots = signal(result.state.field(resultField).spots)
  const decided = computed(() => spots.value.map((spot) => spot.decided))
  const use: OpenMerge['use'] = (index, side) => merge.use(index, side)
  const views = SIDES.flatMap((side) => {
    const parent = parents[side]
    if (parent === null) return []
    const laid = layOut(pieces, (change) => usedText(change, side), around.before, around.after)
    const marks = (state: EditorState) => offered(markedSide(side, laid, looks[side], state.field(standField), use))
    return [
      {
        laid,
        view: sideView(parent, laid.text, looks[side].label, around.firstLine, [language.of([]), marksOf(marks)]),
      },
    ]
  })

  const go = (index: number) => {
    current.value = index
    for (const { view, laid } of views) show(view, laid.places[index]?.from)
    show(result, result.state.field(resultField).spots[index]?.from)
  }
  const merge: OpenMerge = {
    decided,
    current,
    use: (index, use) => {
      const change = changes[index]
      const spec = change === undefined ? null : useSpec(result.state, index, usedText(change, use), use)
      if (spec === null || result.state.readOnly) return
      result.dispatch(spec)
      go(nextOf(decided.peek(), index, false) ?? index)
    },
    useAll: (use) => {
      for (const index of changes.keys()) if (decided.peek()[index] !== 'typed') merge.use(index, use)
    },
    next: () => go(nextOf(decided.peek(), current.peek(), true) ?? 0),
    go: (index) => {
      if (index < changes.length) go(index)
    },
    setWritable: (on) => result.dispatch({ effects: writable.reconfigure(on ? [] : readOnly) }),
    text: () => regionText(result.state),
    begun: () => {
      const { from, spots: now } = result.state.field(resultField)
      const isSame = now.every((spot, index) => spot.decided === first.spots[index]?.decided)
      if (isSame && merge.text() === first.text) return null
      return {
        text: merge.text(),
        spots: now.map((spot) => ({ ...spot, from: spot.from - from, to: spot.to - from })),
      }
    },
    close: () => {
      dispose()
      for (const { view } of views) view.destroy()
      result.destroy()
    },
  }

  const every = [result, ...views.map(({ view }) => view)]
  const dispose = computed(() => ({ decided: decided.value, current: current.value })).subscribe((stand) => {
    // A view can't be changed while it is being updated.
    queueMicrotask(() => every.forEach((view) => view.dispatch({ effects: tell.of(stand) })))
  })
  const loader = loaderOf(path)
  // Without its grammar a text is plain, and as good for comparing.
  loader?.().then(
    (grammar) => every.forEach((view) => view.dispatch({ effects: language.reconfigure(grammar) })),
    () => undefined,
  )
  queueMicrotask(() => go(current.peek()))
  return merge
}

function beginning(pieces: readonly Piece[]): Begun {
  const { text, places } = layOut(pieces, firstText)
  return { text, spots: places.map(({ from, to, change }) => ({ from, to, decided: firstUse(change) })) }
}

function placed({ text, spots }: Begun, at: number) {
  const moved = spots.map((spot) => ({ ...spot, from: spot.from + at, to: spot.to + at }))
  return { from: at, to: at + text.length, spots: moved }
}

function nextOf(decided: readonly Decided[], from: number, evenDecided: boolean): number | null {
  const order = decided.map((_, step) => (from + 1 + step) % decided.length)
  return order.find((index) => decided[index] === null) ?? (evenDecided ? (order[0] ?? null) : null)
}

function sideView(parent: HTMLElement, doc: string, label: string, firstLine: number, more: Extension): EditorView {
  const extensions = [plainText(label, firstLine), readOnly, standField, more]
  return new EditorView({ parent, state: EditorState.create({ doc, extensions }) })
}

function marksOf(marks: (state: EditorState) => readonly MarkedChange[]): Extension {
  return EditorView.decorations.compute([standField], (state) => markChanges(state.doc, marks(state)))
}

function show(view: EditorView, at: number | undefined): void {
  if (at !== undefined) view.dispatch({ effects: EditorView.scrollIntoView(at, { y: 'center' }) })
}

function wordsOf(change: Change, use: Use | null): { readonly at: number; readonly text: string }[] {
  if (use !== 'ours' && use !== 'theirs') return []
  const other = change.base ?? (use === 'ours' ? change.theirs : change.ours)
  return addedTexts(diff(other, change[use]))
}

function markedSide(
  side: SideName,
  { places }: Laid,
  look: SideLook,
  { decided, current }: Stand,
  use: OpenMerge['use'],
): MarkedChange[] {
  return places.map(({ from, to, change }, index) => {
    const isUsed = decided[index] === side || (decided[index] === 'both' && side !== 'base')
    const state = isUsed ? 'used' : (decided[index] ?? null) === null ? 'open' : 'unused'
    const key = index === current ? { key: KEYS[side] } : {}
    const title = `Change ${index + 1}${isUsed ? ', used' : ''}`
    const actions = isUsed ? [] : [{ label: 'Use this', ...key, run: () => use(index, side) }]
    const words = wordsOf(change, side).map(({ at, text }) => ({ from: from + at, to: from + at + text.length }))
    const { wordClass } = look
    return {
      ...{ from, to, state, title, note: '', tag: null, isCurrent: index === current, actions, words, wordClass },
      absent: side === 'base' ? 'Nothing stood here.' : 'No line here.',
    }
  })
}

interface ResultActions {
  readonly use: (use: Use) => void
  readonly reopen: () => void
}

function markedResult(
  state: EditorState,
  changes: readonly Change[],
  looks: MergeOptions['looks'],
  actionsOf: (index: number) => ResultActions,
): MarkedChange[] {
  const { current } = state.field(standField)
  return state.field(resultField).spots.flatMap(({ from, to, decided }, index) => {
    const change = changes[index]
    if (change === undefined) return []
    const { use, reopen } = actionsOf(index)
    const side = decided === 'ours' || decided === 'theirs' ? decided : null
    const text = state.doc.sliceString(from, to, '\n')
    const isWhole = side !== null && text === usedText(change, side)
    const words = isWhole ? wordsOf(change, side) : []
    return {
      ...{ from, to, isCurrent: index === current },
      state: decided === null ? 'open' : 'used',
      title: `Change ${index + 1}`,
      note: resultNote(change, decided, text),
      tag: side === null ? null : looks[side].tag,
      actions: decided === null ? choices(change, looks, use) : [{ label: 'Change it', run: reopen }],
      words: words.map(({ at, text: word }) => ({ from: from + at, to: from + at + word.length })),
      wordClass: looks[side ?? 'base'].wordClass,
      absent: 'No line here. Place the caret at the line below to type some.',
    }
  })
}

function resultNote(change: Change, decided: Decided, text: string): string {
  switch (decided) {
    case null:
      if (change.base !== null && text === change.base) return 'still as in the base'
      return text === change.ours ? 'still as it stands' : 'not decided'
    case 'ours':
    case 'theirs':
      return change.by === 'both' ? 'from' : 'changed by one side only,'
    case 'both':
      return 'both, one below the other'
    case 'base':
      return 'as in the base'
    case 'typed':
      return 'typed here'
  }
}

function choices(change: Change, looks: MergeOptions['looks'], use: (use: Use) => void): ChangeAction[] {
  const one = (side: 'ours' | 'theirs'): ChangeAction => {
    const { tag } = looks[side]
    return { label: 'Use ', ...(tag === null ? {} : { tag }), run: () => use(side) }
  }
  const both = { label: `Both, ${looks.ours.tag?.text ?? 'the first'} first`, run: () => use('both') }
  const base = change.base === null ? [] : [{ label: 'Keep base', run: () => use('base') }]
  return [one('ours'), one('theirs'), both, ...base]
}
