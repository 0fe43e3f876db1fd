/**
 * RESULTS.md as sections, each with its heading: who measures again replaces its own, and leaves the others. What was written by
 * hand behind the line that says when it was measured stays.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Begins the last line of what is measured. */
export const MEASURED = 'Measured on '

/** Returns what stands in it by hand, of what was measured before: whoever wrote it has to read it again. */
export async function writeSection(section: string): Promise<string> {
  const file = fileURLToPath(new URL('../../../test/bench/RESULTS.md', import.meta.url))
  const results = await readFile(file, 'utf8')
  await writeFile(file, withSections(results, [section]))
  return byHandIn(partsOf(results).find((part) => headingOf(part) === headingOf(section)) ?? '')
}

/** @param sections in the form `## Title …`; those that are there already are replaced where they stand */
export function withSections(results: string, sections: readonly string[]): string {
  const parts = partsOf(results)
  for (const section of sections) {
    const at = parts.findIndex((part) => headingOf(part) === headingOf(section))
    const whole = `${section.trimEnd()}\n\n${byHandIn(parts[at] ?? '')}`
    if (at === -1) parts.push(whole)
    else parts[at] = whole
  }
  return `${parts
    .map((part) => part.trimEnd())
    .join('\n\n')
    .trimEnd()}\n`
}

function partsOf(results: string): string[] {
  return results.split(/^(?=## )/m)
}

function headingOf(part: string): string {
  return part.split('\n', 1)[0] ?? ''
}

/** The paragraphs behind the one that says when it was measured. */
function byHandIn(part: string): string {
  const paragraphs = part.trim().split(/\n{2,}/)
  const measured = paragraphs.findIndex((paragraph) => paragraph.startsWith(MEASURED))
  return measured === -1 ? '' : paragraphs.slice(measured + 1).join('\n\n')
}
