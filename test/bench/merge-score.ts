/** How merges of ours and of git compare with what people made of the same texts. */
import { mergeFiles, type FileMerge, type FileTexts } from '../../protocol/text/merge-files.js'
import type { MergeOptions } from '../../protocol/text/merge3.js'
import type { GitMerge } from '../support/git-merge-file.js'

export interface TriedMerge extends FileTexts {
  readonly id: string | number
  /** What was committed in the end; without it nothing can be called equal. */
  readonly result?: string | undefined
}

/** Counts of merges. */
export interface Score {
  cleanAndEqual: number
  cleanButDifferent: number
  conflicts: number
}

export interface Comparison {
  readonly cases: number
  readonly ours: Score
  readonly git: Score
  /** Merges that git does cleanly and equally, and ours does not. */
  readonly lost: readonly (string | number)[]
  /** Clean with us, in conflict with git; how many of them are equal, and how many have a soft overlap noted. */
  readonly extra: { merges: number; equal: number; noted: number }
  /** Both clean, and not the same text, without any soft overlap noted. */
  readonly unnoted: readonly (string | number)[]
  /** Soft hunks by class, over all merges. */
  readonly soft: Readonly<Record<'insertions' | 'adjacent' | 'tokens', number>>
  /** Hard hunks, and those whose text is not the one of a side: there must be none. */
  readonly hard: { hunks: number; foreign: number }
}

/** @param gitMerges what git makes of each case, in the same order */
export function compare(
  cases: readonly TriedMerge[],
  gitMerges: readonly GitMerge[],
  options: MergeOptions = {},
): Comparison {
  const ours: Score = { cleanAndEqual: 0, cleanButDifferent: 0, conflicts: 0 }
  const git: Score = { cleanAndEqual: 0, cleanButDifferent: 0, conflicts: 0 }
  const extra = { merges: 0, equal: 0, noted: 0 }
  const soft = { insertions: 0, adjacent: 0, tokens: 0 }
  const hard = { hunks: 0, foreign: 0 }
  const lost: (string | number)[] = []
  const unnoted: (string | number)[] = []
  cases.forEach((one, index) => {
    const theirs = gitMerges[index]
    if (theirs === undefined) throw new Error(`case ${one.id} was not given to git`)
    const merge = mergeFiles(one, options)
    const text = merge.toFile(merge.text)
    const outcome = outcomeOf(merge.conflicts, text, one.result)
    const gitOutcome = outcomeOf(theirs.conflicts, theirs.text, one.result)
    ours[outcome]++
    git[gitOutcome]++
    if (gitOutcome === 'cleanAndEqual' && outcome !== 'cleanAndEqual') lost.push(one.id)
    const isNoted = merge.hunks.some(({ kind }) => kind === 'soft')
    if (merge.conflicts === 0 && theirs.conflicts > 0) {
      extra.merges++
      if (outcome === 'cleanAndEqual') extra.equal++
      if (isNoted) extra.noted++
    }
    if (merge.conflicts === 0 && theirs.conflicts === 0 && text !== theirs.text && !isNoted) unnoted.push(one.id)
    count(merge, soft, hard)
  })
  return { cases: cases.length, ours, git, lost, extra, unnoted, soft, hard }
}

function outcomeOf(conflicts: number, text: string, result: string | undefined): keyof Score {
  if (conflicts > 0) return 'conflicts'
  return text === result ? 'cleanAndEqual' : 'cleanButDifferent'
}

function count(
  merge: FileMerge,
  soft: Record<'insertions' | 'adjacent' | 'tokens', number>,
  hard: { hunks: number; foreign: number },
): void {
  for (const hunk of merge.hunks) {
    if (hunk.kind === 'soft') soft[hunk.reason]++
    if (hunk.kind !== 'hard') continue
    hard.hunks++
    const stands = merge.text.slice(hunk.text.from, hunk.text.to)
    if (stands !== hunk.oursText && stands !== hunk.theirsText) hard.foreign++
  }
}
