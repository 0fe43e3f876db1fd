/** What a person can decide of a conflict, in words that name who wrote what. */
import type { Conflict, ConflictChoice } from '../../protocol/conflicts.js'

export type Side = Exclude<ConflictChoice['kind'], 'text'>

export interface Option {
  readonly side: Side
  readonly label: string
}

/** @param nameOf an author's, as "CLAUDE-frontend" */
export function optionsOf(conflict: Conflict, nameOf: (author: string) => string): readonly Option[] {
  const { ours, theirs } = conflict.authors
  const sides: readonly Option[] = [
    { side: 'ours', label: `Keep what ${nameOf(ours)} wrote` },
    { side: 'theirs', label: `Take what ${nameOf(theirs)} wrote` },
  ]
  switch (conflict.reason) {
    case 'overlap':
    case 'lock':
      return [...sides, { side: 'both', label: 'Both, one below the other' }]
    case 'create':
      if (conflict.lock !== undefined) {
        return [
          { side: 'ours', label: 'Leave the path as it is' },
          { side: 'theirs', label: `Put the file of ${nameOf(theirs)} there` },
        ]
      }
      return conflict.theirs?.kind === 'text' ? [...sides, { side: 'both', label: 'Both, one below the other' }] : sides
    case 'delete':
      return [
        { side: 'ours', label: 'Keep the file' },
        { side: 'theirs', label: 'Delete the file' },
      ]
    case 'binary':
      return sides
  }
}
