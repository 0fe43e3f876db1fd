/**
 * What deciding a conflict does to the file as it is now: decided from texts alone.
 *
 * 1. Keeping what stands changes nothing, whatever happened since; so there is always a way to close a conflict.
 * 2. Where the region still holds what stood there, the chosen text takes its place verbatim; nothing else is touched.
 * 3. Where it does not, the choice is merged as a change of the text in which the conflict was raised. What cannot be
 *    merged cleanly is refused: what others wrote since is never overwritten, nor put beside a choice that may hold the same.
 */
import { isOfLines, type Conflict, type ConflictChoice, type Overlap } from '../../protocol/conflicts.js'
import { EnsembleError, unreachable } from '../../protocol/errors.js'
import { merge3, type MergeResult } from '../../protocol/text/merge3.js'
import { fromWire, type Content } from './content.js'

export interface Region {
  readonly from: number
  readonly to: number
}

/** A file as it is when it is decided. */
export interface Present {
  readonly rev: number
  readonly deleted: boolean
  readonly content: Content
  /** Offsets of an overlap's region, by its own characters; null where they are gone. */
  readonly region: Region | null
  /** The text of an earlier revision; undefined where it is not known. */
  readonly textAt: (rev: number) => string | undefined
  /** What is held of a whole file, bytes included; null: its deletion. */
  readonly held: () => Content | null
}

/** The file as it is to be. */
export interface Resolved {
  readonly content: Content
  readonly deleted: boolean
  /** Where the text that was chosen for a region stands in it; null where nothing was put anywhere, or it was merged. */
  readonly region: Region | null
}

/** What stands in the region as long as nobody touches it. */
export function standingText({ ours, markers }: Overlap): string {
  return markers ?? ours
}

/** @throws EnsembleError E_CONFLICT_MOVED, E_BAD_REQUEST */
export function decideResolution(conflict: Conflict, present: Present, choice: ConflictChoice): Resolved {
  if (!isOfLines(conflict)) return resolveWhole(conflict, present, choice)
  const wanted = regionText(conflict, choice)
  if (wanted === standingText(conflict)) return asItIs(present)
  return withRegion(conflict, present, wanted)
}

/**
 * The text with `wanted` where the region is.
 * @throws EnsembleError E_CONFLICT_MOVED
 */
export function withRegion(conflict: Overlap, present: Present, wanted: string): Resolved {
  const { content, deleted, region, textAt } = present
  if (deleted) throw moved(conflict, 'The file was deleted since.')
  if (content.kind !== 'text') throw moved(conflict, 'The file is not text any more.')
  const standing = standingText(conflict)
  if (region !== null && holds(content.text, region, standing)) {
    const put = replaced(content.text, region.from, standing, wanted)
    return { content: { ...content, text: put.text }, deleted: false, region: put.region }
  }
  const { rev, at } = conflict.stands
  const then = textAt(rev)
  if (then?.startsWith(standing, at) === true) {
    const merge = mergeChosen(then, content.text, replaced(then, at, standing, wanted).text)
    if (merge.conflicts === 0) return { content: { ...content, text: merge.text }, deleted: false, region: null }
  }
  throw moved(conflict, 'The lines where it is were changed since.')
}

/** What is put in beside what someone else put in is refused, too: both may be of one origin, and the same lines stand twice. */
function mergeChosen(then: string, now: string, chosen: string): MergeResult {
  return merge3(then, now, chosen, { insertions: false })
}

/** Whether exactly `standing` is there. Of no text at all the place is known only where a line begins. */
function holds(text: string, { from, to }: { from: number; to: number }, standing: string): boolean {
  if (standing === '') return from === to && (from === 0 || text[from - 1] === '\n')
  return text.slice(from, to) === standing
}

interface Put {
  readonly text: string
  readonly region: Region
}

/** Lines stay lines: what is put between two others ends where what stood there ended. */
function replaced(text: string, at: number, standing: string, wanted: string): Put {
  const before = text.slice(0, at)
  const after = text.slice(at + standing.length)
  if (wanted === '') return { text: before + after, region: { from: at, to: at } }
  const lineEnd = /\r?\n/.exec(wanted + standing + text)?.[0] ?? '\n'
  const isCut = before !== '' && !before.endsWith('\n') && standing === ''
  const isOpen = after !== '' && !wanted.endsWith('\n') && (standing === '' || standing.endsWith('\n'))
  const isDouble = standing !== '' && !standing.endsWith('\n') && /^\r?\n/.test(after) && wanted.endsWith('\n')
  const fitted = isDouble ? wanted.replace(/\r?\n$/, '') : wanted
  const from = at + (isCut ? lineEnd.length : 0)
  const lines = `${fitted}${isOpen ? lineEnd : ''}`
  return { text: `${before}${isCut ? lineEnd : ''}${lines}${after}`, region: { from, to: from + lines.length } }
}

function regionText({ ours, theirs }: Overlap, choice: ConflictChoice): string {
  switch (choice.kind) {
    case 'ours':
      return ours
    case 'theirs':
      return theirs
    case 'both':
      return joined(ours, theirs)
    case 'text': {
      const content = fromWire(choice.content)
      if (content.kind === 'text') return content.text
      throw new EnsembleError('E_BAD_REQUEST', 'These lines are text, and what should take their place is not.')
    }
    default:
      return unreachable(choice)
  }
}

function resolveWhole(conflict: Exclude<Conflict, Overlap>, present: Present, choice: ConflictChoice): Resolved {
  switch (choice.kind) {
    case 'ours':
      return asItIs(present)
    case 'theirs': {
      const held = present.held()
      if (held !== null) return wholeFile(conflict, present, held)
      if (present.deleted) return asItIs(present)
      if (present.rev !== conflict.rev) throw moved(conflict, 'The file was changed since.')
      return { content: present.content, deleted: true, region: null }
    }
    case 'both': {
      const held = present.held()
      if (held?.kind !== 'text' || present.content.kind !== 'text') {
        const why =
          held === null ? 'A file cannot be both there and deleted.' : 'Bytes cannot be put one after the other.'
        throw new EnsembleError('E_BAD_REQUEST', why, { hint: 'Choose one side, or bring a whole file.' })
      }
      const text = joined(present.deleted ? '' : present.content.text, held.text)
      return { content: { ...present.content, text }, deleted: false, region: null }
    }
    case 'text':
      return wholeFile(conflict, present, fromWire(choice.content))
    default:
      return unreachable(choice)
  }
}

/** @throws EnsembleError E_CONFLICT_MOVED */
function wholeFile(conflict: Conflict, present: Present, wanted: Content): Resolved {
  const { rev, deleted, content, textAt } = present
  if (deleted || rev === conflict.rev) return { content: wanted, deleted: false, region: null }
  const then = textAt(conflict.rev)
  if (content.kind === 'text' && wanted.kind === 'text' && then !== undefined) {
    const merge = mergeChosen(then, content.text, wanted.text)
    if (merge.conflicts === 0) return { content: { ...content, text: merge.text }, deleted: false, region: null }
  }
  throw moved(conflict, 'The file was changed since.')
}

function asItIs({ content, deleted }: Present): Resolved {
  return { content, deleted, region: null }
}

/** `first`, then `second`, on lines of its own. */
function joined(first: string, second: string): string {
  if (first === '' || second === '' || first.endsWith('\n')) return first + second
  return `${first}${first.includes('\r\n') ? '\r\n' : '\n'}${second}`
}

function moved({ id, path }: Conflict, why: string): EnsembleError {
  return new EnsembleError(
    'E_CONFLICT_MOVED',
    `${why} Nothing was written to ${path}, and the conflict is still open.`,
    {
      hint: 'Edit the file until it reads as it should, and then keep what stands there: choose "ours".',
      data: { id, path, try: `ensemble conflicts resolve ${id} --ours` },
    },
  )
}
