/** The texts of the world: lines of everybody's own, far enough apart that their changes never touch, and markers. */
import { LINES } from './commands.js'

export function ownLine(number: number): string {
  return `line ${String.fromCharCode(97 + number)} of its own:`
}

export const START = `the first line\n${Array.from({ length: LINES }, (_, number) => {
  const letter = String.fromCharCode(97 + number)
  return `${ownLine(number)} -\nbelow ${letter}\nfurther below ${letter}\n`
}).join('')}the last line\n`

/** What a file must hold in the end where everyone changed lines of their own. @param own marker by line; null: deleted */
export function withOwn(own: ReadonlyMap<string, string | null>, path: string): string {
  let text = START
  for (let number = 0; number < LINES; number++) {
    const line = ownLine(number)
    const marker = own.get(`${path} ${line}`)
    if (marker !== undefined) text = withLine(text, line, marker)
  }
  return text
}

/** With something else behind the start of a line; null: without the line. */
export function withLine(text: string, line: string, marker: string | null): string {
  return text.replace(new RegExp(`^${line}.*\\n`, 'm'), marker === null ? '' : `${line} ${marker}\n`)
}

export function markersIn(text: string): string[] {
  return text.match(/<m\d+>/g) ?? []
}

/** Where some lines of a text are, in UTF-16 units; counted round if there are fewer. */
export function linesAt(
  text: string,
  { line, taken }: { line: number; taken: number },
): { at: number; length: number } {
  const starts = [0]
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  const first = line % starts.length
  const at = starts[first] ?? 0
  return { at, length: (starts[first + taken] ?? text.length) - at }
}

/** With one line more in place of some. */
export function spliced(text: string, place: { line: number; taken: number }, inserted: string): string {
  const { at, length } = linesAt(text, place)
  return `${text.slice(0, at)}${inserted}\n${text.slice(at + length)}`
}
