/** What a revert holds is to have all that it doesn't bring back. */
import { diffLines } from '../../protocol/text/line-diff.js'
import { LineTable, sliceLines } from '../../protocol/text/lines.js'
import { overlapRegions } from '../../protocol/text/regions.js'

/**
 * Where the lines around what was held met others' changes, too, it may have been dropped again: such places, and no others,
 * are put together letter by letter.
 *
 * @param text what goes in
 * @param whole the same, with what is held taken back as well
 * @param reverted all of it, letter by letter
 * @param gone what is to be back in one of the first two
 * @returns `whole`, with all of it
 */
export function withAll(text: string, whole: string, reverted: string, gone: readonly string[]): string {
  const lost = missing([text, whole], gone)
  if (lost.length === 0) return whole
  const mended = mend(text, whole, reverted, lost)
  // A mended place may have had other text, too, that stands elsewhere letter by letter.
  return missing([text, mended], gone).length === 0 ? mended : reverted
}

function mend(text: string, whole: string, reverted: string, lost: readonly string[]): string {
  const table = new LineTable()
  const [base, rough, exact] = [table.cut(text), table.cut(whole), table.cut(reverted)]
  let result = ''
  let done = 0
  for (const region of overlapRegions(diffLines(base, rough, table.size), diffLines(base, exact, table.size))) {
    const letters = sliceLines(exact, region.theirsFrom, region.theirsTo)
    const isMended = lost.some((line) => letters.includes(line))
    result += sliceLines(base, done, region.from)
    result += isMended ? letters : sliceLines(rough, region.oursFrom, region.oursTo)
    done = region.to
  }
  return result + sliceLines(base, done, base.count)
}

/** The lines of `parts`, or what there is of them, that stand in none of `texts`; blanks around them do not count. */
function missing(texts: readonly string[], parts: readonly string[]): string[] {
  const finders = texts.map(finder)
  const lines = parts.flatMap((part) => part.split('\n').map((line) => line.trim()))
  return lines.filter((line) => !finders.some((find) => find(line)))
}

/** Looks on from where it found the last one: what comes in the order of the text costs one pass. */
function finder(text: string): (part: string) => boolean {
  let at = 0
  return (part) => {
    const next = text.indexOf(part, at)
    const found = next === -1 ? text.indexOf(part) : next
    if (found !== -1) at = found
    return found !== -1
  }
}
