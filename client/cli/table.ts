/** Borderless tables: a head, then rows; the widest cell of a column gives its width. */
import type { Paint } from './colour.js'

export interface Cell {
  readonly text: string
  readonly tone?: Parameters<Paint>[0]
}

/** A row's last cell is not padded, so that lines have no blanks at their ends. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string[] {
  const all = [head.map((text): Cell => ({ text: text.toUpperCase(), tone: 'quiet' })), ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column]?.text ?? ''))))
  return all.map((row) =>
    row
      .map(({ text, tone }, column) => {
        const painted = tone === undefined ? text : paint(tone, text)
        const isLast = row.slice(column + 1).every((cell) => cell.text === '')
        return isLast ? painted : painted + ' '.repeat((widths[column] ?? 0) - widthOf(text))
      })
      .join('  ')
      .trimEnd(),
  )
}

function widthOf(text: string): number {
  return Array.from(text).length
}
