/**
 * What a whole-file write does to the head: decided from texts alone, without documents, storage or clock.
 *
 * 1. What is already the head is `unchanged`; no revision comes of it.
 * 2. The incumbent's text stays wherever both changed the same lines; theirs is held (rules BRIDGE-9, BRIDGE-10).
 * 3. Nothing of the write is dropped: it is in the result or in a conflict draft.
 * 4. Who wrote what it started from changed nothing: a deletion that it did not know of stands.
 */
import type { SoftOverlap } from '../../protocol/files.js'
import type { Conflict } from '../../protocol/conflicts.js'
import { diff } from '../../protocol/text/diff.js'
import { mapOffset, type Edits } from '../../protocol/text/edits.js'
import { joinFormat, splitFormat, type TextFormat } from '../../protocol/text/encoding.js'
import type { Rules } from '../../protocol/text/decide.js'
import { merge3 } from '../../protocol/text/merge3.js'
import { sameContent, type Content, type TextContent } from './content.js'

/** A version of a file: its content and whether it may be executed. */
export interface Version {
  readonly content: Content
  readonly executable: boolean
}

export interface Incumbent extends Version {
  readonly deleted: boolean
}

/** The lock for whose sake something is held; absent where none was. */
interface ForLock {
  readonly lock?: Conflict['lock']
}

export type ConflictDraft = ForLock &
  (
    | {
        readonly reason: 'overlap' | 'lock'
        readonly base: string
        readonly ours: string
        readonly theirs: string
        /** Where `ours` stands in the resulting text. */
        readonly from: number
        readonly to: number
      }
    | {
        readonly reason: 'create' | 'delete' | 'binary'
        readonly theirs: Content | null
        /** Whose side is held: `writer`, or the head's author where the write went in. */
        readonly held: 'writer' | 'incumbent'
      }
  )

/** Lines that stay in the text while something else was wanted for them. */
export type HeldLines = Extract<ConflictDraft, { reason: 'overlap' | 'lock' }>

export interface Decision {
  readonly outcome: 'accepted' | 'merged' | 'conflict' | 'unchanged'
  /** The head after the write. */
  readonly result: Version
  /** From the written text to the result's; null where either is not text. */
  readonly fromWritten: Edits | null
  /** From the head's text to the result's, where that was found on the way. */
  readonly fromHead?: Edits
  /** From the text that the result is put into, where that is another one. */
  readonly change?: Edits
  readonly applied: number
  readonly held: number
  readonly conflicts: readonly ConflictDraft[]
  /** No file is there afterwards, as none was before. */
  readonly gone?: true
  /** Where the result holds both sides of an overlap. */
  readonly soft?: readonly SoftOverlap[]
}

/**
 * @param head what the path holds now, deleted or not
 * @param base what the writer started from; null: it knew of no such file
 * @param rules which soft overlaps are merged
 */
export function decideWrite(head: Incumbent, base: Version | null, written: Version, rules: Rules): Decision {
  if (base !== null && sameVersion(base, written)) return nothing(head, written)
  const merged = mergeVersions(head, base, written, rules)
  if (!head.deleted || base === null) return merged
  // A deletion met an edit of what was deleted: the edit wins, the file comes back, and that is on record.
  return {
    ...merged,
    outcome: 'conflict',
    conflicts: [...merged.conflicts, { reason: 'delete', theirs: null, held: 'incumbent' }],
  }
}

/**
 * What a rename does to the content: nothing; but a file that was deleted meanwhile comes back, because whoever names a file
 * wants it (as CONFLICT-5 says of edits).
 *
 * @param isDone there is nothing to rename
 * @param version of the head; of a deleted file that comes back, the one before its deletion
 */
export function decideRename(isDeleted: boolean, isDone: boolean, version: () => Version): Decision {
  const same = { result: version(), fromWritten: [], fromHead: [], held: 0 }
  if (isDone) return { ...same, outcome: 'unchanged', applied: 0, conflicts: [] }
  if (!isDeleted) return { ...same, outcome: 'accepted', applied: 1, conflicts: [] }
  const { fromHead: _, ...back } = same
  const conflicts = [{ reason: 'delete', theirs: null, held: 'incumbent' }] as const
  return { ...back, outcome: 'conflict', applied: 1, conflicts }
}

/** Adds what is held besides: lines that a revert leaves as they are, in the written text. */
export function withHeld(decision: Decision, held: readonly HeldLines[]): Decision {
  const { fromWritten, result } = decision
  if (held.length === 0 || fromWritten === null || result.content.kind !== 'text') return decision
  const drafts = held.map((draft) => {
    const from = mapOffset(fromWritten, draft.from, 'after')
    return { ...draft, from, to: Math.max(from, mapOffset(fromWritten, draft.to, 'before')) }
  })
  const conflicts = [...decision.conflicts, ...drafts]
  return { ...decision, outcome: 'conflict', held: decision.held + held.length, conflicts }
}

function mergeVersions(head: Incumbent, base: Version | null, written: Version, rules: Rules): Decision {
  // Of two files made at one path, the first one's properties stand, as its text does (rule CONFLICT-6).
  const isJoined = base === null && !head.deleted
  const executable = isJoined || base?.executable === written.executable ? head.executable : written.executable
  if (isJoined && sameText(head.content, written.content)) {
    return whole({ content: head.content, executable }, written, 'unchanged')
  }
  if (sameContent(head.content, written.content)) {
    const changed = head.deleted || executable !== head.executable
    return whole({ content: written.content, executable }, written, changed ? 'accepted' : 'unchanged')
  }
  if (base === null) {
    if (head.deleted) return whole(written, written, 'accepted')
    return held(head, written, { reason: 'create', theirs: written.content, held: 'writer' })
  }
  if (sameContent(base.content, head.content)) {
    return whole({ content: written.content, executable }, written, 'accepted')
  }
  if (sameContent(base.content, written.content)) {
    const changed = head.deleted || executable !== head.executable
    return whole({ content: head.content, executable }, written, changed ? 'merged' : 'unchanged')
  }
  if (base.content.kind === 'text' && head.content.kind === 'text' && written.content.kind === 'text') {
    return mergeTexts(head.content, base.content, written.content, executable, head, rules)
  }
  const decision = whole({ content: written.content, executable }, written, 'conflict')
  return { ...decision, conflicts: [{ reason: 'binary', theirs: head.content, held: 'incumbent' }] }
}

function mergeTexts(
  head: TextContent,
  base: TextContent,
  written: TextContent,
  executable: boolean,
  incumbent: Incumbent,
  rules: Rules,
): Decision {
  const isRaw = mixesLineEnds([head, base, written])
  const read = (version: TextContent): string =>
    isRaw ? joinFormat(version.text, { ...version, bom: false }) : version.text
  const merge = merge3(read(base), read(head), read(written), rules)
  const formats = mergeFormats(head, base, written)
  const split = isRaw ? splitFormat(merge.text) : { text: merge.text, eol: formats.eol }
  const content: TextContent = { kind: 'text', text: split.text, bom: formats.bom, eol: split.eol }
  const isPlain = isRaw && split.eol === 'crlf' // the text has no CR of it any more
  const plain = (text: string): string => (isPlain ? text.replaceAll('\r\n', '\n') : text)
  const offset = (at: number): number => plain(merge.text.slice(0, at)).length
  const conflicts: ConflictDraft[] = []
  let applied = 0
  for (const hunk of merge.hunks) {
    if (hunk.kind === 'hard') {
      const { baseText, oursText, theirsText, text } = hunk
      conflicts.push({
        reason: 'overlap',
        base: plain(baseText),
        ours: plain(oursText),
        theirs: plain(theirsText),
        from: offset(text.from),
        to: offset(text.to),
      })
    } else if (hunk.kind !== 'ours') applied++
  }
  const soft = merge.hunks.flatMap((hunk): SoftOverlap[] => {
    if (hunk.kind !== 'soft') return []
    return [{ reason: hunk.reason, lines: { from: hunk.text.fromLine + 1, to: hunk.text.toLine } }]
  })
  const changed = !sameContent(content, head) || executable !== incumbent.executable || incumbent.deleted
  const outcome = sameContent(content, written) ? 'accepted' : 'merged'
  return {
    outcome: conflicts.length > 0 ? 'conflict' : changed ? outcome : 'unchanged',
    result: { content, executable },
    fromWritten: diff(written.text, content.text),
    applied,
    held: conflicts.length,
    conflicts,
    soft,
  }
}

/** Where one of them mixes line ends, all are compared as they stand on disk (rule MERGE-10). */
function mixesLineEnds(versions: readonly TextContent[]): boolean {
  return (
    versions.some(({ eol, text }) => eol === 'lf' && text.includes('\r\n')) &&
    versions.some(({ eol }) => eol === 'crlf')
  )
}

/** Each property for itself: whoever changed it wins, and the writer where both did. */
function mergeFormats(head: TextFormat, base: TextFormat, written: TextFormat): TextFormat {
  return {
    bom: written.bom === base.bom ? head.bom : written.bom,
    eol: written.eol === base.eol ? head.eol : written.eol,
  }
}

function whole(result: Version, written: Version, outcome: Decision['outcome']): Decision {
  return {
    outcome,
    result,
    fromWritten: editsBetween(written.content, result.content),
    applied: 1,
    held: 0,
    conflicts: [],
  }
}

/** The write says nothing that its base did not say. */
function nothing(head: Incumbent, written: Version): Decision {
  const result = { content: head.content, executable: head.executable }
  return { ...whole(result, written, 'unchanged'), applied: 0 }
}

function held(head: Incumbent, written: Version, conflict: ConflictDraft): Decision {
  const result = { content: head.content, executable: head.executable }
  return { ...whole(result, written, 'conflict'), applied: 0, held: 1, conflicts: [conflict] }
}

function sameVersion(a: Version, b: Version): boolean {
  return a.executable === b.executable && sameContent(a.content, b.content)
}

/** Alike but for byte-order mark and line ends. */
function sameText(a: Content, b: Content): boolean {
  return a.kind === 'text' && b.kind === 'text' ? a.text === b.text : sameContent(a, b)
}

function editsBetween(from: Content, to: Content): Edits | null {
  return from.kind === 'text' && to.kind === 'text' ? diff(from.text, to.text) : null
}

/**
 * @param isStale the file changed since the version that is to be deleted
 * @param lock that someone else holds on text of it
 */
export function decideDelete(
  version: Version,
  { deleted, isStale, lock }: { deleted: boolean; isStale: boolean; lock: Conflict['lock'] },
): Decision {
  const isHeld = isStale || lock !== undefined
  if (deleted || !isHeld) {
    const result = deleted ? version : emptied(version)
    const outcome = deleted ? 'unchanged' : 'accepted'
    return { outcome, result, fromWritten: null, applied: 1, held: 0, conflicts: [] }
  }
  const draft: ConflictDraft = {
    reason: 'delete',
    theirs: null,
    held: 'writer',
    ...(lock === undefined ? {} : { lock }),
  }
  return { outcome: 'conflict', result: version, fromWritten: null, applied: 0, held: 1, conflicts: [draft] }
}

/** A deleted text is empty, so that live documents show that it is gone; the journal has it. */
export function emptied(version: Version): Version {
  return version.content.kind === 'text' ? { ...version, content: { ...version.content, text: '' } } : version
}
