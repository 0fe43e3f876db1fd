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
