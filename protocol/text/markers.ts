/**
 * A merge as one text for programs that know of no records: conflicts between markers, as git writes them, or decided for
 * one side.
 */
import { isOpenEnded, joinPieces, splitLines } from './lines.js'
import type { MergeHunk, MergeResult } from './merge3.js'

/**
 * - `merge`: ours and theirs, without the lines that they begin or end with in common.
 * - `diff3`: with the base between them, all three whole. - `zdiff3`: with the base whole, the others without such lines.
 */
export type MarkerStyle = 'merge' | 'diff3' | 'zdiff3'

export interface MarkerOptions {
  /** Default `merge`. */
  readonly style?: MarkerStyle
  /** Signs a marker. Default 7. */
  readonly size?: number
  /** What stands behind the markers; empty: nothing. */
  readonly labels: Readonly<Record<'ours' | 'base' | 'theirs', string>>
}

export type Favour = 'ours' | 'theirs' | 'union'

type Hard = Extract<MergeHunk, { readonly kind: 'hard' }>

/** The merged text with each conflict between markers. */
export function withMarkers(merge: MergeResult, { style = 'merge', size = 7, labels }: MarkerOptions): string {
  return replaceHard(merge, (hunk, lineEnd) => {
    const { head, ours, theirs, tail } = style === 'diff3' ? wholeParts(hunk) : commonParts(hunk)
    const marker = (sign: string, label: string): string =>
      `${sign.repeat(size)}${label === '' ? '' : ` ${label}`}${lineEnd}`
    const base = style === 'merge' ? [] : [marker('|', labels.base), hunk.baseText]
    const pieces = [head, marker('<', labels.ours), ours, ...base, marker('=', ''), theirs, marker('>', labels.theirs)]
    return joinPieces([...pieces, tail], lineEnd)
  })
}

/** The merged text with each conflict decided; `union`: ours, then theirs, without what they have in common twice. */
export function withFavour(merge: MergeResult, favour: Favour): string {
  if (favour === 'ours') return merge.text
  return replaceHard(merge, (hunk, lineEnd) => {
    if (favour === 'theirs') return hunk.theirsText
    const { head, ours, theirs, tail } = commonParts(hunk)
    return joinPieces([head, ours, theirs, tail], lineEnd)
  })
}

function replaceHard({ text, hunks }: MergeResult, replace: (hunk: Hard, lineEnd: string) => string): string {
  const lineEnd = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n'
  const pieces: string[] = []
  let at = 0
  for (const hunk of hunks) {
    if (hunk.kind !== 'hard') continue
    pieces.push(text.slice(at, hunk.text.from), replace(hunk, lineEnd))
    at = hunk.text.to
    // What follows a last line without an end brought one along; now it stands behind another line.
    if (isOpenEnded(hunk.oursText)) at += /^(?:\r\n|[\r\n])/.exec(text.slice(at, at + 2))?.[0].length ?? 0
  }
  pieces.push(text.slice(at))
  return joinPieces(pieces, lineEnd)
}

interface Parts {
  readonly head: string
  readonly ours: string
  readonly theirs: string
  readonly tail: string
}

function wholeParts({ oursText, theirsText }: Hard): Parts {
  return { head: '', ours: oursText, theirs: theirsText, tail: '' }
}

function commonParts({ oursText, theirsText }: Hard): Parts {
  const ours = splitLines(oursText)
  const theirs = splitLines(theirsText)
  const least = Math.min(ours.length, theirs.length)
  let head = 0
  while (head < least && ours[head] === theirs[head]) head++
  let tail = 0
  while (tail < least - head && ours[ours.length - 1 - tail] === theirs[theirs.length - 1 - tail]) tail++
  const join = (lines: readonly string[], from: number, to: number): string => lines.slice(from, to).join('')
  return {
    head: join(ours, 0, head),
    ours: join(ours, head, ours.length - tail),
    theirs: join(theirs, head, theirs.length - tail),
    tail: join(ours, ours.length - tail, ours.length),
  }
}
