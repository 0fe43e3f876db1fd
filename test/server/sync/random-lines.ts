/** What somebody makes of a text, by chance. */
import type { Random } from '../../support/random.js'

interface Words {
  /** A new line, its newline included. */
  readonly line: () => string
  /** Changes something within a line that ends in a newline or is the last. */
  readonly within: (line: string) => string
}

/** A line added, deleted, replaced, or, twice as often as each of these, changed. */
export function changedLine(text: string, { below }: Random, { line, within }: Words): string {
  const lines = text.split(/(?<=\n)/).filter((part) => part !== '')
  const at = below(lines.length + 1)
  switch (below(5)) {
    case 0:
      lines.splice(at, 0, line())
      break
    case 1:
      lines.splice(at, 1)
      break
    case 2:
      lines.splice(at, 1, line())
      break
    default: {
      const changed = within(lines[at] ?? line())
      lines.splice(at, 1, changed.endsWith('\n') ? changed : `${changed}\n`)
    }
  }
  return lines.join('')
}
