/** What a row weighs, for bounds and for measures. */
import { sizeOfKey } from './keys.js'
import type { Row } from './storage.js'
import { sizeOfValue } from './values.js'

/** About how many bytes the row takes. Throws the error that storing it would throw. */
export function sizeOfRow(row: Row): number {
  if ('put' in row) return sizeOfKey(row.put) + sizeOfValue(row.value)
  if ('delete' in row) return sizeOfKey(row.delete)
  return sizeOfKey(row.deleteFrom) + sizeOfKey(row.to)
}
