/**
 * Texts as lines, and lines as numbers.
 *
 * A line holds its own end: LF, CRLF, or a CR that stands alone. So lines join to the exact text, and no cut between two
 * of them can fall between CR and LF or inside a surrogate pair.
 */

const LF = 10
const CR = 13

/** A text cut into lines. `starts` has one entry a line and, last, the text's length. */
export interface Lines {
  readonly text: string
  readonly count: number
  readonly starts: Int32Array
  /** One number a line; equal lines, and only those, have equal numbers within one LineTable. */
  readonly ids: Int32Array
}

/** Gives equal lines equal numbers, over all texts that it cuts. */
export class LineTable {
  private readonly numbers = new Map<string, number>()

  /** How many different lines it has seen; every id is below it. */
  get size(): number {
    return this.numbers.size
  }

  cut(text: string): Lines {
    const starts = lineStarts(text)
    const count = starts.length - 1
    const ids = new Int32Array(count)
    for (let line = 0; line < count; line++) {
      const content = text.slice(starts[line], starts[line + 1])
      let id = this.numbers.get(content)
      if (id === undefined) {
        id = this.numbers.size
        this.numbers.set(content, id)
      }
      ids[line] = id
    }
    return { text, count, starts, ids }
  }
}

/** Offset at which `line` starts; the text's length for the line past the last. */
export function offsetOfLine(lines: Lines, line: number): number {
  return lines.starts[line] ?? lines.text.length
}

/** The text of the lines `from` up to, not including, `to`. */
export function sliceLines(lines: Lines, from: number, to: number): string {
  return lines.text.slice(offsetOfLine(lines, from), offsetOfLine(lines, to))
}

/** The text of one line, with its end. */
export function lineAt(lines: Lines, line: number): string {
  return sliceLines(lines, line, line + 1)
}

/** Whether a line, or a piece of one, says something of its own: it holds a word, not blanks and brackets only. */
export function isSignificant(text: string): boolean {
  return /[\p{L}\p{N}_]{2}/u.test(text)
}

/** The text whose last line has no end: what is put behind it would run into that line. */
export function isOpenEnded(text: string): boolean {
  const last = text.charCodeAt(text.length - 1) // NaN for no text
  return text !== '' && last !== LF && last !== CR
}

/** Pieces one behind the other, each on lines of its own: a line end goes where a piece would run into the next. */
export function joinPieces(pieces: readonly string[], lineEnd: string): string {
  const joined: string[] = []
  let isOpen = false // a text that grows is never looked at: that would cost its whole length for every piece
  for (const piece of pieces) {
    if (piece === '') continue
    if (isOpen) joined.push(lineEnd)
    joined.push(piece)
    isOpen = isOpenEnded(piece)
  }
  return joined.join('')
}

/** How the first line ends; LF if it does not. */
export function lineEndOf(lines: Lines): string {
  return /\r?\n$|\r$/.exec(lineAt(lines, 0))?.[0] ?? '\n'
}

/** The lines of a text. */
export function splitLines(text: string): string[] {
  const starts = lineStarts(text)
  return Array.from({ length: starts.length - 1 }, (_, line) => text.slice(starts[line], starts[line + 1]))
}

/** How many lines a text has; an end without line end counts as one. */
export function countLines(text: string): number {
  return lineStarts(text).length - 1
}

function lineStarts(text: string): Int32Array {
  const starts: number[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit !== LF && (unit !== CR || text.charCodeAt(i + 1) === LF)) continue
    starts.push(start)
    start = i + 1
  }
  if (start < text.length) starts.push(start)
  starts.push(text.length)
  return Int32Array.from(starts)
}
