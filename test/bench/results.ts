/** RESULTS.md as sections, each with its heading: who measures again replaces its own, and leaves the others. */

/** @param sections in the form `## Title …`; those that are there already are replaced where they stand */
export function withSections(results: string, sections: readonly string[]): string {
  const parts = results.split(/^(?=## )/m)
  for (const section of sections) {
    const at = parts.findIndex((part) => headingOf(part) === headingOf(section))
    const whole = `${section.trimEnd()}\n\n`
    if (at === -1) parts.push(whole)
    else parts[at] = whole
  }
  return `${parts
    .map((part) => part.trimEnd())
    .join('\n\n')
    .trimEnd()}\n`
}

function headingOf(part: string): string {
  return part.split('\n', 1)[0] ?? ''
}
