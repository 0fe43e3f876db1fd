/**
 * Finds a symbol by the look of the lines, where code is too broken to be parsed: it begins with the line that declares it,
 * and ends before the next line that stands no further in. This is how people and programs lay out code.
 */
import type { LineRange } from '../../protocol/conflicts.js'

/** Longer lines declare nothing that people wrote. In UTF-16 units. */
const LONGEST_LINE = 1_000

const DECLARES = 'function\\*?|class|interface|enum|type|struct|trait|union|record|def|fn|func|namespace|module|mod'

/** Null: no line declares it. Where several do: from the first to the last. */
export function findByLines(text: string, name: string): LineRange | null {
  const lines = text.split('\n').map((line) => (line.length > LONGEST_LINE ? '' : line.trimEnd()))
  const parts = name.split('.')
  const own = parts.pop()
  if (own === undefined || own === '') return null
  const holder = parts.at(-1)
  const found: LineRange[] = []
  if (holder === undefined) found.push(...findIn(lines, { from: 1, to: lines.length }, declaration(own)))
  else {
    const word = wordOf(holder)
    // Go names the type beside the method.
    found.push(
      ...findIn(
        lines,
        { from: 1, to: lines.length },
        new RegExp(`^func\\s*\\([^)]*${word}[^)]*\\)\\s*${wordOf(own)}`, 'u'),
      ),
    )
    const holders = findIn(
      lines,
      { from: 1, to: lines.length },
      new RegExp(`${declaration(holder).source}|\\bimpl\\b.*${word}`, 'u'),
    )
    for (const around of holders) found.push(...findMembers(lines, around, own))
  }
  const [first] = found
  return first === undefined ? null : { from: first.from, to: Math.max(...found.map(({ to }) => to)) }
}

function declaration(name: string): RegExp {
  const word = wordOf(name)
  return new RegExp(`\\b(?:${DECLARES})\\s+${word}|^\\s*(?:export\\s+)?(?:const|let|var)\\s+${word}\\s*[=:]`, 'u')
}

/** In a class a method is declared by its name alone, one step further in. */
function findMembers(lines: readonly string[], around: LineRange, name: string): LineRange[] {
  const inside = { from: around.from + 1, to: around.to }
  const body = lines.slice(around.from, around.to).find((line) => line !== '')
  if (body === undefined) return []
  const step = indentOf(body)
  const member = new RegExp(`(?:^|[\\s*#])${wordOf(name)}\\s*[<(=?:]`, 'u')
  return findIn(lines, inside, new RegExp(`${declaration(name).source}|${member.source}`, 'u'), step)
}

function findIn(lines: readonly string[], { from, to }: LineRange, declares: RegExp, step?: number): LineRange[] {
  const found: LineRange[] = []
  for (let line = from; line <= to; line++) {
    const text = lines[line - 1] ?? ''
    if (!declares.test(text) || (step !== undefined && indentOf(text) !== step)) continue
    const end = endOf(lines, line, to)
    found.push({ from: line, to: end })
    line = end
  }
  return found
}

function endOf(lines: readonly string[], from: number, last: number): number {
  const step = indentOf(lines[from - 1] ?? '')
  let end = from
  for (let line = from + 1; line <= last; line++) {
    const text = lines[line - 1] ?? ''
    if (text === '') continue
    if (indentOf(text) > step) {
      end = line
      continue
    }
    const start = text.trimStart()
    if (!/^[)\]}{]/u.test(start)) break
    end = line
    // `) {` and `{` go on; `}` is the end.
    if (!/[({[:]$/u.test(start)) break
  }
  return end
}

function indentOf(line: string): number {
  let width = 0
  for (const letter of line) {
    if (letter === ' ') width++
    else if (letter === '\t') width += 4
    else break
  }
  return width
}

/** A whole word, whatever it is made of. */
function wordOf(name: string): string {
  const plain = name.replace(/[.*+?^${}()|[\]\\/]/gu, '\\$&')
  return `(?<![\\w$])${plain}(?![\\w$])`
}
