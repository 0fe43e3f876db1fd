/**
 * Who wrote which line: a bar in the author's colour, with tag and age, left of the numbers. What was there when the file was
 * opened is told by the server's blame, line by line, as far as the lines still read so.
 *
 * Commits come by the feed `heads`, the text by the live document, each in its own time. A commit's range is therefore
 * marked when the text that it added stands where the commit says, at once or after the next change; one that finds no
 * such place in a few seconds (others have typed over it) is not marked at all, rather than marked wrong.
 */
import {
  RangeSet,
  RangeSetBuilder,
  RangeValue,
  StateEffect,
  StateField,
  type Extension,
  type Text,
} from '@codemirror/state'
import { gutter, GutterMarker, ViewPlugin, type EditorView } from '@codemirror/view'
import { rulerMarks, type RulerMark } from './ruler.js'
import type { AddedText } from '../model/added-texts.js'
import { formatDuration } from '../model/format.js'
import { SPAN } from '../model/span.js'

export interface AuthorLook {
  /** "C1" */
  readonly label: string
  /** A value of CSS. */
  readonly colour: string
  /** A class that gives the same colour: `remote-agent-3`. */
  readonly colourClass: string
  /** What a disk held from the beginning is nobody's work. */
  readonly isAgent: boolean
}

export interface BlamedText {
  /** From 1. */
  readonly line: number
  /** Without its line end. */
  readonly text: string
  readonly author: string
  readonly time: number
}

export interface CommittedEdits {
  readonly author: string
  /** By the server's clock. */
  readonly time: number
  readonly added: readonly AddedText[]
}

export interface AuthorsOptions {
  readonly look: (author: string) => AuthorLook
  /** The server's clock. */
  readonly now: () => number
}

/** In milliseconds. */
const GIVE_UP_AFTER = 5_000
const AGES_EVERY = 10_000

class Mark extends RangeValue {
  constructor(
    readonly author: string,
    readonly time: number,
  ) {
    super()
  }

  override eq(other: RangeValue): boolean {
    return other instanceof Mark && other.author === this.author && other.time === this.time
  }
}

interface Placed {
  readonly from: number
  readonly to: number
  readonly mark: Mark
}

const place = StateEffect.define<readonly Placed[]>()
const ageAll = StateEffect.define()
/** What lies below all that was marked since. */
const lay = StateEffect.define<readonly Placed[]>()

const marks = StateField.define<RangeSet<Mark>>({
  create: () => RangeSet.empty,
  update: (before, transaction) => {
    let set = before.map(transaction.changes)
    for (const effect of transaction.effects) {
      if (effect.is(place)) set = over(set, effect.value)
      if (!effect.is(lay)) continue
      const later: Placed[] = []
      set.between(0, transaction.newDoc.length, (from, to, mark) => void later.push({ from, to, mark }))
      set = over(RangeSet.of(effect.value.map(({ from, to, mark }) => mark.range(from, to))), later)
    }
    return set
  },
})

/** What stands under a new mark belongs to its author now. */
function over(below: RangeSet<Mark>, placed: readonly Placed[]): RangeSet<Mark> {
  let set = below
  for (const { from, to, mark } of placed) {
    set = set.update({
      filter: (start, end) => end <= from || start >= to,
      filterFrom: from,
      filterTo: to,
      add: [mark.range(from, to)],
    })
  }
  return set
}

export interface Authors {
  readonly extension: Extension
  blame(view: EditorView, lines: readonly BlamedText[]): void
  /** Marks what a commit added, as soon as it stands in the text. */
  commit(view: EditorView, edits: CommittedEdits): void
}

export function authors({ look, now }: AuthorsOptions): Authors {
  let waiting: (CommittedEdits & { readonly since: number })[] = []

  const settle = (view: EditorView) => {
    const placed: Placed[] = []
    waiting = waiting.filter((edits) => {
      const found = find(view.state.doc, edits)
      if (found !== null) placed.push(...found)
      return found === null && now() - edits.since < GIVE_UP_AFTER
    })
    if (placed.length > 0) view.dispatch({ effects: place.of(placed) })
  }

  const plugin = ViewPlugin.define((view) => {
    const timer = setInterval(() => view.dispatch({ effects: ageAll.of(null) }), AGES_EVERY)
    return {
      update: (update) => {
        // A view can't be changed while it is being updated.
        if (update.docChanged && waiting.length > 0) queueMicrotask(() => settle(view))
      },
      destroy: () => {
        clearInterval(timer)
        waiting = []
      },
    }
  })

  return {
    extension: [marks, plugin, bars(look, now), lately(look, now)],
    blame: (view, lines) => {
      const { doc } = view.state
      const laid = lines.flatMap(({ line: number, text, author, time }): Placed[] => {
        if (number > doc.lines) return []
        const line = doc.line(number)
        // A line that reads otherwise by now has another author, whom its commit tells.
        if (line.text !== text || line.from === line.to) return []
        return [{ from: line.from, to: line.to, mark: new Mark(author, time) }]
      })
      view.dispatch({ effects: lay.of(laid) })
    },
    commit: (view, edits) => {
      waiting.push({ ...edits, since: now() })
      settle(view)
    },
  }
}

function find(doc: Text, { author, time, added }: CommittedEdits): Placed[] | null {
  const stands = added.every(({ at, text }) => doc.sliceString(at, at + text.length, '\n') === text)
  if (!stands) return null
  const mark = new Mark(author, time)
  return added.map(({ at, text }) => ({ from: at, to: at + text.length, mark }))
}

class Bar extends GutterMarker {
  constructor(
    readonly look: AuthorLook,
    /** Above the first line of a block. */
    readonly age: string | null,
  ) {
    super()
  }

  override eq(other: GutterMarker): boolean {
    return other instanceof Bar && other.look.colour === this.look.colour && other.age === this.age
  }

  override toDOM(): Node {
    const bar = document.createElement('div')
    bar.className = 'author-bar'
    bar.style.setProperty('--agent', this.look.colour)
    if (this.age !== null) bar.textContent = `${this.look.label}, ${this.age}`
    return bar
  }
}

function lately(look: AuthorsOptions['look'], now: () => number): Extension {
  return rulerMarks.of((view) => {
    const found: RulerMark[] = []
    view.state.field(marks).between(0, view.state.doc.length, (from, to, { author, time }) => {
      const { colourClass, isAgent } = look(author)
      if (isAgent && now() - time < SPAN) found.push({ from, to, kind: 'change', colourClass })
    })
    return found
  })
}

function bars(look: AuthorsOptions['look'], now: () => number): Extension {
  return gutter({
    class: 'cm-authors',
    markers: (view) => {
      const builder = new RangeSetBuilder<GutterMarker>()
      const { doc } = view.state
      const { viewport } = view
      let done = doc.lineAt(viewport.from).number - 1
      let last: Mark | undefined
      view.state.field(marks).between(viewport.from, viewport.to, (from, to, mark) => {
        const first = doc.lineAt(from).number
        // A text that ends with a line end does not touch the line after it.
        const end = doc.lineAt(Math.max(from, to - 1)).number
        for (let line = Math.max(first, done + 1); line <= end; line++) {
          const goesOn = last?.author === mark.author && last.time === mark.time && line === done + 1
          builder.add(
            doc.line(line).from,
            doc.line(line).from,
            new Bar(look(mark.author), goesOn ? null : formatDuration(now() - mark.time)),
          )
          done = line
          last = mark
        }
      })
      return builder.finish()
    },
    lineMarkerChange: (update) =>
      update.transactions.some(({ effects }) => effects.some((effect) => effect.is(ageAll))),
  })
}
