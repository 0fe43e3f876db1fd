/** What a file is to be once some of its revisions are taken back: its text, its form, and whether it is there at all. */
import type { RevisionEntry } from '../../protocol/revisions.js'
import type { Content } from '../documents/content.js'
import type { FileHistory } from './file-history.js'
import type { Slices } from './slices.js'
import { TextRevert, type HeldPlace } from './text-revert.js'

export interface RevertPlan {
  /** How many revisions are taken back, and the newest of them. */
  readonly revisions: number
  readonly newest: number
  readonly content: Content
  readonly executable: boolean
  readonly deleted: boolean
  readonly held: readonly HeldPlace[]
}

type Form = Pick<RevisionEntry, 'executable' | 'bom' | 'eol'> & { readonly deleted: boolean }

const NOTHING: Form & { readonly kind: 'text' } = {
  kind: 'text',
  executable: false,
  bom: false,
  eol: 'lf',
  deleted: true,
}

/**
 * @param since nothing older is taken back
 * @returns undefined where nothing is taken back
 */
export async function planRevert(
  file: FileHistory,
  isTaken: (entry: RevisionEntry) => boolean,
  since: (entry: RevisionEntry) => boolean,
  slices: Slices,
): Promise<RevertPlan | undefined> {
  /** Newest first. */
  const entries: RevisionEntry[] = []
  for await (const entry of file.down()) {
    if (!since(entry)) break
    entries.push(entry)
  }
  while (entries.length > 0 && !isTaken(entries.at(-1) ?? never())) entries.pop()
  const newest = entries.find(isTaken)
  if (newest === undefined) return undefined
  // The newest ones, one behind the other, are taken back by what stood before them, bytes or text.
  const first = entries.findIndex((entry) => !isTaken(entry))
  const top = first === -1 ? entries.length : first
  const rest = entries.slice(top)
  const rev = file.head.rev - top
  const start = rev === 0 ? NOTHING : formOf(file.entry(rev))
  let content: Content = rev === 0 ? { kind: 'text', text: '', bom: false, eol: 'lf' } : await file.contentAt(rev)
  let held: readonly HeldPlace[] = []
  let form: Form = start
  if (content.kind === 'text') {
    const bytes = rest.findIndex(({ edits }) => edits === null)
    const reachable = bytes === -1 ? rest : rest.slice(0, bytes)
    const revert = new TextRevert(content.text)
    const steps = reachable.toReversed().map((entry) => ({ edits: entry.edits ?? [], isTaken: isTaken(entry) }))
    for (const _ of revert.run(steps)) await slices.breathe()
    held = revert.held
    form = formAfter(start, reachable, isTaken, file)
    const oldest = reachable.at(-1)
    const isMade = oldest !== undefined && oldest.rev === 1 && isTaken(oldest)
    if (isMade && revert.text === '' && held.length === 0) form = { ...form, deleted: true }
    content = { kind: 'text', text: revert.text, bom: form.bom, eol: form.eol }
  }
  const { executable, deleted } = form
  const revisions = entries.filter(isTaken).length
  return { revisions, newest: newest.rev, content, executable, deleted, held: deleted ? [] : held }
}

/** Each property for itself: whoever changed it last counts, unless that is taken back. */
function formAfter(
  start: Form,
  entries: readonly RevisionEntry[],
  isTaken: (entry: RevisionEntry) => boolean,
  file: FileHistory,
): Form {
  let form = start
  const settled = new Set<keyof Form>()
  for (const [index, entry] of entries.entries()) {
    if (entry.rev === 1) break
    const now = formOf(entry)
    const before = formOf(entries[index + 1] ?? file.entry(entry.rev - 1))
    for (const key of ['executable', 'bom', 'eol', 'deleted'] as const) {
      if (now[key] === before[key] || settled.has(key)) continue
      if (isTaken(entry)) form = { ...form, [key]: before[key] }
      else settled.add(key)
    }
  }
  return form
}

function formOf({ executable, bom, eol, change }: RevisionEntry): Form {
  return { executable, bom, eol, deleted: change === 'deleted' }
}

function never(): never {
  throw new Error('a list that is not empty has a last member')
}
