import { describe, expect, test } from 'vitest'
import { buildTree, foldersAbove, treeRows } from '../../../dashboard/model/tree.js'
import { treeMove } from '../../../dashboard/views/tree-keys.js'

const paths = ['src/ui/a.ts', 'src/ui/b10.ts', 'src/ui/b9.ts', 'src/z.ts', 'README.md']
const names = (rows: ReturnType<typeof treeRows>) => rows.map((row) => `${'  '.repeat(row.depth)}${row.name}`)

describe('the tree', () => {
  test('shows folders before files, and numbers in their order', () => {
    expect(names(treeRows(buildTree(paths), new Map()))).toEqual([
      ...['src', '  ui', '    a.ts', '    b9.ts', '    b10.ts', '  z.ts', 'README.md'],
    ])
  })

  test('hides what is in a closed folder', () => {
    expect(names(treeRows(buildTree(paths), new Map([['src/ui', false]])))).toEqual([
      ...['src', '  ui', '  z.ts', 'README.md'],
    ])
  })

  test('starts closed where there are more than 200 files', () => {
    const many = buildTree(Array.from({ length: 201 }, (_, index) => `src/${index}.ts`))
    expect(names(treeRows(many, new Map()))).toEqual(['src'])
    expect(treeRows(many, new Map([['src', true]]))).toHaveLength(202)
  })

  test('filters by words in any order, and opens what has a hit', () => {
    const rows = treeRows(buildTree(paths), new Map([['src', false]]), 'B9 src')
    expect(names(rows)).toEqual(['src', '  ui', '    b9.ts'])
  })

  test('knows the folders above a path, outermost first', () => {
    expect(foldersAbove('a/b/c.ts')).toEqual(['a', 'a/b'])
  })
})

describe('the keyboard of the tree', () => {
  const rows = treeRows(buildTree(paths), new Map())
  const after = (path: string | null, key: string) => {
    const move = treeMove(rows, path, key)
    return move === null ? null : `${move.kind} ${move.row.path}`
  }

  test.each([
    ['src', 'ArrowDown', 'go src/ui'],
    ['src/ui/a.ts', 'ArrowUp', 'go src/ui'],
    ['src', 'ArrowUp', 'go src'],
    ['README.md', 'ArrowDown', 'go README.md'],
    ['src', 'ArrowRight', 'go src/ui'],
    ['src', 'ArrowLeft', 'open src'],
    ['src/ui/a.ts', 'ArrowLeft', 'go src/ui'],
    ['src/ui/a.ts', 'ArrowRight', null],
    ['src/z.ts', 'Home', 'go src'],
    ['src', 'End', 'go README.md'],
    ['src/z.ts', 'Enter', 'choose src/z.ts'],
    [null, 'ArrowDown', 'go src'],
    ['gone.ts', 'ArrowDown', 'go src'],
    ['src', 'x', null],
  ])('at %s, %s means: %s', (path, key, expected) => {
    expect(after(path, key)).toBe(expected)
  })

  test('does nothing in an empty tree', () => {
    expect(treeMove([], null, 'Enter')).toBeNull()
  })
})
