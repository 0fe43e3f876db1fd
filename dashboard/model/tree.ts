/** The file tree as rows: what a list of paths looks like with these folders open, or with this filter. */

interface Folder {
  readonly path: string
  readonly name: string
  readonly folders: Map<string, Folder>
  readonly files: string[]
}

export interface TreeRow {
  readonly kind: 'folder' | 'file'
  readonly path: string
  readonly name: string
  /** 0: at the top. */
  readonly depth: number
  /** Of folders only. */
  readonly open: boolean
}

export interface FileTree {
  readonly root: Folder
  readonly paths: readonly string[]
}

/** Trees up to this size start with every folder open. */
const SMALL = 200

const collator = new Intl.Collator('en', { numeric: true })

export function buildTree(paths: Iterable<string>): FileTree {
  const root: Folder = { path: '', name: '', folders: new Map(), files: [] }
  const all = [...paths]
  for (const path of all) {
    let folder = root
    let slash = path.indexOf('/')
    while (slash !== -1) {
      folder = child(folder, path.slice(0, slash))
      slash = path.indexOf('/', slash + 1)
    }
    folder.files.push(path)
  }
  return { root, paths: all }
}

function child(parent: Folder, path: string): Folder {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const known = parent.folders.get(name)
  if (known !== undefined) return known
  const made: Folder = { path, name, folders: new Map(), files: [] }
  parent.folders.set(name, made)
  return made
}

/**
 * @param opened what a person did to folders; where they did nothing, small trees are open and large ones closed
 * @param filter words that must all be in the path, in any order; folders with a hit are open. Empty: everything
 */
export function treeRows(tree: FileTree, opened: ReadonlyMap<string, boolean>, filter = ''): readonly TreeRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const filtered = words.length === 0 ? tree : buildTree(tree.paths.filter((path) => hasAll(path.toLowerCase(), words)))
  const rows: TreeRow[] = []
  const openByDefault = tree.paths.length <= SMALL
  const isOpen = (path: string) => words.length > 0 || (opened.get(path) ?? openByDefault)
  appendRows(rows, filtered.root, 0, isOpen)
  return rows
}

function appendRows(rows: TreeRow[], folder: Folder, depth: number, isOpen: (path: string) => boolean): void {
  for (const { path, name, folders, files } of [...folder.folders.values()].sort(byName)) {
    const open = isOpen(path)
    rows.push({ kind: 'folder', path, name, depth, open })
    if (open) appendRows(rows, { path, name, folders, files }, depth + 1, isOpen)
  }
  const files = folder.files.map((path) => ({ path, name: path.slice(path.lastIndexOf('/') + 1) })).sort(byName)
  for (const file of files) rows.push({ kind: 'file', ...file, depth, open: false })
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return collator.compare(a.name, b.name)
}

function hasAll(path: string, words: readonly string[]): boolean {
  return words.every((word) => path.includes(word))
}

/** The folders above a path, outermost first. */
export function foldersAbove(path: string): readonly string[] {
  const folders: string[] = []
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    folders.push(path.slice(0, slash))
  }
  return folders
}
