/** RESULTS.md as sections, each with its heading: who measures again replaces its own, and leaves the others. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export async function writeSection(section: string): Promise<void> {
  const file = fileURLToPath(new URL('../../../test/bench/RESULTS.md', import.meta.url))
  await writeFile(file, withSections(await readFile(file, 'utf8'), [section]))
}

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
