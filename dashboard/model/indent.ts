/** Texts side by side in narrow panes: what all their lines begin with says nothing, and costs the room. */

/** Returns a function that cuts off the indentation that all lines of all these texts have in common. */
export function commonIndentCutter(texts: readonly string[]): (text: string) => string {
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
  let indent = /^[ \t]*/.exec(lines[0] ?? '')?.[0] ?? ''
  while (!lines.every((line) => line.startsWith(indent))) indent = indent.slice(0, -1)
  return (text) =>
    text
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))
      .join('\n')
}
