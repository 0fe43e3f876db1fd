/** What a row weighs, for bounds and for measures. */
import { encodeKey } from './keys.js'
import type { Row } from './storage.js'
import { sizeOfValue } from './values.js'

/** About how many bytes the row takes. Throws the error that storing it would throw. */
export function sizeOfRow(row: Row): number {
  if ('put' in row) return encodeKey(row.put).length + sizeOfValue(row.value)
  if ('delete' in row) return encodeKey(row.delete).length
  return encodeKey(row.deleteFrom).length + encodeKey(row.to).length
}
