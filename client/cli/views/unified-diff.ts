/** The difference of two texts in the form that `patch` and people read. */
import { diffLines } from '../../../protocol/text/line-diff.js'
import { lineAt, LineTable, type Lines } from '../../../protocol/text/lines.js'
import type { Change } from '../../../protocol/text/sequence-diff.js'

/** Unchanged lines around what changed. */
const AROUND = 3

/** Empty where the texts are equal. */
export function unifiedDiff(before: string, after: string, path: string): string[] {
  const table = new LineTable()
  const a = table.cut(before)
  const b = table.cut(after)
  const groups: Change[][] = []
  for (const change of diffLines(a, b, table.size)) {
    const group = groups.at(-1)
    const last = group?.at(-1)
    if (group !== undefined && last !== undefined && change.aFrom - last.aTo <= 2 * AROUND) group.push(change)
    else groups.push([change])
  }
  if (groups.length === 0) return []
  return [`--- a/${path}`, `+++ b/${path}`, ...groups.flatMap((group) => hunk(a, b, group))]
}

function hunk(a: Lines, b: Lines, changes: readonly Change[]): string[] {
  const first = changes[0]
  const last = changes.at(-1)
  if (first === undefined || last === undefined) return []
  const above = Math.min(AROUND, first.aFrom)
  const below = Math.min(AROUND, a.count - last.aTo)
  const lines: string[] = []
  const keep = (from: number, to: number): void => {
    for (let line = from; line < to; line++) lines.push(...shown(' ', lineAt(a, line)))
  }
  let done = first.aFrom - above
  for (const { aFrom, aTo, bFrom, bTo } of changes) {
    keep(done, aFrom)
    for (let line = aFrom; line < aTo; line++) lines.push(...shown('-', lineAt(a, line)))
    for (let line = bFrom; line < bTo; line++) lines.push(...shown('+', lineAt(b, line)))
    done = aTo
  }
  keep(done, last.aTo + below)
  const from = { a: first.aFrom - above, b: first.bFrom - above }
  const to = { a: last.aTo + below, b: last.bTo + below }
  return [`@@ -${place(from.a, to.a)} +${place(from.b, to.b)} @@`, ...lines]
}

function place(from: number, to: number): string {
  const count = to - from
  return `${count === 0 ? from : from + 1}${count === 1 ? '' : `,${count}`}`
}

function shown(sign: string, line: string): string[] {
  if (line.endsWith('\n')) return [sign + line.slice(0, -1)]
  return [sign + line, '\\ No newline at end of file']
}
