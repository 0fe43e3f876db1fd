/** A line as its indentation, what it says, and the blanks and line end behind that. */

export interface LineParts {
  readonly indent: string
  readonly body: string
  readonly tail: string
}

export function partsOf(line: string): LineParts {
  const body = line.trim()
  const start = body === '' ? line.length : line.indexOf(body)
  return { indent: line.slice(0, start), body, tail: line.slice(start + body.length) }
}
