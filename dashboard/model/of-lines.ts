import type { Conflict, Overlap } from '../../protocol/conflicts.js'

/** As isOfLines of protocol/conflicts.ts, without the schemas behind it: they would be half of the page. */
export function isOfLines(conflict: Conflict): conflict is Overlap {
  return conflict.reason === 'overlap' || conflict.reason === 'lock'
}
