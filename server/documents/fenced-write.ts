/** What a decided write becomes where locks keep its author out. */
import { EnsembleError } from '../../protocol/errors.js'
import type { FileHead } from '../../protocol/files.js'
import type { Author } from '../../protocol/ids.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import { PLAIN_FORMAT } from '../../protocol/text/encoding.js'
import { diff } from '../../protocol/text/diff.js'
import { applyEdits, composeEdits, mapOffset, type Edits } from '../../protocol/text/edits.js'
import { sameContent, type Content } from './content.js'
import type { Met } from './decide-update.js'
import { emptied, type ConflictDraft, type Decision, type Incumbent, type Version } from './decide-write.js'
import {
  authorAt,
  closedTo,
  closedWhole,
  holderAround,
  keptLines,
  sortOut,
  takingBack,
  type ClosedRegion,
  type Fence,
  type KeptLines,
} from './fence.js'
import type { LiveText } from './live-text.js'

export interface Fenced {
  readonly decision: Decision
  /** Who is to be the author: in a shared folder, whoever's region holds all of the change (rule LOCK-15). */
  readonly author: Author
}

export function fencedWrite(
  fence: Fence,
  path: WorkspacePath,
  head: Incumbent,
  decision: Decision,
  author: Author,
  token: number | undefined,
): Fenced {
  if (head.deleted) return fencedMaking(fence, path, head, decision, author, token)
  const all = fence.regions(path)
  if (all.length === 0) return { decision, author }
  const edits = editsOf(head, decision)
  const holder = author === 'DISK' && token === undefined ? holderAround(all, edits ?? []) : undefined
  if (holder !== undefined) return { decision, author: holder }
  const closed = closedTo(fence, path, author, token)
  return { decision: closed.length === 0 ? decision : keptFrom(head, decision, edits, closed), author }
}

/**
 * Of a path that holds no file there is no text to protect, but the path itself: where all of it is closed, what would be
 * the file is held whole, and none comes to be.
 *
 * @param gone the file that was deleted there; or, where none was, one in the form of that which is made
 */
export function fencedMaking(
  fence: Fence,
  path: WorkspacePath,
  gone: Version,
  decision: Decision,
  author: Author,
  token: number | undefined,
): Fenced {
  const region = decision.outcome === 'unchanged' ? undefined : closedWhole(fence, path, author, token)
  if (region === undefined) return { decision, author: authorAt(fence, path, author, token) }
  const { lock } = region
  const draft: ConflictDraft = { reason: 'create', theirs: wanted(decision), held: 'writer', lock }
  const result = emptied(gone)
  return {
    decision: { outcome: 'conflict', result, fromWritten: null, applied: 0, held: 1, conflicts: [draft], gone: true },
    author,
  }
}

/** What was to be the file, with its writer's side wherever another's was to stand: of those no record is made. */
function wanted({ result: { content }, conflicts }: Decision): Content {
  if (content.kind !== 'text') return content
  const edits = conflicts.flatMap((draft) =>
    'from' in draft ? [{ at: draft.from, removed: draft.ours, added: draft.theirs }] : [],
  )
  return { ...content, text: applyEdits(content.text, edits) }
}

/** A file's place, and its form; of a path that never held one, the form that a new text has. */
type LiveForm = Pick<FileHead, 'path' | 'bom' | 'eol' | 'executable' | 'deleted'>

/** What a live peer's edits become, upon the text that stood before them. */
export function fencedLive(fence: Fence, head: LiveForm, before: string, decision: Decision, author: Author): Decision {
  const { path, bom, eol, executable, deleted } = head
  const stood = { content: { kind: 'text' as const, text: before, bom, eol }, executable, deleted }
  return fencedWrite(fence, path, stood, decision, author, undefined).decision
}

/**
 * What locks keep of a live peer's turn; null: nothing.
 * @param head null: the turn makes the file
 */
export function keptOut(
  fence: Fence,
  path: WorkspacePath,
  head: FileHead | null,
  content: Pick<LiveText, 'text' | 'before' | 'edits'>,
  author: Author,
): Met | null {
  const { edits } = content
  if (edits.length === 0 || fence.regions(path).length === 0) return null
  const form = head ?? { path, ...PLAIN_FORMAT, executable: false, deleted: true }
  const { rev, author: incumbent } = head ?? { rev: 0, author }
  const { bom, eol, executable } = form
  const result = { content: { kind: 'text' as const, text: content.text, bom, eol }, executable }
  const outcome = { outcome: 'accepted', result, fromWritten: [], fromHead: edits } as const
  const all = { ...outcome, applied: 1, held: 0, conflicts: [] }
  const decision = fencedLive(fence, form, content.before, all, author)
  return decision === all ? null : { decision, baseRev: rev, incumbent }
}

function editsOf(head: Incumbent, { result, fromHead }: Decision): Edits | null {
  if (head.content.kind !== 'text' || result.content.kind !== 'text') return null
  return fromHead ?? diff(head.content.text, result.content.text)
}

function keptFrom(head: Incumbent, decision: Decision, edits: Edits | null, closed: readonly ClosedRegion[]): Decision {
  const { content } = decision.result
  if (edits === null || head.content.kind !== 'text' || content.kind !== 'text')
    return keptWhole(head, decision, closed)
  const sorted = sortOut(head.content.text, edits, closed)
  if (sorted.out.length === 0) return decision
  const lines = keptLines(head.content.text, sorted.edits, sorted.out)
  const back = takingBack(sorted.edits, sorted.out)
  const conflicts = decision.conflicts.map((draft) =>
    'from' in draft
      ? { ...draft, from: mapOffset(back, draft.from, 'before'), to: mapOffset(back, draft.to, 'after') }
      : draft,
  )
  const applied = sorted.edits.length - sorted.out.length
  return {
    outcome: 'conflict',
    result: { ...decision.result, content: { ...content, text: applyEdits(content.text, back) } },
    fromWritten: decision.fromWritten === null ? null : composeEdits(decision.fromWritten, back),
    applied,
    held: decision.held + lines.length,
    conflicts: [...conflicts, ...lines.map(lockDraft)],
  }
}

/** Bytes go in whole, or not at all. */
function keptWhole(head: Incumbent, decision: Decision, [region]: readonly ClosedRegion[]): Decision {
  const { content } = decision.result
  if (region === undefined || sameContent(head.content, content)) return decision
  const result = { content: head.content, executable: head.executable }
  const draft: ConflictDraft = { reason: 'binary', theirs: content, held: 'writer', lock: region.lock }
  return { outcome: 'conflict', result, fromWritten: null, applied: 0, held: 1, conflicts: [draft] }
}

export function lockDraft({ base, ours, theirs, from, to, region }: KeptLines): ConflictDraft {
  return { reason: 'lock', base, ours, theirs, from, to, lock: region.lock }
}

/**
 * For what cannot be held, because it is a decision upon the text as it is.
 * @param deletes the file is gone afterwards
 * @throws EnsembleError E_LOCK_HELD
 */
export function assertOpenTo(
  fence: Fence,
  head: Incumbent,
  path: WorkspacePath,
  decision: Decision,
  author: Author,
  deletes: boolean,
): void {
  const { decision: kept } = fencedWrite(fence, path, head, decision, author, undefined)
  const deleting = deletes && !head.deleted ? closedTo(fence, path, author)[0] : undefined
  if (kept === decision && deleting === undefined) return
  const lock = kept.conflicts.find((draft) => draft.lock !== undefined)?.lock ?? deleting?.lock
  throw lockHeld(`${lock?.holder ?? 'Another agent'} holds a lock on that part of ${path}.`, path, lock)
}

export function lockHeld(message: string, path: WorkspacePath, lock: ConflictDraft['lock']): EnsembleError {
  return new EnsembleError('E_LOCK_HELD', message, {
    hint: 'Try again when the lock has ended: "ensemble lock list" shows when that is.',
    data: { path, ...(lock === undefined ? {} : { lockId: lock.id, holder: lock.holder }) },
  })
}
