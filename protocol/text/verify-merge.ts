/**
 * The check that every merge passes before anybody sees it. It knows nothing of how the merge was found: it looks at the
 * four texts and at what the hunks claim about them.
 */

import { applyEdits, type Edits } from './edits.js'
import { isSignificant, splitLines } from './lines.js'

type TextName = 'base' | 'ours' | 'theirs' | 'text'
type Offsets = { readonly from: number; readonly to: number }

/** What a merge says that it did. */
export interface MergeClaim {
  readonly text: string
  /** From ours to `text`. */
  readonly edits: Edits
  readonly hunks: readonly HunkClaim[]
}

export type HunkClaim = Readonly<Record<TextName, Offsets>> &
  (
    | { readonly kind: 'ours' | 'theirs' | 'identical' | 'hard' }
    | { readonly kind: 'soft'; readonly reason: 'insertions' | 'adjacent' | 'tokens' }
  )

/** Whether the result does what it says: false means that it must not be used. */
export function isSoundMerge(base: string, ours: string, theirs: string, result: MergeClaim): boolean {
  const texts = { base, ours, theirs, text: result.text }
  const end = (name: TextName): Offsets => ({ from: texts[name].length, to: texts[name].length })
  const last = { base: end('base'), ours: end('ours'), theirs: end('theirs'), text: end('text') }
  const done = { base: 0, ours: 0, theirs: 0, text: 0 }
  for (const hunk of [...result.hunks, last]) {
    // Between hunks nobody changed anything: the four texts agree.
    const between = (name: TextName): string | undefined =>
      hunk[name].from < done[name] ? undefined : texts[name].slice(done[name], hunk[name].from)
    const common = between('base')
    if (common === undefined) return false
    if (between('ours') !== common || between('theirs') !== common || between('text') !== common) return false
    if ('kind' in hunk && !isSoundHunk(hunk, texts)) return false
    done.base = hunk.base.to
    done.ours = hunk.ours.to
    done.theirs = hunk.theirs.to
    done.text = hunk.text.to
  }
  return applyTo(ours, result) === result.text
}

function isSoundHunk(hunk: HunkClaim, texts: Readonly<Record<TextName, string>>): boolean {
  const of = (name: TextName): string => texts[name].slice(hunk[name].from, hunk[name].to)
  const text = of('text')
  switch (hunk.kind) {
    case 'ours':
      return text === of('ours') && of('theirs') === of('base')
    case 'theirs':
      return text === of('theirs') && of('ours') === of('base')
    case 'identical':
      return text === of('ours') && text === of('theirs')
    case 'hard':
      return text === of('ours')
    case 'soft':
      return hunk.reason === 'tokens' || holdsBoth(of('base'), of('ours'), of('theirs'), text)
  }
}

/** Each line that a side added stands, and no line stands more often than both sides together account for. */
function holdsBoth(base: string, ours: string, theirs: string, text: string): boolean {
  const inBase = countByLine(base)
  const inOurs = countByLine(ours)
  const inTheirs = countByLine(theirs)
  const inText = countByLine(text)
  for (const line of new Set([...inOurs.keys(), ...inTheirs.keys(), ...inText.keys()])) {
    if (!isSignificant(line)) continue
    const before = inBase.get(line) ?? 0
    const byOurs = (inOurs.get(line) ?? 0) - before
    const byTheirs = (inTheirs.get(line) ?? 0) - before
    const now = (inText.get(line) ?? 0) - before
    if (now > Math.max(byOurs, 0) + Math.max(byTheirs, 0)) return false
    if (now < Math.max(byOurs, byTheirs) + Math.min(byOurs, byTheirs, 0)) return false
  }
  return true
}

function countByLine(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of splitLines(text)) {
    const content = line.replace(/[\r\n]+$/, '')
    counts.set(content, (counts.get(content) ?? 0) + 1)
  }
  return counts
}

function applyTo(ours: string, result: MergeClaim): string | undefined {
  try {
    return applyEdits(ours, result.edits)
  } catch {
    return undefined // edits that do not fit are what this check is for
  }
}
