/**
 * Whether a live update that met what its peer had not seen goes in as it is, or as a text (rules SYNC-17, SYNC-18).
 */
import type { FileHead } from '../../protocol/files.js'
import type { Author } from '../../protocol/ids.js'
import type { Rules } from '../../protocol/text/decide.js'
import type { Edits } from '../../protocol/text/edits.js'
import type { Decision, Version } from './decide-write.js'
import type { PeerTexts } from './peer-texts.js'
import type { Question } from './write-decider.js'

/** The text that stands, or that stood before the file was deleted, and its form. */
export interface Stood extends Pick<FileHead, 'bom' | 'eol' | 'executable'> {
  readonly text: string
}

/** A live update that met changes which its peer did not know, and what was made of it. */
export interface Met {
  readonly decision: Decision
  /** The revision that the peer had seen. */
  readonly baseRev: number
  /** Author of the head that it met. */
  readonly incumbent: Author
}

/**
 * What is to be decided; undefined: the update goes in as it is.
 * @param isBulk the peer was away, and brings everything at once
 * @param into the text that stands here with the update in it
 */
export function questionOf(
  { head, stood }: { readonly head: FileHead; readonly stood: Stood | undefined },
  { base, theirs, oursEdits, theirsEdits, touched }: PeerTexts,
  isBulk: boolean,
  rules: Rules,
  into: string,
): Question | undefined {
  if (!touched || stood === undefined) return undefined
  const revives = head.deleted && theirsEdits.some(({ added }) => added !== '')
  const isSame = base === theirs // it took something out and put it back: as letters that is a change, as a text it is none
  if (!isSame && !isBulk && !revives && !collide(oursEdits, theirsEdits)) return undefined
  const { bom, eol, executable } = stood
  const version = (text: string): Version => ({ content: { kind: 'text', text, bom, eol }, executable })
  const isGone = head.deleted && isSame
  const incumbent = { ...version(isGone ? '' : stood.text), deleted: head.deleted }
  return { head: incumbent, base: version(base), written: version(theirs), rules, into }
}

/**
 * Whether both changed the same characters, one put something into what the other took away, or both put the very same
 * there. Two who type at one point do not collide, nor do two who delete.
 */
export function collide(ours: Edits, theirs: Edits): boolean {
  let first = 0
  for (const edit of theirs) {
    const end = edit.at + edit.removed.length
    while (first < ours.length && endOf(ours[first]) < edit.at) first++
    for (let i = first; i < ours.length; i++) {
      const other = ours[i]
      if (other === undefined || other.at > end) break
      const otherEnd = endOf(other)
      const isShared = Math.min(end, otherEnd) > Math.max(edit.at, other.at)
      // Two deletions are one; one that the other writes into, or in place of, is not.
      if (edit.removed === '' && isSame(edit, other) && edit.added.length > 1) return true
      if (isShared && (edit.added !== '' || other.added !== '')) return true
      if (edit.removed === '' && other.at < edit.at && edit.at < otherEnd) return true
      if (other.removed === '' && edit.at < other.at && other.at < end) return true
    }
  }
  return false
}

function isSame(one: Edits[number], two: Edits[number]): boolean {
  return one.at === two.at && one.removed === two.removed && one.added === two.added
}

function endOf(edit: Edits[number] | undefined): number {
  return edit === undefined ? Infinity : edit.at + edit.removed.length
}
