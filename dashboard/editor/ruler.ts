/** The overview ruler: at the right edge, where in the whole text there is something: locks, lately changed lines, carets. */
import { Facet, type Extension } from '@codemirror/state'
import { type EditorView, ViewPlugin } from '@codemirror/view'

export interface RulerMark {
  readonly from: number
  readonly to: number
  readonly kind: 'lock' | 'change' | 'caret' | 'conflict'
  /** Gives it its colour: `remote-agent-3`. */
  readonly colourClass: string
}

/** Whoever draws something into the text says here where it is. */
export const rulerMarks = Facet.define<(view: EditorView) => readonly RulerMark[]>()

/** More would not be told apart. */
const MOST = 400

export const ruler: Extension = ViewPlugin.define((view) => {
  const dom = document.createElement('div')
  dom.className = 'cm-ruler'
  dom.setAttribute('aria-hidden', 'true')
  view.dom.append(dom)
  let frame: number | null = null
  let shown = ''
  const draw = () => {
    frame = null
    const { doc } = view.state
    const share = (line: number): string => `${((100 * line) / doc.lines).toFixed(2)}%`
    const marks = view.state
      .facet(rulerMarks)
      .flatMap((marksOf) => marksOf(view))
      .slice(0, MOST)
    const places = marks.map(({ from, to, kind, colourClass }) => {
      const [first, last] = [doc.lineAt(Math.min(from, doc.length)).number, doc.lineAt(Math.min(to, doc.length)).number]
      return { top: share(first - 1), height: share(last - first + 1), className: `ruler-${kind} ${colourClass}` }
    })
    const next = JSON.stringify(places)
    if (next === shown) return
    shown = next
    dom.replaceChildren(
      ...places.map(({ top, height, className }) => {
        const mark = document.createElement('i')
        mark.className = className
        mark.style.setProperty('top', top)
        mark.style.setProperty('height', height)
        return mark
      }),
    )
  }
  const later = () => (frame ??= requestAnimationFrame(draw))
  later()
  return {
    update: later,
    destroy: () => {
      if (frame !== null) cancelAnimationFrame(frame)
      dom.remove()
    },
  }
})
