/** Which soft overlaps are merged, file by file, as the configuration says (rule MERGE-13). */
import type { Config } from '../../protocol/config.js'
import { compileGlob } from '../../protocol/globs.js'
import type { WorkspacePath } from '../../protocol/paths.js'
import type { Rules, SoftReason } from '../../protocol/text/decide.js'

export type MergeRules = (path: WorkspacePath) => Rules

export const MERGE_ALL: Rules = { insertions: true, adjacent: true, tokens: true }

export function mergeRules({ soft, hold }: Config['merge']): MergeRules {
  const holds = hold.map(({ paths, soft: held }) => ({ globs: paths.map(compileGlob), held }))
  return (path) => {
    const held = holds.filter(({ globs }) => globs.some((matches) => matches(path))).flatMap((one) => one.held)
    const isMerged = (reason: SoftReason): boolean => soft.includes(reason) && !held.includes(reason)
    return { insertions: isMerged('insertions'), adjacent: isMerged('adjacent'), tokens: isMerged('tokens') }
  }
}

export function sameRules(one: Rules, two: Rules): boolean {
  return one.insertions === two.insertions && one.adjacent === two.adjacent && one.tokens === two.tokens
}
