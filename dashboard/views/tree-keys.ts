/** The keyboard of a tree, as screen readers and people know it. */
import type { TreeRow } from '../model/tree.js'

export type TreeMove =
  | { readonly kind: 'go'; readonly row: TreeRow }
  | { readonly kind: 'open'; readonly row: TreeRow; readonly open: boolean }
  | { readonly kind: 'choose'; readonly row: TreeRow }

/**
 * What a key does when the row at `path` is the active one; null: nothing.
 * @param path null, or of a row that is not shown: the first row counts
 */
export function treeMove(rows: readonly TreeRow[], path: string | null, key: string): TreeMove | null {
  const found = rows.findIndex((row) => row.path === path)
  const index = Math.max(0, found)
  const row = rows[index]
  if (row === undefined) return null
  const go = (to: number): TreeMove | null => {
    const target = rows[Math.min(Math.max(0, to), rows.length - 1)]
    return target === undefined ? null : { kind: 'go', row: target }
  }
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return go(found + 1)
    case 'ArrowUp':
    case 'k':
      return go(found - 1)
    case 'Home':
      return go(0)
    case 'End':
      return go(rows.length - 1)
    case 'ArrowRight':
      if (row.kind === 'file') return null
      return row.open ? go(index + 1) : { kind: 'open', row, open: true }
    case 'ArrowLeft':
      if (row.kind === 'folder' && row.open) return { kind: 'open', row, open: false }
      return go(parentOf(rows, index))
    case 'Enter':
    case ' ':
      return { kind: 'choose', row }
    default:
      return null
  }
}

function parentOf(rows: readonly TreeRow[], index: number): number {
  const depth = rows[index]?.depth ?? 0
  return rows.findLastIndex((row, at) => at < index && row.depth < depth)
}
