/**
 * Locks in the text: a bar in the margin and a tint over the lines, in the holder's colour, and above them a header with
 * holder, region, time left and who is next.
 *
 * 1. A region moves with the text until the server tells anew where it is.
 * 2. In what somebody else holds EXCLUSIVE nothing is typed, pasted or deleted here; what others write comes in as ever.
 */
import { EditorState, StateEffect, StateField, type Extension } from '@codemirror/state'
import {
  Decoration,
  EditorView,
  gutter,
  GutterMarker,
  ViewPlugin,
  WidgetType,
  type DecorationSet,
} from '@codemirror/view'
import { formatLeft } from '../model/held-locks.js'
import { rulerMarks } from './ruler.js'
import { tagElement, type TagLook } from './change-marks.js'

export interface LockLook {
  readonly id: string
  /** From 1, `to` included. */
  readonly lines: { readonly from: number; readonly to: number }
  readonly holder: TagLook
  /** "review" */
  readonly name: string
  /** "applyDiscount", "lines 13 to 27" */
  readonly what: string
  readonly verb: 'holds' | 'reviews' | 'shares'
  /** By the server's clock. */
  readonly expiresAt: number
  /** In milliseconds. */
  readonly ttl: number
  readonly next: TagLook | null
  /** Gives the lines their colour. */
  readonly colourClass: string
  /** Nobody may write there from this page. */
  readonly isClosed: boolean
}

interface Held {
  readonly from: number
  readonly to: number
  readonly look: LockLook
}

const tell = StateEffect.define<readonly LockLook[]>()

const heldField = StateField.define<readonly Held[]>({
  create: () => [],
  update: (before, { changes, effects, newDoc }) => {
    const told = effects.find((effect) => effect.is(tell))
    if (told !== undefined) {
      return told.value.flatMap((look) => {
        if (look.lines.from > newDoc.lines) return []
        const to = newDoc.line(Math.min(Math.max(look.lines.to, look.lines.from), newDoc.lines)).to
        return [{ from: newDoc.line(look.lines.from).from, to, look }]
      })
    }
    if (changes.empty || before.length === 0) return before
    return before.map(({ from, to, look }) => ({ from: changes.mapPos(from, 1), to: changes.mapPos(to, -1), look }))
  },
  provide: (field) => EditorView.decorations.compute([field], (state) => decorate(state, state.field(field))),
})

const closed = EditorState.changeFilter.of((transaction) => {
  // What comes from the document itself is a fact, which can't be refused here.
  if (!['input', 'delete', 'move'].some((event) => transaction.isUserEvent(event))) return true
  const ranges = transaction.startState
    .field(heldField)
    .filter(({ look }) => look.isClosed)
    .map(({ from, to }) => [from - 1, to + 1] as const)
    .sort(([a], [b]) => a - b)
  const joined: number[] = []
  for (const [from, to] of ranges) {
    const end = joined.at(-1)
    if (end !== undefined && from <= end) joined.splice(-1, 1, Math.max(end, to))
    else joined.push(from, to)
  }
  return joined.length === 0 ? true : joined
})

function decorate({ doc }: EditorState, held: readonly Held[]): DecorationSet {
  const lineNumber = (at: number): number => doc.lineAt(Math.min(at, doc.length)).number
  const ranges = held.flatMap(({ from, to, look }) => {
    const first = lineNumber(from)
    const lines = Array.from({ length: Math.max(1, lineNumber(to) - first + 1) }, (_, index) => doc.line(first + index))
    return [
      Decoration.widget({ widget: new Header(look), block: true, side: -1 }).range(doc.line(first).from),
      ...lines.map((line) => Decoration.line({ class: `lock-line ${look.colourClass}` }).range(line.from)),
    ]
  })
  return Decoration.set(ranges, true)
}

class Header extends WidgetType {
  readonly #look: LockLook

  constructor(look: LockLook) {
    super()
    this.#look = look
  }

  override eq(other: Header): boolean {
    const [a, b] = [this.#look, other.#look]
    return a.id === b.id && a.expiresAt === b.expiresAt && a.what === b.what && a.next?.text === b.next?.text
  }

  override get estimatedHeight(): number {
    return 26
  }

  override toDOM(): HTMLElement {
    const { holder, name, what, verb, expiresAt, ttl, next, colourClass } = this.#look
    const header = document.createElement('div')
    header.className = `lock-head ${colourClass}`
    const bar = part('span', 'lock-bar')
    bar.append(document.createElement('i'))
    const left = part('span', 'lock-left')
    left.dataset['expires'] = String(expiresAt)
    left.dataset['ttl'] = String(ttl)
    header.append(
      padlock(),
      tagElement(holder),
      part('b', '', name),
      part('span', 'soft', verb),
      part('b', '', what),
      bar,
      left,
    )
    if (next !== null) header.append(part('span', 'soft', 'next is'), tagElement(next))
    return header
  }
}

function padlock(): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  svg.setAttribute('class', 'lock-glyph')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  path.setAttribute('d', 'M4 11h16v11H4zM7 11V7a5 5 0 0 1 10 0v4')
  svg.append(path)
  return svg
}

function part(name: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.textContent = text
  return made
}

class Bar extends GutterMarker {
  override elementClass: string

  constructor(colourClass: string) {
    super()
    this.elementClass = `lock-edge ${colourClass}`
  }

  override eq(other: GutterMarker): boolean {
    return other instanceof Bar && other.elementClass === this.elementClass
  }
}

const edge = gutter({
  class: 'cm-locks',
  lineMarker: (view, line) => {
    const held = view.state.field(heldField).find(({ from, to }) => line.from <= to && line.to >= from)
    return held === undefined ? null : new Bar(held.look.colourClass)
  },
  lineMarkerChange: ({ startState, state }) => startState.field(heldField) !== state.field(heldField),
})

const onRuler = rulerMarks.of(({ state }) =>
  state.field(heldField).map(({ from, to, look }) => ({ from, to, kind: 'lock', colourClass: look.colourClass })),
)

/** In milliseconds. */
const TICK = 1_000

/** @param now the server's clock; null: nobody knows it, so what is left is told by the clock time */
export function lockMarks(now: () => number | null): Extension {
  const ticking = ViewPlugin.define((view) => {
    const write = () => {
      for (const left of view.dom.querySelectorAll<HTMLElement>('.lock-left')) {
        const [expires, ttl, time] = [Number(left.dataset['expires']), Number(left.dataset['ttl']), now()]
        left.textContent = time === null ? '' : `${formatLeft(Math.min(ttl, expires - time))} left`
        const bar = left.previousElementSibling?.firstElementChild
        if (bar instanceof HTMLElement) {
          const share = time === null ? 0 : Math.min(1, Math.max(0, (expires - time) / ttl))
          bar.style.setProperty('width', `${Math.round(share * 100)}%`)
        }
      }
    }
    const timer = setInterval(write, TICK)
    return { update: () => queueMicrotask(write), destroy: () => clearInterval(timer) }
  })
  return [heldField, closed, edge, ticking, onRuler]
}

export function showLocks(view: EditorView, looks: readonly LockLook[]): void {
  view.dispatch({ effects: tell.of(looks) })
}
