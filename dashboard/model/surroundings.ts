/** What stands around a place in a text: some whole lines before it and after it. */

export interface Surroundings {
  readonly before: string
  readonly after: string
  /** The number of the first line of `before`, or of the place itself; from 1. */
  readonly firstLine: number
}

/** @param margin lines at either side, at most */
export function surroundings(text: string, from: number, to: number, margin: number): Surroundings {
  let start = lineStart(text, from)
  for (let line = 0; line < margin && start > 0; line++) start = lineStart(text, start - 1)
  let end = to
  for (let line = 0; line < margin && end < text.length; line++) {
    const next = text.indexOf('\n', end)
    end = next === -1 ? text.length : next + 1
  }
  return {
    before: text.slice(start, from),
    // The end of the last line would show as one more line, which is none.
    after: text.slice(to, end).replace(/\n$/, ''),
    firstLine: 1 + (text.slice(0, start).match(/\n/g)?.length ?? 0),
  }
}

function lineStart(text: string, at: number): number {
  // To search from -1 would be to search from 0.
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
}
