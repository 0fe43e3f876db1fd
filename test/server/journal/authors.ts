/** A text in which every character remembers who wrote it: the model that blame and revert are held to. */
import fc from 'fast-check'
import type { Author } from '../../../protocol/ids.js'
import { contentHash, fileId } from '../../../protocol/ids.js'
import type { RevisionEntry } from '../../../protocol/revisions.js'
import type { Edit } from '../../../protocol/text/edits.js'
import { at, by } from '../documents/harness.js'

export const AUTHORS: readonly Author[] = [by('CLAUDE-a'), by('CODEX-b'), by('DISK')]

export interface Letter {
  readonly letter: string
  readonly rev: number
}

export interface Story {
  readonly entries: readonly RevisionEntry[]
  /** After each revision; index 0 is the empty text before the first. */
  readonly texts: readonly (readonly Letter[])[]
}

const piece = fc.constantFrom('x', 'yz', 'a b', '\n', 'p\n', '\nq', 'one\ntwo\n', '🙂', ' ')
const change = fc.record({ at: fc.nat(), removed: fc.nat(6), added: fc.oneof(fc.constant(''), piece, piece) })
const step = fc.record({
  author: fc.nat(AUTHORS.length - 1),
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
})

/** Random edits by several authors, from an empty text on. */
export const stories: fc.Arbitrary<Story> = fc.array(step, { minLength: 1, maxLength: 14 }).map((steps) => {
  const entries: RevisionEntry[] = []
  const texts: (readonly Letter[])[] = [[]]
  for (const [index, { author, changes }] of steps.entries()) {
    const before = texts[index] ?? []
    const edits = placed(before, changes)
    entries.push(entryOf(index + 1, AUTHORS[author] ?? by('PEER'), edits))
    texts.push(after(before, edits, index + 1))
  }
  return { entries, texts }
})

/** Ascending and never touching, as a journal holds them. */
function placed(before: readonly Letter[], changes: readonly { at: number; removed: number; added: string }[]): Edit[] {
  const edits: Edit[] = []
  let from = 0
  for (const { at: wish, removed, added } of changes) {
    if (from > before.length) break
    const start = from + (wish % (before.length - from + 1))
    const gone = textOf(before.slice(start, start + removed))
    if (gone !== added) edits.push({ at: start, removed: gone, added })
    from = start + gone.length + 1
  }
  return edits
}

function after(before: readonly Letter[], edits: readonly Edit[], rev: number): Letter[] {
  const letters: Letter[] = []
  let done = 0
  for (const edit of edits) {
    letters.push(...before.slice(done, edit.at), ...lettersOf(edit.added, rev))
    done = edit.at + edit.removed.length
  }
  return [...letters, ...before.slice(done)]
}

/** One for each UTF-16 unit, as edits count. */
export function lettersOf(text: string, rev: number): Letter[] {
  return Array.from({ length: text.length }, (_, index) => ({ letter: text[index] ?? '', rev }))
}

export function textOf(letters: readonly Letter[]): string {
  return letters.map(({ letter }) => letter).join('')
}

export function entryOf(
  rev: number,
  author: Author,
  edits: readonly Edit[] | null,
  more: Partial<RevisionEntry> = {},
): RevisionEntry {
  return {
    ...{ fileId: fileId.parse('f_1'), rev, path: at('a.ts'), author, time: 1_000 * rev, seq: rev },
    ...{ change: rev === 1 ? 'created' : 'modified', edits: edits === null ? null : [...edits] },
    ...{
      hash: contentHash.parse('0'.repeat(64)),
      kind: 'text',
      executable: false,
      bom: false,
      eol: 'lf',
      writeId: null,
      lines: null,
    },
    ...more,
  }
}

/** As `stories`, but every letter that is no line end stands there once: a letter tells which revision put it there. */
export const tracedStories: fc.Arbitrary<Story> = fc
  .array(
    fc.record({
      author: fc.nat(AUTHORS.length - 1),
      changes: fc.array(
        fc.record({
          at: fc.nat(),
          removed: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(12)),
          added: fc.constantFrom('', '.', '..', '.\n', '..\n..\n', '\n.', '.\n.', '.\n.\n.\n'),
          isAligned: fc.boolean(),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    let next = 0x4e00
    const entries: RevisionEntry[] = []
    const texts: (readonly Letter[])[] = [[]]
    for (const [index, { author, changes }] of steps.entries()) {
      const before = texts[index] ?? []
      const own = changes.map(({ added, isAligned, ...change }) => ({
        ...change,
        isAligned,
        added: added.replaceAll('.', () => String.fromCodePoint(next++)),
      }))
      const edits = placed(
        before,
        own.map((change) => (change.isAligned ? aligned(before, change) : change)),
      )
      entries.push(entryOf(index + 1, AUTHORS[author] ?? by('PEER'), edits))
      texts.push(after(before, edits, index + 1))
    }
    return { entries, texts }
  })

/** At the beginning of a line, and of whole lines, where that may be had. */
function aligned(
  before: readonly Letter[],
  { at: wish, removed, added }: { at: number; removed: number; added: string },
): { at: number; removed: number; added: string } {
  const text = textOf(before)
  const at = text.lastIndexOf('\n', wish % (text.length + 1)) + 1
  const end = text.indexOf('\n', at + removed)
  return { at, removed: removed === 0 || end === -1 ? 0 : end + 1 - at, added: added === '' ? '' : `${added.trim()}\n` }
}
