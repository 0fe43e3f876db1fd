/** How a change stands in a text: a header line above it, its lines tinted, and the words that differ marked. */
import { RangeSetBuilder, type Text } from '@codemirror/state'
import { Decoration, WidgetType, type DecorationSet } from '@codemirror/view'

/** `open`: nobody has decided it. `used`: this text stands in the result. `unused`: another one does. */
export type ChangeState = 'open' | 'used' | 'unused'

export interface ChangeAction {
  readonly label: string
  /** A tag of an author in place of the last word. */
  readonly tag?: TagLook
  /** A single key, shown behind the label. */
  readonly key?: string
  readonly run: () => void
}

/** What a tag looks like, for what is built without Preact. */
export interface TagLook {
  readonly text: string
  /** As `tagClass` of parts/agent-tag.tsx makes it. */
  readonly className: string
  /** A value of CSS. */
  readonly colour: string
  readonly name: string
}

export interface MarkedChange {
  readonly from: number
  readonly to: number
  readonly state: ChangeState
  /** "Change 2" */
  readonly title: string
  /** Beside the title: "still as in the base". */
  readonly note: string
  /** Of whom the text is, where it is somebody's. */
  readonly tag: TagLook | null
  readonly isCurrent: boolean
  readonly actions: readonly ChangeAction[]
  /** Parts of it that say something else than the base: offsets in the document. */
  readonly words: readonly { readonly from: number; readonly to: number }[]
  /** Gives the words their colour. */
  readonly wordClass: string
  /** Said where the text has no line. */
  readonly absent: string
}

export function markChanges(doc: Text, changes: readonly MarkedChange[]): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  for (const change of changes) {
    const { from, to } = change
    builder.add(from, from, Decoration.widget({ widget: new Header(change), block: true, side: -1 }))
    if (from === to) continue
    const words = [...change.words]
    const lastLine = doc.lineAt(to - 1)
    for (let line = doc.lineAt(from); line.number <= lastLine.number; line = doc.line(line.number + 1)) {
      const last = line.number === lastLine.number ? ' change-last' : ''
      builder.add(line.from, line.from, Decoration.line({ class: `change-line change-${change.state}${last}` }))
      while (words[0] !== undefined && words[0].from < line.to) {
        const word = words[0]
        const end = Math.min(word.to, line.to)
        if (end > word.from) builder.add(word.from, end, Decoration.mark({ class: `change-word ${change.wordClass}` }))
        // What goes on in the next line is marked there anew.
        if (word.to > line.to) words[0] = { from: line.to + 1, to: word.to }
        else words.shift()
        if (word.to > line.to) break
      }
      if (line.number === doc.lines) break
    }
  }
  return builder.finish()
}

class Header extends WidgetType {
  readonly #change: MarkedChange

  constructor(change: MarkedChange) {
    super()
    this.#change = change
  }

  override eq(other: Header): boolean {
    const [a, b] = [this.#change, other.#change]
    return (
      a.state === b.state &&
      a.title === b.title &&
      a.note === b.note &&
      a.isCurrent === b.isCurrent &&
      a.tag?.text === b.tag?.text &&
      a.actions.length === b.actions.length &&
      (a.from === a.to) === (b.from === b.to)
    )
  }

  override get estimatedHeight(): number {
    return 32
  }

  override toDOM(): HTMLElement {
    const { state, title, note, tag, actions, from, to, absent, isCurrent } = this.#change
    const header = element('div', `change-head change-${state}${isCurrent ? ' change-current' : ''}`)
    if (state === 'used') header.append(element('span', 'change-check', '✓'))
    header.append(element('b', '', title))
    if (note !== '') header.append(element('span', 'change-note', note))
    if (tag !== null) header.append(tagElement(tag))
    const buttons = element('span', 'change-actions')
    for (const action of actions) buttons.append(button(action))
    header.append(buttons)
    if (from !== to) return header
    const box = element('div', `change-absent change-${state}`)
    box.append(header, element('p', 'dim', absent))
    return box
  }

  override ignoreEvent(): boolean {
    return true
  }
}

function button({ label, tag, key, run }: ChangeAction): HTMLElement {
  const made = element('button', 'button button-small', label)
  made.setAttribute('type', 'button')
  if (tag !== undefined) made.append(tagElement(tag))
  if (key !== undefined) {
    const hint = element('kbd', '', key)
    hint.setAttribute('aria-hidden', 'true')
    made.append(hint)
  }
  made.addEventListener('click', run)
  return made
}

export function tagElement({ text, className, colour, name }: TagLook): HTMLElement {
  const tag = element('span', className, text)
  tag.style.setProperty('--agent', colour)
  tag.title = name
  tag.append(element('span', 'visually-hidden', ` (${name})`))
  return tag
}

function element(name: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  if (text !== '') made.textContent = text
  return made
}
