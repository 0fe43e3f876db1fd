/**
 * Which version a program had read when it wrote a file: a disk write does not say.
 *
 * A program that read a file, and writes it whole after the bridge put other versions there, would take back everything
 * that came in between. So the version that its text differs least from, of those that were on this disk lately, is taken
 * for what it had read: if the way from the newest version to the text leads back over it, as it does when everything that
 * came in between is missing. A formatter's output is far from the older version too, and is not taken for stale. A text
 * that equals an older version exactly is a deliberate return to it; one that changes the newest only between the markers of
 * a conflict was written by someone who read them.
 *
 * A program knows what it wrote itself, and may take it back: a version counts as missed only if the bridge put another one
 * on the disk after it. Where nothing but writes of this folder came in between, the text is one more of them.
 *
 * A program that writes in place may be in the middle of it: a text that ends before the versions do may lack what came in
 * between because it lacks all that follows. Whoever asks looks again a little later (`mayBeCut`).
 */
import { diff } from '../../protocol/text/diff.js'

/** Comparing costs about 1 ms for 100,000 characters; versions beyond this, all together, are not compared. */
const MAX_CHARACTERS = 1024 * 1024

/** How much of what came in between the text must lack; 1: all of it, to the character, which chance likenesses never do. */
const DETOUR = 0.8

/** A version that was on the disk. */
export interface Candidate {
  /** Undefined: no longer at hand. */
  readonly text: string | undefined
  /** A program of this folder wrote it; else the bridge put it there. */
  readonly isOwn: boolean
}

/**
 * @param candidates newest first
 * @returns the index of the one that `text` was written upon
 */
export function inferBase(text: string, candidates: readonly Candidate[]): number {
  const put = candidates.findIndex(({ isOwn }) => !isOwn)
  if (put === -1 || candidates.some((candidate) => candidate.text === text)) return 0
  let characters = 0
  let best = 0
  const distances: number[] = []
  for (const [index, candidate] of candidates.entries()) {
    characters += candidate.text === undefined ? 0 : candidate.text.length + text.length
    if (characters > MAX_CHARACTERS) break
    distances.push(candidate.text === undefined ? Infinity : distanceBetween(candidate.text, text))
    if ((distances[index] ?? Infinity) < (distances[best] ?? Infinity)) best = index
  }
  const [older, newest] = [candidates[best]?.text, candidates[0]?.text]
  if (best <= put || older === undefined) return 0
  if (newest === undefined) return best
  if (takesOutMarkers(newest, text)) return 0
  // What it is nearer to the older one, of all that came in between: its own changes are on both ways, and prove nothing.
  const nearer = (distances[0] ?? Infinity) - (distances[best] ?? Infinity)
  return nearer >= DETOUR * distanceBetween(older, newest) ? best : 0
}

/** Both sides of a conflict, where someone asked to have them in the file. */
const MARKED = /^<{7} .*\r?\n(?:.*\r?\n)*?>{7} .*\r?\n/gm

/** Whether all that `text` changes of `newest` is between markers: nobody does that who has not read them. */
function takesOutMarkers(newest: string, text: string): boolean {
  const blocks = [...newest.matchAll(MARKED)].map((match) => ({ from: match.index, to: match.index + match[0].length }))
  if (blocks.length === 0) return false
  return diff(newest, text).every(({ at, removed }) =>
    blocks.some(({ from, to }) => at >= from && at + removed.length <= to),
  )
}

/** Whether a text may be the beginning of one: in its last line or before the end of both versions, it breaks off. */
export function mayBeCut(text: string, older: string, newest: string): boolean {
  const breaksLine = [older, newest].every((version) => version.endsWith('\n')) && !text.endsWith('\n')
  return breaksLine || (endsBefore(older, text) && endsBefore(newest, text))
}

function endsBefore(version: string, text: string): boolean {
  const last = diff(version, text).at(-1)
  // The line end that comes last may be taken for the one that ends both.
  if (last === undefined || last.at + last.removed.length < version.length - 1) return false
  return last.removed.includes('\n') && last.removed.length > last.added.length
}

function distanceBetween(from: string, to: string): number {
  return diff(from, to).reduce((sum, edit) => sum + edit.removed.length + edit.added.length, 0)
}
