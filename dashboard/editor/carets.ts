/**
 * Other people's and agents' carets and selections, from awareness. A flag names the owner while the caret moves and for
 * three seconds after; the caret itself stays.
 *
 * Awareness is what any peer says of itself: only its position and its name are taken, colours are the page's own.
 */
import { type Extension, RangeSetBuilder } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import {
  createAbsolutePositionFromRelativePosition,
  createRelativePositionFromJSON,
  createRelativePositionFromTypeIndex,
  type Text,
} from 'yjs'
import { peerOf, type Peer } from './peers.js'
import { rulerMarks } from './ruler.js'

/** In milliseconds. */
const FLAG_FADES_AFTER = 3_000

export interface CaretLook {
  /** On the flag: "C1", "Jo". */
  readonly label: string
  /** A value of CSS; of carets, selections and flags. */
  readonly colour: string
  /** People are outlined ink. */
  readonly outlined: boolean
}

export interface CaretOptions {
  readonly awareness: Awareness
  readonly text: Text
  readonly look: (peer: Peer) => CaretLook
}

interface RemoteCaret {
  readonly client: number
  readonly anchor: number
  readonly head: number
  readonly look: CaretLook
}

export function carets(options: CaretOptions): Extension {
  const plugin = ViewPlugin.define((view) => new Carets(view, options), { decorations: (carets) => carets.decorations })
  const marks = rulerMarks.of((view) =>
    (view.plugin(plugin)?.places ?? []).map(({ head, look }) => ({
      from: head,
      to: head,
      kind: 'caret',
      colourClass: colourClass(look),
    })),
  )
  return [plugin, marks]
}

class Carets {
  decorations: DecorationSet = Decoration.none
  /** Where the carets are, as they were last drawn. */
  places: readonly Pick<RemoteCaret, 'head' | 'look'>[] = []
  readonly #options: CaretOptions
  readonly #view: EditorView
  readonly #moved = new Map<number, { readonly head: string; readonly at: number }>()
  #fadeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(view: EditorView, options: CaretOptions) {
    this.#view = view
    this.#options = options
    options.awareness.on('change', this.#redraw)
    this.decorations = this.#build()
  }

  update(update: ViewUpdate): void {
    if (update.selectionSet || update.focusChanged || update.docChanged) this.#tellOthers()
    this.decorations = this.#build()
  }

  destroy(): void {
    this.#options.awareness.off('change', this.#redraw)
    clearTimeout(this.#fadeTimer)
  }

  /** An empty transaction: it makes the view ask for the decorations again. */
  readonly #redraw = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>): void => {
    const own = this.#options.awareness.clientID
    if ([...added, ...updated, ...removed].some((client) => client !== own)) this.#view.dispatch({})
  }

  #tellOthers(): void {
    const { awareness, text } = this.#options
    if (awareness.getLocalState() === null) return
    const { anchor, head } = this.#view.state.selection.main
    const cursor = this.#view.hasFocus
      ? {
          anchor: createRelativePositionFromTypeIndex(text, anchor),
          head: createRelativePositionFromTypeIndex(text, head),
        }
      : null
    if (JSON.stringify(awareness.getLocalState()?.['cursor'] ?? null) !== JSON.stringify(cursor)) {
      awareness.setLocalStateField('cursor', cursor)
    }
  }

  #build(): DecorationSet {
    const now = Date.now()
    const found = this.#find()
    this.places = found
    const builder = new RangeSetBuilder<Decoration>()
    const ranges = found.flatMap((caret) => {
      const fresh = this.#isFresh(caret, now)
      const from = Math.min(caret.anchor, caret.head)
      const to = Math.max(caret.anchor, caret.head)
      const widget = Decoration.widget({ widget: new CaretWidget(caret.look, fresh), side: 1 })
      const mark = Decoration.mark({ class: `remote-selection ${colourClass(caret.look)}` })
      return [...(from === to ? [] : [{ from, to, value: mark }]), { from: caret.head, to: caret.head, value: widget }]
    })
    ranges.sort((a, b) => a.from - b.from || a.value.startSide - b.value.startSide)
    for (const { from, to, value } of ranges) builder.add(from, to, value)
    return builder.finish()
  }

  #find(): RemoteCaret[] {
    const { awareness, look } = this.#options
    return [...awareness.getStates()].flatMap(([client, state]) => {
      const peer = client === awareness.clientID ? null : peerOf(state)
      if (peer?.cursor == null) return []
      const anchor = this.#place(peer.cursor.anchor)
      const head = this.#place(peer.cursor.head)
      return anchor === null || head === null ? [] : [{ client, anchor, head, look: look(peer) }]
    })
  }

  /** Where a relative position is now; null: it belongs to another text, or to one that is not here yet. */
  #place(position: unknown): number | null {
    const { text } = this.#options
    if (text.doc === null) return null
    const found = createAbsolutePositionFromRelativePosition(createRelativePositionFromJSON(position), text.doc)
    if (found === null || found.type !== text) return null
    return Math.min(found.index, this.#view.state.doc.length)
  }

  #isFresh({ client, head }: RemoteCaret, now: number): boolean {
    const line = this.#view.state.doc.lineAt(head)
    const place = `${line.number}:${head - line.from}`
    const before = this.#moved.get(client)
    const at = before?.head === place ? before.at : now
    this.#moved.set(client, { head: place, at })
    if (now - at >= FLAG_FADES_AFTER) return false
    clearTimeout(this.#fadeTimer)
    this.#fadeTimer = setTimeout(() => this.#view.dispatch({}), FLAG_FADES_AFTER - (now - at))
    return true
  }
}

class CaretWidget extends WidgetType {
  readonly #look: CaretLook
  readonly #fresh: boolean

  constructor(look: CaretLook, fresh: boolean) {
    super()
    this.#look = look
    this.#fresh = fresh
  }

  override eq(other: CaretWidget): boolean {
    return (
      other.#look.label === this.#look.label && other.#look.colour === this.#look.colour && other.#fresh === this.#fresh
    )
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span')
    caret.className = `remote-caret${this.#fresh ? ' remote-caret-fresh' : ''}`
    caret.style.setProperty('--agent', this.#look.colour)
    caret.setAttribute('aria-hidden', 'true')
    const flag = document.createElement('span')
    flag.className = `remote-flag${this.#look.outlined ? ' remote-flag-outlined' : ''}`
    flag.textContent = this.#look.label
    caret.append(flag)
    return caret
  }

  override ignoreEvent(): boolean {
    return true
  }
}

/** `var(--agent-3)` becomes the class that gives a selection this colour: marks take classes, not custom properties. */
function colourClass(look: CaretLook): string {
  const number = /--agent-(\d)/.exec(look.colour)?.[1]
  return number === undefined ? 'remote-ink' : `remote-agent-${number}`
}
