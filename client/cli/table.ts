/** Borderless tables: a head, then rows; the widest cell of a column gives its width. */
import type { Paint } from './colour.js'

export interface Cell {
  readonly text: string
  readonly tone?: Parameters<Paint>[0]
}

/** Lines have no blanks at their ends. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string[] {
  const all = [head.map((text): Cell => ({ text: text.toUpperCase(), tone: 'quiet' })), ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column]?.text ?? ''))))
  const cell = ({ text, tone }: Cell, column: number): string => {
    const blanks = ' '.repeat((widths[column] ?? 0) - widthOf(text))
    return text === '' || tone === undefined ? text + blanks : paint(tone, text) + blanks
  }
  return all.map((row) => row.map(cell).join('  ').trimEnd())
}

function widthOf(text: string): number {
  return Array.from(text).length
}
