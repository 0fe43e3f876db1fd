/** Revisions, the lines of a file and their authors, and what one revision changed. */
import { unreachable } from '../../../protocol/errors.js'
import type { FileHead } from '../../../protocol/files.js'
import type { BlamedLine, FileVersion, HistoryEntry, RevertedFile } from '../../../protocol/history.js'
import type { Author } from '../../../protocol/ids.js'
import type { ChangeType } from '../../../protocol/revisions.js'
import { applyEdits, invertEdits } from '../../../protocol/text/edits.js'
import type { Paint } from '../colour.js'
import { Tags } from '../live/tags.js'
import { table } from '../table.js'
import { count, cutPath, duration, figure } from '../words.js'
import { unifiedDiff } from './unified-diff.js'

/** Widest path in a table. In characters. */
const PATH_WIDTH = 48

export interface LogFacts {
  readonly path: string
  readonly head: FileHead
  readonly entries: readonly HistoryEntry[]
  /** Older ones were left out. */
  readonly more: boolean
  readonly agent: Author | undefined
}

const names = new Tags()

/** Authors in full: a log tells of agents that left long ago. */
export function authorName(author: Author): string {
  return names.name(author)
}

export function logLines({ path, head, entries, more, agent }: LogFacts, now: number, paint: Paint): string[] {
  if (entries.length === 0) {
    const whose = agent === undefined ? '' : ` of ${authorName(agent)}`
    return [`No revision${whose} is in the history of ${path}, which has ${count(head.rev, 'revision')}.`]
  }
  const rows = entries.map(({ rev, time, author, change, kind, lines }) => [
    { text: String(rev) },
    { text: duration(Math.max(0, now - time)) },
    { text: authorName(author) },
    { text: changeWord(change), ...(change === 'deleted' ? { tone: 'bad' as const } : {}) },
    {
      text:
        lines === null
          ? kind === 'binary'
            ? 'bytes'
            : 'text again'
          : `+${figure(lines.added)} -${figure(lines.removed)}`,
    },
  ])
  const last = entries.at(-1)?.rev ?? 0
  return [
    ...table(['rev', 'age', 'who', 'what', 'lines'], rows, paint),
    ...(more ? [`older ones: -n ${entries.length * 2} (${count(last - 1, 'revision')} before ${last})`] : []),
  ]
}

function changeWord(change: ChangeType): string {
  switch (change) {
    case 'created':
      return 'made'
    case 'modified':
      return 'changed'
    case 'renamed':
      return 'renamed'
    case 'deleted':
      return 'deleted'
    default:
      return unreachable(change)
  }
}

export function blameLines(lines: readonly BlamedLine[], now: number, paint: Paint): string[] {
  if (lines.length === 0) return ['The file is empty.']
  const rows = lines.map(({ line, rev, author, authors, time, text }) => [
    { text: String(line) },
    { text: String(rev) },
    { text: authorName(author) + (authors.length > 1 ? ` +${authors.length - 1}` : '') },
    { text: duration(Math.max(0, now - time)) },
    { text },
  ])
  return table(['line', 'rev', 'who', 'age', 'text'], rows, paint)
}

/** What a revision changed, as `diff -u` writes it, under a line that says who did it and when. */
export function diffLinesOf(path: string, { entry, content }: FileVersion, now: number, paint: Paint): string[] {
  const { rev, author, change, time, edits, kind } = entry
  const who = `${authorName(author)}, ${duration(Math.max(0, now - time))} ago`
  const title = paint('strong', `revision ${rev} of ${path}: ${changeWord(change)} by ${who}`)
  if (change === 'deleted') return [title, `What it held is revision ${rev - 1}.`]
  if (edits === null || content?.kind !== 'text') {
    return [title, kind === 'binary' ? 'It is not text: bytes have no lines.' : 'It was not text before.']
  }
  const { text } = content
  const before = applyEdits(text, invertEdits(edits))
  const lines = unifiedDiff(before, text, path)
  const same = change === 'renamed' ? 'the file has another name' : 'its form changed, or the file came back'
  return [title, ...(lines.length === 0 ? [`The text is the same: ${same}.`] : lines)]
}

/** What a revert did to each file, or would do. */
export function revertedLines(
  files: readonly RevertedFile[],
  { dryRun, what }: { readonly dryRun: boolean; readonly what: string },
  paint: Paint,
): string[] {
  const rows = files.map(({ path, deleted, lines, held, revisions, rev }) => [
    { text: cutPath(path, PATH_WIDTH) },
    {
      text: deleted
        ? 'deleted'
        : lines.added + lines.removed === 0
          ? 'back'
          : `+${figure(lines.added)} -${figure(lines.removed)}`,
    },
    { text: held === 0 ? '' : count(held, 'conflict'), tone: 'bad' as const },
    { text: count(revisions, 'revision') },
    { text: dryRun ? '' : String(rev) },
  ])
  const held = files.reduce((sum, file) => sum + file.held, 0)
  const kept = held === 0 ? '' : `; ${count(held, 'place')} that others changed since ${held === 1 ? 'stays' : 'stay'}`
  return [
    ...table(['file', 'lines', 'held', 'of', dryRun ? '' : 'now rev'], rows, paint),
    '',
    `${dryRun ? 'Would take back' : 'Took back'} ${what}, in ${count(files.length, 'file')}${kept}.`,
  ]
}
