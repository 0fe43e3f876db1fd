/** How many lines a change of a text adds and removes. */
import type { Edit, Edits } from './edits.js'
import { LineTable } from './lines.js'
import { diffSequences } from './sequence-diff.js'

export interface LineCounts {
  readonly added: number
  readonly removed: number
}

/** Steps of search where a stretch of touching lines was changed: some milliseconds at worst. */
const STEPS = 500_000

/**
 * What `git diff --numstat` would say of `edits`: a line that was changed within is removed and added. Where most of a text
 * is another it may be some more, as the lines between edits are taken to be the same.
 * @param text the text after them
 */
export function lineCounts(text: string, edits: Edits): LineCounts {
  let [added, removed] = [0, 0]
  for (const stretch of stretchesOf(text, edits)) {
    if (isOneLine(stretch.before) && isOneLine(stretch.after)) {
      // As nearly every keystroke is.
      const changed = stretch.before === stretch.after ? 0 : 1
      added += changed
      removed += changed
      continue
    }
    const table = new LineTable()
    const [a, b] = [table.cut(stretch.before), table.cut(stretch.after)]
    const marks = diffSequences(a.ids, b.ids, table.size, STEPS)
    added += sum(marks.b)
    removed += sum(marks.a)
  }
  return { added, removed }
}

function isOneLine(text: string): boolean {
  const end = text.indexOf('\n')
  return text !== '' && (end === -1 || end === text.length - 1) && !text.includes('\r')
}

interface Stretch {
  readonly before: string
  readonly after: string
}

/** The whole lines that edits touch, those that touch each other in one piece. */
function* stretchesOf(text: string, edits: Edits): Iterable<Stretch> {
  let before = ''
  let from = 0
  /** In `text`: up to where `before` is done, and where the stretch ends as far as is known. */
  let done = 0
  let to = -1
  let shift = 0
  for (const whole of edits) {
    const edit = trimmed(whole)
    const at = edit.at + shift
    const start = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
    if (start > to) {
      if (to !== -1) yield { before: before + text.slice(done, to), after: text.slice(from, to) }
      before = ''
      from = done = start
    }
    before += text.slice(done, at) + edit.removed
    done = at + edit.added.length
    const end = text.indexOf('\n', done)
    to = end === -1 ? text.length : end + 1
    shift += edit.added.length - edit.removed.length
  }
  if (to !== -1) yield { before: before + text.slice(done, to), after: text.slice(from, to) }
}

/** Without what begins and ends both sides alike: who puts a whole text in the place of another often changed a line of it. */
function trimmed(edit: Edit): Edit {
  const { at, removed, added } = edit
  const shorter = Math.min(removed.length, added.length)
  let from = 0
  while (from < shorter && removed.charCodeAt(from) === added.charCodeAt(from)) from++
  let same = 0
  const fromEnd = (text: string): number => text.charCodeAt(text.length - 1 - same)
  while (from + same < shorter && fromEnd(removed) === fromEnd(added)) same++
  if (from + same === 0) return edit
  const part = (text: string): string => text.slice(from, text.length - same)
  return { at: at + from, removed: part(removed), added: part(added) }
}

function sum(marks: Uint8Array): number {
  let marked = 0
  for (const mark of marks) marked += mark
  return marked
}
