/**
 * Which version a program had read when it wrote a file: a disk write does not say.
 *
 * A program that read a file, and writes it whole after the bridge put other versions there, would take back everything
 * that came in between. So the version that its text differs least from, of those that were on this disk lately, is taken
 * for what it had read: if the way from the newest version to the text leads back over it, as it does when everything that
 * came in between is missing. A formatter's output is far from the older version too, and is not taken for stale. A text
 * that equals an older version exactly is a deliberate return to it.
 */
import { diff } from '../../protocol/text/diff.js'

/** Comparing costs about 1 ms for 100,000 characters; texts longer than all of this together are taken as written upon the newest. */
const MAX_CHARACTERS = 1024 * 1024

/** How exactly the way has to lead over the older version; 1: to the character, which chance likenesses never do. */
const DETOUR = 0.8

/**
 * @param candidates texts that were on the disk, newest first; undefined where one is no longer at hand
 * @returns the index of the one that `text` was written upon
 */
export function inferBase(text: string, candidates: readonly (string | undefined)[]): number {
  const characters = candidates.reduce((sum, candidate) => sum + (candidate?.length ?? 0) + text.length, 0)
  if (characters > MAX_CHARACTERS || candidates.includes(text)) return 0
  let best = 0
  let least = Infinity
  for (const [index, candidate] of candidates.entries()) {
    const distance = candidate === undefined ? Infinity : distanceBetween(candidate, text)
    if (distance < least) {
      best = index
      least = distance
    }
  }
  const older = candidates[best]
  const newest = candidates[0]
  if (best === 0 || older === undefined || newest === undefined) return best
  return distanceBetween(newest, text) >= DETOUR * (distanceBetween(older, newest) + least) ? best : 0
}

function distanceBetween(from: string, to: string): number {
  return diff(from, to).reduce((sum, edit) => sum + edit.removed.length + edit.added.length, 0)
}
